/* test_path.c: what goes through the relay, what does not and
 * why. No network: io_double. */
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
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_fini(&rig);
	return 0;
}

/* Nothing left, and for this reason, count times. */
static void expect_drop(enum drop drop, uint64_t count)
{
	rig_run(&rig);
	assert_int_equal(rig_sent(&rig), 0);
	if (rig_drops(&rig, drop) != count)
		for (unsigned i = 0; i < DROP_COUNT; i++)
			if (rig_drops(&rig, i))
				print_message("%s %u\n", drop_row(i)->token,
					      (unsigned)rig_drops(&rig, i));
	assert_int_equal(rig_drops(&rig, drop), count);
}

/* The packet that leaves is the one that came, to this side's component. */
static void expect_rtp(enum media_side side, uint32_t ssrc, uint16_t seq)
{
	uint8_t want[IO_OCTETS];
	size_t n = rig_rtp(want, ssrc, seq);

	assert_int_equal(rig_take(&rig), side);
	assert_true(addr_eq(&rig.out.peer, &rig.peer[side][COMPONENT_RTP]));
	assert_int_equal(rig.out.n, n);
	assert_memory_equal(rig.out.p, want, n);
}

static void expect_rtcp(enum media_side side, uint32_t ssrc, unsigned component)
{
	uint8_t want[IO_OCTETS];
	size_t n = rig_rtcp(want, ssrc);

	assert_int_equal(rig_take(&rig), side);
	assert_int_equal(rig.out.fd,
			 rig.bridge.leg[side].component[component].fd);
	assert_true(addr_eq(&rig.out.peer, &rig.peer[side][component]));
	assert_int_equal(rig.out.n, n);
	assert_memory_equal(rig.out.p, want, n);
}

/* Both legs, both directions, RTP and RTCP, several batches of it. */
static void exchange(void)
{
	for (uint16_t seq = 1; seq <= 200; seq++) {
		rig_send(&rig, MEDIA_A, 0xaaaa, seq);
		rig_send(&rig, MEDIA_B, 0xbbbb, seq);
	}
	rig_send_rtcp(&rig, MEDIA_A, 0xaaaa);
	rig_send_rtcp(&rig, MEDIA_B, 0xbbbb);
	rig_run(&rig);
	for (uint16_t seq = 1; seq <= 200; seq++)
		expect_rtp(MEDIA_B, 0xaaaa, seq);
	expect_rtcp(MEDIA_B, 0xaaaa, COMPONENT_RTCP);
	for (uint16_t seq = 1; seq <= 200; seq++)
		expect_rtp(MEDIA_A, 0xbbbb, seq);
	expect_rtcp(MEDIA_A, 0xbbbb, COMPONENT_RTCP);
	assert_int_equal(rig_sent(&rig), 0);
}

static void plain_to_plain(void **state)
{
	(void)state;
	rig_plain(&rig, MEDIA_A);
	rig_plain(&rig, MEDIA_B);
	exchange();
}

static void plain_to_each_suite(void **state)
{
	(void)state;
	for (enum suite suite = SUITE_NONE + 1; suite < SUITE_COUNT; suite++) {
		rig_plain(&rig, MEDIA_A);
		rig_sdes(&rig, MEDIA_B, suite);
		exchange();
		rig_fini(&rig);
		rig_init(&rig);
	}
}

static void suite_to_suite(void **state)
{
	(void)state;
	rig_sdes(&rig, MEDIA_A, SUITE_AEAD_AES_256_GCM);
	rig_sdes(&rig, MEDIA_B, SUITE_AES_CM_128_HMAC_SHA1_32);
	exchange();
}

/* On a secured leg nothing of the payload is to be seen on the wire. */
static void out_is_encrypted(void **state)
{
	uint8_t clear[IO_OCTETS];
	(void)state;

	rig_plain(&rig, MEDIA_A);
	rig_sdes(&rig, MEDIA_B, SUITE_AES_CM_128_HMAC_SHA1_80);
	rig_send(&rig, MEDIA_A, 1, 1);
	rig_run(&rig);
	assert_int_equal(rig_take_raw(&rig), 0);
	assert_int_equal(rig.out.n, rig_rtp(clear, 1, 1) + 10);
	assert_memory_equal(rig.out.p, clear, RIG_RTP_HEADER);
	assert_memory_not_equal(rig.out.p + RIG_RTP_HEADER,
				clear + RIG_RTP_HEADER, 16);
}

/* rtcp-mux on one side only: RTCP changes ports on the way */
static void mux_on_one_side(void **state)
{
	struct leg_facts facts;
	(void)state;

	rig_sdes(&rig, MEDIA_A, SUITE_AES_CM_128_HMAC_SHA1_80);
	rig_plain(&rig, MEDIA_B);
	facts = rig.bridge.leg[MEDIA_A].facts;
	facts.mux = true;
	facts.said[COMPONENT_RTCP] = ADDR_NONE;
	rig_leg(&rig, MEDIA_A, &facts);
	rig_send(&rig, MEDIA_A, 7, 1);
	rig_send_rtcp(&rig, MEDIA_A, 7);
	rig_send_rtcp(&rig, MEDIA_B, 8);
	rig_run(&rig);
	expect_rtp(MEDIA_B, 7, 1);
	expect_rtcp(MEDIA_B, 7, COMPONENT_RTCP);
	expect_rtcp(MEDIA_A, 8, COMPONENT_RTP);
}

/* ---- each reason to drop ---- */

static void drop_by_first_octets(void **state)
{
	static const uint8_t stun[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
	static const uint8_t stun_bad[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0};
	static const uint8_t dtls[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t big[IO_OCTETS] = {0x80};
	const union addr *from = &rig.peer[MEDIA_A][0];
	(void)state;

	rig_plain(&rig, MEDIA_A);
	rig_plain(&rig, MEDIA_B);
	rig_put(&rig, MEDIA_A, 0, from, "", 0);
	rig_put(&rig, MEDIA_A, 0, from, "\x80", 1);
	rig_put(&rig, MEDIA_A, 0, from, "\x10" "zrtp", 5);
	rig_put(&rig, MEDIA_A, 0, from, "\x40" "turn", 5);
	expect_drop(DROP_DEMUX, 4);
	rig_put(&rig, MEDIA_A, 0, from, stun, sizeof(stun));
	expect_drop(DROP_STUN, 1);
	rig_put(&rig, MEDIA_A, 0, from, stun_bad, sizeof(stun_bad));
	rig_put(&rig, MEDIA_A, 0, from, stun, sizeof(stun) - 1);
	expect_drop(DROP_STUN_BAD, 2);
	rig_put(&rig, MEDIA_A, 0, from, dtls, sizeof(dtls));
	expect_drop(DROP_DTLS, 1);
	rig_put(&rig, MEDIA_A, 0, from, big, sizeof(big));
	expect_drop(DROP_LONG, 1);
}

/* DTLS goes to the handshake threads, who may have no time */
static void dtls_is_handed_over(void **state)
{
	static const uint8_t dtls[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0};
	struct bridge before;
	(void)state;

	rig_dtls(&rig, MEDIA_A);
	before = rig.bridge;
	rig_put(&rig, MEDIA_A, 0, &rig.peer[MEDIA_A][0], dtls, sizeof(dtls));
	rig_put(&rig, MEDIA_A, 1, &rig.peer[MEDIA_A][1], dtls, sizeof(dtls));
	rig_run(&rig);
	assert_int_equal(rig.dtls, 2);
	assert_int_equal(counter_get(&rig.counters.v[COUNTER_DTLS_IN]), 2);
	assert_memory_equal(&before, &rig.bridge, sizeof(before));
	rig.dtls_err = ENOBUFS;
	rig_put(&rig, MEDIA_A, 0, &rig.peer[MEDIA_A][0], dtls, sizeof(dtls));
	expect_drop(DROP_DTLS_BUSY, 1);
	rig.dtls_err = EBADMSG;
	rig_put(&rig, MEDIA_A, 0, &rig.peer[MEDIA_A][0], dtls, sizeof(dtls));
	expect_drop(DROP_DTLS_BAD, 1);
}

static void drop_on_unset_leg(void **state)
{
	(void)state;
	rig_plain(&rig, MEDIA_B);
	rig_send(&rig, MEDIA_A, 1, 1);
	expect_drop(DROP_LEG, 1);
	rig_send(&rig, MEDIA_B, 1, 1);
	expect_drop(DROP_NO_PEER, 1);
}

static void drop_by_port(void **state)
{
	struct leg_facts mux;
	uint8_t p[IO_OCTETS];
	size_t n;
	(void)state;

	rig_plain(&rig, MEDIA_A);
	rig_plain(&rig, MEDIA_B);
	n = rig_rtp(p, 1, 1);
	rig_put(&rig, MEDIA_A, COMPONENT_RTCP, &rig.peer[MEDIA_A][1], p, n);
	expect_drop(DROP_NOT_RTCP, 1);
	n = rig_rtcp(p, 1);
	rig_put(&rig, MEDIA_A, COMPONENT_RTP, &rig.peer[MEDIA_A][0], p, n);
	expect_drop(DROP_NOT_RTP, 1);
	mux = rig_facts(&rig, MEDIA_A, LEG_RTP);
	mux.mux = true;
	rig_leg(&rig, MEDIA_A, &mux);
	rig_put(&rig, MEDIA_A, COMPONENT_RTCP, &rig.peer[MEDIA_A][1], p, n);
	expect_drop(DROP_MUXED, 1);
}

static void drop_malformed(void **state)
{
	uint8_t p[IO_OCTETS];
	(void)state;

	rig_plain(&rig, MEDIA_A);
	rig_plain(&rig, MEDIA_B);
	rig_rtp(p, 1, 1);
	p[0] = 0x8f; /* 15 CSRCs */
	rig_put(&rig, MEDIA_A, 0, &rig.peer[MEDIA_A][0], p, 20);
	expect_drop(DROP_RTP_BAD, 1);
	for (size_t n = 2; n < 28; n++) {
		rig_rtcp(p, 1);
		rig_put(&rig, MEDIA_A, 1, &rig.peer[MEDIA_A][1], p, n);
	}
	expect_drop(DROP_RTCP_BAD, 26);
	/* and taught nothing */
	assert_false(rig.bridge.leg[MEDIA_A].component[0].learned);
	assert_false(rig.bridge.leg[MEDIA_A].component[1].learned);
}

static void drop_on_hold(void **state)
{
	struct leg_facts facts;
	(void)state;

	rig_plain(&rig, MEDIA_A);
	rig_plain(&rig, MEDIA_B);
	facts = rig_facts(&rig, MEDIA_B, LEG_RTP);
	facts.send = false; /* B: a=sendonly */
	rig_leg(&rig, MEDIA_B, &facts);
	rig_send(&rig, MEDIA_A, 1, 1);
	expect_drop(DROP_DIRECTION, 1);
	rig_send(&rig, MEDIA_B, 2, 1);
	rig_send_rtcp(&rig, MEDIA_A, 1);
	rig_run(&rig);
	expect_rtcp(MEDIA_B, 1, COMPONENT_RTCP);
	expect_rtp(MEDIA_A, 2, 1);
	facts.send = true;
	facts.recv = false; /* B: a=recvonly */
	rig_leg(&rig, MEDIA_B, &facts);
	rig_send(&rig, MEDIA_B, 2, 2);
	expect_drop(DROP_DIRECTION, 2);
}

static void drop_without_keys(void **state)
{
	struct leg_facts facts = rig_facts(&rig, MEDIA_B, LEG_DTLS);
	(void)state;

	rig_plain(&rig, MEDIA_A);
	rig_leg(&rig, MEDIA_B, &facts);
	rig_send(&rig, MEDIA_A, 1, 1);
	expect_drop(DROP_NO_KEY_OUT, 1);
	rig_send(&rig, MEDIA_B, 1, 1);
	rig_send_rtcp(&rig, MEDIA_B, 1);
	expect_drop(DROP_NO_KEY_IN, 2);
}

/* A leg that becomes secured does not let plain RTP pass for a moment. */
static void no_fallback(void **state)
{
	(void)state;
	rig_plain(&rig, MEDIA_A);
	rig_plain(&rig, MEDIA_B);
	exchange();
	rig_leg(&rig, MEDIA_B,
		&(struct leg_facts){.set = true, .security = LEG_SDES,
				    .recv = true, .send = true,
				    .said = {rig.peer[MEDIA_B][0],
					     rig.peer[MEDIA_B][1]}});
	rig_send(&rig, MEDIA_A, 0xaaaa, 300);
	expect_drop(DROP_NO_KEY_OUT, 1);
	rig_send(&rig, MEDIA_B, 0xbbbb, 300);
	expect_drop(DROP_NO_KEY_IN, 1);
}

/* threats M16: plain RTP on a leg that the SDP said is SRTP */
static void drop_plain_on_srtp(void **state)
{
	uint8_t p[IO_OCTETS];
	size_t n;
	(void)state;

	rig_sdes(&rig, MEDIA_A, SUITE_AES_CM_128_HMAC_SHA1_80);
	rig_plain(&rig, MEDIA_B);
	n = rig_rtp(p, 1, 1);
	rig_put(&rig, MEDIA_A, 0, &rig.peer[MEDIA_A][0], p, n);
	expect_drop(DROP_AUTH, 1);
	/* no bit that says "encrypted" (RFC 3711 section 3.4) */
	n = rig_rtcp(p, 1);
	rig_put(&rig, MEDIA_A, 1, &rig.peer[MEDIA_A][1], p, n);
	expect_drop(DROP_AUTH, 2);
}

static void drop_unsendable(void **state)
{
	(void)state;
	rig_plain(&rig, MEDIA_A);
	rig_plain(&rig, MEDIA_B);
	io_double_fail(rig.io, 1, ECONNREFUSED);
	rig_send(&rig, MEDIA_A, 1, 1);
	expect_drop(DROP_SEND, 1);
	rig_send(&rig, MEDIA_A, 1, 2);
	rig_run(&rig);
	expect_rtp(MEDIA_B, 1, 2);
}

/* threats M12: the keystream of an index is used once */
static void drop_second_use_of_index(void **state)
{
	(void)state;
	rig_plain(&rig, MEDIA_A);
	rig_sdes(&rig, MEDIA_B, SUITE_AEAD_AES_128_GCM);
	rig_send(&rig, MEDIA_A, 1, 5);
	rig_run(&rig);
	expect_rtp(MEDIA_B, 1, 5);
	rig_send(&rig, MEDIA_A, 1, 5);
	expect_drop(DROP_PROTECT, 1);
}

/* A sender that starts over with its SSRC: its first packet is doubted, from
 * the second on it continues under new indices; RTCP back is translated. */
static void restart_is_renumbered(void **state)
{
	uint8_t rr[32] = {0x81, 201, 0, 7, 0, 0, 0, 9, 0, 0, 0, 7};
	uint8_t nack[16] = {0x81, 205, 0, 3, 0, 0, 0, 9, 0, 0, 0, 7};
	uint16_t first = 50000;
	(void)state;

	rig_plain(&rig, MEDIA_A);
	rig_plain(&rig, MEDIA_B);
	rig_sdes(&rig, MEDIA_B, SUITE_AES_CM_128_HMAC_SHA1_80);
	rig_send(&rig, MEDIA_A, 7, first);
	rig_run(&rig);
	expect_rtp(MEDIA_B, 7, first);
	for (uint16_t seq = 30000; seq < 30100; seq++)
		rig_send(&rig, MEDIA_A, 7, seq);
	rig_run(&rig);
	for (uint16_t i = 1; i < 100; i++) {
		assert_int_equal(rig_take(&rig), MEDIA_B);
		assert_int_equal(rig.out.p[2] << 8 | rig.out.p[3], first + i);
		assert_int_equal(rig.out.p[12], (30000 + i) & 0xff);
	}
	assert_int_equal(rig_drops(&rig, DROP_RESTART), 1);
	assert_int_equal(rig_drops(&rig, DROP_PROTECT), 0);
	/* B, in the clear for once, says what it got of SSRC 7 */
	rig_plain(&rig, MEDIA_B);
	rr[18] = nack[12] = (first + 99) >> 8;
	rr[19] = nack[13] = (first + 99) & 0xff;
	rig_put(&rig, MEDIA_B, 1, &rig.peer[MEDIA_B][1], rr, sizeof(rr));
	rig_put(&rig, MEDIA_B, 1, &rig.peer[MEDIA_B][1], nack, sizeof(nack));
	rig_run(&rig);
	assert_int_equal(rig_take(&rig), MEDIA_A);
	assert_int_equal(rig.out.p[18] << 8 | rig.out.p[19], 30099);
	assert_int_equal(rig_take(&rig), MEDIA_A);
	assert_int_equal(rig.out.p[12] << 8 | rig.out.p[13], 30099);
}

/* What the network put out of order goes on, out of order. */
static void reordered_goes_on(void **state)
{
	static const uint16_t seqs[] = {10, 12, 11, 15, 14, 13, 500, 499, 16};
	(void)state;

	rig_plain(&rig, MEDIA_A);
	rig_sdes(&rig, MEDIA_B, SUITE_AES_CM_128_HMAC_SHA1_80);
	for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++)
		rig_send(&rig, MEDIA_A, 7, seqs[i]);
	rig_run(&rig);
	for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++)
		expect_rtp(MEDIA_B, 7, seqs[i]);
}

/* One packet that is very late is no restart. */
static void late_is_no_restart(void **state)
{
	(void)state;
	rig_plain(&rig, MEDIA_A);
	rig_sdes(&rig, MEDIA_B, SUITE_AES_CM_128_HMAC_SHA1_80);
	for (uint16_t i = 0; i < 50; i++) {
		rig_send(&rig, MEDIA_A, 7, (uint16_t)(50000 + i));
		rig_send(&rig, MEDIA_A, 7, (uint16_t)(30000 + 2 * i));
	}
	rig_run(&rig);
	for (uint16_t i = 0; i < 50; i++)
		expect_rtp(MEDIA_B, 7, (uint16_t)(50000 + i));
	assert_int_equal(rig_sent(&rig), 0);
	assert_int_equal(rig_drops(&rig, DROP_RESTART), 50);
}

/* RFC 3550 A.3, over a wrap, with a gap, a duplicate and a late one */
static void loss_is_counted(void **state)
{
	struct stream_cells *cells = &rig.bridge.stream[MEDIA_A].cells;
	(void)state;

	rig_plain(&rig, MEDIA_A);
	rig_plain(&rig, MEDIA_B);
	for (uint32_t seq = 65000; seq < 65536 + 100; seq++)
		if (seq % 100)
			rig_send(&rig, MEDIA_A, 1, (uint16_t)seq);
	rig_run(&rig);
	/* 65000 was never seen as the first: 65100 ... 65600 are missing */
	assert_int_equal(counter_get(&cells->lost), 6);
	rig_send(&rig, MEDIA_A, 1, (uint16_t)65600);
	rig_run(&rig);
	assert_int_equal(counter_get(&cells->lost), 5);
	assert_int_equal(counter_get(&cells->ssrc), 1);
	assert_int_equal(counter_get(&cells->packets_in), 630);
	assert_int_equal(counter_get(&cells->packets_out), 630);
}

static uint64_t count(enum counter counter)
{
	return counter_get(&rig.counters.v[counter]);
}

/* What the relay says it did is what it did. */
static void counters_count(void **state)
{
	struct counter_sums sums = {.v = {[COUNTER_RTP_IN] = 1000}};
	(void)state;

	rig_plain(&rig, MEDIA_A);
	rig_sdes(&rig, MEDIA_B, SUITE_AES_CM_128_HMAC_SHA1_80);
	for (uint16_t seq = 1; seq <= 100; seq++)
		rig_send(&rig, MEDIA_A, 1, seq);
	rig_send_rtcp(&rig, MEDIA_A, 1);
	rig_run(&rig);
	assert_int_equal(count(COUNTER_DATAGRAMS_IN), 101);
	assert_int_equal(count(COUNTER_OCTETS_IN), 100 * 172 + 28);
	assert_int_equal(count(COUNTER_RTP_IN), 100);
	assert_int_equal(count(COUNTER_RTCP_IN), 1);
	assert_int_equal(count(COUNTER_DATAGRAMS_OUT), 101);
	assert_int_equal(count(COUNTER_OCTETS_OUT), 100 * 182 + 28 + 14);
	assert_int_equal(count(COUNTER_BATCHES), 2);
	counter_collect(&rig.counters, &sums);
	assert_int_equal(sums.v[COUNTER_RTP_IN], 1100);
	while (!rig_take_raw(&rig))
		;
}

/* The table's tokens are what metrics and people use. */
static void tokens_differ(void **state)
{
	(void)state;
	for (unsigned i = 0; i < DROP_COUNT; i++)
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(drop_row(i)->token,
						drop_row(k)->token);
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(counter_row(i)->token,
						counter_row(k)->token);
}

#define PATH_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PATH_TEST(plain_to_plain),
		PATH_TEST(plain_to_each_suite),
		PATH_TEST(suite_to_suite),
		PATH_TEST(out_is_encrypted),
		PATH_TEST(mux_on_one_side),
		PATH_TEST(drop_by_first_octets),
		PATH_TEST(dtls_is_handed_over),
		PATH_TEST(drop_on_unset_leg),
		PATH_TEST(drop_by_port),
		PATH_TEST(drop_malformed),
		PATH_TEST(drop_on_hold),
		PATH_TEST(drop_without_keys),
		PATH_TEST(no_fallback),
		PATH_TEST(drop_plain_on_srtp),
		PATH_TEST(drop_unsendable),
		PATH_TEST(drop_second_use_of_index),
		PATH_TEST(restart_is_renumbered),
		PATH_TEST(reordered_goes_on),
		PATH_TEST(late_is_no_restart),
		PATH_TEST(loss_is_counted),
		PATH_TEST(counters_count),
		cmocka_unit_test(tokens_differ),
	};

	return cmocka_run_group_tests(tests, process, NULL);
}
