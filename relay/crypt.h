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

#include "relay/crypt_state.h"
#include "relay/drop.h"
#include "relay/suite.h"

struct crypt;

enum crypt_dir { CRYPT_UNPROTECT, CRYPT_PROTECT };

enum { CRYPT_MKI_MAX = 128 }; /* octets, RFC 4568 6.1 */

/* One packet, worked on in place. */
struct crypt_job {
	struct crypt *crypt;
	uint8_t *p; /* the packet; any alignment */
	size_t n; /* octets; in and, with DROP_NONE, out */
	size_t room; /* octets at p: protecting needs n + SUITE_GROW_MAX, and
		      * those of the MKI */
	bool rtcp; /* SRTCP; the caller has told them apart (RFC 5761) */
	enum drop drop; /* in: DROP_NONE, or the job is passed over; out:
			 * DROP_NONE, or why the packet must go */
};

/* Sets up the engines and compares them with each other and with known answers.
 * 0, or EIO: the process must not serve. Once, before threads. */
int crypt_init_process(void);

/* Which engine makes crypts from now on: "mb" (ipsec-mb: a whole batch at once;
 * x86-64), "evp" (OpenSSL), "libsrtp2", or "auto": the first of these that is
 * here, which is also the choice of crypt_init_process(). What libsrtp2 cannot
 * do (AES-192) is done by evp. 0; ENOTSUP: not compiled in, or the processor
 * is not able; EINVAL. Before threads. */
int crypt_engine_choose(const char *name);
const char *crypt_engine_chosen(void);

/* What "mb" needs in each thread that works on packets: its manager, 200 kB.
 * A thread without one does the same more slowly. 0, ENOMEM. */
int crypt_thread_open(void);
void crypt_thread_close(void);

/* key_salt: n = suite_key_salt(suite) octets, copied. window: packets that may
 * be late, 64..CRYPT_WINDOW. 0, EINVAL, ENOMEM; *cp only on success;
 * crypt_free().
 *
 * For PROTECT, the writer of the packets sees to it that a stream's sequence
 * numbers start below 32768 and move on: one that jumps back by more than the
 * window, or comes a second time, is refused (DROP_PROTECT), since
 * its keystream has been used. */
int crypt_new(struct crypt **cp, enum suite suite, const uint8_t *key_salt,
	      size_t n, enum crypt_dir dir, unsigned window);
/* Wipes; NULL is nothing. */
void crypt_free(struct crypt *c);

/* The master key identifier (RFC 3711 3.1) of its packets: written into each
 * that is protected, which grows by n octets more; one that comes without or
 * with another is not authentic. Before the first packet. 0, EINVAL (n is not
 * 1..CRYPT_MKI_MAX), ENOMEM. */
int crypt_mki_set(struct crypt *c, const uint8_t *mki, size_t n);

/* n jobs, in this order for each crypt. */
void crypt_unprotect(struct crypt_job *v, unsigned n);
void crypt_protect(struct crypt_job *v, unsigned n);

/* What it has seen or sent, for another process that is to go on with the key;
 * crypt_import() into a new crypt of the same suite, key and direction. Who
 * imports for PROTECT must know that nothing was protected since the export:
 * an index that is used twice gives both packets away. 0; ENOTSUP (libsrtp2
 * cannot); EINVAL: not a state. */
int crypt_export(struct crypt *c, struct crypt_state *to);
int crypt_import(struct crypt *c, const struct crypt_state *from);

#endif
