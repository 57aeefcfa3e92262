/* DTLS-SRTP handshakes: two of ours over queues in memory, with loss between
 * them and fingerprints that come early, late, and wrong. */
#include "tests/unit/dtls_rig.h"

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

/* The SDP's fingerprint comes after the handshake: it waits, and gives keys. */
static void test_late_fingerprint(void **state)
{
	struct handshake_fingerprint f = fingerprint(pool[1]);
	struct handshake_status st = {0};
	struct end e[2];
	int wrong;

	(void)state;
	for (wrong = 0; wrong < 2; wrong++) {
		pair_open(e, NULL);
		tell(&e[1], 0);
		wait_for(keys_count(&e[1]));
		wait_for((handshake_status(e[0].h, &st),
			  st.state == HANDSHAKE_PENDING));
		assert_false(st.verified);
		assert_memory_equal(st.peer.octets, f.octets, 32);
		assert_int_equal(keys_count(&e[0]), 0);

		f.octets[5] ^= (uint8_t)wrong;
		assert_int_equal(handshake_peer(e[0].h, &e[1].addr, &f, 1), 0);
		f.octets[5] ^= (uint8_t)wrong;
		if (wrong) {
			wait_for(failed_count(&e[0]));
			assert_int_equal(e[0].why, HANDSHAKE_WHY_FINGERPRINT);
			assert_int_equal(keys_count(&e[0]), 0);
		} else {
			wait_for(keys_count(&e[0]));
			assert_same_keys(e);
		}
		pair_close(e);
	}
}

/* Several fingerprints: the strongest hash's set decides, one of it is enough
 * (RFC 8122 section 5). */
static void test_several_fingerprints(void **state)
{
	struct handshake_fingerprint f[3];
	struct handshake_status st;
	struct end e[2];

	(void)state;
	f[0] = f[1] = f[2] = fingerprint(pool[1]);
	f[0].octets[0] ^= 1;
	f[2].octets[31] ^= 1;
	pair_open(e, NULL);
	tell(&e[1], 0);
	assert_int_equal(handshake_peer(e[0].h, &e[1].addr, f, 3), 0);
	wait_for(keys_count(&e[0]));
	assert_int_equal(handshake_peer(e[0].h, &e[1].addr, f, 9), EINVAL);
	pair_close(e);

	/* right SHA-256, wrong SHA-512 */
	f[0] = fingerprint(pool[1]);
	f[1] = (struct handshake_fingerprint){FINGERPRINT_SHA512, 64, {7}};
	pair_open(e, NULL);
	tell(&e[1], 0);
	assert_int_equal(handshake_peer(e[0].h, &e[1].addr, f, 2), 0);
	wait_for(failed_count(&e[0]));
	handshake_status(e[0].h, &st);
	assert_int_equal(st.why, HANDSHAKE_WHY_FINGERPRINT);
	pair_close(e);
}

/* A new certificate is for those who come after: a handshake that was opened
 * with the old one, or that is given it, shows the old one. */
static void test_rotation(void **state)
{
	struct certificate *old = handshake_pool_certificate(pool[0]);
	struct handshake_fingerprint was = fingerprint(pool[0]), now;
	struct handshake_conf held = {.certificate = old};
	struct handshake_status st;
	struct end e[2];
	int round;

	(void)state;
	for (round = 0; round < 3; round++) {
		if (round)
			pair_open(e, round == 1 ? &held : NULL);
		else
			pair_open(e, NULL); /* before: the old one */
		if (!round)
			assert_int_equal(handshake_pool_rotate(pool[0]), 0);
		now = fingerprint(pool[0]);
		assert_memory_not_equal(&now, &was, sizeof(now));
		tell(&e[0], 1);
		assert_int_equal(handshake_peer(e[1].h, &e[0].addr,
						round < 2 ? &was : &now, 1),
				 0);
		if (round == 1) /* of pool 0, it shows the same */
			assert_int_equal(handshake_peer(e[0].h, &e[1].addr,
							&was, 1), 0);
		wait_for(keys_count(&e[0]) && keys_count(&e[1]));
		assert_same_keys(e);
		handshake_status(e[0].h, &st);
		assert_int_equal(!strcmp(st.fingerprint,
					 handshake_pool_fingerprint(pool[0])),
				 round == 2);
		pair_close(e);
	}
	certificate_release(old);
	certificate_release(NULL);
	assert_null(certificate_hold(NULL));
}

static void test_fingerprint_text(void **state)
{
	static const char sha1[] =
		"00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13";
	struct handshake_fingerprint f = fingerprint(pool[0]), g;
	char text[FINGERPRINT_TEXT], *c;
	struct slice hex;

	(void)state;
	fingerprint_text(&f, text);
	assert_string_equal(text, handshake_pool_fingerprint(pool[0]));
	assert_int_equal(strncmp(text, "sha-256 ", 8), 0);
	assert_int_equal(strlen(text), 8 + 32 * 3 - 1);
	for (c = text; *c; c++)
		*c = ascii_lower(*c);
	hex = slice_str(text + 8);
	assert_int_equal(fingerprint_parse(SLICE_LIT("SHA-256"), hex, &g), 0);
	assert_memory_equal(&f, &g, sizeof(f));

	assert_int_equal(fingerprint_parse(SLICE_LIT("sha-1"), slice_str(sha1),
					   &g),
			 ENOTSUP);
	assert_int_equal(fingerprint_parse(SLICE_LIT("md5"), hex, &g), ENOTSUP);
	assert_int_equal(fingerprint_parse(SLICE_LIT("sha-384"), hex, &g),
			 EBADMSG);
	assert_int_equal(fingerprint_parse(SLICE_LIT("sha-256"),
					   slice_str(sha1), &g),
			 EBADMSG);
	hex.n--;
	assert_int_equal(fingerprint_parse(SLICE_LIT("sha-256"), hex, &g),
			 EBADMSG);
	assert_int_equal(fingerprint_parse(SLICE_LIT("sha-256"), SLICE_NONE,
					   &g),
			 EBADMSG);
	assert_false(fingerprint_match(NULL, NULL, 0));
}

/* ---- loss ---- */

static bool eat_first(struct end *e, const union addr *to, const uint8_t *p,
		      size_t n)
{
	(void)to;
	(void)p;
	(void)n;
	return e->sent > e->eaten;
}

/* The first one or two datagrams of one side or of both are lost. */
static void test_loss_at_start(void **state)
{
	static struct end e[6][2];
	unsigned i, k, side;

	(void)state;
	for (i = 0; i < 6; i++) {
		k = 1 + i % 2;
		side = 1 + i / 2;
		pair_open(e[i], NULL);
		e[i][0].filter = e[i][1].filter = eat_first;
		e[i][0].eaten = side & 1 ? k : 0;
		e[i][1].eaten = side & 2 ? k : 0;
		tell(&e[i][0], 1);
		tell(&e[i][1], 0);
	}
	for (i = 0; i < 6; i++) {
		wait_for(keys_count(&e[i][0]) && keys_count(&e[i][1]));
		assert_same_keys(e[i]);
		pair_close(e[i]);
	}
}

static bool eat_some(struct end *e, const union addr *to, const uint8_t *p,
		     size_t n)
{
	(void)e;
	(void)to;
	(void)p;
	(void)n;
	return rnd_u32() % 6 != 0;
}

/* One datagram in six is lost, of many handshakes at once. */
static void test_loss(void **state)
{
	static struct end e[8][2];
	int i;

	(void)state;
	for (i = 0; i < 8; i++) {
		pair_open(e[i], NULL);
		e[i][0].filter = e[i][1].filter = eat_some;
		tell(&e[i][0], 1);
		tell(&e[i][1], 0);
	}
	for (i = 0; i < 8; i++) {
		wait_for(keys_count(&e[i][0]) && keys_count(&e[i][1]));
		assert_same_keys(e[i]);
		pair_close(e[i]);
	}
}

static bool twice(struct end *e, const union addr *to, const uint8_t *p,
		  size_t n)
{
	(void)to;
	handshake_input(e->peer->h, &e->addr, p, n);
	return true;
}

static void test_duplicates(void **state)
{
	struct end e[2];

	(void)state;
	pair_open(e, NULL);
	e[0].filter = e[1].filter = twice;
	tell(&e[0], 1);
	tell(&e[1], 0);
	wait_for(keys_count(&e[0]) && keys_count(&e[1]));
	assert_same_keys(e);
	usleep(50000);
	assert_int_equal(keys_count(&e[0]), 1);
	assert_int_equal(keys_count(&e[1]), 1);
	pair_close(e);
}

/* ---- again ---- */

/* The peer starts anew from the same address, with the same certificate: new
 * keys; the old ones are not the same. */
static void test_again(void **state)
{
	struct handshake_keys first;
	struct end e[2], next;

	(void)state;
	pair_open(e, NULL);
	tell(&e[0], 1);
	tell(&e[1], 0);
	wait_for(keys_count(&e[0]) && keys_count(&e[1]));
	first = e[0].keys;

	end_open(&next, 1, HANDSHAKE_ACTIVE, NULL);
	next.peer = &e[0];
	pthread_mutex_lock(&e[0].h->lock);
	e[0].peer = &next;
	pthread_mutex_unlock(&e[0].h->lock);
	handshake_close(e[1].h);
	tell(&next, 0);
	wait_for(keys_count(&next) && keys_count(&e[0]) == 2);
	assert_memory_equal(e[0].keys.local, next.keys.remote, next.keys.n);
	assert_memory_not_equal(e[0].keys.local, first.local, first.n);
	e[1] = next;
	pair_close(e);
}

/* A client that nobody answers goes on trying, and tells so once. Time is
 * given to it by hand. */
static void test_nobody_answers(void **state)
{
	struct handshake_status st;
	struct end e[2];
	uint64_t now = clk_ms();
	unsigned sent;
	int i;

	(void)state;
	pair_open(e, NULL);
	e[1].peer = NULL;
	assert_int_equal(handshake_peer(e[1].h, &e[0].addr, NULL, 0), 0);
	wait_for(sent_count(&e[1]));
	for (i = 0; i < 3; i++) {
		sent = sent_count(&e[1]);
		now += HANDSHAKE_LIMIT_MS + 1;
		pthread_mutex_lock(&e[1].h->lock);
		handshake_look(e[1].h, now);
		pthread_mutex_unlock(&e[1].h->lock);
		assert_true(sent_count(&e[1]) > sent);
		assert_int_equal(failed_count(&e[1]), 1);
		assert_int_equal(e[1].why, HANDSHAKE_WHY_TIMEOUT);
	}
	handshake_status(e[1].h, &st);
	assert_int_equal(st.state, HANDSHAKE_RUNNING);
	pair_close(e);
}

static bool only_cookie(struct end *e, const union addr *to, const uint8_t *p,
			size_t n)
{
	(void)to;
	(void)p;
	(void)n;
	return e->sent <= 2; /* two ClientHellos */
}

/* A peer that stops in the middle: over after HANDSHAKE_LIMIT_MS. */
static void test_time_limit(void **state)
{
	struct end e[2];
	uint64_t due;

	(void)state;
	pair_open(e, NULL);
	e[1].filter = only_cookie;
	tell(&e[0], 1);
	tell(&e[1], 0);
	wait_for(sent_count(&e[0]) >= 2);
	usleep(20000);
	pthread_mutex_lock(&e[0].h->lock);
	due = handshake_look(e[0].h, clk_ms() + HANDSHAKE_LIMIT_MS - 2000);
	assert_true(due != UINT64_MAX);
	assert_int_equal(e[0].failed_count, 0);
	due = handshake_look(e[0].h, clk_ms() + HANDSHAKE_LIMIT_MS);
	assert_true(due == UINT64_MAX);
	pthread_mutex_unlock(&e[0].h->lock);
	assert_int_equal(failed_count(&e[0]), 1);
	assert_int_equal(e[0].why, HANDSHAKE_WHY_TIMEOUT);
	pair_close(e);
}

static void test_tables(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < HANDSHAKE_WHY_COUNT; i++)
		assert_true(*handshake_why_row((enum handshake_why)i)->token);
	assert_string_equal(handshake_state_name(HANDSHAKE_DONE), "done");
	assert_string_equal(handshake_state_name(HANDSHAKE_FAILED), "failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_fingerprint_text),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_wrong_fingerprint),
		cmocka_unit_test(test_late_fingerprint),
		cmocka_unit_test(test_several_fingerprints),
		cmocka_unit_test(test_loss_at_start),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_nobody_answers),
		cmocka_unit_test(test_time_limit),
	};

	return cmocka_run_group_tests_name("handshake", tests, pools_open,
					   pools_close);
}
