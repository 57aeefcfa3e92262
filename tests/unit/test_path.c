/* test_path.c: what goes through the relay, what does not, and that what does
 * not changes nothing. No network: io_double. */
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

static union addr addr(const char *host, uint16_t port)
{
	union addr a;

	assert_int_equal(addr_parse(slice_str(host), port, &a), 0);
	return a;
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
	expect_drop(DROP_RTCP_BAD, 1);
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

/* ---- what strangers can change: nothing ---- */

/* All state of packets but the counters of drops. */
static struct bridge state_now(void)
{
	struct bridge b = rig.bridge;

	for (unsigned side = 0; side < 2; side++)
		memset(b.stream[side].cells.drops, 0,
		       sizeof(b.stream[side].cells.drops));
	return b;
}

static void expect_unchanged(const struct bridge *before)
{
	struct bridge after = state_now();

	rig_run(&rig);
	assert_int_equal(rig_sent(&rig), 0);
	after = state_now();
	assert_memory_equal(&after, before, sizeof(after));
}

/* threats M2, M3: right address, SSRC and sequence number, wrong tag */
static void bad_tag_changes_nothing(void **state)
{
	static const enum suite suites[] = {
		SUITE_AES_CM_128_HMAC_SHA1_80, SUITE_AEAD_AES_128_GCM,
	};
	(void)state;

	for (size_t s = 0; s < 2; s++) {
		struct bridge before;
		uint8_t p[IO_OCTETS];
		size_t n;

		rig_sdes(&rig, MEDIA_A, suites[s]);
		rig_plain(&rig, MEDIA_B);
		for (int heard = 0; heard < 2; heard++) {
			before = state_now();
			for (uint16_t seq = 2; seq < 200; seq++) {
				n = rig_rtp(p, 0xaaaa, seq) + 16;
				rig_put(&rig, MEDIA_A, 0,
					&rig.peer[MEDIA_A][0], p, n);
				memset(p, 0xff, sizeof(p)); /* E is set */
				n = rig_rtcp(p, 0xaaaa) + 16;
				rig_put(&rig, MEDIA_A, 1,
					&rig.peer[MEDIA_A][1], p, n);
			}
			expect_unchanged(&before);
			rig_send(&rig, MEDIA_A, 0xaaaa,
				 (uint16_t)(1 + heard));
			rig_run(&rig);
			expect_rtp(MEDIA_B, 0xaaaa, (uint16_t)(1 + heard));
		}
		expect_drop(DROP_AUTH, 2 * 2 * 198);
		rig_fini(&rig);
		rig_init(&rig);
	}
}

/* threats M10: every packet twice, then all again */
static void replay_is_not_forwarded(void **state)
{
	enum { COUNT = 100 };
	uint8_t p[COUNT][IO_OCTETS];
	size_t n = 0;
	struct bridge before;
	(void)state;

	rig_sdes(&rig, MEDIA_A, SUITE_AES_CM_128_HMAC_SHA1_80);
	rig_sdes(&rig, MEDIA_B, SUITE_AEAD_AES_128_GCM);
	for (uint16_t seq = 0; seq < COUNT; seq++) {
		struct crypt_job job = {
			.crypt = rig.peer_tx[MEDIA_A],
			.p = p[seq],
			.n = rig_rtp(p[seq], 7, seq),
			.room = IO_OCTETS,
		};

		crypt_protect(&job, 1);
		n = job.n;
		for (int i = 0; i < 2; i++)
			rig_put(&rig, MEDIA_A, 0, &rig.peer[MEDIA_A][0],
				p[seq], n);
	}
	rig_run(&rig);
	for (uint16_t seq = 0; seq < COUNT; seq++)
		expect_rtp(MEDIA_B, 7, seq);
	assert_int_equal(rig_sent(&rig), 0);
	assert_int_equal(rig_drops(&rig, DROP_REPLAY), COUNT);
	before = state_now();
	for (uint16_t seq = 0; seq < COUNT; seq++)
		rig_put(&rig, MEDIA_A, 0, &rig.peer[MEDIA_A][0], p[seq], n);
	expect_unchanged(&before);
	assert_int_equal(rig_drops(&rig, DROP_REPLAY), 2 * COUNT);
}

/* threats M13: SSRCs without the key get no state, nor push the real one out */
static void ssrc_flood(void **state)
{
	struct bridge before;
	uint8_t p[IO_OCTETS];
	(void)state;

	rig_sdes(&rig, MEDIA_A, SUITE_AEAD_AES_128_GCM);
	rig_plain(&rig, MEDIA_B);
	rig_send(&rig, MEDIA_A, 0xaaaa, 1);
	rig_run(&rig);
	expect_rtp(MEDIA_B, 0xaaaa, 1);
	before = state_now();
	for (uint32_t ssrc = 1; ssrc <= 3000; ssrc++) {
		size_t n = rig_rtp(p, ssrc, 1) + 16;

		rig_put(&rig, MEDIA_A, 0, &rig.peer[MEDIA_A][0], p, n);
		if (ssrc % 100 == 0)
			expect_unchanged(&before);
	}
	rig_send(&rig, MEDIA_A, 0xaaaa, 2);
	rig_run(&rig);
	expect_rtp(MEDIA_B, 0xaaaa, 2);
	assert_int_equal(counter_get(&rig.bridge.stream[0].cells.ssrcs), 1);
}

/* Plain RTP: many SSRCs from the right address; the table stays a table. */
static void ssrc_many_plain(void **state)
{
	(void)state;
	rig_plain(&rig, MEDIA_A);
	rig_plain(&rig, MEDIA_B);
	for (uint32_t ssrc = 1; ssrc <= 1000; ssrc++) {
		rig_send(&rig, MEDIA_A, ssrc, 1);
		rig_run(&rig);
		expect_rtp(MEDIA_B, ssrc, 1);
	}
	assert_int_equal(counter_get(&rig.bridge.stream[0].cells.ssrcs), 1000);
}

/* ---- which addresses ---- */

/* threats M1: a stranger gets and changes nothing, before, in and after */
static void plain_wrong_host(void **state)
{
	union addr stranger = addr("192.0.2.66", 5000);
	struct bridge before;
	uint8_t p[IO_OCTETS];
	size_t n = rig_rtp(p, 0xaaaa, 2);
	(void)state;

	rig_plain(&rig, MEDIA_A);
	rig_plain(&rig, MEDIA_B);
	for (int i = 0; i < 2; i++) {
		before = state_now();
		rig_put(&rig, MEDIA_A, 0, &stranger, p, n);
		rig_put(&rig, MEDIA_A, 1, &stranger, p, n);
		expect_unchanged(&before);
		rig_send(&rig, MEDIA_A, 0xaaaa, 1);
		rig_send(&rig, MEDIA_B, 0xbbbb, 1);
		rig_run(&rig);
		expect_rtp(MEDIA_B, 0xaaaa, 1);
		expect_rtp(MEDIA_A, 0xbbbb, 1);
	}
	assert_int_equal(rig_drops(&rig, DROP_SOURCE), 2);
}

/* Behind NAT the port differs: learned from the first packet, and only then. */
static void plain_port_learned_once(void **state)
{
	union addr nat = addr("192.0.2.1", 40000);
	union addr other = addr("192.0.2.1", 40002);
	uint8_t p[IO_OCTETS];
	size_t n = rig_rtp(p, 0xaaaa, 1);
	(void)state;

	rig_plain(&rig, MEDIA_A);
	rig_plain(&rig, MEDIA_B);
	/* both in one batch: the first wins */
	rig_put(&rig, MEDIA_A, 0, &nat, p, n);
	rig_put(&rig, MEDIA_A, 0, &other, p, n);
	rig_run(&rig);
	expect_rtp(MEDIA_B, 0xaaaa, 1);
	assert_int_equal(rig_sent(&rig), 0);
	assert_int_equal(rig_drops(&rig, DROP_SOURCE), 1);
	rig_send(&rig, MEDIA_A, 0xaaaa, 2); /* from the SDP's own port, late */
	expect_drop(DROP_SOURCE, 2);
	rig_send(&rig, MEDIA_B, 0xbbbb, 1);
	rig_run(&rig);
	assert_int_equal(rig_take(&rig), MEDIA_A);
	assert_true(addr_eq(&rig.out.peer, &nat));
	/* the same SDP again changes nothing */
	rig_plain(&rig, MEDIA_A);
	rig_put(&rig, MEDIA_A, 0, &other, p, n);
	expect_drop(DROP_SOURCE, 3);
	/* another address in a new SDP starts over */
	rig.peer[MEDIA_A][0] = addr("192.0.2.1", 5010);
	rig_plain(&rig, MEDIA_A);
	rig_put(&rig, MEDIA_A, 0, &other, p, n);
	rig_run(&rig);
	expect_rtp(MEDIA_B, 0xaaaa, 1);
}

static void strict_is_strict(void **state)
{
	struct leg_facts facts = rig_facts(&rig, MEDIA_A, LEG_RTP);
	union addr nat = addr("192.0.2.1", 40000);
	uint8_t p[IO_OCTETS];
	size_t n = rig_rtp(p, 1, 1);
	(void)state;

	facts.latch = LEG_LATCH_STRICT;
	rig_leg(&rig, MEDIA_A, &facts);
	rig_plain(&rig, MEDIA_B);
	rig_put(&rig, MEDIA_A, 0, &nat, p, n);
	expect_drop(DROP_SOURCE, 1);
	rig_send(&rig, MEDIA_A, 1, 1);
	rig_run(&rig);
	expect_rtp(MEDIA_B, 1, 1);
}

/* Secured: the first authentic packet shows where the peer is; after that a
 * copy of a good packet from elsewhere is worth nothing. */
static void srtp_learns_authentic(void **state)
{
	union addr nat = addr("203.0.113.9", 40000);
	union addr thief = addr("203.0.113.66", 1);
	struct crypt_job job;
	uint8_t p[IO_OCTETS];
	(void)state;

	rig_sdes(&rig, MEDIA_A, SUITE_AES_CM_128_HMAC_SHA1_80);
	rig_plain(&rig, MEDIA_B);
	for (uint16_t seq = 1; seq < 4; seq++) {
		job = (struct crypt_job){
			.crypt = rig.peer_tx[MEDIA_A],
			.p = p,
			.n = rig_rtp(p, 1, seq),
			.room = IO_OCTETS,
		};
		crypt_protect(&job, 1);
		if (seq == 2)
			rig_put(&rig, MEDIA_A, 0, &thief, p, job.n);
		else
			rig_put(&rig, MEDIA_A, 0, &nat, p, job.n);
	}
	rig_run(&rig);
	expect_rtp(MEDIA_B, 1, 1);
	expect_rtp(MEDIA_B, 1, 3);
	assert_int_equal(rig_sent(&rig), 0);
	assert_int_equal(rig_drops(&rig, DROP_SOURCE), 1);
	assert_int_equal(counter_get(&rig.counters.v
				     [COUNTER_ADDRESSES_LEARNED]), 1);
	rig_send(&rig, MEDIA_B, 2, 1);
	rig_run(&rig);
	assert_int_equal(rig_take(&rig), MEDIA_A);
	assert_true(addr_eq(&rig.out.peer, &nat));
}

/* Keys of a handshake come with the address it was done with. */
static void handshake_keys(void **state)
{
	struct component *c = &rig.bridge.leg[MEDIA_A].component[0];
	struct leg_facts facts = rig_facts(&rig, MEDIA_A, LEG_DTLS);
	const struct assoc *stale = (const struct assoc *)(const void *)&facts;
	struct crypt *rx = NULL;
	struct crypt *tx = NULL;
	uint8_t key[SUITE_KEY_SALT_MAX] = {1};
	const union addr at = rig.peer[MEDIA_A][0];
	(void)state;

	facts.said[0] = ADDR_NONE;
	facts.mux = true;
	rig_leg(&rig, MEDIA_A, &facts);
	rig_plain(&rig, MEDIA_B);
	crypt_new(&rx, SUITE_AEAD_AES_128_GCM, key, 28, CRYPT_UNPROTECT, 64);
	crypt_new(&tx, SUITE_AEAD_AES_128_GCM, key, 28, CRYPT_PROTECT, 64);
	assert_false(bridge_keys_apply(c, stale, &at, &rx, &tx));
	assert_non_null(rx);
	assert_false(c->learned);
	assert_true(bridge_keys_apply(c, NULL, &at, &rx, &tx));
	assert_null(rx);
	assert_null(tx);
	assert_true(c->learned);
	crypt_new(&rig.peer_rx[MEDIA_A], SUITE_AEAD_AES_128_GCM, key, 28,
		  CRYPT_UNPROTECT, 64);
	rig_send(&rig, MEDIA_B, 1, 1);
	rig_run(&rig);
	expect_rtp(MEDIA_A, 1, 1);
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
		PATH_TEST(late_is_no_restart),
		PATH_TEST(bad_tag_changes_nothing),
		PATH_TEST(replay_is_not_forwarded),
		PATH_TEST(ssrc_flood),
		PATH_TEST(ssrc_many_plain),
		PATH_TEST(plain_wrong_host),
		PATH_TEST(plain_port_learned_once),
		PATH_TEST(strict_is_strict),
		PATH_TEST(srtp_learns_authentic),
		PATH_TEST(handshake_keys),
		PATH_TEST(loss_is_counted),
		cmocka_unit_test(tokens_differ),
	};

	return cmocka_run_group_tests(tests, process, NULL);
}
