/* test_port.c: ports come in pairs, at random, and none is ever lost. */
#include "unit.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/io/io.h"
#include "relay/port.h"

/* An address of our own, so that parallel tests do not meet. */
static union addr host(uint16_t port)
{
	union addr a;

	assert_int_equal(addr_parse(SLICE_LIT("127.9.8.7"), port, &a), 0);
	return a;
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

static void ranges(void **state)
{
	static const struct {
		uint16_t min, max;
		unsigned pairs; /* 0: refused */
	} v[] = {
		{30000, 30000, 0}, {30000, 30001, 1}, {30001, 30002, 0},
		{30001, 30003, 1}, {30000, 30010, 5}, {30000, 30011, 6},
		{65534, 65535, 1}, {65535, 65535, 0}, {0, 1, 0}, {0, 3, 1},
		{100, 99, 0}, {0, 65535, 32767},
	};
	union addr a = host(0);
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct port_pool *pool = NULL;
		int err = port_pool_new(&pool, &a, v[i].min, v[i].max);

		assert_int_equal(err, v[i].pairs ? 0 : EINVAL);
		if (!err)
			assert_int_equal(port_pool_pairs(pool), v[i].pairs);
		port_pool_free(pool);
	}
}

static void pair_is_bound(void **state)
{
	struct port_pool *pool;
	struct port_pair pair;
	union addr a = host(0);
	(void)state;

	assert_int_equal(port_pool_new(&pool, &a, 30000, 30999), 0);
	assert_int_equal(port_pair_take(pool, &pair), 0);
	assert_int_equal(pair.port % 2, 0);
	for (uint16_t i = 0; i < 2; i++) {
		union addr local;
		socklen_t len = sizeof(local);

		assert_int_equal(getsockname(pair.fd[i], &local.sa, &len), 0);
		assert_true(addr_eq_host(&local, &a));
		assert_int_equal(addr_port(&local), pair.port + i);
	}
	assert_int_equal(port_pool_used(pool), 1);
	port_pair_give(pool, &pair);
	assert_int_equal(port_pool_used(pool), 0);
	port_pool_free(pool);
}

/* rtpengine issue 2164: the odd one is taken, the even one must be closed */
static void odd_taken(void **state)
{
	union addr a = host(0);
	union addr odd = host(31001);
	struct port_pool *pool;
	struct port_pair pair;
	unsigned before;
	int fd;
	(void)state;

	assert_int_equal(io_socket_open(&odd, &fd), 0);
	assert_int_equal(port_pool_new(&pool, &a, 31000, 31001), 0);
	before = open_fds();
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(port_pair_take(pool, &pair), EADDRINUSE);
	assert_int_equal(open_fds(), before);
	assert_int_equal(port_pool_used(pool), 0);
	close(fd);
	assert_int_equal(port_pair_take(pool, &pair), 0);
	port_pair_give(pool, &pair);
	port_pool_free(pool);
}

static void steps_over_taken(void **state)
{
	union addr a = host(0);
	union addr busy = host(31102);
	struct port_pool *pool;
	struct port_pair pair[2];
	int fd;
	(void)state;

	assert_int_equal(io_socket_open(&busy, &fd), 0);
	assert_int_equal(port_pool_new(&pool, &a, 31100, 31105), 0);
	assert_int_equal(port_pair_take(pool, &pair[0]), 0);
	assert_int_equal(port_pair_take(pool, &pair[1]), 0);
	port_pair_give(pool, &pair[0]);
	port_pair_give(pool, &pair[1]);
	close(fd);
	port_pool_free(pool);
}

/* All out, all different; then none; then all back. */
static void exhaustion(void **state)
{
	enum { PAIRS = 50 };
	struct port_pair pair[PAIRS];
	bool seen[PAIRS] = {false};
	struct port_pair more;
	struct port_pool *pool;
	union addr a = host(0);
	(void)state;

	assert_int_equal(port_pool_new(&pool, &a, 32000, 32099), 0);
	for (unsigned i = 0; i < PAIRS; i++) {
		assert_int_equal(port_pair_take(pool, &pair[i]), 0);
		assert_false(seen[(pair[i].port - 32000) / 2]);
		seen[(pair[i].port - 32000) / 2] = true;
	}
	assert_int_equal(port_pair_take(pool, &more), EADDRNOTAVAIL);
	for (unsigned i = 0; i < PAIRS; i++)
		port_pair_give(pool, &pair[i]);
	assert_int_equal(port_pool_used(pool), 0);
	port_pool_free(pool);
}

/* A pair given back is not the next, nor soon after. */
static void not_reused_at_once(void **state)
{
	enum { PAIRS = 100 };
	struct port_pool *pool;
	struct port_pair pair;
	union addr a = host(0);
	uint16_t last[PAIRS / 2];
	(void)state;

	assert_int_equal(port_pool_new(&pool, &a, 33000, 33199), 0);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(port_pair_take(pool, &pair), 0);
		for (unsigned k = 1; k < PAIRS / 2 && k <= i; k++)
			assert_int_not_equal(last[(i - k) % (PAIRS / 2)],
					     pair.port);
		last[i % (PAIRS / 2)] = pair.port;
		port_pair_give(pool, &pair);
	}
	port_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges),
		cmocka_unit_test(pair_is_bound),
		cmocka_unit_test(odd_taken),
		cmocka_unit_test(steps_over_taken),
		cmocka_unit_test(exhaustion),
		cmocka_unit_test(not_reused_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
