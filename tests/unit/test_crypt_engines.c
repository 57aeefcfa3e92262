/* The engines against each other, packet for packet: random lengths, headers,
 * batches across keys and suites, losses, reordering, repetition, forgery,
 * sequence numbers that wrap and that jump; state that is carried over; MKI.
 * libsrtp2 is the oracle; for AES-192, which it does not do, evp is. */
#include "tests/unit/crypt_rig.h"

enum {
	PACKETS = 6000,
	KEYS = 5, /* crypts in one batch */
	SSRCS = 3,
	BATCH = 64,
};

static const char *const engines[] = {"libsrtp2", "evp", "mb"};
enum { ENGINES = sizeof(engines) / sizeof(engines[0]) };

struct packet {
	unsigned key;
	bool rtcp;
	bool forged;
	size_t n;
	uint8_t p[ROOM];
};

static struct packet plain[PACKETS];
static struct packet sealed[ENGINES][PACKETS];
static struct packet sent[PACKETS]; /* as the receiver gets them */
static struct packet opened[ENGINES][PACKETS];
static enum drop fate[ENGINES][PACKETS];

/* All keys of one suite, or of all in turn with SUITE_NONE. */
static enum suite suite_of(enum suite suite, unsigned key)
{
	return suite ? suite : (enum suite)(1 + key % (SUITE_COUNT - 1));
}

static struct crypt *make_key_no(enum suite suite, unsigned key,
				 enum crypt_dir dir)
{
	uint8_t octets[SUITE_KEY_SALT_MAX];
	struct crypt *c = NULL;
	uint64_t was = seed;

	seed = key + 1;
	draw_octets(octets, sizeof(octets));
	seed = was;
	suite = suite_of(suite, key);
	assert_int_equal(crypt_new(&c, suite, octets, suite_key_salt(suite),
				   dir, CRYPT_WINDOW),
			 0);
	return c;
}

/* Sequence numbers go on by 1 mostly, by hundreds sometimes, and rarely by more
 * than half of their range. */
static void plain_make(void)
{
	static const uint16_t start[SSRCS] = {65530, 1, 32760};
	uint16_t seq[KEYS][SSRCS];
	unsigned i, k, s;

	for (k = 0; k < KEYS; k++)
		memcpy(seq[k], start, sizeof(start));
	for (i = 0; i < PACKETS; i++) {
		struct packet *pk = &plain[i];

		pk->key = draw() % KEYS;
		s = draw() % SSRCS;
		pk->rtcp = draw() % 6 == 0;
		if (pk->rtcp) {
			pk->n = make_rtcp(pk->p, 0xabc0 + s);
			continue;
		}
		pk->n = make_rtp(pk->p, 0xabc0 + s, seq[pk->key][s]);
		seq[pk->key][s] = (uint16_t)(seq[pk->key][s] + 1);
		if (draw() % 50 == 0)
			seq[pk->key][s] = (uint16_t)(seq[pk->key][s] +
						     draw() % 3000);
	}
}

/* v[i] in batches of random sizes. */
static void work(const char *engine, enum suite suite, enum crypt_dir dir,
		 struct packet *v, enum drop *drop)
{
	struct crypt_job job[BATCH];
	struct crypt *c[KEYS];
	unsigned i, k, n;

	assert_int_equal(crypt_engine_choose(engine), 0);
	for (k = 0; k < KEYS; k++)
		c[k] = make_key_no(suite, k, dir);
	for (i = 0; i < PACKETS; i += n) {
		n = 1 + draw() % BATCH;
		if (n > PACKETS - i)
			n = PACKETS - i;
		for (k = 0; k < n; k++)
			job[k] = (struct crypt_job){
				.crypt = c[v[i + k].key], .p = v[i + k].p,
				.n = v[i + k].n, .room = ROOM,
				.rtcp = v[i + k].rtcp,
			};
		(dir == CRYPT_PROTECT ? crypt_protect
				      : crypt_unprotect)(job, n);
		for (k = 0; k < n; k++) {
			v[i + k].n = job[k].n;
			drop[i + k] = job[k].drop;
		}
	}
	for (k = 0; k < KEYS; k++)
		crypt_free(c[k]);
}

/* Of what was sealed: some lost, some swapped with one up to 1,100 later, some
 * repeated over another, some with a bit turned. Now and then nothing of an
 * hour arrives. */
static void network(void)
{
	unsigned i, k;

	memcpy(sent, sealed[0], sizeof(sent));
	for (i = 0; i < PACKETS; i++) {
		unsigned what = draw() % 20;

		k = i + draw() % (draw() % 10 ? 30 : 1100);
		if (k >= PACKETS)
			continue;
		if (what < 2) {
			struct packet other = sent[k];

			sent[k] = sent[i];
			sent[i] = other;
		} else if (what == 2) {
			sent[k] = sent[i];
		} else if (what == 3) {
			sent[i].p[draw() % sent[i].n] ^=
				(uint8_t)(1 << draw() % 8);
			sent[i].forged = true;
		}
	}
}

static bool oracle_lacks(enum suite suite)
{
	return suite && suite_info(suite)->key == 24;
}

static void compare(enum suite suite)
{
	unsigned e, i, passed = 0, ran = 0;
	unsigned first = oracle_lacks(suite) ? 1 : 0;

	seed = 4711 + suite;
	plain_make();
	for (e = first; e < ENGINES; e++) {
		if (crypt_engine_choose(engines[e]))
			continue;
		memcpy(sealed[e], plain, sizeof(plain));
		work(engines[e], suite, CRYPT_PROTECT, sealed[e], fate[e]);
		for (i = 0; i < PACKETS; i++) {
			assert_int_equal(fate[e][i], DROP_NONE);
			assert_int_equal(sealed[e][i].n, sealed[first][i].n);
			assert_memory_equal(sealed[e][i].p, sealed[first][i].p,
					    sealed[e][i].n);
		}
	}
	memcpy(sealed[0], sealed[first], sizeof(sealed[0]));
	network();
	for (e = first; e < ENGINES; e++) {
		if (crypt_engine_choose(engines[e]))
			continue;
		memcpy(opened[e], sent, sizeof(sent));
		work(engines[e], suite, CRYPT_UNPROTECT, opened[e], fate[e]);
		ran++;
		for (i = 0; i < PACKETS; i++) {
			bool ok = fate[e][i] == DROP_NONE;

			assert_int_equal(ok, fate[first][i] == DROP_NONE);
			if (!ok) /* as it came */
				assert_memory_equal(opened[e][i].p, sent[i].p,
						    sent[i].n);
			assert_int_equal(opened[e][i].n, opened[first][i].n);
			assert_memory_equal(opened[e][i].p, opened[first][i].p,
					    opened[e][i].n);
			assert_false(ok && sent[i].forged);
			passed += ok;
		}
	}
	/* most of it is not lost, or this would compare nothing */
	assert_true(passed > ran * (PACKETS / 2));
}

static void test_same(void **state)
{
	(void)state;
	each_suite(compare);
	compare(SUITE_NONE); /* mixed */
}

/* No key, SSRC and index twice: whatever is given to protect, no two packets
 * that leave have the same keystream. Shown by equal plaintexts: equal cipher
 * texts never occur. */
static void unique(enum suite suite)
{
	static uint8_t out[4000][32];
	struct crypt *c = make(suite, CRYPT_PROTECT);
	unsigned i, k, count = 0;

	seed = 99;
	for (i = 0; i < 4000; i++) {
		uint8_t p[ROOM] = {0x80};
		size_t n = 12 + sizeof(out[0]);
		uint16_t seq = (uint16_t)(draw() % 5 ? i : i - draw() % 1500);

		p[2] = (uint8_t)(seq >> 8);
		p[3] = (uint8_t)seq;
		if (run(c, CRYPT_PROTECT, p, &n, false) == DROP_NONE)
			memcpy(out[count++], p + 12, sizeof(out[0]));
	}
	assert_true(count > 1000);
	for (i = 0; i < count; i++)
		for (k = 0; k < i; k++)
			assert_memory_not_equal(out[i], out[k], 16);
	crypt_free(c);
}

static void test_unique(void **state)
{
	unsigned e;

	(void)state;
	for (e = 0; e < ENGINES; e++) {
		if (crypt_engine_choose(engines[e]))
			continue;
		unique(SUITE_AES_CM_128_HMAC_SHA1_80);
		unique(SUITE_AEAD_AES_256_GCM);
	}
}

/* ---- state ---- */

/* Another process goes on with the keys, in the middle of a stream that has
 * wrapped: as if it had been there all the time. */
static void carried(enum suite suite)
{
	struct crypt *tx = make(suite, CRYPT_PROTECT);
	struct crypt *rx = make(suite, CRYPT_UNPROTECT);
	struct crypt *tx2 = make(suite, CRYPT_PROTECT);
	struct crypt *rx2 = make(suite, CRYPT_UNPROTECT);
	uint8_t p[ROOM], old[ROOM], old_rtcp[ROOM];
	size_t n, nold = 0, nold_rtcp;
	struct crypt_state state;
	unsigned i;

	for (i = 65000; i < 65600; i++) {
		nold = n = protected(tx, p, 7, (uint16_t)i);
		memcpy(old, p, n);
		assert_int_equal(run(rx, CRYPT_UNPROTECT, p, &n, false), 0);
	}
	nold_rtcp = make_rtcp(old_rtcp, 7);
	assert_int_equal(run(tx, CRYPT_PROTECT, old_rtcp, &nold_rtcp, true), 0);
	n = nold_rtcp;
	memcpy(p, old_rtcp, n);
	assert_int_equal(run(rx, CRYPT_UNPROTECT, p, &n, true), 0);

	assert_int_equal(crypt_export(tx, &state), 0);
	assert_int_equal(crypt_import(tx2, &state), 0);
	assert_int_equal(crypt_export(rx, &state), 0);
	assert_int_equal(crypt_import(rx2, &state), 0);
	n = nold;
	assert_int_equal(run(rx2, CRYPT_UNPROTECT, old, &n, false),
			 DROP_REPLAY);
	assert_int_equal(run(rx2, CRYPT_UNPROTECT, old_rtcp, &nold_rtcp, true),
			 DROP_REPLAY);
	n = make_rtp(p, 7, 63);
	assert_int_equal(run(tx2, CRYPT_PROTECT, p, &n, false), DROP_PROTECT);
	n = protected(tx2, p, 7, 64);
	assert_int_equal(run(rx2, CRYPT_UNPROTECT, p, &n, false), 0);
	n = make_rtcp(p, 7);
	assert_int_equal(run(tx2, CRYPT_PROTECT, p, &n, true), 0);
	assert_int_equal(run(rx2, CRYPT_UNPROTECT, p, &n, true), 0);
	crypt_free(tx);
	crypt_free(rx);
	crypt_free(tx2);
	crypt_free(rx2);
}

static void test_state(void **state)
{
	static struct crypt_state s, was;
	struct crypt *c;
	unsigned e;

	(void)state;
	for (e = 1; e < ENGINES; e++)
		if (!crypt_engine_choose(engines[e]))
			each_suite(carried);

	c = make(SUITE_AEAD_AES_128_GCM, CRYPT_UNPROTECT);
	assert_int_equal(crypt_export(c, &was), 0);
	s = was;
	s.version++;
	assert_int_equal(crypt_import(c, &s), EINVAL);
	s = was;
	s.count = CRYPT_SSRC_MAX + 1;
	assert_int_equal(crypt_import(c, &s), EINVAL);
	s = was;
	s.count = 2; /* one SSRC twice */
	assert_int_equal(crypt_import(c, &s), EINVAL);
	s.source[1].ssrc = 1;
	assert_int_equal(crypt_import(c, &s), 0);
	s.source[1].index = CRYPT_INDEX_MAX + 1;
	assert_int_equal(crypt_import(c, &s), EINVAL);
	s.source[1].index = 0;
	s.source[0].index_rtcp = CRYPT_INDEX_RTCP_MAX + 1;
	assert_int_equal(crypt_import(c, &s), EINVAL);
	s.source[0].index_rtcp = 0;
	s.source[0].rtp = 2;
	assert_int_equal(crypt_import(c, &s), EINVAL);
	crypt_free(c);

	assert_int_equal(crypt_engine_choose("libsrtp2"), 0);
	c = make(SUITE_AEAD_AES_128_GCM, CRYPT_UNPROTECT);
	assert_int_equal(crypt_export(c, &s), ENOTSUP);
	assert_int_equal(crypt_import(c, &was), ENOTSUP);
	crypt_free(c);
}

/* The last index of a key is the last: 2^48 packets, 2^31 reports. */
static void test_exhausted(void **state)
{
	static struct crypt_state s;
	struct crypt *tx;
	uint8_t p[ROOM];
	size_t n;

	(void)state;
	assert_int_equal(crypt_engine_choose("evp"), 0);
	tx = make(SUITE_AES_256_CM_HMAC_SHA1_80, CRYPT_PROTECT);
	protected(tx, p, 1, 1);
	assert_int_equal(crypt_export(tx, &s), 0);
	s.source[0].index = CRYPT_INDEX_MAX - 1;
	s.source[0].rtcp = 1;
	s.source[0].index_rtcp = CRYPT_INDEX_RTCP_MAX - 1;
	assert_int_equal(crypt_import(tx, &s), 0);
	protected(tx, p, 1, 65535);
	n = make_rtp(p, 1, 0);
	assert_int_equal(run(tx, CRYPT_PROTECT, p, &n, false), DROP_PROTECT);
	n = make_rtcp(p, 1);
	assert_int_equal(run(tx, CRYPT_PROTECT, p, &n, true), 0);
	n = make_rtcp(p, 1);
	assert_int_equal(run(tx, CRYPT_PROTECT, p, &n, true), DROP_PROTECT);
	crypt_free(tx);
}

/* ---- MKI ---- */

/* Where it stands, and that a packet without it, or with another, is somebody
 * else's, and stays as it is. */
static void mki(enum suite suite, bool rtcp, size_t n_mki)
{
	static const uint8_t id[CRYPT_MKI_MAX] = {1, 2, 3, 4};
	const struct suite_info *s = suite_info(suite);
	size_t tag = s->aead ? 0 : rtcp ? s->tag_rtcp : s->tag_rtp;
	struct crypt *tx = make(suite, CRYPT_PROTECT);
	struct crypt *bare_tx = make(suite, CRYPT_PROTECT);
	struct crypt *rx = make(suite, CRYPT_UNPROTECT);
	struct crypt *bare_rx = make(suite, CRYPT_UNPROTECT);
	uint8_t p[ROOM], q[ROOM], was[ROOM];
	size_t n, n_plain, n_bare, i;

	assert_int_equal(crypt_mki_set(tx, id, n_mki), 0);
	assert_int_equal(crypt_mki_set(rx, id, n_mki), 0);
	assert_int_equal(crypt_mki_set(rx, id, n_mki), EINVAL);
	n_plain = n_bare = n = rtcp ? make_rtcp(p, 5) : make_rtp(p, 5, 1);
	memcpy(q, p, n);
	memcpy(was, p, n);
	assert_int_equal(run(tx, CRYPT_PROTECT, p, &n, rtcp), DROP_NONE);
	assert_int_equal(run(bare_tx, CRYPT_PROTECT, q, &n_bare, rtcp),
			 DROP_NONE);
	assert_int_equal(n, n_bare + n_mki);
	assert_memory_equal(p, q, n_bare - tag);
	assert_memory_equal(p + n_bare - tag, id, n_mki);
	assert_memory_equal(p + n - tag, q + n_bare - tag, tag);

	for (i = n_bare - tag; i < n_bare - tag + n_mki; i++) {
		memcpy(q, p, n);
		p[i] ^= 0x10;
		q[i] ^= 0x10;
		n_bare = n;
		assert_int_equal(run(rx, CRYPT_UNPROTECT, p, &n_bare, rtcp),
				 DROP_AUTH);
		assert_int_equal(n_bare, n);
		assert_memory_equal(p, q, n);
		p[i] ^= 0x10;
		n_bare = n - n_mki;
	}
	p[13] ^= 1;
	memcpy(q, p, n);
	n_bare = n;
	assert_int_not_equal(run(rx, CRYPT_UNPROTECT, p, &n_bare, rtcp),
			     DROP_NONE);
	assert_int_equal(n_bare, n);
	assert_memory_equal(p, q, n);
	p[13] ^= 1;
	q[13] ^= 1;
	assert_int_not_equal(run(bare_rx, CRYPT_UNPROTECT, q, &n_bare, rtcp),
			     DROP_NONE);
	assert_int_equal(run(rx, CRYPT_UNPROTECT, p, &n, rtcp), DROP_NONE);
	assert_int_equal(n, n_plain);
	assert_memory_equal(p, was, n);
	crypt_free(tx);
	crypt_free(bare_tx);
	crypt_free(rx);
	crypt_free(bare_rx);
}

static void mki_each(enum suite suite)
{
	mki(suite, false, 1);
	mki(suite, false, 4);
	mki(suite, false, CRYPT_MKI_MAX);
	mki(suite, true, 4);
}

static void test_mki(void **state)
{
	struct crypt_job job;
	uint8_t p[ROOM];
	unsigned e;

	(void)state;
	for (e = 0; e < ENGINES; e++)
		if (!crypt_engine_choose(engines[e]))
			each_suite(mki_each);

	job = (struct crypt_job){
		.crypt = make(SUITE_AEAD_AES_128_GCM, CRYPT_PROTECT), .p = p,
		.n = make_rtp(p, 1, 1),
	};
	assert_int_equal(crypt_mki_set(job.crypt, p, 0), EINVAL);
	assert_int_equal(crypt_mki_set(job.crypt, p, CRYPT_MKI_MAX + 1),
			 EINVAL);
	assert_int_equal(crypt_mki_set(job.crypt, p, 4), 0);
	job.room = job.n + SUITE_GROW_MAX + 3;
	crypt_protect(&job, 1);
	assert_int_equal(job.drop, DROP_CRYPT);
	crypt_free(job.crypt);
}

/* ---- engines ---- */

static void test_choice(void **state)
{
	(void)state;
	assert_int_equal(crypt_engine_choose("openssl"), EINVAL);
	assert_int_equal(crypt_engine_choose("evp"), 0);
	assert_string_equal(crypt_engine_chosen(), "evp");
	assert_int_equal(crypt_engine_choose("auto"), 0);
	assert_string_not_equal(crypt_engine_chosen(), "libsrtp2");
}

/* A thread without a manager does the same. */
static void test_bare_thread(void **state)
{
	(void)state;
	crypt_thread_close();
	compare(SUITE_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(crypt_thread_open(), 0);
	assert_int_equal(crypt_thread_open(), 0); /* is open: nothing */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_unique),
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_exhausted),
		cmocka_unit_test(test_mki),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_bare_thread),
	};
	int failed;

	if (crypt_init_process() || crypt_thread_open())
		return 1;
	failed = cmocka_run_group_tests_name("crypt_engines", tests, NULL,
					     NULL);
	crypt_thread_close();
	return failed;
}
