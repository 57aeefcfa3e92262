/* DTLS-SRTP handshakes: two of ours over queues in memory, with loss, strangers
 * and floods between them. */
#include "tests/unit/unit.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/base/rnd.h"
#include "relay/handshake_priv.h"

/* One end: a handshake of ours, and what its ops were told. Whatever it sends
 * goes to `peer`, as coming from `addr`, unless `filter` eats it. */
struct end {
	struct handshake *h;
	union addr addr;
	struct end *peer;
	bool (*filter)(struct end *from, const uint8_t *p, size_t n);
	pthread_mutex_t lock;
	struct handshake_keys keys;
	unsigned keys_count;
	enum handshake_why why;
	unsigned failed_count;
	unsigned sent;
	size_t longest;
	int eaten;
};

static struct handshake_pool *pool[2];

static union addr at(const char *host, uint16_t port)
{
	union addr a;

	assert_int_equal(addr_parse(slice_str(host), port, &a), 0);
	return a;
}

static void on_send(void *arg, const union addr *to, const void *p, size_t n)
{
	struct end *e = arg;

	pthread_mutex_lock(&e->lock);
	e->sent++;
	if (n > e->longest)
		e->longest = n;
	pthread_mutex_unlock(&e->lock);
	if (e->filter && !e->filter(e, p, n))
		return;
	if (e->peer && addr_eq(to, &e->peer->addr))
		handshake_input(e->peer->h, &e->addr, p, n);
}

static void on_keys(void *arg, const struct handshake_keys *keys)
{
	struct end *e = arg;

	pthread_mutex_lock(&e->lock);
	e->keys = *keys;
	e->keys_count++;
	pthread_mutex_unlock(&e->lock);
}

static void on_failed(void *arg, enum handshake_why why)
{
	struct end *e = arg;

	pthread_mutex_lock(&e->lock);
	e->why = why;
	e->failed_count++;
	pthread_mutex_unlock(&e->lock);
}

static const struct handshake_ops ops = {on_send, on_keys, on_failed};

static unsigned keys_count(struct end *e)
{
	unsigned n;

	pthread_mutex_lock(&e->lock);
	n = e->keys_count;
	pthread_mutex_unlock(&e->lock);
	return n;
}

static unsigned failed_count(struct end *e)
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

static struct handshake_fingerprint fingerprint(struct handshake_pool *p)
{
	struct slice text = slice_str(handshake_pool_fingerprint(p));
	struct slice hash = slice_cut(&text, ' ');
	struct handshake_fingerprint f;

	assert_int_equal(fingerprint_parse(hash, text, &f), 0);
	return f;
}

static void end_open(struct end *e, int which, enum handshake_role role,
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
static void pair_open(struct end e[2], const struct handshake_conf *conf)
{
	end_open(&e[0], 0, HANDSHAKE_PASSIVE, conf);
	end_open(&e[1], 1, HANDSHAKE_ACTIVE, conf);
	e[0].peer = &e[1];
	e[1].peer = &e[0];
}

static void tell(struct end *e, int other)
{
	struct handshake_fingerprint f = fingerprint(pool[other]);

	assert_int_equal(handshake_peer(e->h, &e->peer->addr, &f, 1), 0);
}

/* The other end's worker lets go first: no input after its close. */
static void pair_close(struct end e[2])
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

static void assert_same_keys(const struct end e[2])
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

static void run_pair(const struct handshake_conf *conf, enum suite suite)
{
	struct handshake_fingerprint f = fingerprint(pool[1]);
	struct handshake_status st;
	struct end e[2];

	pair_open(e, conf);
	tell(&e[0], 1);
	tell(&e[1], 0);
	wait_for(keys_count(&e[0]) && keys_count(&e[1]));
	assert_same_keys(e);
	assert_int_equal(e[0].keys.suite, suite);
	assert_memory_equal(e[0].keys.peer_sha256, f.octets, 32);

	handshake_status(e[0].h, &st);
	assert_int_equal(st.state, HANDSHAKE_DONE);
	assert_int_equal(st.role, HANDSHAKE_PASSIVE);
	assert_string_equal(st.version, "DTLSv1.2");
	assert_string_equal(st.cipher, "ECDHE-ECDSA-AES128-GCM-SHA256");
	assert_true(st.verified);
	assert_int_equal(st.suite, suite);
	assert_true(addr_eq(&st.from, &e[1].addr));
	assert_memory_equal(st.peer.octets, f.octets, 32);
	assert_true(e[0].longest <= HANDSHAKE_MTU);
	assert_true(e[1].longest <= HANDSHAKE_MTU);
	pair_close(e);
}

/* Each profile alone, the default order, and the server's order. */
static void test_profiles(void **state)
{
	static const enum suite dtls[] = {
		SUITE_AEAD_AES_128_GCM, SUITE_AEAD_AES_256_GCM,
		SUITE_AES_CM_128_HMAC_SHA1_80, SUITE_AES_CM_128_HMAC_SHA1_32,
	};
	struct handshake_conf conf = {.suites = 1};
	struct handshake *h = NULL;
	struct end e = {0};
	size_t i;

	(void)state;
	run_pair(NULL, SUITE_AEAD_AES_128_GCM);
	for (i = 0; i < 4; i++) {
		conf.suite[0] = dtls[i];
		run_pair(&conf, dtls[i]);
	}
	conf.suites = 2;
	conf.suite[0] = SUITE_AES_CM_128_HMAC_SHA1_80;
	conf.suite[1] = SUITE_AEAD_AES_256_GCM;
	run_pair(&conf, SUITE_AES_CM_128_HMAC_SHA1_80);

	conf.suite[1] = SUITE_AES_256_CM_HMAC_SHA1_80; /* SDES only */
	assert_int_equal(handshake_open(&h, pool[0], &conf, &ops, &e), EINVAL);
}

/* The certificate is another one than the SDP's: no keys on that side, ever,
 * and the reason is told. */
static void test_wrong_fingerprint(void **state)
{
	struct handshake_fingerprint f = fingerprint(pool[1]);
	struct handshake_status st;
	struct end e[2];

	(void)state;
	pair_open(e, NULL);
	f.octets[31] ^= 1;
	assert_int_equal(handshake_peer(e[0].h, &e[1].addr, &f, 1), 0);
	tell(&e[1], 0);
	wait_for(failed_count(&e[0]));
	assert_int_equal(e[0].why, HANDSHAKE_WHY_FINGERPRINT);
	handshake_status(e[0].h, &st);
	assert_int_equal(st.state, HANDSHAKE_FAILED);
	assert_int_equal(st.why, HANDSHAKE_WHY_FINGERPRINT);
	assert_false(st.verified);
	usleep(100000);
	assert_int_equal(keys_count(&e[0]), 0);
	assert_int_equal(keys_count(&e[1]), 0);
	pair_close(e);

	pair_open(e, NULL); /* and the other way round */
	tell(&e[0], 1);
	f = fingerprint(pool[0]);
	f.octets[0] ^= 0x80;
	assert_int_equal(handshake_peer(e[1].h, &e[0].addr, &f, 1), 0);
	wait_for(failed_count(&e[1]));
	assert_int_equal(e[1].why, HANDSHAKE_WHY_FINGERPRINT);
	assert_int_equal(keys_count(&e[1]), 0);
	assert_int_equal(keys_count(&e[0]), 0);
	pair_close(e);
}

static int setup(void **state)
{
	(void)state;
	return handshake_pool_open(&pool[0], 2) ||
	       handshake_pool_open(&pool[1], 1);
}

static int teardown(void **state)
{
	(void)state;
	handshake_pool_close(pool[0]);
	handshake_pool_close(pool[1]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_wrong_fingerprint),
	};

	return cmocka_run_group_tests_name("handshake", tests, setup, teardown);
}
