/* test_hep.c: HEP3 packets, octet for octet. */
#include "unit.h"

#include <errno.h>

#include "relay/hep.h"

static uint8_t mem[70000];

static struct obuf write_packet(const char *from, const char *to,
				struct slice id, struct slice payload)
{
	struct obuf ob = OBUF_FIXED((char *)mem, sizeof(mem));
	struct hep_packet p = {.wall_us = 0x5f5e100123456ull,
			       .id = 2001,
			       .type = HEP_RTCP_JSON,
			       .correlation = id,
			       .payload = payload};

	assert_int_equal(addr_parse(slice_str(from), 30000, &p.from), 0);
	assert_int_equal(addr_parse(slice_str(to), 5004, &p.to), 0);
	hep_write(&ob, &p);
	return ob;
}

static void ipv4(void **state)
{
	static const uint8_t expect[] = {
		'H', 'E', 'P', '3', 0, 110,
		0, 0, 0, 1, 0, 7, 2,
		0, 0, 0, 3, 0, 10, 192, 0, 2, 1,
		0, 0, 0, 4, 0, 10, 198, 51, 100, 2,
		0, 0, 0, 2, 0, 7, 17,
		0, 0, 0, 7, 0, 8, 0x75, 0x30,
		0, 0, 0, 8, 0, 8, 0x13, 0x8c,
		0, 0, 0, 9, 0, 10,
	};
	struct obuf ob;

	(void)state;
	ob = write_packet("192.0.2.1", "198.51.100.2", SLICE_LIT("c@x"),
			  SLICE_LIT("{}"));
	assert_int_equal(ob.err, 0);
	assert_int_equal(ob.n, 110);
	assert_memory_equal(mem, expect, sizeof(expect));
	assert_memory_equal(mem + ob.n - 17, "\0\0\0\x11\0\x09" "c@x", 9);
	assert_memory_equal(mem + ob.n - 8, "\0\0\0\x0f\0\x08{}", 8);
}

static void ipv6(void **state)
{
	struct obuf ob;

	(void)state;
	ob = write_packet("2001:db8::1", "2001:db8::2", SLICE_LIT("c"),
			  SLICE_LIT("{}"));
	assert_int_equal(ob.err, 0);
	assert_int_equal(mem[12], 10);
	assert_memory_equal(mem + 13, "\0\0\0\x05\0\x16\x20\x01\x0d\xb8", 10);
}

static void bounds(void **state)
{
	static char text[40000];
	struct obuf ob;

	(void)state;
	memset(text, 'a', sizeof(text));
	ob = write_packet("192.0.2.1", "192.0.2.2", slice_of(text, 40000),
			  SLICE_LIT("{}"));
	assert_int_equal(ob.err, 0);
	assert_true(ob.n < HEP_CORRELATION_MAX + 200);
	ob = write_packet("192.0.2.1", "192.0.2.2", SLICE_LIT("c"),
			  slice_of(text, 40000));
	assert_int_equal(ob.err, EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4),
		cmocka_unit_test(ipv6),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
