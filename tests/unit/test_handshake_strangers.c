/* DTLS-SRTP handshakes: whoever is not the peer gets nothing, costs little, and
 * touches nothing (threats M5, M7, M8). */
#include "tests/unit/dtls_rig.h"

#include <malloc.h>
#include <stdio.h>

enum { STRANGERS = 200 };

/* A ClientHello of a stranger: the least there is, or with a cookie that he
 * made up. Returns its octets. */
static size_t make_hello(uint8_t *p, bool cookie)
{
	size_t n = HELLO_PRIMER;

	hello_write_primer(p, 0);
	rnd_fill(p + 27, HELLO_RANDOM);
	if (!cookie)
		return n;
	memmove(p + 61 + HELLO_COOKIE, p + 61, n - 61);
	p[60] = HELLO_COOKIE;
	rnd_fill(p + 61, HELLO_COOKIE);
	n += HELLO_COOKIE;
	p[12] += HELLO_COOKIE;
	p[16] += HELLO_COOKIE;
	p[24] += HELLO_COOKIE;
	return n;
}

static union addr stranger(unsigned i)
{
	char host[32];

	snprintf(host, sizeof(host), "198.51.%u.%u", 100 + i / 200, 1 + i % 200);
	return at(host, (uint16_t)(1024 + i));
}

static struct handshake_pool_stats stats(int which)
{
	struct handshake_pool_stats st;

	handshake_pool_stats(pool[which], &st);
	return st;
}

/* Waits until the pool threads have taken all there is. */
static void settle(struct end *e)
{
	wait_for(atomic_load(&e->h->queued) == 0);
}

static void input(struct end *e, const union addr *from, const uint8_t *p,
		  size_t n)
{
	while (handshake_input(e->h, from, p, n) == ENOBUFS)
		usleep(500);
}

/* Never more octets to an unvalidated source than it sent; a cookie that was
 * not ours is answered like none; no TLS state is made. */
static void test_no_amplification(void **state)
{
	struct handshake_pool_stats before = stats(0), after;
	uint8_t p[128];
	size_t in = 0, n;
	struct end e;
	union addr a;
	unsigned i;

	(void)state;
	end_open(&e, 0, HANDSHAKE_PASSIVE, NULL);
	for (i = 0; i < STRANGERS; i++) {
		a = stranger(i);
		n = make_hello(p, i % 2);
		input(&e, &a, p, n);
		in += n;
	}
	settle(&e);
	after = stats(0);
	assert_int_equal(after.cookies - before.cookies, STRANGERS);
	assert_int_equal(after.attempts, before.attempts);
	assert_int_equal(sent_count(&e), STRANGERS);
	assert_int_equal(e.longest, HELLO_VERIFY);
	assert_true(e.octets <= in);
	handshake_close(e.h);
}

static struct {
	uint8_t p[HELLO_VERIFY];
	size_t n;
} caught;

static bool catch_cookie(struct end *e, const union addr *to, const uint8_t *p,
			 size_t n)
{
	(void)e;
	(void)to;
	if (n == HELLO_VERIFY)
		memcpy(caught.p, p, n);
	caught.n = n;
	return false;
}

/* The cookie that one source was given is no good for another one, nor for
 * another random, nor at another port of ours. */
static void test_cookie_is_bound(void **state)
{
	struct handshake_pool_stats before;
	union addr a = stranger(1), b = stranger(2);
	uint8_t p[128], q[128];
	struct end e, f;
	size_t n;

	(void)state;
	end_open(&e, 0, HANDSHAKE_PASSIVE, NULL);
	end_open(&f, 0, HANDSHAKE_PASSIVE, NULL);
	e.filter = catch_cookie;
	n = make_hello(p, true);
	input(&e, &a, p, n);
	settle(&e);
	assert_int_equal(caught.n, HELLO_VERIFY);
	memcpy(p + 61, caught.p + 28, HELLO_COOKIE);
	p[18] = 1; /* message_seq */

	before = stats(0);
	input(&e, &b, p, n);
	input(&f, &a, p, n);
	memcpy(q, p, n);
	q[30] ^= 1;
	input(&e, &a, q, n);
	settle(&e);
	settle(&f);
	assert_int_equal(stats(0).attempts, before.attempts);
	assert_int_equal(stats(0).cookies, before.cookies + 3);

	input(&e, &a, p, n); /* and now the right one */
	settle(&e);
	assert_int_equal(stats(0).attempts, before.attempts + 1);
	handshake_close(e.h);
	handshake_close(f.h);
}

/* What is not DTLS, too long, or application data never reaches a queue. */
static void test_input_is_checked(void **state)
{
	static uint8_t p[HANDSHAKE_DATAGRAM_MAX + 1];
	union addr a = stranger(0);
	struct end e;
	size_t n;
	int i, type;

	(void)state;
	end_open(&e, 0, HANDSHAKE_PASSIVE, NULL);
	assert_int_equal(handshake_input(e.h, &a, p, sizeof(p)), EMSGSIZE);
	n = make_hello(p, false);
	for (i = 0; i < 13; i++)
		assert_int_equal(handshake_input(e.h, &a, p, (size_t)i),
				 EBADMSG);
	assert_int_equal(handshake_input(e.h, &a, p, n - 1), EBADMSG);
	for (type = 0; type < 256; type++) {
		p[0] = (uint8_t)type;
		assert_int_equal(handshake_input(e.h, &a, p, n),
				 type >= 20 && type <= 22 ? 0 : EBADMSG);
	}
	p[0] = 22;
	p[1] = 3; /* TLS */
	assert_int_equal(handshake_input(e.h, &a, p, n), EBADMSG);
	settle(&e);
	assert_int_equal(sent_count(&e), 1);
	handshake_close(e.h);
}

/* A handshake's share of the queue is bounded, and given back. */
static void test_queue_is_bounded(void **state)
{
	union addr a = stranger(0);
	uint8_t p[128];
	size_t n = make_hello(p, false);
	unsigned i, taken = 0;
	struct end e;
	int err;

	(void)state;
	end_open(&e, 0, HANDSHAKE_PASSIVE, NULL);
	pthread_mutex_lock(&e.h->lock); /* its thread will wait here */
	for (i = 0; i < 2 * QUEUED_MAX; i++) {
		err = handshake_input(e.h, &a, p, n);
		assert_int_equal(err, i < QUEUED_MAX ? 0 : ENOBUFS);
		taken += !err;
	}
	pthread_mutex_unlock(&e.h->lock);
	settle(&e);
	assert_int_equal(sent_count(&e), taken);
	handshake_close(e.h);
}

/* Octets allocated now; the sanitizers have their own allocator. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t allocated(void)
{
	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	return mallinfo2().uordblks;
}

/* Noise that looks like DTLS: any record, any handshake message. */
static size_t make_noise(uint8_t *p)
{
	size_t n = 13 + rnd_u32() % 120;

	rnd_fill(p, n);
	p[0] = (uint8_t)(20 + rnd_u32() % 3);
	p[1] = 0xfe;
	if (rnd_u32() % 2)
		p[3] = p[4] = 0;
	p[11] = 0;
	p[12] = (uint8_t)(n - 13);
	if (n > 25 && rnd_u32() % 2)
		p[13] = 1;
	return n;
}

/* 20,000 strangers, ClientHellos and noise, before, in and after a handshake:
 * no memory; and the peer gets his keys as if there were none of them. */
static void flood(struct end *e, unsigned n)
{
	uint8_t p[256];
	union addr a;
	size_t size;

	while (n--) {
		a = stranger(rnd_u32() % 20000);
		size = n % 3 ? make_hello(p, n % 2) : make_noise(p);
		input(e, &a, p, size);
	}
}

static void test_flood(void **state)
{
	struct handshake_status st;
	struct end e[2];
	size_t before;

	(void)state;
	pair_open(e, NULL);
	tell(&e[0], 1);
	flood(&e[0], 100);
	settle(&e[0]);
	before = allocated();
	flood(&e[0], 10000);
	settle(&e[0]);
	/* the one fragment that may be kept (struct stash) */
	assert_in_range(allocated(), before,
			before + sizeof(struct stash) + 64);
	tell(&e[1], 0);
	flood(&e[0], 5000);
	wait_for(keys_count(&e[0]) && keys_count(&e[1]));
	assert_same_keys(e);
	flood(&e[0], 5000);
	settle(&e[0]);
	assert_int_equal(keys_count(&e[0]), 1);
	assert_int_equal(failed_count(&e[0]), 0);
	handshake_status(e[0].h, &st);
	assert_int_equal(st.state, HANDSHAKE_DONE);
	assert_true(addr_eq(&st.from, &e[1].addr));
	pair_close(e);
}

/* Somebody who can really be reached, with a certificate of his own, and is
 * there before the peer. */
static void stranger_handshake(struct end e[2], uint16_t port)
{
	struct handshake_fingerprint f = fingerprint(pool[0]);
	struct handshake_status before, after;
	struct end s;
	struct end *real;

	/* pool[0]'s certificate is not what e[0] was told */
	end_open(&s, 0, HANDSHAKE_ACTIVE, NULL);
	s.addr = at("203.0.113.9", port);
	s.peer = &e[0];
	pthread_mutex_lock(&e[0].h->lock);
	real = e[0].peer;
	e[0].peer = &s;
	pthread_mutex_unlock(&e[0].h->lock);
	handshake_status(e[0].h, &before);
	assert_int_equal(handshake_peer(s.h, &e[0].addr, &f, 1), 0);
	wait_for((handshake_status(e[0].h, &after),
		  after.strangers == before.strangers + 1));
	assert_int_equal(keys_count(&s), 0);
	pthread_mutex_lock(&e[0].h->lock);
	e[0].peer = real;
	pthread_mutex_unlock(&e[0].h->lock);
	handshake_close(s.h);
}

static void test_stranger_with_cookie(void **state)
{
	struct handshake_status st;
	struct end e[2];

	(void)state;
	pair_open(e, NULL);
	tell(&e[0], 1);
	stranger_handshake(e, 7000);
	handshake_status(e[0].h, &st);
	assert_int_equal(st.state, HANDSHAKE_WAITING);
	assert_int_equal(st.why, HANDSHAKE_WHY_FINGERPRINT);
	assert_int_equal(st.strangers, 1);
	tell(&e[1], 0);
	wait_for(keys_count(&e[0]) && keys_count(&e[1]));
	handshake_status(e[0].h, &st);
	assert_int_equal(st.state, HANDSHAKE_DONE);
	assert_true(addr_eq(&st.from, &e[1].addr));
	assert_int_equal(st.strangers, 1);
	assert_int_equal(keys_count(&e[0]), 1);
	assert_int_equal(failed_count(&e[0]), 0);
	pair_close(e);
}

/* With keys given, even the right certificate gets no answer from elsewhere:
 * it may be that of a gateway, on behalf of another call. */
static void test_same_certificate_elsewhere(void **state)
{
	struct end e[2], s;
	unsigned sent;

	(void)state;
	pair_open(e, NULL);
	tell(&e[0], 1);
	tell(&e[1], 0);
	wait_for(keys_count(&e[0]) && keys_count(&e[1]));
	end_open(&s, 1, HANDSHAKE_ACTIVE, NULL);
	s.addr = at("203.0.113.9", 7000);
	s.peer = &e[0];
	sent = sent_count(&e[0]);
	tell(&s, 0);
	wait_for(sent_count(&s) >= 2);
	settle(&e[0]);
	assert_int_equal(sent_count(&e[0]), sent);
	assert_int_equal(keys_count(&e[0]), 1);
	pthread_mutex_lock(&s.h->lock);
	s.peer = NULL;
	pthread_mutex_unlock(&s.h->lock);
	handshake_close(s.h);
	pair_close(e);
}

/* Somebody at `from` shows a cookie, at a time of our choice. */
static void cookie_shown(struct end *e, const union addr *from, uint64_t now)
{
	uint8_t p[128];
	size_t n = make_hello(p, true);

	pthread_mutex_lock(&e->h->lock);
	source_datagram(e->h, from, p, n, now);
	memcpy(p + 61, caught.p + 28, HELLO_COOKIE);
	p[18] = 1; /* message_seq */
	source_datagram(e->h, from, p, n, now);
	pthread_mutex_unlock(&e->h->lock);
}

/* Attempts cost us signatures: there are not many of them a second, neither
 * by places to be had (at one time) nor by rate (with time for places to become
 * free), of strangers or of one who sits at the SDP's address. */
static void attempts_are_bounded(unsigned sources, uint64_t step, unsigned most)
{
	struct handshake_pool_stats before = stats(0);
	uint64_t now = clk_ms();
	union addr a = stranger(0);
	struct end e;
	unsigned i;

	end_open(&e, 0, HANDSHAKE_PASSIVE, NULL);
	e.filter = catch_cookie;
	assert_int_equal(handshake_peer(e.h, &a, NULL, 0), 0);
	for (i = 0; i < 100; i++) {
		a = stranger(sources == 1 ? 0 : 1 + i);
		cookie_shown(&e, &a, now);
		now += step;
	}
	assert_in_range(stats(0).attempts - before.attempts, 3, most);
	assert_true(stats(0).limited >= before.limited + 100 - most);
	handshake_close(e.h);
}

static void test_attempts_are_bounded(void **state)
{
	(void)state;
	attempts_are_bounded(100, 0, HANDSHAKE_SOURCES - 1);
	attempts_are_bounded(100, ATTEMPT_EVICT_MS, SOURCE_BURST + 4);
	attempts_are_bounded(1, 0, SOURCE_BURST + 4);
}

/* Fatal alerts in clear, with the peer's address written on them, while the
 * handshake runs: it goes on. */
static bool with_alerts(struct end *e, const union addr *to, const uint8_t *p,
			size_t n)
{
	static const uint8_t alert[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0,
					0,  0,	  9,	0, 2, 2, 40};

	(void)to;
	(void)p;
	(void)n;
	handshake_input(e->peer->h, &e->addr, alert, sizeof(alert));
	return true;
}

static void test_alerts_of_strangers(void **state)
{
	struct end e[2];

	(void)state;
	pair_open(e, NULL);
	e[0].filter = e[1].filter = with_alerts;
	tell(&e[0], 1);
	tell(&e[1], 0);
	wait_for(keys_count(&e[0]) && keys_count(&e[1]));
	assert_same_keys(e);
	pair_close(e);
}

/* An alert, and then nothing: over by the clock, and called by its name. */
static bool alert_and_silence(struct end *e, const union addr *to,
			      const uint8_t *p, size_t n)
{
	if (sent_count(e) <= 2)
		return true;
	with_alerts(e, to, p, n);
	return false;
}

static void test_alert_names_the_end(void **state)
{
	struct end e[2];

	(void)state;
	pair_open(e, NULL);
	e[1].filter = alert_and_silence;
	tell(&e[0], 1);
	tell(&e[1], 0);
	wait_for(sent_count(&e[1]) >= 4);
	settle(&e[0]);
	pthread_mutex_lock(&e[0].h->lock);
	handshake_look(e[0].h, clk_ms() + HANDSHAKE_LIMIT_MS);
	pthread_mutex_unlock(&e[0].h->lock);
	assert_int_equal(e[0].why, HANDSHAKE_WHY_ALERT);
	assert_string_equal(handshake_why_row(e[0].why)->token, "alert");
	pair_close(e);
}

/* A source that showed a cookie and then sends and sends. */
static void test_source_is_bounded(void **state)
{
	/* a fragment of a Certificate to come: kept for later, for ever */
	static const uint8_t later[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 7,
					0,  13,	  11,	0, 9, 0, 0, 4, 0, 0, 0,
					0,  0,	  1,	0};
	struct end e[2];
	unsigned i;

	(void)state;
	pair_open(e, NULL);
	e[1].filter = alert_and_silence;
	tell(&e[0], 1);
	tell(&e[1], 0);
	wait_for(sent_count(&e[1]) >= 4);
	for (i = 0; i < ATTEMPT_DATAGRAMS_MAX; i++)
		input(&e[0], &e[1].addr, later, sizeof(later));
	wait_for(failed_count(&e[0]));
	assert_int_equal(e[0].why, HANDSHAKE_WHY_FLOOD);
	assert_string_equal(handshake_why_row(e[0].why)->token, "flood");
	/* the peer comes again, and is well */
	pthread_mutex_lock(&e[1].h->lock);
	e[1].filter = NULL;
	handshake_look(e[1].h, clk_ms() + HANDSHAKE_LIMIT_MS);
	pthread_mutex_unlock(&e[1].h->lock);
	wait_for(keys_count(&e[0]) && keys_count(&e[1]));
	pair_close(e);
}

/* The rules of where a peer may come from. */
static void from_rule(enum handshake_from from, const char *sdp_host,
		      uint16_t sdp_port, bool allowed)
{
	struct handshake_conf conf = {.from = from};
	struct handshake_fingerprint f = fingerprint(pool[1]);
	union addr sdp = at(sdp_host, sdp_port);
	struct end e[2];

	pair_open(e, &conf);
	assert_int_equal(handshake_peer(e[0].h, &sdp, &f, 1), 0);
	tell(&e[1], 0);
	if (allowed) {
		wait_for(keys_count(&e[0]));
	} else {
		wait_for(sent_count(&e[1]) >= 2);
		assert_int_equal(sent_count(&e[0]), 0);
	}
	pair_close(e);
}

static void test_from(void **state)
{
	(void)state;
	from_rule(HANDSHAKE_FROM_STRICT, "192.0.2.2", 5001, true);
	from_rule(HANDSHAKE_FROM_STRICT, "192.0.2.2", 5002, false);
	from_rule(HANDSHAKE_FROM_HOST, "192.0.2.2", 5002, true);
	from_rule(HANDSHAKE_FROM_HOST, "192.0.2.3", 5001, false);
	from_rule(HANDSHAKE_FROM_ANY, "10.0.0.1", 5002, true);
}

/* Opened, fed and closed by many threads at once. */
static void *churn(void *arg)
{
	int which = *(int *)arg, i;

	for (i = 0; i < 20; i++) {
		struct end *e = calloc(2, sizeof(*e));
		unsigned j;

		assert_non_null(e);
		pair_open(e, NULL);
		if (i % 2)
			tell(&e[0], 1);
		tell(&e[1], 0);
		for (j = 0; j < 50; j++) {
			uint8_t p[256];
			union addr a = stranger((unsigned)which * 50 + j);
			size_t n = j % 2 ? make_hello(p, j % 3) : make_noise(p);

			handshake_input(e[0].h, &a, p, n);
		}
		if (i % 4 == 1)
			wait_for(keys_count(&e[0]));
		pair_close(e);
		/* closed: nothing of ours is called any more */
		pthread_mutex_destroy(&e[0].lock);
		pthread_mutex_destroy(&e[1].lock);
		memset(e, 0xee, 2 * sizeof(*e));
		free(e);
	}
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t id[4];
	int number[4], i;

	(void)state;
	for (i = 0; i < 4; i++) {
		number[i] = i;
		assert_int_equal(pthread_create(&id[i], NULL, churn,
						&number[i]),
				 0);
	}
	for (i = 0; i < 4; i++)
		pthread_join(id[i], NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_amplification),
		cmocka_unit_test(test_cookie_is_bound),
		cmocka_unit_test(test_input_is_checked),
		cmocka_unit_test(test_queue_is_bounded),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_stranger_with_cookie),
		cmocka_unit_test(test_same_certificate_elsewhere),
		cmocka_unit_test(test_attempts_are_bounded),
		cmocka_unit_test(test_alerts_of_strangers),
		cmocka_unit_test(test_alert_names_the_end),
		cmocka_unit_test(test_source_is_bounded),
		cmocka_unit_test(test_from),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("handshake_strangers", tests,
					   pools_open, pools_close);
}
