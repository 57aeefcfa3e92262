/* cert: X.509 certificates that sign identities, from hands we do not trust.
 *
 * Octets are looked over before OpenSSL decodes a key: size, number of
 * certificates and extensions, no explicit curve parameters, no giant RSA
 * (threats I6). Policies are not processed, no revocation list is fetched.
 * Thread: the SIP thread. */
#ifndef IDENTITY_CERT_H
#define IDENTITY_CERT_H

#include <openssl/evp.h>

#include "b2bua/identity/tnauth.h"

enum {
	CERT_OCTETS_MAX = 32768,
	CERT_CHAIN_MAX = 4,
	CERT_EXTENSIONS_MAX = 32,
	CERT_RSA_BITS_MAX = 4096,
};

struct cert; /* a chain, leaf first; a libre object */
struct cert_anchors;

/* PEM chain (RFC 9060: application/pem-certificate-chain) or one DER
 * certificate. EBADMSG, E2BIG, ENOMEM; *why is a literal. */
int cert_parse(struct cert **cp, struct slice octets, const char **why);
/* From a file; also ENOENT and other errors of open and read. */
int cert_load(struct cert **cp, const char *file, const char **why);

/* PEM file of trusted certificates, CAs or single signers; NULL: none. */
int cert_anchors_new(struct cert_anchors **ap, const char *file,
		     const char **why);
void cert_anchors_free(struct cert_anchors *a);

/* Chains up to an anchor at time t, every signature and CA flag right.
 * auth_level: OpenSSL's (RFC 4474 needs 0 for its SHA-1 certificates, else
 * 2). EKEYREJECTED and *why (literal) if not. */
int cert_trusted(const struct cert *c, const struct cert_anchors *a,
		 int64_t t, int auth_level, const char **why);
bool cert_valid_at(const struct cert *c, int64_t t);

/* Borrowed. */
EVP_PKEY *cert_key(const struct cert *c);
int cert_rsa_bits(const struct cert *c); /* 0: not RSA */

/* NULL without the extension, or if it is broken (then *broken). */
const struct tnauth *cert_tnauth(const struct cert *c, bool *broken);
/* RFC 2818 section 3.1: dNSName, else CN; wildcards count. */
bool cert_names_host(const struct cert *c, struct slice host);
/* RFC 5922 section 7.2: URI "sip:host", else dNSName, no wildcards; CN only
 * when there is no subjectAltName. */
bool cert_names_domain(const struct cert *c, struct slice host);

/* One line each, printable ASCII; heap, the caller frees; NULL: no memory. */
char *cert_subject_dup(const struct cert *c);
char *cert_issuer_dup(const struct cert *c);

#endif
