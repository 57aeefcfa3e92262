/* test_sip_frame.c: stream framing: nothing can be smuggled, however the
 * octets arrive. */
#include "unit.h"

#include <stdlib.h>

#include "b2bua/sip/frame.h"

#define HEAD(length) \
	"OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\n" \
	length "From: <sip:a@h>;tag=1\r\n\r\n"
#define SMUGGLED HEAD("Content-Length: 0\r\n")

static void put(struct frame *f, const char *p, size_t n)
{
	while (n) {
		size_t room, some;
		char *to = frame_room(f, &room);

		assert_non_null(to);
		some = n < room ? n : room;
		memcpy(to, p, some);
		frame_received(f, some);
		p += some;
		n -= some;
	}
}

static void whole(void **state)
{
	static const char v[] = HEAD("l: 4\r\n") "body";
	struct frame f;
	struct slice s;
	(void)state;

	frame_init(&f);
	put(&f, v, sizeof(v) - 1);
	put(&f, v, sizeof(v) - 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(frame_next(&f, &s), FRAME_MESSAGE);
		assert_true(slice_eq_str(s, v));
	}
	assert_int_equal(frame_next(&f, &s), FRAME_MORE);
	assert_false(frame_pending(&f));
	frame_fini(&f);
}

/* Split in two at every octet, and into single octets. */
static void split(void **state)
{
	static const char v[] = HEAD("Content-Length: 2\r\n") "ab"
		"\r\n\r\n" SMUGGLED "\r\n" SMUGGLED;
	static const enum frame_result want[] = {
		FRAME_MESSAGE, FRAME_PING, FRAME_MESSAGE, FRAME_MESSAGE,
		FRAME_MORE};
	size_t n = sizeof(v) - 1;
	(void)state;

	for (size_t at = 0; at <= n; at++) {
		enum frame_result got[8];
		size_t count = 0;
		struct frame f;
		struct slice s;

		frame_init(&f);
		for (size_t i = 0; i < n; i++) {
			if (at == n) /* single octets */
				put(&f, v + i, 1);
			else if (i == 0)
				put(&f, v, at);
			else if (i == 1)
				put(&f, v + at, n - at);
			while (count < 8 && (got[count] = frame_next(&f, &s)) !=
						    FRAME_MORE)
				count++;
		}
		got[count++] = frame_next(&f, &s);
		assert_int_equal(count, 5);
		assert_memory_equal(got, want, sizeof(want));
		frame_fini(&f);
	}
}

/* The table of what makes other stacks run the body as a second request, and
 * more of its kind. */
static void smuggling(void **state)
{
	static const char *const v[] = {
		HEAD("Content-Length: 4294967296\r\n"),
		HEAD("Content-Length: 174x\r\n"),
		HEAD("Content-Length: -174\r\n"),
		HEAD("Content-Length: 174\r\nContent-Length: 0\r\n"),
		HEAD("Content-Length:\r\n"),
		HEAD(""),
		HEAD("Content-Length: 65536\r\n"),
		HEAD("Content-Length: +5\r\n"),
		HEAD("Content-Length: 0x10\r\n"),
		HEAD("Content-Length: 1 0\r\n"),
		HEAD("Content-Length: 1,0\r\n"),
		HEAD("Content-Length: 18446744073709551616\r\n"),
		HEAD("l: 0\r\nContent-Length: 0\r\n"),
		HEAD("Content-Length: 0\nX: y\r\n"),
		HEAD("X: y\rContent-Length: 0\r\n"),
		HEAD("X: \x01\r\nContent-Length: 0\r\n"),
		HEAD("Content-Length 0\r\n"),
		HEAD("Content-Length: 0\r\n \r\nX: y\r\n"),
		"OPTIONS sip:h SIP/2.0\nContent-Length: 0\r\n\r\n",
		"\n\r\n\r\n",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct frame f;
		struct slice s;

		frame_init(&f);
		put(&f, v[i], strlen(v[i]));
		put(&f, SMUGGLED, strlen(SMUGGLED));
		if (frame_next(&f, &s) != FRAME_BAD)
			fail_msg("framed: %s", v[i]);
		assert_int_equal(frame_next(&f, &s), FRAME_BAD);
		put(&f, SMUGGLED, strlen(SMUGGLED));
		assert_int_equal(frame_next(&f, &s), FRAME_BAD);
		frame_fini(&f);
	}
}

static void blanks_before_the_colon_are_lawful(void **state)
{
	static const char v[] = HEAD("Content-Length \t:\r\n 2 \r\n") "ab";
	struct frame f;
	struct slice s;
	(void)state;

	frame_init(&f);
	put(&f, v, sizeof(v) - 1);
	assert_int_equal(frame_next(&f, &s), FRAME_MESSAGE);
	assert_int_equal(s.n, sizeof(v) - 1);
	frame_fini(&f);
}

static void endless_head(void **state)
{
	enum frame_result r = FRAME_MORE;
	struct frame f;
	struct slice s;
	size_t n = 0;
	(void)state;

	frame_init(&f);
	put(&f, "OPTIONS sip:h SIP/2.0\r\n", 23);
	while (r == FRAME_MORE && n < 200000) {
		put(&f, "X: yyyyyyyyyyyy\r\n", 17);
		n += 17;
		r = frame_next(&f, &s);
	}
	assert_int_equal(r, FRAME_BAD);
	assert_true(n <= MESSAGE_SIZE_MAX);
	frame_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(split),
		cmocka_unit_test(smuggling),
		cmocka_unit_test(blanks_before_the_colon_are_lawful),
		cmocka_unit_test(endless_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
