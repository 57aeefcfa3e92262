/* test_base.c: lib/base against published vectors and its own promises. */
#include "unit.h"

#include <stdio.h>

#include "lib/base/b64.h"
#include "lib/base/bucket.h"
#include "lib/base/clk.h"
#include "lib/base/obuf.h"
#include "lib/base/siphash.h"

static void expect(struct obuf *ob, const char *want)
{
	assert_int_equal(ob->err, 0);
	assert_int_equal(ob->n, strlen(want));
	assert_memory_equal(ob->p ? ob->p : "", want, ob->n);
	obuf_reset(ob);
}

/* RFC 4648 section 10 */
static void b64_vectors(void **state)
{
	static const char *const v[][2] = {
		{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
		{"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
	};
	struct obuf ob = OBUF_INIT;
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		char back[8];
		size_t n;

		b64_write(&ob, v[i][0], strlen(v[i][0]));
		expect(&ob, v[i][1]);
		assert_int_equal(
			b64_parse(slice_str(v[i][1]), back, 8, &n), 0);
		assert_int_equal(n, strlen(v[i][0]));
		assert_memory_equal(back, v[i][0], n);
	}
	obuf_fini(&ob);
}

static void b64_refuses(void **state)
{
	static const char *const bad[] = {
		"Z", "Zh==", "Zm9", "Zm8=x", "Zg =", "=", "====", "Zm9v\n",
	};
	char to[8];
	size_t n;
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_not_equal(
			b64_parse(slice_str(bad[i]), to, sizeof(to), &n), 0);
	assert_int_equal(b64_parse(slice_str("Zm9vYmFy"), to, 5, &n), ENOSPC);
	assert_int_equal(b64url_parse(slice_str("-_-_"), to, 8, &n), 0);
	assert_int_equal(b64url_parse(slice_str("+/+/"), to, 8, &n), EBADMSG);
	assert_int_equal(b64url_parse(slice_str("Zg=="), to, 8, &n), EBADMSG);
}

static void hex_both_ways(void **state)
{
	unsigned char o[4];
	struct obuf ob = OBUF_INIT;
	size_t n;
	(void)state;

	assert_int_equal(hex_parse(slice_str("AB:cd:01"), ':', o, 4, &n), 0);
	assert_int_equal(n, 3);
	hex_write(&ob, o, n, ':');
	expect(&ob, "ab:cd:01");
	assert_int_not_equal(hex_parse(slice_str("AB:c"), ':', o, 4, &n), 0);
	assert_int_not_equal(hex_parse(slice_str("AB-cd"), ':', o, 4, &n), 0);
	assert_int_not_equal(hex_parse(slice_str("abc"), 0, o, 4, &n), 0);
	assert_int_equal(hex_parse(slice_str("0102030405"), 0, o, 4, &n), ENOSPC);
	obuf_fini(&ob);
}

/* Aumasson, Bernstein: SipHash, appendix A */
static void siphash_vector(void **state)
{
	unsigned char key[16], in[15];
	(void)state;

	for (unsigned char i = 0; i < 16; i++)
		key[i] = i;
	memcpy(in, key, sizeof(in));
	assert_true(siphash_key(in, 15, key) == 0xa129ca6149be45e5);
}

static void numbers_are_strict(void **state)
{
	static const char *const bad[] = {
		"", " 1", "1 ", "+1", "-1", "174x", "0x10", "4294967296",
		"18446744073709551616", "99999999999999999999999",
	};
	uint32_t v = 7;
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_not_equal(
			slice_u32(slice_str(bad[i]), UINT32_MAX, &v), 0);
		assert_int_equal(v, 7);
	}
	assert_int_equal(slice_u32(slice_str("0065535"), 65535, &v), 0);
	assert_int_equal(v, 65535);
}

static void slices(void **state)
{
	struct slice s = SLICE_LIT("a;bc;;d"), part;
	char small[3];
	(void)state;

	part = slice_cut(&s, ';');
	assert_true(slice_eq_str(part, "a"));
	part = slice_cut(&s, ';');
	assert_true(slice_eq_str(part, "bc"));
	part = slice_cut(&s, ';');
	assert_true(part.p && part.n == 0);
	part = slice_cut(&s, ';');
	assert_true(slice_eq_str(part, "d"));
	assert_null(s.p);
	assert_true(slice_eq_str(slice_trim(SLICE_LIT(" \t x y\r\n")), "x y"));
	assert_int_equal(slice_copy(SLICE_LIT("abc"), small, 3), ENOSPC);
	assert_int_equal(slice_copy(SLICE_LIT("a\0b"), small, 3), EINVAL);
	assert_int_equal(slice_find(SLICE_LIT("abcabd"), SLICE_LIT("abd")), 3);
	assert_int_equal(slice_find(SLICE_LIT("ab"), SLICE_LIT("abd")), -1);
}

static void escaped_text_is_one_line(void **state)
{
	struct obuf ob = OBUF_INIT;
	(void)state;

	obuf_escaped(&ob, SLICE_LIT("a\"b\\c\r\n\x1b[31m\x7f\xff"));
	expect(&ob, "a\\\"b\\\\c\\u000d\\u000a\\u001b[31m\\u007f\\u00ff");
	obuf_escaped(&ob, SLICE_LIT("J\xc3\xbcrgen \xe2\x82\xac"));
	expect(&ob, "J\xc3\xbcrgen \xe2\x82\xac");
	/* overlong, surrogate, cut short, C1 control */
	obuf_escaped(&ob, SLICE_LIT("\xc0\xaf\xed\xa0\x80\xe2\x82\xc2\x9b"));
	for (size_t i = 0; i < ob.n; i++)
		assert_in_range(ob.p[i], 0x20, 0x7e);
	obuf_fini(&ob);
}

static void obuf_error_sticks(void **state)
{
	char mem[4];
	struct obuf ob = OBUF_FIXED(mem, sizeof(mem));
	(void)state;

	obuf_str(&ob, "abcd");
	assert_int_equal(ob.err, 0);
	obuf_chr(&ob, 'e');
	assert_int_equal(ob.err, EMSGSIZE);
	assert_int_equal(ob.n, 4);
}

static void bucket_limits(void **state)
{
	struct bucket b = {0};
	uint64_t t = 1000000;
	int passed = 0;
	(void)state;

	for (int i = 0; i < 100; i++)
		passed += bucket_take(&b, 10, 5, t);
	assert_int_equal(passed, 5);
	assert_false(bucket_take(&b, 10, 5, t + 50000));
	assert_true(bucket_take(&b, 10, 5, t + 100000));
	assert_false(bucket_take(&b, 10, 5, t + 100001));
}

static void iso_dates(void **state)
{
	char date[25];
	(void)state;

	clk_iso(1000000000123456, date);
	assert_string_equal(date, "2001-09-09T01:46:40.123Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(b64_vectors),
		cmocka_unit_test(b64_refuses),
		cmocka_unit_test(hex_both_ways),
		cmocka_unit_test(siphash_vector),
		cmocka_unit_test(numbers_are_strict),
		cmocka_unit_test(slices),
		cmocka_unit_test(escaped_text_is_one_line),
		cmocka_unit_test(obuf_error_sticks),
		cmocka_unit_test(bucket_limits),
		cmocka_unit_test(iso_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
