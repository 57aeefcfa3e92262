/* SRTP and SRTCP: the same octets as stock libsrtp2, and what crypt.h
 * promises on top. */
#include "tests/unit/crypt_rig.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PACKETS = 400 };

/* ---- the same octets as stock libsrtp2 ---- */

struct packet {
	bool rtcp;
	size_t n;
	uint8_t p[ROOM];
};

struct run {
	struct packet plain[PACKETS];
	struct packet sealed[PACKETS];
};

static struct run *stock; /* [SUITE_COUNT], filled by a child */

/* Three SSRCs with losses, reordering within the window, some RTCP; sequence
 * numbers wrap several times. */
static void make_run(struct packet *v)
{
	uint16_t seq[3] = {65000, 1, 32760};
	int i;

	seed = 7;
	for (i = 0; i < PACKETS; i++) {
		unsigned s = draw() % 3;
		bool back = i > 3 && draw() % 8 == 0;

		v[i].rtcp = draw() % 5 == 0;
		if (v[i].rtcp) {
			v[i].n = make_rtcp(v[i].p, 0xabc0 + s);
			continue;
		}
		/* odd numbers go back to an even one that was left out */
		seq[s] = (uint16_t)(seq[s] + 2 * (1 + draw() % 1500));
		v[i].n = make_rtp(v[i].p, 0xabc0 + s,
				  (uint16_t)(back ? seq[s] - 1 : seq[s]));
	}
}

/* libsrtp2 derives other keys for it than RFC 6188 does. */
static bool is_192(enum suite suite)
{
	return suite_info(suite)->key == 24;
}

static void stock_policy(enum suite suite, srtp_policy_t *p)
{
	static void (*const set[SUITE_COUNT][2])(srtp_crypto_policy_t *) = {
		[SUITE_AES_CM_128_HMAC_SHA1_80] = {
			srtp_crypto_policy_set_rtp_default,
			srtp_crypto_policy_set_rtcp_default},
		[SUITE_AES_CM_128_HMAC_SHA1_32] = {
			srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
			srtp_crypto_policy_set_rtcp_default},
		[SUITE_AES_256_CM_HMAC_SHA1_80] = {
			srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
			srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80},
		[SUITE_AES_256_CM_HMAC_SHA1_32] = {
			srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32,
			srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80},
		[SUITE_AEAD_AES_128_GCM] = {
			srtp_crypto_policy_set_aes_gcm_128_16_auth,
			srtp_crypto_policy_set_aes_gcm_128_16_auth},
		[SUITE_AEAD_AES_256_GCM] = {
			srtp_crypto_policy_set_aes_gcm_256_16_auth,
			srtp_crypto_policy_set_aes_gcm_256_16_auth},
	};

	memset(p, 0, sizeof(*p));
	set[suite][0](&p->rtp);
	set[suite][1](&p->rtcp);
	p->ssrc.type = ssrc_any_outbound;
	p->window_size = 1024;
}

/* In a child, with libsrtp2's own types. Exit status 0: all protected. */
static void run_stock(void)
{
	uint8_t key[SUITE_KEY_SALT_MAX];
	srtp_policy_t policy;
	srtp_t session;
	int s, i, n;

	if (srtp_init())
		_exit(1);
	for (s = SUITE_NONE + 1; s < SUITE_COUNT; s++) {
		if (is_192((enum suite)s))
			continue;
		stock_policy((enum suite)s, &policy);
		make_key(key);
		policy.key = key;
		if (srtp_create(&session, &policy))
			_exit(2);
		make_run(stock[s].plain);
		memcpy(stock[s].sealed, stock[s].plain,
		       sizeof(stock[s].plain));
		for (i = 0; i < PACKETS; i++) {
			struct packet *pk = &stock[s].sealed[i];

			n = (int)pk->n;
			if (pk->rtcp ? srtp_protect_rtcp(session, pk->p, &n)
				     : srtp_protect(session, pk->p, &n))
				_exit(3);
			pk->n = (size_t)n;
		}
		srtp_dealloc(session);
	}
	_exit(0);
}

static int prepare(void)
{
	size_t size = SUITE_COUNT * sizeof(*stock);
	int status;
	pid_t pid;

	stock = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stock == MAP_FAILED)
		return -1;
	pid = fork();
	if (pid == 0)
		run_stock();
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		return -1;
	return crypt_init_process();
}

static int teardown(void **state)
{
	(void)state;
	return munmap(stock, SUITE_COUNT * sizeof(*stock));
}

static void same_as_stock(enum suite suite)
{
	struct crypt *tx = make(suite, CRYPT_PROTECT);
	struct crypt *rx = make(suite, CRYPT_UNPROTECT);
	static struct packet v[PACKETS];
	int i;

	if (is_192(suite))
		goto out;
	make_run(v);
	for (i = 0; i < PACKETS; i++) {
		const struct packet *plain = &stock[suite].plain[i];
		const struct packet *sealed = &stock[suite].sealed[i];

		assert_int_equal(v[i].n, plain->n);
		assert_int_equal(run(tx, CRYPT_PROTECT, v[i].p, &v[i].n,
				     v[i].rtcp),
				 DROP_NONE);
		assert_int_equal(v[i].n, sealed->n);
		assert_memory_equal(v[i].p, sealed->p, sealed->n);
		assert_int_equal(run(rx, CRYPT_UNPROTECT, v[i].p, &v[i].n,
				     v[i].rtcp),
				 DROP_NONE);
		assert_int_equal(v[i].n, plain->n);
		assert_memory_equal(v[i].p, plain->p, plain->n);
	}
	/* once more, all of it: nothing passes */
	for (i = 0; i < PACKETS; i++) {
		v[i] = stock[suite].sealed[i];
		assert_int_not_equal(run(rx, CRYPT_UNPROTECT, v[i].p, &v[i].n,
					 v[i].rtcp),
				     DROP_NONE);
	}
out:
	crypt_free(tx);
	crypt_free(rx);
}

static void test_same_as_stock(void **state)
{
	(void)state;
	each_suite(same_as_stock);
}

/* ---- nothing unauthenticated changes anything ---- */

/* Every octet of a packet, flipped in one bit: refused, octets unchanged; and
 * the true packet passes afterwards, so no window and no stream was touched. */
static void bad_tag(enum suite suite)
{
	struct crypt *tx = make(suite, CRYPT_PROTECT);
	struct crypt *rx = make(suite, CRYPT_UNPROTECT);
	uint8_t p[ROOM], before[ROOM];
	size_t n, got, i;
	bool rtcp;
	int round;

	for (round = 0; round < 6; round++) {
		rtcp = round % 3 == 2;
		n = rtcp ? make_rtcp(p, 5) : make_rtp(p, 5, (uint16_t)round);
		if (!rtcp && n > 200)
			n = 200;
		assert_int_equal(run(tx, CRYPT_PROTECT, p, &n, rtcp),
				 DROP_NONE);
		for (i = 0; i < n; i++) {
			memcpy(before, p, n);
			before[i] ^= (uint8_t)(1 << (i % 8));
			memcpy(p, before, n);
			got = n;
			assert_int_not_equal(run(rx, CRYPT_UNPROTECT, p, &got,
						 rtcp),
					     DROP_NONE);
			assert_memory_equal(p, before, n);
			assert_int_equal(got, n);
			p[i] ^= (uint8_t)(1 << (i % 8));
		}
		/* cut short, at every length */
		for (got = 0; got < n; got++) {
			size_t cut = got;

			memcpy(before, p, n);
			assert_int_not_equal(run(rx, CRYPT_UNPROTECT, p, &cut,
						 rtcp),
					     DROP_NONE);
			memcpy(p, before, n);
		}
		got = n;
		assert_int_equal(run(rx, CRYPT_UNPROTECT, p, &got, rtcp),
				 DROP_NONE);
		got = n;
		memcpy(p, before, n);
		assert_int_equal(run(rx, CRYPT_UNPROTECT, p, &got, rtcp),
				 DROP_REPLAY);
	}
	crypt_free(tx);
	crypt_free(rx);
}

static void test_bad_tag(void **state)
{
	(void)state;
	each_suite(bad_tag);
}

/* Octets allocated now; the sanitizers have their own allocator. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t allocated(void)
{
	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	return mallinfo2().uordblks;
}

/* 100,000 SSRCs with wrong tags, RTP and RTCP, before and after the real
 * stream starts: not one octet of memory. */
static void flood(enum suite suite)
{
	struct crypt *tx = make(suite, CRYPT_PROTECT);
	struct crypt *rx = make(suite, CRYPT_UNPROTECT);
	uint8_t p[ROOM], q[ROOM];
	size_t n, before;
	uint16_t seq = 0;
	int i;

	n = protected(tx, q, 1, seq++);
	assert_int_equal(run(rx, CRYPT_UNPROTECT, q, &n, false), DROP_NONE);
	before = allocated();
	for (i = 0; i < 100000; i++) {
		bool rtcp = i % 4 == 0;

		n = 60 + draw() % 100;
		draw_octets(p, 12);
		p[0] = 0x80;
		p[1] = rtcp ? 200 : 0;
		assert_int_not_equal(run(rx, CRYPT_UNPROTECT, p, &n, rtcp),
				     DROP_NONE);
		if (i % 1000)
			continue;
		n = protected(tx, q, 1, seq++);
		assert_int_equal(run(rx, CRYPT_UNPROTECT, q, &n, false),
				 DROP_NONE);
	}
	assert_true(before > 0);
	assert_int_equal(allocated(), before);
	crypt_free(tx);
	crypt_free(rx);
}

static void test_flood(void **state)
{
	(void)state;
	flood(SUITE_AES_CM_128_HMAC_SHA1_80);
	flood(SUITE_AEAD_AES_128_GCM);
}

/* The peer's own SSRCs are bounded too; those that are there go on. */
static void test_ssrcs(void **state)
{
	struct crypt *tx[2], *rx = make(SUITE_AEAD_AES_128_GCM, CRYPT_UNPROTECT);
	uint8_t p[ROOM];
	unsigned i;
	size_t n;

	(void)state;
	tx[0] = make(SUITE_AEAD_AES_128_GCM, CRYPT_PROTECT);
	tx[1] = make(SUITE_AEAD_AES_128_GCM, CRYPT_PROTECT);
	for (i = 0; i < CRYPT_SSRC_MAX; i++) {
		n = protected(tx[0], p, i, 1);
		assert_int_equal(run(rx, CRYPT_UNPROTECT, p, &n, false),
				 DROP_NONE);
	}
	n = make_rtp(p, i, 1);
	assert_int_equal(run(tx[0], CRYPT_PROTECT, p, &n, false), DROP_SSRCS);
	n = protected(tx[1], p, i, 1);
	assert_int_equal(run(rx, CRYPT_UNPROTECT, p, &n, false), DROP_SSRCS);
	n = make_rtcp(p, i);
	assert_int_equal(run(tx[1], CRYPT_PROTECT, p, &n, true), DROP_NONE);
	assert_int_equal(run(rx, CRYPT_UNPROTECT, p, &n, true), DROP_SSRCS);
	for (i = 0; i < CRYPT_SSRC_MAX; i++) {
		n = protected(tx[0], p, i, 2);
		assert_int_equal(run(rx, CRYPT_UNPROTECT, p, &n, false),
				 DROP_NONE);
	}
	crypt_free(tx[0]);
	crypt_free(tx[1]);
	crypt_free(rx);
}

/* ---- protecting ---- */

/* One index, one packet: a second one, and one from behind the window, are
 * refused; the stream goes on. */
static void test_protect_once(void **state)
{
	struct crypt *tx = make(SUITE_AEAD_AES_128_GCM, CRYPT_PROTECT);
	uint8_t p[ROOM];
	size_t n;

	(void)state;
	protected(tx, p, 9, 2000);
	n = make_rtp(p, 9, 2000);
	assert_int_equal(run(tx, CRYPT_PROTECT, p, &n, false), DROP_PROTECT);
	n = make_rtp(p, 9, 900);
	assert_int_equal(run(tx, CRYPT_PROTECT, p, &n, false), DROP_PROTECT);
	protected(tx, p, 9, 1999);
	protected(tx, p, 9, 2001);
	n = make_rtp(p, 9, 1999);
	assert_int_equal(run(tx, CRYPT_PROTECT, p, &n, false), DROP_PROTECT);
	crypt_free(tx);
}

static void test_room(void **state)
{
	struct crypt *tx = make(SUITE_AEAD_AES_256_GCM, CRYPT_PROTECT);
	uint8_t p[ROOM];
	struct crypt_job job = {.crypt = tx, .p = p};

	(void)state;
	job.n = make_rtp(p, 1, 1);
	job.room = job.n + SUITE_GROW_MAX - 1;
	crypt_protect(&job, 1);
	assert_int_equal(job.drop, DROP_CRYPT);
	job.drop = DROP_NONE;
	job.room++;
	crypt_protect(&job, 1);
	assert_int_equal(job.drop, DROP_NONE);
	crypt_free(tx);
}

/* A batch: across crypts, with jobs in it that are dropped already. */
static void test_batch(void **state)
{
	static const enum suite suite[2] = {
		SUITE_AES_CM_128_HMAC_SHA1_32, SUITE_AEAD_AES_256_GCM,
	};
	static uint8_t p[16][ROOM], before[16][ROOM];
	struct crypt *tx[2], *rx[2];
	struct crypt_job v[16];
	size_t n[16];
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		tx[i] = make(suite[i], CRYPT_PROTECT);
		rx[i] = make(suite[i], CRYPT_UNPROTECT);
	}
	for (i = 0; i < 16; i++) {
		n[i] = make_rtp(p[i], 3, (uint16_t)i);
		memcpy(before[i], p[i], n[i]);
		v[i] = (struct crypt_job){
			.crypt = tx[i % 2], .p = p[i], .n = n[i], .room = ROOM,
			.drop = i % 5 == 4 ? DROP_SOURCE : DROP_NONE,
		};
	}
	crypt_protect(v, 16);
	for (i = 0; i < 16; i++)
		v[i].crypt = rx[i % 2];
	crypt_unprotect(v, 16);
	for (i = 0; i < 16; i++) {
		assert_int_equal(v[i].drop,
				 i % 5 == 4 ? DROP_SOURCE : DROP_NONE);
		assert_int_equal(v[i].n, n[i]);
		assert_memory_equal(p[i], before[i], n[i]);
	}
	for (i = 0; i < 2; i++) {
		crypt_free(tx[i]);
		crypt_free(rx[i]);
	}
}

static void test_new(void **state)
{
	uint8_t key[SUITE_KEY_SALT_MAX] = {0};
	struct crypt *c = NULL;

	(void)state;
	assert_int_equal(crypt_new(&c, SUITE_NONE, key, 30, CRYPT_PROTECT, 64),
			 EINVAL);
	assert_int_equal(crypt_new(&c, SUITE_COUNT, key, 30, CRYPT_PROTECT, 64),
			 EINVAL);
	assert_int_equal(crypt_new(&c, SUITE_AES_CM_128_HMAC_SHA1_80, key, 28,
				   CRYPT_PROTECT, 64),
			 EINVAL);
	assert_int_equal(crypt_new(&c, SUITE_AES_CM_128_HMAC_SHA1_80, key, 30,
				   CRYPT_PROTECT, 32),
			 EINVAL);
	assert_null(c);
	crypt_free(NULL);
}

static void test_suites(void **state)
{
	int s;

	(void)state;
	for (s = SUITE_NONE + 1; s < SUITE_COUNT; s++) {
		const struct suite_info *info = suite_info((enum suite)s);

		assert_int_equal(suite_find(slice_str(info->name)), s);
		assert_int_equal(suite_find_profile(info->profile),
				 info->profile ? s : SUITE_NONE);
		assert_int_equal(!info->dtls, !info->profile);
	}
	assert_int_equal(suite_find(SLICE_LIT("NULL_HMAC_SHA1_80")),
			 SUITE_NONE);
	assert_int_equal(suite_find(SLICE_LIT("F8_128_HMAC_SHA1_80")),
			 SUITE_NONE);
	assert_int_equal(suite_find(SLICE_LIT("aes_cm_128_hmac_sha1_80")),
			 SUITE_NONE);
	assert_int_equal(suite_find(SLICE_NONE), SUITE_NONE);
	assert_int_equal(suite_find_profile(0), SUITE_NONE);
	assert_int_equal(suite_find_profile(5), SUITE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suites),
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_same_as_stock),
		cmocka_unit_test(test_bad_tag),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_ssrcs),
		cmocka_unit_test(test_protect_once),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_batch),
	};

	if (prepare())
		return 1;
	return RUN_OVER_ENGINES("crypt", tests, teardown);
}
