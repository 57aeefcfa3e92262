/* evp: the three primitives of SRTP on OpenSSL: AES in integer counter mode
 * (RFC 3711 4.1.1), AES-GCM (RFC 7714) and HMAC-SHA1. Made so that a packet
 * costs no key schedule and no allocation.
 *
 * And the same as libsrtp2 cipher and auth types: Debian's libsrtp2 is linked
 * to NSS, which creates and destroys a context per packet (2.6 us each, and
 * slower with a second thread; with these types 0.4 us).
 *
 * Thread: one object belongs to one thread at a time. */
#ifndef RELAY_EVP_H
#define RELAY_EVP_H

#include <openssl/sha.h>
#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EVP_ICM_SALT = 14, EVP_GCM_IV = 12, EVP_GCM_TAG = 16, EVP_HMAC = 20 };

/* ---- AES-ICM: keystream of (salt * 2^16) XOR iv, counted up ---- */

struct evp_icm {
	EVP_CIPHER_CTX *ctx;
	uint8_t salt[16]; /* 14 octets, then two of zero */
};

/* key || salt: 16, 24 or 32 octets, then EVP_ICM_SALT. 0, EINVAL, ENOMEM.
 * evp_icm_fini() also after an error. */
int evp_icm_init(struct evp_icm *icm, const uint8_t *key_salt, size_t key);
void evp_icm_fini(struct evp_icm *icm);
/* iv: salt not in it. 0 or EIO. */
int evp_icm_iv(struct evp_icm *icm, const uint8_t iv[16]);
/* XOR of the next n octets of keystream to p. 0 or EIO. */
int evp_icm_run(struct evp_icm *icm, uint8_t *p, size_t n);

/* ---- AES-GCM ---- */

struct evp_gcm {
	EVP_CIPHER_CTX *ctx;
	uint8_t iv[EVP_GCM_IV];
};

/* key: 16 or 32 octets; no salt. Otherwise like evp_icm_init(). */
int evp_gcm_init(struct evp_gcm *gcm, const uint8_t *key, size_t n);
void evp_gcm_fini(struct evp_gcm *gcm);
/* Starts a message. iv: salt in it. 0 or EIO. */
int evp_gcm_iv(struct evp_gcm *gcm, const uint8_t iv[EVP_GCM_IV], bool encrypt);
/* May be called again. 0 or EIO. */
int evp_gcm_aad(struct evp_gcm *gcm, const uint8_t *p, size_t n);
int evp_gcm_encrypt(struct evp_gcm *gcm, uint8_t *p, size_t n);
int evp_gcm_tag(struct evp_gcm *gcm, uint8_t tag[EVP_GCM_TAG]);
/* n octets and behind them tag octets of tag. 0: p holds n octets of plaintext.
 * EBADMSG: the tag is wrong, and p is as it was. EIO. */
int evp_gcm_decrypt(struct evp_gcm *gcm, uint8_t *p, size_t n, size_t tag);

/* ---- HMAC-SHA1, with the key's two blocks hashed beforehand ---- */

struct evp_hmac {
	SHA_CTX inner, outer; /* after key XOR ipad, opad */
	SHA_CTX run;
};

/* n <= 64 */
void evp_hmac_init(struct evp_hmac *hmac, const uint8_t *key, size_t n);
void evp_hmac_fini(struct evp_hmac *hmac);
void evp_hmac_start(struct evp_hmac *hmac);
void evp_hmac_add(struct evp_hmac *hmac, const uint8_t *p, size_t n);
void evp_hmac_end(struct evp_hmac *hmac, uint8_t tag[EVP_HMAC]);

/* ---- libsrtp2 ---- */

/* Replaces its AES-ICM-128/256, AES-GCM-128/256 and HMAC-SHA1. It accepts
 * a type that passes its own self-test and ours (RFC 3711 B.2, RFC 6188 7,
 * RFC 7714 16, RFC 2202 3). After srtp_init(), before sessions and threads.
 * 0 or EIO. */
int evp_types_install(void);

#endif
