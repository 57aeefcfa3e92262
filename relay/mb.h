/* mb: ipsec-mb, many packets at once (HMAC-SHA1 in the lanes of wide
 * registers) or one fast (GCM). This header is there without the library too:
 * then nothing is here, and mb_init() says so.
 *
 * Measured: a batch of 32 costs 85 ns a packet for AES-CM with HMAC-SHA1, a
 * batch of 1 more than OpenSSL; GCM needs no batch.
 *
 * Thread: a manager per thread (mb_thread_open); keys belong to whoever works
 * with them. */
#ifndef RELAY_MB_H
#define RELAY_MB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MB_LEAST = 4, /* packets from which the lanes win over OpenSSL */
	MB_MOST = 64, /* in one call */
	MB_HMAC = 20,
	MB_GCM_TAG = 16,
};

/* Once, before threads and keys. 0; ENOTSUP: not compiled in, or a processor
 * without AES instructions; ENOMEM. */
int mb_init(void);

/* The manager of this thread. 0 (also when there is no ipsec-mb), ENOMEM. */
int mb_thread_open(void);
void mb_thread_close(void);
bool mb_thread_is_open(void);

/* Session keys in ipsec-mb's form: AES-CM with HMAC-SHA1, and AES-GCM. */
struct mb_cm;
struct mb_gcm;

/* key: 16, 24 or 32 octets; auth: MB_HMAC octets. Any thread. 0, ENOMEM. */
int mb_cm_new(struct mb_cm **kp, const uint8_t *key, size_t n,
	      const uint8_t *auth);
void mb_cm_free(struct mb_cm *key); /* wipes */
/* key: 16 or 32 octets. Any thread. 0, ENOMEM. */
int mb_gcm_new(struct mb_gcm **kp, const uint8_t *key, size_t n);
void mb_gcm_free(struct mb_gcm *key); /* wipes */

/* One packet, or a part of it. */
struct mb_item {
	const struct mb_cm *key;
	uint8_t *p;
	size_t n;
	uint8_t iv[16]; /* mb_cipher: the first counter block */
	uint8_t tag[MB_HMAC]; /* mb_hash: out */
};

/* n <= MB_MOST; the thread has a manager. 0, EIO.
 * mb_cipher: AES-CM over p, in place. mb_hash: HMAC-SHA1 of p, n >= 1. */
int mb_cipher(struct mb_item *const *v, unsigned n);
int mb_hash(struct mb_item *const *v, unsigned n);

/* In place; iv of 12 octets. Any thread. */
void mb_gcm_seal(const struct mb_gcm *key, const uint8_t *iv,
		 const uint8_t *aad, size_t aad_n, uint8_t *p, size_t n,
		 uint8_t tag[MB_GCM_TAG]);
/* 0, or EBADMSG: the tag is wrong, and p as it was. */
int mb_gcm_open(const struct mb_gcm *key, const uint8_t *iv,
		const uint8_t *aad, size_t aad_n, uint8_t *p, size_t n,
		const uint8_t tag[MB_GCM_TAG]);

#endif
