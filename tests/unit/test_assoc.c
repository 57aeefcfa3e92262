/* test_assoc.c: DTLS-SRTP legs of the relay against each other, with real
 * threads and sockets. Built for the thread sanitizer too. */
#include "unit.h"

#include "bench.h"
#include "peer.h"

#include <poll.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/io/io.h"

/* ---- DTLS: two media of ours are each other's peer ----
 *
 *	a --RTP-- [A near B] ==DTLS-SRTP== [A far B] --RTP-- b
 */

struct chain {
	struct media *near;
	struct media *far;
	struct peer a;
	struct peer b;
	struct leg_conf near_conf;
	struct leg_conf far_conf;
};

/* Both have the pool's certificate. */
static void fingerprint_ours(struct leg_conf *conf, bool right)
{
	struct slice text = slice_str(handshake_pool_fingerprint(pool));
	struct slice hash = slice_cut(&text, ' ');

	assert_int_equal(fingerprint_parse(hash, text, &conf->fingerprint[0]),
			 0);
	conf->fingerprint[0].octets[7] ^= !right;
	conf->fingerprints = 1;
}

static void dtls_conf(struct leg_conf *conf, enum handshake_role role, bool mux,
		      const struct media *peer, enum media_side peer_side)
{
	*conf = (struct leg_conf){
		.security = LEG_DTLS,
		.role = role,
		.rtcp_mux = mux,
		.recv = true,
		.send = true,
	};
	assert_int_equal(addr_parse(SLICE_LIT("127.9.8.6"),
				    media_port(peer, peer_side, false),
				    &conf->rtp), 0);
	assert_int_equal(addr_parse(SLICE_LIT("127.9.8.6"),
				    media_port(peer, peer_side, true),
				    &conf->rtcp), 0);
}

static void chain_init(struct chain *c, bool mux)
{
	memset(c, 0, sizeof(*c));
	c->near = bench_open(5);
	c->far = bench_open(6);
	peer_init(&c->a, MEDIA_A, "127.0.0.1");
	peer_init(&c->b, MEDIA_B, "127.0.0.2");
	peer_join(&c->a, c->near);
	peer_join(&c->b, c->far);
	dtls_conf(&c->near_conf, HANDSHAKE_ACTIVE, mux, c->far, MEDIA_A);
	dtls_conf(&c->far_conf, HANDSHAKE_PASSIVE, mux, c->near, MEDIA_B);
}

static void chain_set(struct chain *c)
{
	assert_int_equal(media_leg_set(c->far, MEDIA_A, &c->far_conf), 0);
	assert_int_equal(media_leg_set(c->near, MEDIA_B, &c->near_conf), 0);
}

static void chain_fini(struct chain *c)
{
	media_close(c->near);
	media_close(c->far);
	bench_until_all_back();
	peer_fini(&c->a);
	peer_fini(&c->b);
}

static bool chain_keyed(const struct chain *c)
{
	struct media_stats near;
	struct media_stats far;

	media_stats(c->near, MEDIA_B, &near);
	media_stats(c->far, MEDIA_A, &far);
	return near.key_in && near.key_out && far.key_in && far.key_out;
}

static void until_keyed(const struct chain *c)
{
	uint64_t limit = clk_ms() + PEER_WAIT_MS;

	while (!chain_keyed(c) && clk_ms() < limit) {
		bench_pump();
		usleep(1000);
	}
	assert_true(chain_keyed(c));
}

/* The order to the worker is done: a packet behind it meets the new leg. */
static void until_unkeyed(const struct chain *c)
{
	uint64_t limit = clk_ms() + PEER_WAIT_MS;
	struct media_stats far = {.key_in = true};

	while (far.key_in && clk_ms() < limit) {
		bench_pump();
		usleep(1000);
		media_stats(c->far, MEDIA_A, &far);
	}
	assert_false(far.key_in);
}

static void expect_rtcp(struct peer *from, struct peer *to)
{
	static const uint8_t rr[8] = {0x80, 201, 0, 1, 0, 0, 0, 9};
	struct pollfd wait = {.fd = to->fd[1], .events = POLLIN};
	uint8_t got[64];

	sendto(from->fd[1], rr, sizeof(rr), 0, &from->relay[1].sa,
	       addr_len(&from->relay[1]));
	assert_int_equal(poll(&wait, 1, PEER_WAIT_MS), 1);
	assert_int_equal(recv(to->fd[1], got, sizeof(got), 0), sizeof(rr));
	assert_memory_equal(got, rr, sizeof(rr));
}

/* Keys of the RTCP ports, where they are apart. */
static void until_rtcp_keyed(const struct chain *c)
{
	struct handshake *h = media_handshake(c->near, MEDIA_B, true);
	struct handshake *g = media_handshake(c->far, MEDIA_A, true);
	uint64_t limit = clk_ms() + PEER_WAIT_MS;
	struct handshake_status st = {0};
	struct handshake_status sg = {0};

	while ((st.state != HANDSHAKE_DONE || sg.state != HANDSHAKE_DONE) &&
	       clk_ms() < limit) {
		handshake_status(h, &st);
		handshake_status(g, &sg);
		usleep(1000);
	}
	assert_int_equal(st.state, HANDSHAKE_DONE);
	usleep(20000); /* from the handshake thread to the worker */
}

static void dtls_chain(bool mux)
{
	struct counter_sums sums;
	struct media_stats stats;
	struct chain c;

	chain_init(&c, mux);
	fingerprint_ours(&c.near_conf, true);
	fingerprint_ours(&c.far_conf, true);
	chain_set(&c);
	until_keyed(&c);
	peer_expect_through(&c.a, &c.b, 1, 100);
	peer_expect_through(&c.b, &c.a, 1, 100);
	if (!mux)
		until_rtcp_keyed(&c);
	expect_rtcp(&c.a, &c.b);
	expect_rtcp(&c.b, &c.a);
	/* the same SDP again: the association stays */
	chain_set(&c);
	peer_expect_through(&c.a, &c.b, 101, 100);
	media_stats(c.far, MEDIA_A, &stats);
	assert_int_equal(stats.packets_in, 200);
	assert_true(stats.learned);
	plane_counters(plane, &sums);
	assert_int_equal(sums.v[COUNTER_KEYS_INSTALLED], mux ? 2 : 4);
	assert_true(sums.v[COUNTER_DTLS_IN] >= (mux ? 5u : 10u));
	chain_fini(&c);
}

static void dtls_muxed(void **state)
{
	(void)state;
	dtls_chain(true);
}

static void dtls_two_ports(void **state)
{
	(void)state;
	dtls_chain(false);
}

/* threats M6: no keys, no media, in either direction */
static void dtls_wrong_fingerprint(void **state)
{
	struct media_stats stats;
	struct chain c;
	(void)state;

	chain_init(&c, true);
	fingerprint_ours(&c.near_conf, true);
	fingerprint_ours(&c.far_conf, false);
	chain_set(&c);
	for (uint16_t seq = 1; seq <= 20; seq++) {
		peer_send(&c.a, seq);
		peer_send(&c.b, seq);
		usleep(10000);
		bench_pump();
	}
	assert_int_equal(peer_recv(&c.b, PEER_QUIET_MS), -1);
	assert_int_equal(peer_recv(&c.a, PEER_QUIET_MS), -1);
	media_stats(c.far, MEDIA_A, &stats);
	assert_false(stats.key_in);
	assert_false(stats.key_out);
	assert_int_equal(stats.packets_out, 0);
	chain_fini(&c);
}

/* The handshake runs before the answer tells the fingerprint. */
static void dtls_fingerprint_later(void **state)
{
	struct chain c;
	(void)state;

	chain_init(&c, true);
	fingerprint_ours(&c.near_conf, true);
	chain_set(&c);
	usleep(200000);
	assert_false(chain_keyed(&c));
	fingerprint_ours(&c.far_conf, true);
	chain_set(&c);
	until_keyed(&c);
	peer_expect_through(&c.a, &c.b, 1, 100);
	peer_expect_through(&c.b, &c.a, 1, 100);
	chain_fini(&c);
}

/* Another fingerprint is another peer: the old keys are worth nothing. */
static void dtls_fingerprint_changes(void **state)
{
	struct chain c;
	(void)state;

	chain_init(&c, true);
	fingerprint_ours(&c.near_conf, true);
	fingerprint_ours(&c.far_conf, true);
	chain_set(&c);
	until_keyed(&c);
	peer_expect_through(&c.a, &c.b, 1, 10);
	fingerprint_ours(&c.far_conf, false);
	assert_int_equal(media_leg_set(c.far, MEDIA_A, &c.far_conf), 0);
	until_unkeyed(&c);
	peer_send(&c.a, 11);
	assert_int_equal(peer_recv(&c.b, PEER_QUIET_MS), -1);
	chain_fini(&c);
}

/* Legs change their minds and close in every phase of the handshake. */
static void dtls_churn(void **state)
{
	unsigned fds = bench_fds();
	(void)state;

	for (unsigned i = 0; i < 60; i++) {
		struct chain c;

		chain_init(&c, i % 2);
		fingerprint_ours(&c.near_conf, true);
		fingerprint_ours(&c.far_conf, true);
		chain_set(&c);
		usleep(i * 100);
		if (i % 3 == 0) {
			c.near_conf.role = HANDSHAKE_PASSIVE;
			c.far_conf.role = HANDSHAKE_ACTIVE;
			chain_set(&c);
		}
		if (i % 5 == 0)
			assert_int_equal(media_leg_set(c.near, MEDIA_B,
						       &c.b.conf), 0);
		chain_fini(&c);
	}
	assert_int_equal(bench_fds(), fds);
}

#define ASSOC_TEST(f) cmocka_unit_test_setup_teardown(f, bench_setup, \
							bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ASSOC_TEST(dtls_muxed),
		ASSOC_TEST(dtls_two_ports),
		ASSOC_TEST(dtls_wrong_fingerprint),
		ASSOC_TEST(dtls_fingerprint_later),
		ASSOC_TEST(dtls_fingerprint_changes),
		ASSOC_TEST(dtls_churn),
	};

	return cmocka_run_group_tests(tests, bench_process, NULL);
}
