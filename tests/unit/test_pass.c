/* test_pass.c: legs whose octets are relayed unread (pass mode, T.38): what
 * leaves is what came, octet for octet, and only between the SDP's hosts. */
#include "unit.h"

#include "rig.h"

static struct rig rig;

static int process(void **state)
{
	(void)state;
	return crypt_init_process();
}

static void legs(enum leg_security security)
{
	for (unsigned side = 0; side < 2; side++) {
		struct leg_facts facts = rig_facts(&rig, side, security);

		if (security == LEG_OPAQUE) {
			facts.latch = LEG_LATCH_STRICT;
			facts.said[COMPONENT_RTCP] = ADDR_NONE;
		}
		rig_leg(&rig, side, &facts);
	}
}

static int setup(void **state)
{
	(void)state;
	rig_init(&rig);
	legs(LEG_PASS);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_fini(&rig);
	return 0;
}

static void put(enum media_side side, unsigned k, const void *p, size_t n)
{
	rig_put(&rig, side, k, &rig.peer[side][k], p, n);
	rig_run(&rig);
}

static void passes(enum media_side side, unsigned k, const void *p, size_t n)
{
	enum media_side other = media_other(side);

	put(side, k, p, n);
	assert_int_equal(rig_take_raw(&rig), 0);
	assert_int_equal(rig.out.fd, rig.bridge.leg[other].component[k].fd);
	assert_true(addr_eq(&rig.out.peer, &rig.peer[other][k]));
	assert_int_equal(rig.out.n, n);
	assert_memory_equal(rig.out.p, p, n);
}

static void stops(enum media_side side, unsigned k, const void *p, size_t n,
		  enum drop drop)
{
	uint64_t had = rig_drops(&rig, drop);

	put(side, k, p, n);
	assert_int_equal(rig_sent(&rig), 0);
	assert_int_equal(rig_drops(&rig, drop), had + 1);
}

static const uint8_t dtls[40] = {22, 254, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 27};
static const uint8_t zrtp[32] = {16, 0, 0, 1, 'Z', 'R', 'T', 'P', 1, 2, 3, 4};
/* Padding bit, and an end that no padding count could be. */
static const uint8_t srtp[32] = {0xa0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4,
				 [31] = 0xff};
static const uint8_t srtcp[30] = {0x80, 201, 0, 1, 1, 2, 3, 4, 0x77, 0x88,
				  [29] = 0xee};
static const uint8_t stun[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};

static void octets_pass(void **state)
{
	(void)state;
	for (unsigned side = 0; side < 2; side++) {
		passes(side, COMPONENT_RTP, dtls, sizeof(dtls));
		passes(side, COMPONENT_RTCP, dtls, sizeof(dtls));
		passes(side, COMPONENT_RTP, zrtp, sizeof(zrtp));
		passes(side, COMPONENT_RTP, srtp, sizeof(srtp));
		passes(side, COMPONENT_RTCP, srtcp, sizeof(srtcp));
		stops(side, COMPONENT_RTP, stun, sizeof(stun), DROP_STUN);
		stops(side, COMPONENT_RTP, "\x60\0\0", 3, DROP_DEMUX);
	}
	assert_int_equal(counter_get(&rig.counters.v[COUNTER_PASSED]), 10);
	assert_int_equal(rig.dtls, 0);
	assert_int_equal(
		counter_get(&rig.bridge.stream[0].cells.packets_in), 1);
	assert_int_equal(counter_get(&rig.bridge.stream[0].cells.rtcp_in), 1);
}

/* SSRCs and sequence numbers are under the ends' tags: they stay, even if both
 * ends chose the same, or one goes back. */
static void nothing_is_rewritten(void **state)
{
	uint8_t p[IO_OCTETS];
	size_t n = rig_rtp(p, 7, 30000);
	(void)state;

	passes(MEDIA_A, COMPONENT_RTP, p, n);
	passes(MEDIA_B, COMPONENT_RTP, p, n);
	passes(MEDIA_A, COMPONENT_RTP, p, n);
	n = rig_rtp(p, 7, 10);
	passes(MEDIA_A, COMPONENT_RTP, p, n);
	passes(MEDIA_A, COMPONENT_RTP, p, n);
}

static void muxed(void **state)
{
	(void)state;
	rig.bridge.leg[MEDIA_A].facts.mux = true;
	rig.bridge.leg[MEDIA_B].facts.mux = true;
	passes(MEDIA_A, COMPONENT_RTP, srtcp, sizeof(srtcp));
	stops(MEDIA_A, COMPONENT_RTCP, srtcp, sizeof(srtcp), DROP_MUXED);
}

/* No tag is ours to check, so the SDP's host counts, and one port of it. */
static void strangers_stop(void **state)
{
	union addr from = rig.peer[MEDIA_A][COMPONENT_RTP];
	(void)state;

	assert_int_equal(addr_parse(SLICE_LIT("192.0.2.66"), 5000, &from), 0);
	rig_put(&rig, MEDIA_A, COMPONENT_RTP, &from, dtls, sizeof(dtls));
	rig_put(&rig, MEDIA_A, COMPONENT_RTP, &from, srtp, sizeof(srtp));
	rig_run(&rig);
	assert_int_equal(rig_sent(&rig), 0);
	assert_int_equal(rig_drops(&rig, DROP_SOURCE), 2);
	passes(MEDIA_A, COMPONENT_RTP, dtls, sizeof(dtls));
	from = rig.peer[MEDIA_A][COMPONENT_RTP];
	addr_set_port(&from, 5998);
	rig_put(&rig, MEDIA_A, COMPONENT_RTP, &from, srtp, sizeof(srtp));
	rig_run(&rig);
	assert_int_equal(rig_sent(&rig), 0);
	assert_int_equal(rig_drops(&rig, DROP_SOURCE), 3);
}

static void on_hold(void **state)
{
	(void)state;
	rig.bridge.leg[MEDIA_A].facts.recv = false;
	stops(MEDIA_A, COMPONENT_RTP, srtp, sizeof(srtp), DROP_DIRECTION);
	passes(MEDIA_A, COMPONENT_RTP, dtls, sizeof(dtls));
	passes(MEDIA_A, COMPONENT_RTCP, srtcp, sizeof(srtcp));
}

/* While one leg has become another kind and the other not yet: nothing of the
 * one goes out as if it were of the other. */
static void unlike_legs(void **state)
{
	(void)state;
	rig_plain(&rig, MEDIA_B);
	stops(MEDIA_A, COMPONENT_RTP, srtp, sizeof(srtp), DROP_UNLIKE);
	rig_send(&rig, MEDIA_B, 1, 1);
	rig_run(&rig);
	assert_int_equal(rig_sent(&rig), 0);
	assert_int_equal(rig_drops(&rig, DROP_UNLIKE), 2);
	rig_sdes(&rig, MEDIA_B, SUITE_AEAD_AES_128_GCM);
	stops(MEDIA_A, COMPONENT_RTP, dtls, sizeof(dtls), DROP_UNLIKE);
}

static void zrtp_where_keys_end(void **state)
{
	(void)state;
	rig_plain(&rig, MEDIA_A);
	rig_plain(&rig, MEDIA_B);
	stops(MEDIA_A, COMPONENT_RTP, zrtp, sizeof(zrtp), DROP_ZRTP);
}

static void opaque_legs(void **state)
{
	const uint8_t udptl[] = {0, 1, 1, 6, 0};
	union addr from;
	(void)state;

	legs(LEG_OPAQUE);
	for (unsigned side = 0; side < 2; side++) {
		passes(side, COMPONENT_RTP, udptl, sizeof(udptl));
		passes(side, COMPONENT_RTP, stun, sizeof(stun));
		passes(side, COMPONENT_RTP, "x", 1);
		stops(side, COMPONENT_RTCP, srtcp, sizeof(srtcp), DROP_SOURCE);
	}
	from = rig.peer[MEDIA_A][COMPONENT_RTP];
	addr_set_port(&from, 5998);
	rig_put(&rig, MEDIA_A, COMPONENT_RTP, &from, udptl, sizeof(udptl));
	rig_run(&rig);
	assert_int_equal(rig_sent(&rig), 0);
}

#define PASS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PASS_TEST(octets_pass),
		PASS_TEST(nothing_is_rewritten),
		PASS_TEST(muxed),
		PASS_TEST(strangers_stop),
		PASS_TEST(on_hold),
		PASS_TEST(unlike_legs),
		PASS_TEST(zrtp_where_keys_end),
		PASS_TEST(opaque_legs),
	};

	return cmocka_run_group_tests(tests, process, NULL);
}
