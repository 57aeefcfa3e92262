#include "relay/crypt_key.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "relay/kdf.h"
#include "relay/mb.h"

static void put_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* ---- making ---- */

static int init_gcm(struct crypt_key *k, const uint8_t *key, bool mb)
{
	if (mb)
		return mb_gcm_new(&k->mb_gcm, key, k->suite->key);
	return evp_gcm_init(&k->gcm, key, k->suite->key);
}

static int init_cm(struct crypt_key *k, const uint8_t *key,
		   const uint8_t *auth, bool mb)
{
	int err = evp_icm_init(&k->icm, key, k->suite->key);

	evp_hmac_init(&k->hmac, auth, EVP_HMAC);
	if (!err && mb)
		err = mb_cm_new(&k->mb_cm, key, k->suite->key, auth);
	return err;
}

int crypt_key_init(struct crypt_key *k, enum suite suite,
		   const uint8_t *key_salt, bool rtcp, bool mb)
{
	const struct suite_info *s = suite_info(suite);
	unsigned base = rtcp ? KDF_RTCP : 0;
	uint8_t key[SUITE_KEY_SALT_MAX]; /* key || salt */
	uint8_t auth[EVP_HMAC];
	int err;

	memset(k, 0, sizeof(*k));
	k->suite = s;
	k->rtcp = rtcp;
	err = kdf_derive(s, key_salt, base + KDF_KEY, key, s->key);
	if (!err)
		err = kdf_derive(s, key_salt, base + KDF_SALT, key + s->key,
				 s->salt);
	if (!err)
		err = kdf_derive(s, key_salt, base + KDF_AUTH, auth,
				 sizeof(auth));
	if (!err)
		err = s->aead ? init_gcm(k, key, mb)
			      : init_cm(k, key, auth, mb);
	if (s->aead)
		memcpy(k->salt, key + s->key, sizeof(k->salt));
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(auth, sizeof(auth));
	return err;
}

void crypt_key_fini(struct crypt_key *k)
{
	if (k->mb_cm)
		mb_cm_free(k->mb_cm);
	if (k->mb_gcm)
		mb_gcm_free(k->mb_gcm);
	evp_icm_fini(&k->icm);
	evp_gcm_fini(&k->gcm);
	evp_hmac_fini(&k->hmac);
	OPENSSL_cleanse(k, sizeof(*k));
}

/* ---- AES-CM and HMAC-SHA1 ---- */

/* SSRC * 2^64, index * 2^16 */
static void counter(const struct crypt_packet *pkt, uint8_t iv[16])
{
	memset(iv, 0, 4);
	put_u32(iv + 4, pkt->ssrc);
	put_u32(iv + 8, (uint32_t)(pkt->index >> 16));
	put_u32(iv + 12, (uint32_t)pkt->index << 16);
}

void crypt_key_counter(const struct crypt_key *k,
		       const struct crypt_packet *pkt, uint8_t iv[16])
{
	int i;

	counter(pkt, iv);
	for (i = 0; i < 16; i++)
		iv[i] ^= k->icm.salt[i];
}

void crypt_key_roc(const struct crypt_packet *pkt, uint8_t to[4])
{
	put_u32(to, (uint32_t)(pkt->index >> 16));
}

void crypt_key_index(const struct crypt_key *k,
		     const struct crypt_packet *pkt)
{
	uint8_t *at = pkt->p + pkt->header + pkt->body;

	if (k->suite->aead)
		at += crypt_key_tag(k);
	if (k->rtcp)
		put_u32(at, (uint32_t)pkt->index | 0x80000000);
}

static void cm_tag(struct crypt_key *k, const struct crypt_packet *pkt,
		   uint8_t tag[EVP_HMAC])
{
	uint8_t roc[4];

	evp_hmac_start(&k->hmac);
	evp_hmac_add(&k->hmac, pkt->p, crypt_key_covered(k, pkt));
	if (!k->rtcp) {
		crypt_key_roc(pkt, roc);
		evp_hmac_add(&k->hmac, roc, sizeof(roc));
	}
	evp_hmac_end(&k->hmac, tag);
}

static int cm_cipher(struct crypt_key *k, const struct crypt_packet *pkt)
{
	uint8_t iv[16];
	int err;

	counter(pkt, iv);
	err = evp_icm_iv(&k->icm, iv);
	return err ? err
		   : evp_icm_run(&k->icm, pkt->p + pkt->header, pkt->body);
}

static int cm_seal(struct crypt_key *k, const struct crypt_packet *pkt)
{
	uint8_t tag[EVP_HMAC];
	int err = cm_cipher(k, pkt);

	cm_tag(k, pkt, tag);
	memcpy(pkt->p + crypt_key_covered(k, pkt), tag, crypt_key_tag(k));
	return err;
}

static int cm_open(struct crypt_key *k, const struct crypt_packet *pkt)
{
	uint8_t tag[EVP_HMAC];

	cm_tag(k, pkt, tag);
	if (CRYPTO_memcmp(tag, pkt->p + crypt_key_covered(k, pkt),
			  crypt_key_tag(k)))
		return EBADMSG;
	return cm_cipher(k, pkt);
}

/* ---- AES-GCM: RFC 7714 8.1, 9.1 ---- */

static void gcm_iv(const struct crypt_key *k, const struct crypt_packet *pkt,
		   uint8_t iv[EVP_GCM_IV])
{
	int i;

	memset(iv, 0, 2);
	put_u32(iv + 2, pkt->ssrc);
	put_u32(iv + 6, (uint32_t)(pkt->index >> 16));
	iv[10] = (uint8_t)(pkt->index >> 8);
	iv[11] = (uint8_t)pkt->index;
	for (i = 0; i < EVP_GCM_IV; i++)
		iv[i] ^= k->salt[i];
}

/* The header, and of SRTCP the word behind the tag. */
static size_t gcm_aad(const struct crypt_key *k,
		      const struct crypt_packet *pkt, uint8_t word[12],
		      const uint8_t **aad)
{
	*aad = pkt->p;
	if (!k->rtcp)
		return pkt->header;
	memcpy(word, pkt->p, 8);
	memcpy(word + 8, pkt->p + pkt->header + pkt->body + EVP_GCM_TAG, 4);
	*aad = word;
	return 12;
}

static int gcm_seal(struct crypt_key *k, const struct crypt_packet *pkt)
{
	uint8_t iv[EVP_GCM_IV], word[12], *body = pkt->p + pkt->header;
	const uint8_t *aad;
	size_t n = gcm_aad(k, pkt, word, &aad);

	gcm_iv(k, pkt, iv);
	if (k->mb_gcm) {
		mb_gcm_seal(k->mb_gcm, iv, aad, n, body, pkt->body,
			    body + pkt->body);
		return 0;
	}
	if (evp_gcm_iv(&k->gcm, iv, true) || evp_gcm_aad(&k->gcm, aad, n) ||
	    evp_gcm_encrypt(&k->gcm, body, pkt->body))
		return EIO;
	return evp_gcm_tag(&k->gcm, body + pkt->body);
}

static int gcm_open(struct crypt_key *k, const struct crypt_packet *pkt)
{
	uint8_t iv[EVP_GCM_IV], word[12], *body = pkt->p + pkt->header;
	const uint8_t *aad;
	size_t n = gcm_aad(k, pkt, word, &aad);

	gcm_iv(k, pkt, iv);
	if (k->mb_gcm)
		return mb_gcm_open(k->mb_gcm, iv, aad, n, body, pkt->body,
				   body + pkt->body);
	if (evp_gcm_iv(&k->gcm, iv, false) || evp_gcm_aad(&k->gcm, aad, n))
		return EIO;
	return evp_gcm_decrypt(&k->gcm, body, pkt->body, EVP_GCM_TAG);
}

/* ---- both ---- */

int crypt_key_seal(struct crypt_key *k, const struct crypt_packet *pkt)
{
	crypt_key_index(k, pkt);
	return k->suite->aead ? gcm_seal(k, pkt) : cm_seal(k, pkt);
}

int crypt_key_open(struct crypt_key *k, const struct crypt_packet *pkt)
{
	return k->suite->aead ? gcm_open(k, pkt) : cm_open(k, pkt);
}
