/* rfc4474: the digest-string of RFC 4474 section 9, its RSA/SHA-1 signature,
 * and the two headers that carry it. No certificates, no policy. */
#ifndef IDENTITY_RFC4474_H
#define IDENTITY_RFC4474_H

#include <openssl/evp.h>

#include "b2bua/identity/view.h"
#include "lib/base/obuf.h"

enum {
	RFC4474_SIG_MAX = 512, /* RSA 4096 */
	RFC4474_FIELDS = 7,
};

/* The signed fields in the order of the digest-string. */
struct digest_field {
	enum identity_field field;
	struct slice octets;
};
/* cseq[]: memory for the rewritten CSeq field. */
enum { RFC4474_CSEQ_SIZE = 64 };
/* EINVAL: no Date, or a method name that cannot be. */
int rfc4474_fields(struct digest_field f[RFC4474_FIELDS],
		   char cseq[RFC4474_CSEQ_SIZE], const struct view *v);
/* From|To|Call-ID|CSeq|Date|Contact|body over the received octets. */
int rfc4474_digest_string(struct obuf *ob, const struct view *v);

/* Identity: "base64", folding and blanks inside allowed. EBADMSG */
int rfc4474_sig_parse(struct slice value, uint8_t sig[RFC4474_SIG_MAX],
		      size_t *n);
/* Identity-Info: <URI>;alg=rsa-sha1. EBADMSG and *why (literal). */
int rfc4474_info_parse(struct slice value, struct slice *uri,
		       const char **why);

bool rfc4474_verify(EVP_PKEY *key, struct slice digest_string,
		    struct slice sig);
/* EIO; *n: octets of sig. */
int rfc4474_sign(EVP_PKEY *key, struct slice digest_string,
		 uint8_t sig[RFC4474_SIG_MAX], size_t *n);
/* The SHA-1 that the signer signed, whatever our string is: all that can be
 * learnt of the signer's digest-string. false: not signed with this key. */
bool rfc4474_recover(EVP_PKEY *key, struct slice sig, uint8_t sha1[20]);

#endif
