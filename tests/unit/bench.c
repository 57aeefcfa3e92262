/* bench: a media plane on loopback, with the control thread's loop (bench.h). */
#include "unit.h"

#include "bench.h"

#include <dirent.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "peer.h"

enum { TEARDOWN_S = 20 };

static struct event_base *base;
struct plane *plane;
struct handshake_pool *pool;

int bench_process(void **state)
{
	(void)state;
	return crypt_init_process();
}

/* Ports of our own host address, so that tests beside us are not met. */
int bench_setup(void **state)
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

int bench_teardown(void **state)
{
	(void)state;
	/* A test that failed has left its media open: the plane would wait for
	 * them for ever. */
	alarm(TEARDOWN_S);
	plane_free(plane);
	alarm(0);
	handshake_pool_close(pool);
	event_base_free(base);
	return 0;
}

void bench_pump(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

unsigned bench_ports_used(void)
{
	struct plane_ports p;

	assert_int_equal(plane_ports(plane, 0, &p), 0);
	return p.used;
}

void bench_until_all_back(void)
{
	uint64_t limit = clk_ms() + PEER_WAIT_MS;

	while (bench_ports_used() && clk_ms() < limit) {
		bench_pump();
		usleep(1000);
	}
	assert_int_equal(bench_ports_used(), 0);
}

unsigned bench_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

struct media *bench_open(uint64_t hash)
{
	struct media_args args = {.hash = hash};
	struct media *m;

	assert_int_equal(media_open(&m, plane, &args), 0);
	return m;
}
