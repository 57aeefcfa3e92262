/* test_worker.c: real worker threads, real UDP on loopback: what the control
 * thread opens relays, what it changes takes effect, what it closes is given
 * back. Built for the thread sanitizer too (make check-threads). */
#include "unit.h"

#include <dirent.h>
#include <poll.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/base/rnd.h"
#include "lib/io/io.h"
#include "relay/crypt.h"
#include "relay/media.h"
#include "relay/plane.h"

enum { WAIT_MS = 5000, QUIET_MS = 100, RTP_OCTETS = 172 };

static struct event_base *base;
static struct plane *plane;
static struct handshake_pool *pool;

static int process(void **state)
{
	(void)state;
	return crypt_init_process();
}

/* Ports of our own host address, so that tests beside us are not met. */
static int setup(void **state)
{
	struct plane_conf conf = {.workers = 2};
	(void)state;

	base = conf.base = event_base_new();
	assert_int_equal(handshake_pool_open(&pool, 1), 0);
	conf.handshakes = pool;
	assert_int_equal(plane_new(&plane, &conf), 0);
	assert_int_equal(plane_workers(plane), 2);
	assert_int_equal(plane_interface_add(plane, "default", "127.9.8.6", "",
					     34000, 34999), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	plane_free(plane);
	handshake_pool_close(pool);
	event_base_free(base);
	return 0;
}

static void pump(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static unsigned ports_used(void)
{
	struct plane_ports p;

	assert_int_equal(plane_ports(plane, 0, &p), 0);
	return p.used;
}

static void until_all_back(void)
{
	uint64_t limit = clk_ms() + WAIT_MS;

	while (ports_used() && clk_ms() < limit) {
		pump();
		usleep(1000);
	}
	assert_int_equal(ports_used(), 0);
}

static unsigned open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* ---- a peer: two sockets, and keys if it speaks SRTP ---- */

struct peer {
	enum media_side side;
	int fd[2];
	union addr at[2];
	struct leg_conf conf; /* what its SDP would say */
	struct crypt *tx;
	struct crypt *rx;
	union addr relay[2]; /* where it must send to */
};

static void peer_init(struct peer *p, enum media_side side, const char *host)
{
	memset(p, 0, sizeof(*p));
	p->side = side;
	for (unsigned k = 0; k < 2; k++) {
		socklen_t len = sizeof(p->at[k]);

		assert_int_equal(addr_parse(slice_str(host), 0, &p->at[k]), 0);
		assert_int_equal(io_socket_open(&p->at[k], &p->fd[k]), 0);
		assert_int_equal(getsockname(p->fd[k], &p->at[k].sa, &len), 0);
	}
	p->conf = (struct leg_conf){
		.rtp = p->at[0],
		.rtcp = p->at[1],
		.recv = true,
		.send = true,
	};
}

static void key_new(struct leg_key *key, enum suite suite)
{
	key->suite = suite;
	key->n = (uint8_t)suite_key_salt(suite);
	rnd_fill(key->key_salt, key->n);
}

/* New keys, both ways. */
static void peer_rekey(struct peer *p, enum suite suite)
{
	struct leg_conf *c = &p->conf;

	crypt_free(p->tx);
	crypt_free(p->rx);
	c->security = LEG_SDES;
	key_new(&c->rx, suite);
	key_new(&c->tx, suite);
	assert_int_equal(crypt_new(&p->tx, suite, c->rx.key_salt, c->rx.n,
				   CRYPT_PROTECT, CRYPT_WINDOW), 0);
	assert_int_equal(crypt_new(&p->rx, suite, c->tx.key_salt, c->tx.n,
				   CRYPT_UNPROTECT, CRYPT_WINDOW), 0);
}

static void peer_join(struct peer *p, struct media *m)
{
	for (unsigned k = 0; k < 2; k++)
		assert_int_equal(addr_parse(slice_str(media_address(m,
								    p->side)),
					    media_port(m, p->side, k),
					    &p->relay[k]), 0);
	assert_int_equal(media_leg_set(m, p->side, &p->conf), 0);
}

static void peer_fini(struct peer *p)
{
	crypt_free(p->tx);
	crypt_free(p->rx);
	close(p->fd[0]);
	close(p->fd[1]);
}

static void peer_send(struct peer *p, uint16_t seq)
{
	uint8_t octets[IO_OCTETS] = {0x80, 0, (uint8_t)(seq >> 8),
				     (uint8_t)seq, [8] = (uint8_t)p->side, 1};
	struct crypt_job job = {
		.crypt = p->tx,
		.p = octets,
		.n = RTP_OCTETS,
		.room = sizeof(octets),
	};

	memset(octets + 12, seq & 0xff, RTP_OCTETS - 12);
	if (p->tx)
		crypt_protect(&job, 1);
	assert_int_equal(job.drop, DROP_NONE);
	assert_int_equal(sendto(p->fd[0], octets, job.n, 0, &p->relay[0].sa,
				addr_len(&p->relay[0])), job.n);
}

/* The next RTP packet that the peer gets: its sequence number; -1: none. */
static int peer_recv(struct peer *p, int wait_ms)
{
	struct pollfd wait = {.fd = p->fd[0], .events = POLLIN};
	uint8_t octets[IO_OCTETS];
	struct crypt_job job = {.crypt = p->rx, .p = octets,
				.room = sizeof(octets)};
	ssize_t n;

	if (poll(&wait, 1, wait_ms) != 1)
		return -1;
	n = recv(p->fd[0], octets, sizeof(octets), 0);
	assert_true(n > 0);
	job.n = (size_t)n;
	if (p->rx)
		crypt_unprotect(&job, 1);
	assert_int_equal(job.drop, DROP_NONE);
	assert_int_equal(job.n, RTP_OCTETS);
	assert_int_equal(octets[12], octets[3]);
	return octets[2] << 8 | octets[3];
}

static void expect_through(struct peer *from, struct peer *to, uint16_t first,
			   uint16_t count)
{
	for (uint16_t i = 0; i < count; i++)
		peer_send(from, (uint16_t)(first + i));
	for (uint16_t i = 0; i < count; i++)
		assert_int_equal(peer_recv(to, WAIT_MS),
				 (uint16_t)(first + i));
}

/* ---- tests ---- */

static struct media *open_media(uint64_t hash)
{
	struct media_args args = {.hash = hash};
	struct media *m;

	assert_int_equal(media_open(&m, plane, &args), 0);
	return m;
}

static void both_ways(enum suite a_suite, enum suite b_suite)
{
	struct media *m = open_media(1);
	struct media_stats stats;
	struct peer a;
	struct peer b;

	peer_init(&a, MEDIA_A, "127.0.0.1");
	peer_init(&b, MEDIA_B, "127.0.0.2");
	if (a_suite)
		peer_rekey(&a, a_suite);
	if (b_suite)
		peer_rekey(&b, b_suite);
	peer_join(&a, m);
	peer_join(&b, m);
	expect_through(&a, &b, 1, 200);
	expect_through(&b, &a, 1, 200);
	media_stats(m, MEDIA_A, &stats);
	assert_int_equal(stats.packets_in, 200);
	assert_int_equal(stats.octets_in, 200 * RTP_OCTETS);
	assert_true(stats.last_ms + WAIT_MS > clk_ms());
	assert_true(stats.learned);
	assert_true(addr_eq(&stats.peer, &a.at[0]));
	assert_int_equal(stats.key_in, a_suite != SUITE_NONE);
	assert_int_equal(stats.key_out, a_suite != SUITE_NONE);
	media_close(m);
	until_all_back();
	peer_fini(&a);
	peer_fini(&b);
}

static void plain(void **state)
{
	(void)state;
	both_ways(SUITE_NONE, SUITE_NONE);
}

static void sdes_to_plain(void **state)
{
	(void)state;
	both_ways(SUITE_AES_CM_128_HMAC_SHA1_80, SUITE_NONE);
}

static void sdes_to_sdes(void **state)
{
	(void)state;
	both_ways(SUITE_AEAD_AES_128_GCM, SUITE_AES_256_CM_HMAC_SHA1_32);
}

static void ipv6_to_ipv4(void **state)
{
	struct media_args args = {.hash = 1, .interface = {"six", "default"},
				  .family = {AF_INET6, AF_INET}};
	struct media *m;
	struct peer a;
	struct peer b;
	union addr local;
	int fd;
	(void)state;

	assert_int_equal(addr_parse(SLICE_LIT("::1"), 0, &local), 0);
	if (io_socket_open(&local, &fd))
		skip();
	close(fd);
	assert_int_equal(plane_interface_add(plane, "six", "::1",
					     "2001:db8::5", 35000, 35999), 0);
	assert_int_equal(plane_interface_add(plane, "six", "::1", "", 1, 9),
			 EEXIST);
	assert_int_equal(media_open(&m, plane, &args), 0);
	assert_string_equal(media_address(m, MEDIA_A), "2001:db8::5");
	assert_string_equal(media_address(m, MEDIA_B), "127.9.8.6");
	assert_int_equal(media_family(m, MEDIA_A), AF_INET6);
	peer_init(&a, MEDIA_A, "::1");
	peer_init(&b, MEDIA_B, "127.0.0.2");
	peer_join(&a, m);
	peer_join(&b, m);
	a.relay[0] = local;
	addr_set_port(&a.relay[0], media_port(m, MEDIA_A, false));
	expect_through(&a, &b, 1, 10);
	expect_through(&b, &a, 1, 10);
	media_close(m);
	peer_fini(&a);
	peer_fini(&b);
}

/* The same SDP again, in mid-call: index and replay window go on. */
static void same_key_again(void **state)
{
	struct media *m = open_media(2);
	struct media_stats stats;
	struct peer a;
	struct peer b;
	(void)state;

	peer_init(&a, MEDIA_A, "127.0.0.1");
	peer_init(&b, MEDIA_B, "127.0.0.2");
	peer_rekey(&a, SUITE_AES_CM_128_HMAC_SHA1_80);
	peer_join(&a, m);
	peer_join(&b, m);
	for (uint16_t turn = 0; turn < 5; turn++) {
		expect_through(&a, &b, (uint16_t)(1 + 100 * turn), 100);
		expect_through(&b, &a, (uint16_t)(1 + 100 * turn), 100);
		peer_join(&a, m);
		peer_join(&b, m);
		pump();
	}
	/* a second context under the peer's key starts over: all replays */
	crypt_free(a.tx);
	assert_int_equal(crypt_new(&a.tx, a.conf.rx.suite, a.conf.rx.key_salt,
				   a.conf.rx.n, CRYPT_PROTECT, 64), 0);
	for (uint16_t seq = 1; seq <= 500; seq++)
		peer_send(&a, seq);
	assert_int_equal(peer_recv(&b, QUIET_MS), -1);
	media_stats(m, MEDIA_A, &stats);
	assert_int_equal(stats.drops[DROP_REPLAY], 500);
	assert_int_equal(stats.packets_in, 500);
	media_close(m);
	peer_fini(&a);
	peer_fini(&b);
}

/* New keys in mid-call: both directions go on, under the new ones only. */
static void new_key(void **state)
{
	struct media *m = open_media(3);
	struct peer a;
	struct peer b;
	(void)state;

	peer_init(&a, MEDIA_A, "127.0.0.1");
	peer_init(&b, MEDIA_B, "127.0.0.2");
	peer_join(&b, m);
	for (uint16_t turn = 0; turn < 10; turn++) {
		peer_rekey(&a, turn % 2 ? SUITE_AEAD_AES_256_GCM :
					  SUITE_AES_CM_128_HMAC_SHA1_80);
		peer_join(&a, m);
		expect_through(&a, &b, (uint16_t)(1 + 20 * turn), 20);
		expect_through(&b, &a, (uint16_t)(1 + 20 * turn), 20);
		pump();
	}
	media_close(m);
	peer_fini(&a);
	peer_fini(&b);
}

static void refused(void **state)
{
	struct media *m = open_media(4);
	struct media_args no_such = {.interface = {"other", "default"}};
	struct media_args no_six = {.family = {AF_INET6, AF_INET}};
	struct media *other;
	struct peer a;
	(void)state;

	assert_int_equal(media_open(&other, plane, &no_such), ENOENT);
	assert_int_equal(media_open(&other, plane, &no_six), ENOENT);
	assert_int_equal(ports_used(), 2);
	peer_init(&a, MEDIA_A, "127.0.0.1");
	peer_rekey(&a, SUITE_AES_CM_128_HMAC_SHA1_80);
	a.conf.rx.n--;
	assert_int_equal(media_leg_set(m, MEDIA_A, &a.conf), EINVAL);
	a.conf.rx.n = 46;
	a.conf.rx.suite = SUITE_COUNT;
	assert_int_equal(media_leg_set(m, MEDIA_A, &a.conf), EINVAL);
	a.conf.security = LEG_DTLS;
	a.conf.fingerprints = LEG_FINGERPRINTS + 1;
	assert_int_equal(media_leg_set(m, MEDIA_A, &a.conf), EINVAL);
	media_close(m);
	peer_fini(&a);
}

/* Many calls come and go under traffic; nothing stays. */
static void churn(void **state)
{
	enum { MEDIA = 40, ROUNDS = 15 };
	struct media *m[MEDIA] = {NULL};
	struct counter_sums sums;
	struct peer a;
	struct peer b;
	unsigned fds;
	(void)state;

	peer_init(&a, MEDIA_A, "127.0.0.1");
	peer_init(&b, MEDIA_B, "127.0.0.2");
	peer_rekey(&a, SUITE_AES_CM_128_HMAC_SHA1_80);
	pump();
	fds = open_fds();
	for (uint16_t round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < MEDIA; i++) {
			struct media_stats stats;

			if (m[i])
				media_stats(m[i], MEDIA_B, &stats);
			media_close(m[i]);
			m[i] = open_media(i);
			peer_join(&a, m[i]);
			peer_join(&b, m[i]);
			peer_send(&a, (uint16_t)(round * MEDIA + i + 1));
			peer_send(&b, (uint16_t)(round * MEDIA + i + 1));
		}
		pump();
	}
	for (unsigned i = 0; i < MEDIA; i++)
		media_close(m[i]);
	until_all_back();
	assert_int_equal(open_fds(), fds);
	plane_counters(plane, &sums);
	assert_true(sums.v[COUNTER_DATAGRAMS_IN] > 0);
	peer_fini(&a);
	peer_fini(&b);
}

/* Until no port is left; then one call less, and there is place again. */
static void ports_run_out(void **state)
{
	struct media_args args = {.interface = {"small", "small"}};
	struct media *m[3];
	struct media *more;
	struct plane_ports p;
	uint64_t limit;
	(void)state;

	assert_int_equal(plane_interface_add(plane, "small", "127.9.8.5", NULL,
					     34000, 34011), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(media_open(&m[i], plane, &args), 0);
	assert_int_equal(media_open(&more, plane, &args), EADDRNOTAVAIL);
	media_close(m[0]);
	limit = clk_ms() + WAIT_MS;
	do {
		pump();
		assert_int_equal(plane_ports(plane, 1, &p), 0);
	} while (p.used == p.pairs && clk_ms() < limit);
	assert_int_equal(media_open(&more, plane, &args), 0);
	media_close(more);
	media_close(m[1]);
	media_close(m[2]);
	assert_int_equal(plane_ports(plane, 2, &p), ENOENT);
}

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
	c->near = open_media(5);
	c->far = open_media(6);
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
	until_all_back();
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
	uint64_t limit = clk_ms() + WAIT_MS;

	while (!chain_keyed(c) && clk_ms() < limit) {
		pump();
		usleep(1000);
	}
	assert_true(chain_keyed(c));
}

static void expect_rtcp(struct peer *from, struct peer *to)
{
	static const uint8_t rr[8] = {0x80, 201, 0, 1, 0, 0, 0, 9};
	struct pollfd wait = {.fd = to->fd[1], .events = POLLIN};
	uint8_t got[64];

	sendto(from->fd[1], rr, sizeof(rr), 0, &from->relay[1].sa,
	       addr_len(&from->relay[1]));
	assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
	assert_int_equal(recv(to->fd[1], got, sizeof(got), 0), sizeof(rr));
	assert_memory_equal(got, rr, sizeof(rr));
}

/* Keys of the RTCP ports, where they are apart. */
static void until_rtcp_keyed(const struct chain *c)
{
	struct handshake *h = media_handshake(c->near, MEDIA_B, true);
	struct handshake *g = media_handshake(c->far, MEDIA_A, true);
	uint64_t limit = clk_ms() + WAIT_MS;
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
	struct media_stats stats;
	struct chain c;

	chain_init(&c, mux);
	fingerprint_ours(&c.near_conf, true);
	fingerprint_ours(&c.far_conf, true);
	chain_set(&c);
	until_keyed(&c);
	expect_through(&c.a, &c.b, 1, 100);
	expect_through(&c.b, &c.a, 1, 100);
	if (!mux)
		until_rtcp_keyed(&c);
	expect_rtcp(&c.a, &c.b);
	expect_rtcp(&c.b, &c.a);
	/* the same SDP again: the association stays */
	chain_set(&c);
	expect_through(&c.a, &c.b, 101, 100);
	media_stats(c.far, MEDIA_A, &stats);
	assert_int_equal(stats.packets_in, 200);
	assert_true(stats.learned);
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
		pump();
	}
	assert_int_equal(peer_recv(&c.b, QUIET_MS), -1);
	assert_int_equal(peer_recv(&c.a, QUIET_MS), -1);
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
	expect_through(&c.a, &c.b, 1, 100);
	expect_through(&c.b, &c.a, 1, 100);
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
	expect_through(&c.a, &c.b, 1, 10);
	fingerprint_ours(&c.far_conf, false);
	assert_int_equal(media_leg_set(c.far, MEDIA_A, &c.far_conf), 0);
	peer_send(&c.a, 11);
	assert_int_equal(peer_recv(&c.b, QUIET_MS), -1);
	chain_fini(&c);
}

/* Legs change their minds and close in every phase of the handshake. */
static void dtls_churn(void **state)
{
	unsigned fds = open_fds();
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
	assert_int_equal(open_fds(), fds);
}

#define PLANE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANE_TEST(plain),
		PLANE_TEST(sdes_to_plain),
		PLANE_TEST(sdes_to_sdes),
		PLANE_TEST(ipv6_to_ipv4),
		PLANE_TEST(same_key_again),
		PLANE_TEST(new_key),
		PLANE_TEST(refused),
		PLANE_TEST(churn),
		PLANE_TEST(ports_run_out),
		PLANE_TEST(dtls_muxed),
		PLANE_TEST(dtls_two_ports),
		PLANE_TEST(dtls_wrong_fingerprint),
		PLANE_TEST(dtls_fingerprint_later),
		PLANE_TEST(dtls_fingerprint_changes),
		PLANE_TEST(dtls_churn),
	};

	return cmocka_run_group_tests(tests, process, NULL);
}
