/* es256: ECDSA on P-256 with SHA-256, signatures as r || s of 64 octets
 * (RFC 7518 section 3.4). The only algorithm of PASSporT here; it is fixed
 * before a key is touched. */
#ifndef IDENTITY_ES256_H
#define IDENTITY_ES256_H

#include <openssl/evp.h>

#include "lib/base/slice.h"

enum { ES256_SIZE = 64 };

/* A P-256 key with named parameters? */
bool es256_key(const EVP_PKEY *key);
/* r and s must lie in 1 .. n-1; DER or any other length is no signature. */
bool es256_verify(EVP_PKEY *key, struct slice octets, struct slice sig);
/* EIO: OpenSSL refused. */
int es256_sign(EVP_PKEY *key, struct slice octets, uint8_t sig[ES256_SIZE]);

#endif
