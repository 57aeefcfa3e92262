/* test_rtp_ext.c: header extensions that nobody agreed on go, and nothing else
 * of the packet does. */
#include "unit.h"

#include "rig.h"

static struct rig rig;

static int process(void **state)
{
	(void)state;
	return crypt_init_process();
}

static int setup(void **state)
{
	(void)state;
	rig_init(&rig);
	rig_plain(&rig, MEDIA_A);
	rig_plain(&rig, MEDIA_B);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_fini(&rig);
	return 0;
}

#define HEAD_X 0x90, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4
#define HEAD 0x80, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4

static const struct {
	const char *what;
	uint8_t in[48];
	size_t n;
	uint8_t out[48];
	size_t left;
} cases[] = { /* 1 and 3 may stay */
	{"none", {HEAD, 9}, 13, {HEAD, 9}, 13},
	{"one of one",
	 {HEAD_X, 0xbe, 0xde, 0, 1, 0x10, 7, 0, 0, 9}, 21,
	 {HEAD_X, 0xbe, 0xde, 0, 1, 0x10, 7, 0, 0, 9}, 21},
	{"not that one",
	 {HEAD_X, 0xbe, 0xde, 0, 1, 0x20, 7, 0, 0, 9}, 21,
	 {HEAD, 9}, 13},
	{"the middle one",
	 {HEAD_X, 0xbe, 0xde, 0, 2, 0x10, 7, 0x21, 5, 5, 0x30, 8, 0, 9}, 25,
	 {HEAD_X, 0xbe, 0xde, 0, 1, 0x10, 7, 0x30, 8, 9}, 21},
	{"two-byte headers",
	 {HEAD_X, 0x10, 0, 0, 2, 2, 1, 5, 3, 2, 8, 8, 0, 9}, 25,
	 {HEAD_X, 0x10, 0, 0, 1, 3, 2, 8, 8, 9}, 21},
	{"longer than there is",
	 {HEAD_X, 0xbe, 0xde, 0, 1, 0x10, 7, 0x1f, 0, 9}, 21,
	 {HEAD_X, 0xbe, 0xde, 0, 1, 0x10, 7, 0, 0, 9}, 21},
	{"another profile",
	 {HEAD_X, 0xab, 0xac, 0, 1, 1, 2, 3, 4, 9}, 21, {HEAD, 9}, 13},
	{"empty", {HEAD_X, 0xbe, 0xde, 0, 0, 9}, 17, {HEAD, 9}, 13},
	{"behind a CSRC",
	 {0x91, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8,
	  0xbe, 0xde, 0, 1, 0x20, 7, 0, 0, 9}, 25,
	 {0x81, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 17},
};

static void kept_and_not(void **state)
{
	(void)state;
	rtp_ext_add(&rig.bridge.leg[MEDIA_B].facts.extensions, 1);
	rtp_ext_add(&rig.bridge.leg[MEDIA_B].facts.extensions, 3);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%s\n", cases[i].what);
		rig_put(&rig, MEDIA_A, COMPONENT_RTP,
			&rig.peer[MEDIA_A][COMPONENT_RTP], cases[i].in,
			cases[i].n);
		rig_run(&rig);
		assert_int_equal(rig_take_raw(&rig), 0);
		assert_int_equal(rig.out.n, cases[i].left);
		assert_memory_equal(rig.out.p, cases[i].out, cases[i].left);
	}
}

/* RFC 4733: marker, timestamp, duration, the end sent three times. */
static void events_stay(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < 6; i++) {
		const uint8_t p[16] = {0x80, 101 | (i ? 0 : 0x80), 0, i, 0, 0,
				       9, 9, 1, 2, 3, 4, 5,
				       i < 3 ? 10 : 0x8a, 0, 160};

		rig_put(&rig, MEDIA_A, COMPONENT_RTP,
			&rig.peer[MEDIA_A][COMPONENT_RTP], p, sizeof(p));
		rig_run(&rig);
		assert_int_equal(rig_take_raw(&rig), 0);
		assert_int_equal(rig.out.n, sizeof(p));
		assert_memory_equal(rig.out.p, p, sizeof(p));
	}
}

#define EXT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EXT_TEST(kept_and_not),
		EXT_TEST(events_stay),
	};

	return cmocka_run_group_tests(tests, process, NULL);
}
