/* crypt_engine: what stands behind crypt.h. An engine makes crypts of its own
 * and works on jobs of its own; crypt.c sorts them.
 *
 *	libsrtp2   crypt_lib.c: libsrtp2 on OpenSSL; portable, and the oracle
 *	evp        crypt_own.c on OpenSSL
 *	mb         crypt_own.c on ipsec-mb (mb.h): many packets at once
 *
 * Private to crypt*.c. */
#ifndef RELAY_CRYPT_ENGINE_H
#define RELAY_CRYPT_ENGINE_H

#include "relay/crypt.h"

/* The head of every engine's crypt. */
struct crypt {
	const struct crypt_engine *engine;
	enum suite suite;
	enum crypt_dir dir;
	unsigned window;
	uint8_t *mki; /* NULL: none */
	size_t mki_n;
};

struct crypt_engine {
	const char *name;
	/* Once. 0, EIO, ENOTSUP: not here, or not on this processor. */
	int (*init)(void);
	/* Arguments are checked; fills all but the head, which is filled. 0,
	 * ENOMEM, EIO; ENOTSUP: not this suite. */
	int (*make)(struct crypt *c, const uint8_t *key_salt);
	void (*wipe)(struct crypt *c); /* also after make failed */
	size_t size; /* octets of its struct */
	/* Jobs whose crypt is of this engine and whose drop is DROP_NONE. */
	void (*unprotect)(struct crypt_job **v, unsigned n);
	void (*protect)(struct crypt_job **v, unsigned n);
	/* NULL: none of it can be given */
	struct crypt_state *(*state)(struct crypt *c);
};

extern const struct crypt_engine crypt_engine_lib, crypt_engine_evp,
	crypt_engine_mb;

/* What both kinds of packets begin with. */
enum { CRYPT_RTP_HEADER = 12, CRYPT_RTCP_HEADER = 8, CRYPT_SRTCP_INDEX = 4 };

/* Least octets of a packet of this kind; tag: of a protected one. */
static inline size_t crypt_least(enum suite suite, bool rtcp, bool tag)
{
	const struct suite_info *s = suite_info(suite);

	if (rtcp)
		return CRYPT_RTCP_HEADER +
		       (tag ? CRYPT_SRTCP_INDEX + (size_t)s->tag_rtcp : 0);
	return CRYPT_RTP_HEADER + (tag ? (size_t)s->tag_rtp : 0);
}

#endif
