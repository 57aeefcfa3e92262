/* crypt: SRTP and SRTCP (RFC 3711, 6188, 7714). One struct crypt is one
 * direction under one master key, all SSRCs of it. Batch-shaped: an engine may
 * work on all jobs of a call at once, across crypts.
 *
 * What it guarantees (tests/unit/test_crypt*.c shows each):
 *  - nothing is written by a packet whose tag is wrong: no stream, no index,
 *    no window; the packet's octets are as they came
 *  - an index is accepted once (window: see crypt_new), and used once: two
 *    packets are never protected under one (key, SSRC, index)
 *  - an SSRC gets state when its first packet has passed, CRYPT_SSRC_MAX of
 *    them at most; none is ever forgotten while the key lives, because its
 *    replay window would be forgotten with it
 *  - a stream that starts shortly before its sequence number wraps, and loses
 *    the packets before, is followed (ROC + 1 is tried, RFC 3711 3.3.1)
 *
 * Thread: a crypt belongs to one thread at a time. crypt_init_process() once,
 * before there are threads. Keys are wiped by crypt_free(). */
#ifndef RELAY_CRYPT_H
#define RELAY_CRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/drop.h"
#include "relay/suite.h"

struct crypt;

enum crypt_dir { CRYPT_UNPROTECT, CRYPT_PROTECT };

enum {
	CRYPT_SSRC_MAX = 32, /* SSRCs under one key */
	CRYPT_WINDOW = 1024, /* packets, for crypt_new() */
};

/* One packet, worked on in place. */
struct crypt_job {
	struct crypt *crypt;
	uint8_t *p; /* the packet; any alignment */
	size_t n; /* octets; in and, with DROP_NONE, out */
	size_t room; /* octets at p: protecting needs n + SUITE_GROW_MAX */
	bool rtcp; /* SRTCP; the caller has told them apart (RFC 5761) */
	enum drop drop; /* in: DROP_NONE, or the job is passed over; out:
			 * DROP_NONE, or why the packet must go */
};

/* Sets up the engine and runs its self-tests (known answers). 0, or EIO: the
 * process must not serve. Once, before threads. */
int crypt_init_process(void);

/* key_salt: n = suite_key_salt(suite) octets, copied. window: packets that may
 * be late, 64..32767. 0, EINVAL, ENOMEM; *cp only on success; crypt_free().
 *
 * MKI (RFC 3711 3.1) is not spoken: an a=crypto that has one is declined.
 *
 * For PROTECT, the writer of the packets sees to it that a stream's sequence
 * numbers start below 32768 and move on: one that jumps back by more than the
 * window, or comes a second time, is refused (DROP_PROTECT), since
 * its keystream has been used. */
int crypt_new(struct crypt **cp, enum suite suite, const uint8_t *key_salt,
	      size_t n, enum crypt_dir dir, unsigned window);
/* Wipes; NULL is nothing. */
void crypt_free(struct crypt *c);

/* n jobs, in this order for each crypt. */
void crypt_unprotect(struct crypt_job *v, unsigned n);
void crypt_protect(struct crypt_job *v, unsigned n);

#endif
