/* bench: a media plane on loopback, with the control thread's loop, as fixture
 * of tests with real threads and sockets. The interface "default" is an address
 * of its own, so that daemons beside it are not met. */
#ifndef UNIT_BENCH_H
#define UNIT_BENCH_H

#include "relay/media.h"
#include "relay/plane.h"

/* Of the running test. */
extern struct plane *plane;
extern struct handshake_pool *pool;

/* cmocka: once per program; before and after each test. Every media must have
 * been closed at the end. */
int bench_process(void **state);
int bench_setup(void **state);
int bench_teardown(void **state);

/* One turn of the control thread. */
void bench_pump(void);
/* Turns until every port was given back. */
void bench_until_all_back(void);
/* Pairs in use at the "default" interface. */
unsigned bench_ports_used(void);
/* On the "default" interface. */
struct media *bench_open(uint64_t hash);
/* Descriptors this process has open. */
unsigned bench_fds(void);

#endif
