/* fingerprint: a=fingerprint of SDP (RFC 8122): which certificate the peer of
 * a DTLS handshake must show. SHA-256, SHA-384 and SHA-512 only: what MD5 and
 * SHA-1 promise, two certificates can keep.
 *
 * Values, no ownership; any thread. */
#ifndef RELAY_FINGERPRINT_H
#define RELAY_FINGERPRINT_H

#include <openssl/types.h>

#include "lib/base/obuf.h"
#include "lib/base/slice.h"

enum fingerprint_hash {
	FINGERPRINT_SHA256,
	FINGERPRINT_SHA384,
	FINGERPRINT_SHA512,
	FINGERPRINT_HASHES
};

enum {
	FINGERPRINT_OCTETS = 64,
	FINGERPRINT_TEXT = 200 /* "sha-512 " 64 x "AA:" NUL, rounded up */
};

/* Called handshake_fingerprint where it is part of a leg's configuration. */
struct handshake_fingerprint {
	enum fingerprint_hash hash;
	uint8_t n;
	uint8_t octets[FINGERPRINT_OCTETS];
};

/* hash: "sha-256" in any case; hex: "AB:CD:..." in any case. 0; ENOTSUP: a
 * hash that we refuse or do not know (leave this line out, look at the next);
 * EBADMSG: not a fingerprint. *f only on success. */
int fingerprint_parse(struct slice hash, struct slice hex,
		      struct handshake_fingerprint *f);

/* The certificate's. 0 or EINVAL. */
int fingerprint_of(const X509 *cert, enum fingerprint_hash hash,
		   struct handshake_fingerprint *f);

/* Does the certificate match? Of n fingerprints the set with the strongest
 * hash decides, and one of that set is enough (RFC 8122 section 5). n = 0: no.
 * Constant time in the octets. */
bool fingerprint_match(const X509 *cert, const struct handshake_fingerprint *v,
		       unsigned n);

/* "sha-256 AB:CD:..." into to; returns to. */
const char *fingerprint_text(const struct handshake_fingerprint *f,
			     char to[FINGERPRINT_TEXT]);

#endif
