/* test_name.c: two legs that chose the same SSRC: neither hears its own, RTCP
 * names the right stream on both sides, no index is used twice. */
#include "unit.h"

#include <stdlib.h>

#include "lib/pkt/octets.h"
#include "lib/pkt/rtcp.h"
#include "rig.h"

static struct rig rig;

enum { X = 0x1234 };

static int process(void **state)
{
	(void)state;
	return crypt_init_process();
}

static int setup(void **state)
{
	(void)state;
	rig_init(&rig);
	rig_sdes(&rig, MEDIA_A, SUITE_AEAD_AES_128_GCM);
	rig_sdes(&rig, MEDIA_B, SUITE_AES_CM_128_HMAC_SHA1_80);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_fini(&rig);
	return 0;
}

/* One RTP packet from a side, and the SSRC that the other one sees. */
static uint32_t pass(enum media_side side, uint32_t ssrc, uint16_t seq)
{
	rig_send(&rig, side, ssrc, seq);
	rig_run(&rig);
	assert_int_equal(rig_take(&rig), media_other(side));
	assert_int_equal(octets_u16(rig.out.p + 2), seq);
	return octets_u32(rig.out.p + 8);
}

/* RTCP from a side; what the other one gets is in rig.out. */
static void pass_rtcp(enum media_side side, const uint8_t *p, size_t n)
{
	uint8_t q[IO_OCTETS];
	struct crypt_job job = {.crypt = rig.peer_tx[side], .p = q, .n = n,
				.room = IO_OCTETS, .rtcp = true};

	assert_int_equal(rtcpv_check(p, n), 0);
	memcpy(q, p, n);
	crypt_protect(&job, 1);
	assert_int_equal(job.drop, DROP_NONE);
	rig_put(&rig, side, COMPONENT_RTCP, &rig.peer[side][COMPONENT_RTCP], q,
		job.n);
	rig_run(&rig);
	assert_int_equal(rig_take(&rig), media_other(side));
	assert_int_equal(rig.out.n, n);
}

static void different_stay(void **state)
{
	(void)state;
	assert_int_equal(pass(MEDIA_A, X, 1), X);
	assert_int_equal(pass(MEDIA_B, X + 1, 1), X + 1);
	assert_int_equal(pass(MEDIA_A, X, 2), X);
}

struct names {
	uint32_t to_a; /* B's stream as A sees it */
	uint32_t to_b;
};

static struct names collide(void)
{
	struct names n;

	assert_int_equal(pass(MEDIA_A, X, 1), X);
	n.to_a = pass(MEDIA_B, X, 100);
	n.to_b = pass(MEDIA_A, X, 2);
	return n;
}

static void nobody_hears_his_own(void **state)
{
	struct names n = collide();
	(void)state;

	assert_int_not_equal(n.to_a, X);
	assert_int_not_equal(n.to_b, X);
	assert_int_not_equal(n.to_a, n.to_b);
	for (uint16_t seq = 3; seq < 50; seq++) {
		assert_int_equal(pass(MEDIA_A, X, seq), n.to_b);
		assert_int_equal(pass(MEDIA_B, X, (uint16_t)(100 + seq)),
				 n.to_a);
	}
}

/* A peer that sends back all it hears must not make names without end. */
static void echo_comes_to_rest(void **state)
{
	uint32_t heard = pass(MEDIA_A, X, 1), before = 0, back = 0;
	(void)state;

	for (uint16_t seq = 2; seq < 100; seq++) {
		back = pass(MEDIA_B, heard, seq);
		before = heard;
		heard = pass(MEDIA_A, X, seq);
	}
	assert_int_equal(heard, before);
	assert_int_not_equal(back, X);
	assert_true(counter_get(&rig.bridge.stream[MEDIA_B].cells.ssrcs) <= 3);
}

static void put(uint8_t *p, size_t *n, uint32_t word)
{
	octets_put_u32(p + *n, word);
	*n += 4;
}

static void put_header(uint8_t *p, size_t *n, unsigned type, unsigned count,
		       unsigned words)
{
	put(p, n, 0x80000000u | count << 24 | type << 16 | words);
}

/* Every kind of packet that names an SSRC. own: of the sender's; about: of the
 * stream that it receives. What a receiver of this should see is the same
 * with the names exchanged. */
static size_t every_kind(uint8_t *p, uint32_t own, uint32_t about)
{
	size_t n = 0;

	put_header(p, &n, RTCP_SR, 1, 12);
	put(p, &n, own);
	for (int i = 0; i < 5; i++)
		put(p, &n, own); /* not SSRCs: as they were */
	put(p, &n, about);
	for (int i = 0; i < 5; i++)
		put(p, &n, 7);
	put_header(p, &n, RTCP_RR, 1, 7);
	put(p, &n, own);
	put(p, &n, about);
	for (int i = 0; i < 5; i++)
		put(p, &n, 7);
	put_header(p, &n, RTCP_SDES, 2, 5);
	put(p, &n, own);
	put(p, &n, 0x01026162); /* CNAME "ab" */
	put(p, &n, 0); /* its end, padded */
	put(p, &n, own);
	put(p, &n, 0x01016100); /* CNAME "a", end */
	put_header(p, &n, RTCP_APP, 0, 2);
	put(p, &n, own);
	put(p, &n, own); /* a name */
	put_header(p, &n, RTCP_RTPFB, 1, 3); /* NACK */
	put(p, &n, own);
	put(p, &n, about);
	put(p, &n, 0x00010000);
	put_header(p, &n, RTCP_RTPFB, 15, 4); /* transport-cc */
	put(p, &n, own);
	put(p, &n, about);
	put(p, &n, own);
	put(p, &n, about);
	put_header(p, &n, RTCP_RTPFB, 3, 4); /* TMMBR */
	put(p, &n, own);
	put(p, &n, 0);
	put(p, &n, about);
	put(p, &n, 9);
	put_header(p, &n, RTCP_PSFB, 1, 2); /* PLI */
	put(p, &n, own);
	put(p, &n, about);
	put_header(p, &n, RTCP_PSFB, 4, 4); /* FIR */
	put(p, &n, own);
	put(p, &n, 0);
	put(p, &n, about);
	put(p, &n, 0x05000000);
	put_header(p, &n, RTCP_PSFB, 15, 5); /* REMB */
	put(p, &n, own);
	put(p, &n, 0);
	put(p, &n, 0x52454d42);
	put(p, &n, 0x01000001);
	put(p, &n, about);
	put_header(p, &n, RTCP_XR, 0, 7);
	put(p, &n, own);
	put(p, &n, 0x01000001); /* loss RLE, as short as can be */
	put(p, &n, about);
	put(p, &n, 0x05000003); /* DLRR */
	put(p, &n, about);
	put(p, &n, own); /* a time */
	put(p, &n, own);
	put_header(p, &n, RTCP_BYE, 2, 2);
	put(p, &n, own);
	put(p, &n, own);
	return n;
}

static unsigned words_with(const uint8_t *p, size_t n, uint32_t word)
{
	unsigned count = 0;

	for (size_t at = 0; at + 4 <= n; at += 4)
		count += octets_u32(p + at) == word;
	return count;
}

static void rtcp_names_streams(void **state)
{
	uint8_t p[IO_OCTETS];
	struct names names = collide();
	size_t n = every_kind(p, X, names.to_a);
	(void)state;

	/* From A: X is its own; what it hears from B it knows as to_a. */
	pass_rtcp(MEDIA_A, p, n);
	assert_int_equal(words_with(rig.out.p, n, names.to_b), 14);
	assert_int_equal(words_with(rig.out.p, n, names.to_a), 1);
	assert_int_equal(words_with(p, n, names.to_a), 11);
	/* 9 words are not SSRCs, 10 of B's are X again */
	assert_int_equal(words_with(rig.out.p, n, X), 19);
}

/* What B said of A's stream before it was renamed is about X still. */
static void rtcp_of_the_old_name(void **state)
{
	uint8_t p[64];
	size_t n = 0;
	struct names names = collide();
	(void)state;

	put_header(p, &n, RTCP_PSFB, 1, 2);
	put(p, &n, X);
	put(p, &n, X);
	pass_rtcp(MEDIA_B, p, n);
	assert_int_equal(octets_u32(rig.out.p + 4), names.to_a);
	assert_int_equal(octets_u32(rig.out.p + 8), X);
}

/* Who only listens has an SSRC as well, in RTCP. */
static void listener_is_named(void **state)
{
	uint8_t p[64];
	uint32_t name;
	size_t n = 0;
	(void)state;

	assert_int_equal(pass(MEDIA_B, X, 1), X);
	put_header(p, &n, RTCP_RR, 0, 1);
	put(p, &n, X);
	pass_rtcp(MEDIA_A, p, n);
	name = octets_u32(rig.out.p + 4);
	assert_int_not_equal(name, X);
	pass_rtcp(MEDIA_A, p, n);
	assert_int_equal(octets_u32(rig.out.p + 4), name);
}

/* ---- no index twice ---- */

enum { LOG_MAX = 60000, SENDERS = 3 };

static struct used {
	enum media_side side;
	uint32_t ssrc;
	uint64_t index;
} used[LOG_MAX];

static int used_cmp(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct used));
}

/* The index by the receiver's own rule (RFC 3711 appendix A). */
static uint64_t index_of(enum media_side side, uint32_t ssrc, uint16_t seq)
{
	static struct {
		uint32_t ssrc;
		uint64_t newest;
		bool known;
	} seen[2][64];

	for (unsigned i = 0; i < 64; i++) {
		uint64_t newest = seen[side][i].newest;

		if (!seen[side][i].known) {
			seen[side][i].ssrc = ssrc;
			seen[side][i].known = true;
			seen[side][i].newest = seq;
			return seq;
		}
		if (seen[side][i].ssrc != ssrc)
			continue;
		newest += (uint64_t)(int64_t)(int16_t)(seq - (uint16_t)newest);
		if (newest > seen[side][i].newest)
			seen[side][i].newest = newest;
		return newest;
	}
	fail_msg("more SSRCs than a key takes");
	return 0;
}

static uint32_t dice(uint32_t sides)
{
	static uint32_t x = 1;

	x = x * 1664525u + 1013904223u;
	return (x >> 8) % sides;
}

/* What leaves under each key, of senders that share SSRCs, jump, start over
 * and repeat: (key, SSRC, index) is never the same twice. */
static void no_index_twice(void **state)
{
	uint16_t seq[2][SENDERS] = {{0}};
	unsigned n = 0;
	(void)state;

	rig_fini(&rig);
	rig_init(&rig);
	rig_plain(&rig, MEDIA_A);
	rig_sdes(&rig, MEDIA_B, SUITE_AEAD_AES_128_GCM);
	for (unsigned i = 0; i < 40000; i++) {
		enum media_side side = dice(4) ? MEDIA_A : MEDIA_B;
		unsigned who = dice(SENDERS);

		if (side == MEDIA_A && !dice(500))
			seq[side][who] = (uint16_t)dice(65536);
		if (side == MEDIA_B || dice(20))
			seq[side][who]++;
		rig_send(&rig, side, X + who, seq[side][who]);
		rig_run(&rig);
		while (rig_sent(&rig)) {
			struct used *u = &used[n];

			memset(u, 0, sizeof(*u));
			u->side = rig_take(&rig);
			u->ssrc = octets_u32(rig.out.p + 8);
			u->index = index_of(u->side, u->ssrc,
					    octets_u16(rig.out.p + 2));
			n += u->side == MEDIA_B;
		}
	}
	assert_true(n > 20000);
	qsort(used, n, sizeof(used[0]), used_cmp);
	for (unsigned i = 1; i < n; i++)
		assert_memory_not_equal(&used[i - 1], &used[i],
					sizeof(used[0]));
}

#define NAME_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAME_TEST(different_stay),
		NAME_TEST(nobody_hears_his_own),
		NAME_TEST(echo_comes_to_rest),
		NAME_TEST(rtcp_names_streams),
		NAME_TEST(rtcp_of_the_old_name),
		NAME_TEST(listener_is_named),
		NAME_TEST(no_index_twice),
	};

	return cmocka_run_group_tests(tests, process, NULL);
}
