/* fuzz_crypt: octets as SRTP or SRTCP that nobody protected: they never pass,
 * and stay as they are. And as RTP or RTCP to protect: what can be protected
 * can be unprotected again to the same octets, once.
 *
 * An input is one octet (bit 0 RTCP, the rest the suite), then the packet. */
#include <stdlib.h>
#include <string.h>

#include "relay/crypt.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { PACKET_MAX = 4096 };

static struct crypt *make(enum suite suite, enum crypt_dir dir)
{
	static const uint8_t key[SUITE_KEY_SALT_MAX] = {1, 2, 3};
	struct crypt *c;

	if (crypt_new(&c, suite, key, suite_key_salt(suite), dir, CRYPT_WINDOW))
		abort();
	return c;
}

static void must(bool condition)
{
	if (!condition)
		abort();
}

static struct crypt_job job_of(struct crypt *c, uint8_t *p, size_t n, bool rtcp)
{
	return (struct crypt_job){
		.crypt = c, .p = p, .n = n, .rtcp = rtcp,
		.room = PACKET_MAX + SUITE_GROW_MAX,
	};
}

static void forged(enum suite suite, const uint8_t *p, size_t n, bool rtcp)
{
	struct crypt *rx = make(suite, CRYPT_UNPROTECT);
	uint8_t *copy = malloc(n ? n : 1);
	struct crypt_job job;

	must(copy != NULL);
	memcpy(copy, p, n);
	job = job_of(rx, copy, n, rtcp);
	crypt_unprotect(&job, 1);
	must(job.drop != DROP_NONE && job.n == n && !memcmp(copy, p, n));
	free(copy);
	crypt_free(rx);
}

static void round_trip(enum suite suite, const uint8_t *p, size_t n, bool rtcp)
{
	static uint8_t copy[PACKET_MAX + SUITE_GROW_MAX];
	static uint8_t again[sizeof(copy)];
	struct crypt *tx = make(suite, CRYPT_PROTECT);
	struct crypt *rx = make(suite, CRYPT_UNPROTECT);
	struct crypt_job job = job_of(tx, copy, n, rtcp);

	memcpy(copy, p, n);
	crypt_protect(&job, 1);
	if (job.drop == DROP_NONE) {
		memcpy(again, copy, job.n);
		job = job_of(rx, copy, job.n, rtcp);
		crypt_unprotect(&job, 1);
		must(job.drop == DROP_NONE && job.n == n && !memcmp(copy, p, n));
		job = job_of(rx, again, job.n, rtcp);
		crypt_unprotect(&job, 1);
		must(job.drop != DROP_NONE);
	}
	crypt_free(tx);
	crypt_free(rx);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static bool ready;
	enum suite suite;

	if (!ready && crypt_init_process())
		abort();
	ready = true;
	if (!n || n > PACKET_MAX)
		return 0;
	suite = (enum suite)(1 + (p[0] >> 1) % (SUITE_COUNT - 1));
	forged(suite, p + 1, n - 1, p[0] & 1);
	round_trip(suite, p + 1, n - 1, p[0] & 1);
	return 0;
}
