/* test_latch.c: what strangers can change (nothing), and which addresses a leg
 * listens to. No network: io_double. */
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

static void put_protected(const union addr *from, uint16_t seq, bool again)
{
	static uint8_t p[IO_OCTETS];
	static size_t n;

	if (!again) {
		struct crypt_job job = {
			.crypt = rig.peer_tx[MEDIA_A],
			.p = p,
			.n = rig_rtp(p, 1, seq),
			.room = IO_OCTETS,
		};

		crypt_protect(&job, 1);
		n = job.n;
	}
	rig_put(&rig, MEDIA_A, 0, from, p, n);
	rig_run(&rig);
}

static void expect_peer(const union addr *want)
{
	static uint16_t seq;

	rig_send(&rig, MEDIA_B, 2, ++seq);
	rig_run(&rig);
	assert_int_equal(rig_take(&rig), MEDIA_A);
	assert_true(addr_eq(&rig.out.peer, want));
}

/* media-handover: who has the key may move; a copy from elsewhere, or a packet
 * that was overtaken, moves nobody. */
static void srtp_follows_if_asked(void **state)
{
	union addr wlan = addr("203.0.113.9", 40000);
	union addr lte = addr("198.51.100.7", 777);
	union addr thief = addr("203.0.113.66", 1);
	(void)state;

	rig_sdes(&rig, MEDIA_A, SUITE_AES_CM_128_HMAC_SHA1_80);
	rig_plain(&rig, MEDIA_B);
	rig.bridge.leg[MEDIA_A].facts.latch = LEG_LATCH_FOLLOW;
	put_protected(&wlan, 1, false);
	expect_rtp(MEDIA_B, 1, 1);
	expect_peer(&wlan);
	put_protected(&thief, 1, true);
	expect_drop(DROP_REPLAY, 1);
	expect_peer(&wlan);
	put_protected(&lte, 5, false);
	expect_rtp(MEDIA_B, 1, 5);
	expect_peer(&lte);
	put_protected(&wlan, 4, false);
	expect_rtp(MEDIA_B, 1, 4);
	expect_peer(&lte);
}

/* ... and without a key nobody may. */
static void plain_never_follows(void **state)
{
	union addr other = addr("192.0.2.1", 40002);
	uint8_t p[IO_OCTETS];
	size_t n = rig_rtp(p, 1, 2);
	(void)state;

	rig_plain(&rig, MEDIA_A);
	rig_plain(&rig, MEDIA_B);
	rig.bridge.leg[MEDIA_A].facts.latch = LEG_LATCH_FOLLOW;
	rig_send(&rig, MEDIA_A, 1, 1);
	rig_run(&rig);
	expect_rtp(MEDIA_B, 1, 1);
	rig_put(&rig, MEDIA_A, 0, &other, p, n);
	expect_drop(DROP_SOURCE, 1);
}

/* asymmetric: it sends from one port and receives at another. */
static void asymmetric_receives_where_it_says(void **state)
{
	union addr out = addr("192.0.2.1", 40000);
	union addr other = addr("192.0.2.1", 40002);
	uint8_t p[IO_OCTETS];
	size_t n = rig_rtp(p, 1, 1);
	(void)state;

	rig_plain(&rig, MEDIA_A);
	rig_plain(&rig, MEDIA_B);
	rig.bridge.leg[MEDIA_A].facts.latch = LEG_LATCH_ASYMMETRIC;
	rig_put(&rig, MEDIA_A, 0, &out, p, n);
	rig_run(&rig);
	expect_rtp(MEDIA_B, 1, 1);
	expect_peer(&rig.peer[MEDIA_A][0]);
	rig_put(&rig, MEDIA_A, 0, &other, p, n);
	expect_drop(DROP_SOURCE, 1);
}

/* threats M17: what was sent before the peer had our answer is under its old
 * key: good for a while, from where it was, and it teaches nothing. */
static void old_key_fades(void **state)
{
	struct crypt *old;
	struct crypt *new;
	(void)state;

	rig_sdes(&rig, MEDIA_A, SUITE_AES_CM_128_HMAC_SHA1_80);
	rig_plain(&rig, MEDIA_B);
	rig_send(&rig, MEDIA_A, 1, 1);
	rig_run(&rig);
	expect_rtp(MEDIA_B, 1, 1);
	old = rig.peer_tx[MEDIA_A];
	rig.peer_tx[MEDIA_A] = NULL;
	rig_sdes(&rig, MEDIA_A, SUITE_AEAD_AES_128_GCM);
	new = rig.peer_tx[MEDIA_A];
	for (uint16_t seq = 2; seq < 10; seq += 2) {
		rig.peer_tx[MEDIA_A] = old;
		rig_send(&rig, MEDIA_A, 1, seq);
		rig_send_rtcp(&rig, MEDIA_A, 1); /* never heard there: not */
		rig.peer_tx[MEDIA_A] = new;
		rig_send(&rig, MEDIA_A, 1, seq + 1);
		rig_run(&rig);
		expect_rtp(MEDIA_B, 1, seq);
		expect_rtp(MEDIA_B, 1, seq + 1);
		assert_int_equal(rig_sent(&rig), 0);
	}
	crypt_free(bridge_fade_end(&rig.bridge, MEDIA_A));
	rig.peer_tx[MEDIA_A] = old;
	rig_send(&rig, MEDIA_A, 1, 20);
	expect_drop(DROP_AUTH, 5);
	rig.peer_tx[MEDIA_A] = new;
	crypt_free(old);
}

/* A peer that was not heard yet, or is another one now, has no old key. */
static void old_key_ends_with_its_peer(void **state)
{
	(void)state;
	rig_sdes(&rig, MEDIA_A, SUITE_AES_CM_128_HMAC_SHA1_80);
	rig_sdes(&rig, MEDIA_A, SUITE_AES_CM_128_HMAC_SHA1_80);
	assert_null(rig.bridge.stream[MEDIA_A].fading);
	rig_plain(&rig, MEDIA_B);
	rig_send(&rig, MEDIA_A, 1, 1);
	rig_run(&rig);
	expect_rtp(MEDIA_B, 1, 1);
	rig.peer[MEDIA_A][0] = addr("192.0.2.7", 5000);
	rig_sdes(&rig, MEDIA_A, SUITE_AES_CM_128_HMAC_SHA1_80);
	assert_null(rig.bridge.stream[MEDIA_A].fading);
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

#define LATCH_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LATCH_TEST(bad_tag_changes_nothing),
		LATCH_TEST(replay_is_not_forwarded),
		LATCH_TEST(ssrc_flood),
		LATCH_TEST(ssrc_many_plain),
		LATCH_TEST(plain_wrong_host),
		LATCH_TEST(plain_port_learned_once),
		LATCH_TEST(strict_is_strict),
		LATCH_TEST(srtp_learns_authentic),
		LATCH_TEST(srtp_follows_if_asked),
		LATCH_TEST(plain_never_follows),
		LATCH_TEST(asymmetric_receives_where_it_says),
		LATCH_TEST(old_key_fades),
		LATCH_TEST(old_key_ends_with_its_peer),
		LATCH_TEST(handshake_keys),
	};

	return cmocka_run_group_tests(tests, process, NULL);
}
