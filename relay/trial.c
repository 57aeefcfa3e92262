#include "relay/trial.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

static void put_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static int init_gcm(struct trial *t, const uint8_t *key_salt)
{
	uint8_t key[SUITE_KEY_MAX];
	int err;

	err = kdf_derive(t->suite, key_salt, KDF_KEY, key, t->suite->key);
	if (!err)
		err = kdf_derive(t->suite, key_salt, KDF_SALT, t->salt,
				   sizeof(t->salt));
	if (!err)
		err = evp_gcm_init(&t->gcm, key, t->suite->key);
	OPENSSL_cleanse(key, sizeof(key));
	return err;
}

static int init_hmac(struct trial *t, const uint8_t *key_salt)
{
	uint8_t key[EVP_HMAC];
	int err;

	err = kdf_derive(t->suite, key_salt, KDF_AUTH, key, sizeof(key));
	if (!err)
		evp_hmac_init(&t->hmac, key, sizeof(key));
	OPENSSL_cleanse(key, sizeof(key));
	return err;
}

int trial_init(struct trial *t, const struct suite_info *suite,
	       const uint8_t *key_salt)
{
	memset(t, 0, sizeof(*t));
	t->suite = suite;
	return suite->aead ? init_gcm(t, key_salt) : init_hmac(t, key_salt);
}

void trial_fini(struct trial *t)
{
	evp_gcm_fini(&t->gcm);
	OPENSSL_cleanse(t, sizeof(*t));
}

/* RFC 3550 5.1, 5.3.1: fixed header, CSRCs, extension */
static size_t header_octets(const uint8_t *p, size_t n)
{
	size_t at = 12 + (p[0] & 15) * (size_t)4;

	if ((p[0] & 0x10) && at + 4 <= n)
		at += 4 + ((size_t)p[at + 2] << 8 | p[at + 3]) * 4;
	return at;
}

static bool gcm_passes(struct trial *t, uint8_t *p, size_t n, uint32_t roc)
{
	size_t header = header_octets(p, n), tag = t->suite->tag_rtp;
	uint8_t iv[EVP_GCM_IV] = {0};
	size_t i;

	if (n < header + tag)
		return false;
	/* RFC 7714 8.1: two zero octets, SSRC, ROC, SEQ; XOR salt */
	memcpy(iv + 2, p + 8, 4);
	put_u32(iv + 6, roc);
	memcpy(iv + 10, p + 2, 2);
	for (i = 0; i < sizeof(iv); i++)
		iv[i] ^= t->salt[i];

	n -= header + tag;
	if (evp_gcm_iv(&t->gcm, iv, false) ||
	    evp_gcm_aad(&t->gcm, p, header) ||
	    evp_gcm_decrypt(&t->gcm, p + header, n, tag))
		return false;
	/* It passed; back to what it was, for the engine to decrypt. */
	return !evp_gcm_iv(&t->gcm, iv, true) &&
	       !evp_gcm_encrypt(&t->gcm, p + header, n);
}

static bool hmac_passes(struct trial *t, const uint8_t *p, size_t n,
			uint32_t roc)
{
	uint8_t tag[EVP_HMAC], behind[4];

	n -= t->suite->tag_rtp;
	put_u32(behind, roc);
	evp_hmac_start(&t->hmac);
	evp_hmac_add(&t->hmac, p, n);
	evp_hmac_add(&t->hmac, behind, sizeof(behind));
	evp_hmac_end(&t->hmac, tag);
	return !CRYPTO_memcmp(tag, p + n, t->suite->tag_rtp);
}

bool trial_passes(struct trial *t, uint8_t *p, size_t n, uint32_t roc)
{
	return t->suite->aead ? gcm_passes(t, p, n, roc)
			      : hmac_passes(t, p, n, roc);
}
