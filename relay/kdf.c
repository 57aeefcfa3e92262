#include "relay/kdf.h"

#include <openssl/crypto.h>
#include <string.h>

#include "relay/evp.h"

int kdf_derive(const struct suite_info *suite, const uint8_t *key_salt,
	       unsigned label, uint8_t *to, size_t n)
{
	/* A GCM salt is 12 octets, padded with zeros (RFC 7714 11). */
	uint8_t padded[SUITE_KEY_MAX + EVP_ICM_SALT] = {0};
	uint8_t iv[16] = {0};
	struct evp_icm icm;
	int err;

	memcpy(padded, key_salt, (size_t)suite->key + suite->salt);
	iv[7] = (uint8_t)label;
	memset(to, 0, n);
	err = evp_icm_init(&icm, padded, suite->key);
	if (!err)
		err = evp_icm_iv(&icm, iv);
	if (!err)
		err = evp_icm_run(&icm, to, n);
	evp_icm_fini(&icm);
	OPENSSL_cleanse(padded, sizeof(padded));
	return err;
}
