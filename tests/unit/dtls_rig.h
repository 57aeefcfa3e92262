/* dtls_rig: two ends of handshakes of ours, and what is between them. Included
 * by the handshake tests only. */
#ifndef DTLS_RIG_H
#define DTLS_RIG_H

#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/base/rnd.h"
#include "relay/handshake_priv.h"

#define UNUSED __attribute__((unused))

/* One end: a handshake of ours, and what its ops were told. Whatever it sends
 * goes to `peer`, as coming from `addr`, unless `filter` eats it. */
struct end {
	struct handshake *h;
	union addr addr;
	struct end *peer;
	bool (*filter)(struct end *from, const union addr *to,
		       const uint8_t *p, size_t n);
	pthread_mutex_t lock;
	struct handshake_keys keys;
	unsigned keys_count;
	enum handshake_why why;
	unsigned failed_count;
	unsigned sent;
	size_t octets;
	size_t longest;
	unsigned eaten; /* the filter's */
};

static struct handshake_pool *pool[2];

static UNUSED union addr at(const char *host, uint16_t port)
{
	union addr a;

	assert_int_equal(addr_parse(slice_str(host), port, &a), 0);
	return a;
}

static UNUSED void on_send(void *arg, const union addr *to, const void *p, size_t n)
{
	struct end *e = arg;

	pthread_mutex_lock(&e->lock);
	e->sent++;
	e->octets += n;
	if (n > e->longest)
		e->longest = n;
	pthread_mutex_unlock(&e->lock);
	if (e->filter && !e->filter(e, to, p, n))
		return;
	if (e->peer && addr_eq(to, &e->peer->addr))
		handshake_input(e->peer->h, &e->addr, p, n);
}

static UNUSED void on_keys(void *arg, const struct handshake_keys *keys)
{
	struct end *e = arg;

	pthread_mutex_lock(&e->lock);
	e->keys = *keys;
	e->keys_count++;
	pthread_mutex_unlock(&e->lock);
}

static UNUSED void on_failed(void *arg, enum handshake_why why)
{
	struct end *e = arg;

	pthread_mutex_lock(&e->lock);
	e->why = why;
	e->failed_count++;
	pthread_mutex_unlock(&e->lock);
}

static const struct handshake_ops ops = {on_send, on_keys, on_failed};

static UNUSED unsigned keys_count(struct end *e)
{
	unsigned n;

	pthread_mutex_lock(&e->lock);
	n = e->keys_count;
	pthread_mutex_unlock(&e->lock);
	return n;
}

static UNUSED unsigned sent_count(struct end *e)
{
	unsigned n;

	pthread_mutex_lock(&e->lock);
	n = e->sent;
	pthread_mutex_unlock(&e->lock);
	return n;
}

static UNUSED unsigned failed_count(struct end *e)
{
	unsigned n;

	pthread_mutex_lock(&e->lock);
	n = e->failed_count;
	pthread_mutex_unlock(&e->lock);
	return n;
}

#define wait_for(condition)                                               \
	do {                                                              \
		uint64_t end_ = clk_ms() + 20000;                         \
		while (!(condition) && clk_ms() < end_)                   \
			usleep(2000);                                     \
		assert_true(condition);                                   \
	} while (0)

static UNUSED struct handshake_fingerprint fingerprint(struct handshake_pool *p)
{
	struct slice text = slice_str(handshake_pool_fingerprint(p));
	struct slice hash = slice_cut(&text, ' ');
	struct handshake_fingerprint f;

	assert_int_equal(fingerprint_parse(hash, text, &f), 0);
	return f;
}

static UNUSED void end_open(struct end *e, int which, enum handshake_role role,
		     const struct handshake_conf *conf)
{
	struct handshake_conf c = {0};

	if (conf)
		c = *conf;
	c.role = role;
	memset(e, 0, sizeof(*e));
	pthread_mutex_init(&e->lock, NULL);
	e->addr = at(which ? "192.0.2.2" : "192.0.2.1",
		     (uint16_t)(5000 + which));
	assert_int_equal(handshake_open(&e->h, pool[which], &c, &ops, e), 0);
}

/* e[0] is the server, e[1] the client. */
static UNUSED void pair_open(struct end e[2], const struct handshake_conf *conf)
{
	end_open(&e[0], 0, HANDSHAKE_PASSIVE, conf);
	end_open(&e[1], 1, HANDSHAKE_ACTIVE, conf);
	e[0].peer = &e[1];
	e[1].peer = &e[0];
}

static UNUSED void tell(struct end *e, int other)
{
	struct handshake_fingerprint f = fingerprint(pool[other]);

	assert_int_equal(handshake_peer(e->h, &e->peer->addr, &f, 1), 0);
}

/* The other end's worker lets go first: no input after its close. */
static UNUSED void pair_close(struct end e[2])
{
	struct handshake *h[2] = {e[0].h, e[1].h};

	/* stop both from sending into each other */
	pthread_mutex_lock(&h[0]->lock);
	e[0].peer = NULL;
	pthread_mutex_unlock(&h[0]->lock);
	pthread_mutex_lock(&h[1]->lock);
	e[1].peer = NULL;
	pthread_mutex_unlock(&h[1]->lock);
	handshake_close(h[0]);
	handshake_close(h[1]);
}

static UNUSED void assert_same_keys(const struct end e[2])
{
	assert_int_equal(e[0].keys.suite, e[1].keys.suite);
	assert_int_equal(e[0].keys.n, suite_key_salt(e[0].keys.suite));
	assert_memory_equal(e[0].keys.local, e[1].keys.remote, e[0].keys.n);
	assert_memory_equal(e[1].keys.local, e[0].keys.remote, e[0].keys.n);
	assert_memory_not_equal(e[0].keys.local, e[0].keys.remote,
				e[0].keys.n);
	assert_true(addr_eq(&e[0].keys.from, &e[1].addr));
	assert_true(addr_eq(&e[1].keys.from, &e[0].addr));
}

static UNUSED int pools_open(void **state)
{
	(void)state;
	return handshake_pool_open(&pool[0], 2) ||
	       handshake_pool_open(&pool[1], 1);
}

static UNUSED int pools_close(void **state)
{
	(void)state;
	handshake_pool_close(pool[0]);
	handshake_pool_close(pool[1]);
	return 0;
}

#endif
