#include "relay/fingerprint.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "lib/base/b64.h"

struct hash {
	const char *name; /* RFC 8122 section 5, hash-func */
	uint8_t n;
	const EVP_MD *(*md)(void);
};

static const struct hash hashes[FINGERPRINT_HASHES] = {
	[FINGERPRINT_SHA256] = {"sha-256", 32, EVP_sha256},
	[FINGERPRINT_SHA384] = {"sha-384", 48, EVP_sha384},
	[FINGERPRINT_SHA512] = {"sha-512", 64, EVP_sha512},
};

int fingerprint_parse(struct slice hash, struct slice hex,
		      struct handshake_fingerprint *f)
{
	struct handshake_fingerprint found = {.n = 0};
	size_t n;
	int i;

	for (i = 0; i < FINGERPRINT_HASHES; i++)
		if (slice_caseeq_str(hash, hashes[i].name))
			break;
	if (i == FINGERPRINT_HASHES)
		return ENOTSUP;
	if (hex_parse(hex, ':', found.octets, sizeof(found.octets), &n) ||
	    n != hashes[i].n)
		return EBADMSG;

	found.hash = (enum fingerprint_hash)i;
	found.n = (uint8_t)n;
	*f = found;
	return 0;
}

int fingerprint_of(const X509 *cert, enum fingerprint_hash hash,
		   struct handshake_fingerprint *f)
{
	struct handshake_fingerprint found = {.hash = hash};
	unsigned n = 0;

	if (!X509_digest(cert, hashes[hash].md(), found.octets, &n))
		return EINVAL;
	found.n = (uint8_t)n;
	*f = found;
	return 0;
}

bool fingerprint_match(const X509 *cert, const struct handshake_fingerprint *v,
		       unsigned n)
{
	struct handshake_fingerprint ours;
	enum fingerprint_hash strongest = FINGERPRINT_SHA256;
	bool match = false;
	unsigned i;

	for (i = 0; i < n; i++)
		if (v[i].hash > strongest)
			strongest = v[i].hash;
	if (!n || fingerprint_of(cert, strongest, &ours))
		return false;

	for (i = 0; i < n; i++)
		if (v[i].hash == strongest && v[i].n == ours.n &&
		    !CRYPTO_memcmp(v[i].octets, ours.octets, ours.n))
			match = true;
	return match;
}

const char *fingerprint_text(const struct handshake_fingerprint *f,
			     char to[FINGERPRINT_TEXT])
{
	size_t at = (size_t)snprintf(to, FINGERPRINT_TEXT, "%s ",
				     hashes[f->hash].name);
	unsigned i;

	for (i = 0; i < f->n; i++)
		at += (size_t)snprintf(to + at, FINGERPRINT_TEXT - at,
				       i ? ":%02X" : "%02X", f->octets[i]);
	return to;
}
