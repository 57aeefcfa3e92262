/* mb.h without ipsec-mb: mb_init() says so, and crypts of the engine mb, which
 * alone would call the rest, cannot be made. */
#include <errno.h>
#include <stdlib.h>

#include "relay/mb.h"

int mb_init(void)
{
	return ENOTSUP;
}

int mb_thread_open(void)
{
	return 0;
}

void mb_thread_close(void)
{
}

bool mb_thread_is_open(void)
{
	return false;
}

int mb_cm_new(struct mb_cm **kp, const uint8_t *key, size_t n,
	      const uint8_t *auth)
{
	(void)kp;
	(void)key;
	(void)n;
	(void)auth;
	return ENOTSUP;
}

void mb_cm_free(struct mb_cm *key)
{
	(void)key;
}

int mb_gcm_new(struct mb_gcm **kp, const uint8_t *key, size_t n)
{
	(void)kp;
	(void)key;
	(void)n;
	return ENOTSUP;
}

void mb_gcm_free(struct mb_gcm *key)
{
	(void)key;
}

int mb_cipher(struct mb_item *const *v, unsigned n)
{
	(void)v;
	(void)n;
	return EIO;
}

int mb_hash(struct mb_item *const *v, unsigned n)
{
	(void)v;
	(void)n;
	return EIO;
}

void mb_gcm_seal(const struct mb_gcm *key, const uint8_t *iv,
		 const uint8_t *aad, size_t aad_n, uint8_t *p, size_t n,
		 uint8_t tag[MB_GCM_TAG])
{
	(void)key;
	(void)iv;
	(void)aad;
	(void)aad_n;
	(void)p;
	(void)n;
	(void)tag;
	abort();
}

int mb_gcm_open(const struct mb_gcm *key, const uint8_t *iv,
		const uint8_t *aad, size_t aad_n, uint8_t *p, size_t n,
		const uint8_t tag[MB_GCM_TAG])
{
	(void)key;
	(void)iv;
	(void)aad;
	(void)aad_n;
	(void)p;
	(void)n;
	(void)tag;
	return EIO;
}
