/* test_web.c: HTTP requests and WebSocket frames of control clients, and the
 * guard of sockets that are not loopback. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/ctl/web.h"
#include "relay/guard.h"

static struct web_request r;
static size_t used;

static int request(const char *text)
{
	return web_request_read(slice_str(text), 1000, &r, &used);
}

#define POST "POST /ng HTTP/1.1\r\nHost: h\r\n"

static void requests(void **state)
{
	static const char text[] = POST "Content-Type: a/b; c=d\r\n"
		"content-length:  5 \r\nConnection: Keep-Alive, Close\r\n\r\n"
		"12345POST";
	(void)state;

	for (size_t n = 0; n < sizeof(text) - 5; n++)
		assert_int_equal(web_request_read(slice_of(text, n), 1000, &r,
						  &used), EAGAIN);
	assert_int_equal(request(text), 0);
	assert_int_equal(used, sizeof(text) - 5);
	assert_true(slice_eq_str(r.method, "POST"));
	assert_true(slice_eq_str(r.path, "/ng"));
	assert_true(slice_eq_str(r.host, "h"));
	assert_true(slice_eq_str(r.content_type, "a/b; c=d"));
	assert_true(slice_eq_str(r.body, "12345"));
	assert_true(r.close);
	assert_int_equal(request("GET / HTTP/1.0\r\n\r\n"), 0);
	assert_true(r.close && !r.origin.p && !r.body.n);
}

static void bad_requests(void **state)
{
	static const struct {
		const char *text;
		int err;
	} v[] = {
		{"POST /ng\r\n\r\n", EBADMSG},
		{"POST /ng HTTP/2\r\n\r\n", EBADMSG},
		{"P<ST /ng HTTP/1.1\r\n\r\n", EBADMSG},
		{" /ng HTTP/1.1\r\n\r\n", EBADMSG},
		{POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
		 EBADMSG},
		{POST "Content-Length: +1\r\n\r\n", EBADMSG},
		{POST "Content-Length: 1x\r\n\r\n", EBADMSG},
		{POST "Content-Length:\r\n\r\n", EBADMSG},
		{POST "Content-Length : 1\r\n\r\n", EBADMSG},
		{POST "Transfer-Encoding: chunked\r\n\r\n", EBADMSG},
		{POST "Content-Type: a\r\n b\r\n\r\n", EBADMSG},
		{POST "X: a\rb\r\n\r\n", EBADMSG},
		{POST "Host: i\r\n\r\n", EBADMSG},
		{POST "nocolon\r\n\r\n", EBADMSG},
		{POST "Content-Length: 999\r\n\r\n", E2BIG},
		{POST "Content-Length: 4294967296\r\n\r\n", EBADMSG},
	};
	static char big[WEB_HEAD_MAX + 1];
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (request(v[i].text) != v[i].err)
			fail_msg("case %zu", i);
	memset(big, 'a', sizeof(big));
	assert_int_equal(web_request_read(slice_of(big, WEB_HEAD_MAX - 1),
					  100000, &r, &used), EAGAIN);
	assert_int_equal(web_request_read(slice_of(big, WEB_HEAD_MAX), 100000,
					  &r, &used), E2BIG);
}

static int frame(const void *p, size_t n, struct web_frame *f)
{
	return web_frame_read(slice_of(p, n), 70000, f, &used);
}

/* RFC 6455 section 5.7, and each length form at its edges. */
static void frames(void **state)
{
	static const uint8_t hello[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d,
					0x7f, 0x9f, 0x4d, 0x51, 0x58};
	static const size_t lengths[] = {0, 1, 125, 126, 65535, 65536, 70000};
	struct obuf ob = OBUF_INIT, sent = OBUF_INIT;
	struct web_frame f;
	(void)state;

	for (size_t n = 0; n < sizeof(hello); n++)
		assert_int_equal(frame(hello, n, &f), EAGAIN);
	assert_int_equal(frame(hello, sizeof(hello), &f), 0);
	assert_int_equal(used, sizeof(hello));
	assert_true(f.fin && f.opcode == WEB_TEXT);
	web_frame_take(&f, &ob);
	assert_true(slice_eq_str(obuf_as_slice(&ob), "Hello"));

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		static char payload[70000];
		size_t head;

		obuf_reset(&sent);
		web_frame_write(&sent, WEB_BINARY,
				slice_of(payload, lengths[i]));
		head = sent.n - lengths[i];
		/* what we write, with a mask of nothing */
		obuf_reset(&ob);
		obuf_put(&ob, sent.p, head);
		ob.p[1] = (char)(ob.p[1] | 0x80);
		obuf_put(&ob, "\0\0\0\0", 4);
		obuf_put(&ob, payload, lengths[i]);
		assert_int_equal(frame(ob.p, ob.n, &f), 0);
		assert_int_equal(f.payload.n, lengths[i]);
		assert_int_equal(used, ob.n);
	}
	obuf_fini(&ob);
	obuf_fini(&sent);
}

static void bad_frames(void **state)
{
	static const struct {
		uint8_t p[14];
		int err;
	} v[] = {
		{{0x81, 0x05}, EBADMSG}, /* no mask */
		{{0xc1, 0x85}, EBADMSG}, /* a reserved bit */
		{{0x83, 0x80}, EBADMSG}, /* a reserved opcode */
		{{0x8b, 0x80}, EBADMSG},
		{{0x09, 0x80}, EBADMSG}, /* a control frame in parts */
		{{0x89, 0xfe, 0, 126}, EBADMSG}, /* or too long */
		{{0x82, 0xfe, 0, 125}, EBADMSG}, /* not the shortest form */
		{{0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, EBADMSG},
		{{0x82, 0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x71}, E2BIG},
		{{0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		 E2BIG},
	};
	struct web_frame f;
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (frame(v[i].p, sizeof(v[i].p), &f) != v[i].err)
			fail_msg("case %zu", i);
}

/* ---- the guard ---------------------------------------------------------- */

static void nets(void **state)
{
	static const struct {
		const char *net, *from;
		bool in;
	} v[] = {
		{"192.0.2.0/24", "192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.0", false},
		{"192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7", "192.0.2.6", false},
		{"0.0.0.0/0", "8.8.8.8", true},
		{"0.0.0.0/0", "::1", false},
		{"192.0.2.0/24", "::ffff:192.0.2.1", true},
		{"2001:db8::/33", "2001:db8:7fff::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false},
	};
	static const char *const bad[] = {"", "x", "192.0.2.1/24", "1.2.3.4/33",
					  "1.2.3.4/", "1.2.3.4/-1", "::1/129"};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct guard_net net;
		struct guard g = {.nets = &net, .n = 1};
		union addr from;

		assert_int_equal(guard_net_parse(slice_str(v[i].net), &net),
				 0);
		assert_int_equal(addr_parse(slice_str(v[i].from), 9, &from),
				 0);
		if (guard_source(&g, &from) != v[i].in)
			fail_msg("case %zu", i);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct guard_net net;

		assert_int_equal(guard_net_parse(slice_str(bad[i]), &net),
				 EINVAL);
	}
	assert_false(guard_source(&(struct guard){0}, &ADDR_NONE));
}

/* openssl dgst -sha256 -hmac 0123456789abcdef of "1000~c1 d7:command4:pinge" */
#define MAC "f1cea3d9c7863d1ce84853c54239b324" \
	"2632607870eb17d87ad3e1dab03c4c1a"

static bool passes(const struct guard *g, const char *datagram, int64_t now)
{
	struct ng_message m;

	return ng_split(slice_str(datagram), &m) == 0 &&
	       guard_message(g, &m, now);
}

static void signatures(void **state)
{
	struct guard g = {.key = "0123456789abcdef", .key_n = 16};
	static const char good[] = MAC "~1000~c1 d7:command4:pinge";
	char text[sizeof(good)];
	struct ng_message none = {.payload = SLICE_LIT("d7:command4:pinge")};
	(void)state;

	assert_true(passes(&g, good, 1000));
	assert_true(passes(&g, good, 1000 + GUARD_WINDOW_S));
	assert_true(passes(&g, good, 1000 - GUARD_WINDOW_S));
	assert_false(passes(&g, good, 1001 + GUARD_WINDOW_S));
	assert_false(passes(&g, good, 999 - GUARD_WINDOW_S));
	for (size_t i = 0; i + 1 < sizeof(good); i++) {
		memcpy(text, good, sizeof(good));
		text[i] = text[i] == '1' ? '2' : '1';
		assert_false(passes(&g, text, 1000));
	}
	assert_false(passes(&g, "c1 d7:command4:pinge", 1000));
	assert_false(passes(&g, "~1000~c1 d7:command4:pinge", 1000));
	assert_false(passes(&g, MAC " d7:command4:pinge", 1000));
	assert_false(guard_message(&g, &none, 1000));
	g.key_n = 0;
	assert_false(passes(&g, good, 1000));
}

static void keys(void **state)
{
	char path[] = "/tmp/countersign-test-XXXXXX";
	struct guard g = {0};
	int fd = mkstemp(path);
	(void)state;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "0123456789abcde\n", 16), 16);
	assert_int_equal(guard_key_load(&g, path), EINVAL);
	assert_int_equal(g.key_n, 0);
	assert_int_equal(pwrite(fd, "\n0123456789abcdef \n", 19, 0), 19);
	assert_int_equal(guard_key_load(&g, path), 0);
	assert_int_equal(g.key_n, 16);
	assert_memory_equal(g.key, "0123456789abcdef", 16);
	close(fd);
	unlink(path);
	assert_int_equal(guard_key_load(&g, path), ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),   cmocka_unit_test(bad_requests),
		cmocka_unit_test(frames),     cmocka_unit_test(bad_frames),
		cmocka_unit_test(nets),	      cmocka_unit_test(signatures),
		cmocka_unit_test(keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
