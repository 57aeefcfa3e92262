/* fuzz_value.c: bencode and JSON readers (lib/ctl/value.h): whatever is taken
 * must write and read back to the same octets, and value_scan() must agree. */
#include "lib/ctl/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void write_both(struct obuf ob[2], const struct value *v)
{
	value_write(&ob[0], v, VALUE_BENCODE);
	value_write(&ob[1], v, VALUE_JSON);
	check(!ob[0].err && !ob[1].err);
}

static void look(const struct value *v)
{
	struct value_words w = value_words(value_get(v, "flags"));
	struct slice word;

	while (value_word_next(&w, &word))
		;
	value_has_flag(v, "flags", "x");
	value_get_int(v, "call-id", 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct value_pool pool = VALUE_POOL_INIT, again = VALUE_POOL_INIT;
	struct obuf ob[2] = {OBUF_INIT, OBUF_INIT};
	struct obuf back[2] = {OBUF_INIT, OBUF_INIT};
	struct value_scan scan = {0};
	enum value_form form;
	struct value *v, *u;
	size_t len;

	if (value_parse(&pool, slice_of(p, n), &form, &v) == 0) {
		check(value_scan(&scan, slice_of(p, n), &len) == 0);
		check(form == VALUE_JSON ? len <= n : len == n);
		look(v);
		write_both(ob, v);
		check(value_parse(&again, obuf_as_slice(&ob[0]), NULL, &u) ==
		      0);
		write_both(back, u);
		check(slice_eq(obuf_as_slice(&ob[0]),
			       obuf_as_slice(&back[0])));
	}
	for (int i = 0; i < 2; i++) {
		obuf_fini(&ob[i]);
		obuf_fini(&back[i]);
	}
	value_pool_fini(&pool);
	value_pool_fini(&again);
	return 0;
}
