/* test_worker.c: real worker threads, real UDP on loopback: what the control
 * thread opens relays, what it changes takes effect, what it closes is given
 * back. Built for the thread sanitizer too (make check-threads). */
#include "unit.h"

#include "bench.h"
#include "peer.h"

#include <poll.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/io/io.h"

static void both_ways(enum suite a_suite, enum suite b_suite)
{
	struct media *m = bench_open(1);
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
	peer_expect_through(&a, &b, 1, 200);
	peer_expect_through(&b, &a, 1, 200);
	media_stats(m, MEDIA_A, &stats);
	assert_int_equal(stats.packets_in, 200);
	assert_int_equal(stats.octets_in, 200 * PEER_RTP_OCTETS);
	assert_true(stats.last_ms + PEER_WAIT_MS > clk_ms());
	assert_true(stats.learned);
	assert_true(addr_eq(&stats.peer, &a.at[0]));
	assert_int_equal(stats.key_in, a_suite != SUITE_NONE);
	assert_int_equal(stats.key_out, a_suite != SUITE_NONE);
	media_close(m);
	bench_until_all_back();
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
	peer_expect_through(&a, &b, 1, 10);
	peer_expect_through(&b, &a, 1, 10);
	media_close(m);
	peer_fini(&a);
	peer_fini(&b);
}

/* The same SDP again, in mid-call: index and replay window go on. */
static void same_key_again(void **state)
{
	struct media *m = bench_open(2);
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
		peer_expect_through(&a, &b, (uint16_t)(1 + 100 * turn), 100);
		peer_expect_through(&b, &a, (uint16_t)(1 + 100 * turn), 100);
		peer_join(&a, m);
		peer_join(&b, m);
		bench_pump();
	}
	/* a second context under the peer's key starts over: all replays */
	crypt_free(a.tx);
	assert_int_equal(crypt_new(&a.tx, a.conf.rx.suite, a.conf.rx.key_salt,
				   a.conf.rx.n, CRYPT_PROTECT, 64), 0);
	for (uint16_t seq = 1; seq <= 500; seq++)
		peer_send(&a, seq);
	assert_int_equal(peer_recv(&b, PEER_QUIET_MS), -1);
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
	struct media *m = bench_open(3);
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
		peer_expect_through(&a, &b, (uint16_t)(1 + 20 * turn), 20);
		peer_expect_through(&b, &a, (uint16_t)(1 + 20 * turn), 20);
		bench_pump();
	}
	media_close(m);
	peer_fini(&a);
	peer_fini(&b);
}

static void refused(void **state)
{
	struct media *m = bench_open(4);
	struct media_args no_such = {.interface = {"other", "default"}};
	struct media_args no_six = {.family = {AF_INET6, AF_INET}};
	struct media *other;
	struct peer a;
	(void)state;

	assert_int_equal(media_open(&other, plane, &no_such), ENOENT);
	assert_int_equal(media_open(&other, plane, &no_six), ENOENT);
	assert_int_equal(bench_ports_used(), 2);
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
	bench_pump();
	fds = bench_fds();
	for (uint16_t round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < MEDIA; i++) {
			struct media_stats stats;

			if (m[i])
				media_stats(m[i], MEDIA_B, &stats);
			media_close(m[i]);
			m[i] = bench_open(i);
			peer_join(&a, m[i]);
			peer_join(&b, m[i]);
			peer_send(&a, (uint16_t)(round * MEDIA + i + 1));
			peer_send(&b, (uint16_t)(round * MEDIA + i + 1));
		}
		bench_pump();
	}
	for (unsigned i = 0; i < MEDIA; i++)
		media_close(m[i]);
	bench_until_all_back();
	assert_int_equal(bench_fds(), fds);
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
	limit = clk_ms() + PEER_WAIT_MS;
	do {
		bench_pump();
		assert_int_equal(plane_ports(plane, 1, &p), 0);
	} while (p.used == p.pairs && clk_ms() < limit);
	assert_int_equal(media_open(&more, plane, &args), 0);
	media_close(more);
	media_close(m[1]);
	media_close(m[2]);
	assert_int_equal(plane_ports(plane, 2, &p), ENOENT);
}

#define PLANE_TEST(f) cmocka_unit_test_setup_teardown(f, bench_setup, \
							bench_teardown)

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
	};

	return cmocka_run_group_tests(tests, bench_process, NULL);
}
