/* kdf: session keys of SRTP and SRTCP from the master key (RFC 3711 4.3,
 * RFC 6188 3 for AES-192 and AES-256, RFC 7714 11 for GCM), key derivation
 * rate 0.
 *
 * Any thread. */
#ifndef RELAY_KDF_H
#define RELAY_KDF_H

#include "relay/suite.h"

/* RFC 3711 4.3.1, 4.3.2; those of SRTCP are three further. */
enum kdf_label {
	KDF_KEY = 0,
	KDF_AUTH = 1,
	KDF_SALT = 2,
	KDF_RTCP = 3, /* to be added */
};

/* n octets for a label. key_salt: key and salt of a suite, those lengths. 0,
 * ENOMEM, EIO. */
int kdf_derive(const struct suite_info *suite, const uint8_t *key_salt,
	       unsigned label, uint8_t *to, size_t n);

#endif
