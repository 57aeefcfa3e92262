/* mb.h with ipsec-mb. The only file that may include ipsec-mb's header, whose old names
 * collide with OpenSSL's. */
#include "relay/mb.h"

#include <errno.h>

#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* Of all threads: functions and nothing that they would change. */
static IMB_MGR *shared;

struct manager {
	IMB_MGR *imb;
	IMB_JOB job[MB_MOST];
};

static _Thread_local struct manager *mine;

struct mb_cm {
	_Alignas(16) uint8_t rounds[16 * 15];
	_Alignas(16) uint8_t inner[MB_HMAC]; /* hash of key XOR ipad */
	_Alignas(16) uint8_t outer[MB_HMAC];
	size_t key; /* octets */
};

/* Aligned to ALIGN, or its wide loads fault. */
struct mb_gcm {
	struct gcm_key_data data;
	size_t key;
};

enum { ALIGN = 64, SHA_BLOCK = 64 };

int mb_init(void)
{
	IMB_ARCH arch;

	if (shared)
		return 0;
	shared = alloc_mb_mgr(0);
	if (!shared)
		return ENOMEM;
	init_mb_mgr_auto(shared, &arch);
	if (imb_get_errno(shared) || arch == IMB_ARCH_NONE ||
	    arch == IMB_ARCH_NOAESNI) {
		free_mb_mgr(shared);
		shared = NULL;
		return ENOTSUP;
	}
	return 0;
}

int mb_thread_open(void)
{
	struct manager *m;
	IMB_ARCH arch;

	if (!shared || mine)
		return 0;
	m = calloc(1, sizeof(*m));
	if (!m)
		return ENOMEM;
	m->imb = alloc_mb_mgr(0);
	if (!m->imb) {
		free(m);
		return ENOMEM;
	}
	init_mb_mgr_auto(m->imb, &arch);
	mine = m;
	return 0;
}

void mb_thread_close(void)
{
	if (!mine)
		return;
	free_mb_mgr(mine->imb);
	free(mine);
	mine = NULL;
}

bool mb_thread_is_open(void)
{
	return mine != NULL;
}

/* ---- keys ---- */

static void *aligned(size_t size)
{
	void *p = aligned_alloc(ALIGN, (size + ALIGN - 1) / ALIGN * ALIGN);

	if (p)
		memset(p, 0, size);
	return p;
}

static void half_hash(const uint8_t *auth, uint8_t pad, uint8_t to[MB_HMAC])
{
	uint8_t block[SHA_BLOCK] = {0};
	int i;

	memcpy(block, auth, MB_HMAC);
	for (i = 0; i < SHA_BLOCK; i++)
		block[i] ^= pad;
	IMB_SHA1_ONE_BLOCK(shared, block, to);
	OPENSSL_cleanse(block, sizeof(block));
}

int mb_cm_new(struct mb_cm **kp, const uint8_t *key, size_t n,
	      const uint8_t *auth)
{
	_Alignas(16) uint8_t unused[16 * 15]; /* to decrypt blocks */
	struct mb_cm *k = aligned(sizeof(*k));

	if (!k)
		return ENOMEM;
	k->key = n;
	if (n == 16)
		IMB_AES_KEYEXP_128(shared, key, k->rounds, unused);
	else if (n == 24)
		IMB_AES_KEYEXP_192(shared, key, k->rounds, unused);
	else
		IMB_AES_KEYEXP_256(shared, key, k->rounds, unused);
	half_hash(auth, 0x36, k->inner);
	half_hash(auth, 0x5c, k->outer);
	OPENSSL_cleanse(unused, sizeof(unused));
	*kp = k;
	return 0;
}

void mb_cm_free(struct mb_cm *key)
{
	if (!key)
		return;
	OPENSSL_cleanse(key, sizeof(*key));
	free(key);
}

int mb_gcm_new(struct mb_gcm **kp, const uint8_t *key, size_t n)
{
	struct mb_gcm *k = aligned(sizeof(*k));

	if (!k)
		return ENOMEM;
	k->key = n;
	if (n == 16)
		IMB_AES128_GCM_PRE(shared, key, &k->data);
	else
		IMB_AES256_GCM_PRE(shared, key, &k->data);
	*kp = k;
	return 0;
}

void mb_gcm_free(struct mb_gcm *key)
{
	if (!key)
		return;
	OPENSSL_cleanse(key, sizeof(*key));
	free(key);
}

/* ---- AES-CM and HMAC-SHA1 ---- */

static int cipher_some(IMB_JOB *job, struct mb_item *const *v, unsigned n,
		       size_t key)
{
	unsigned i, k = 0;

	for (i = 0; i < n; i++) {
		if (v[i]->key->key != key || !v[i]->n)
			continue;
		job[k].src = v[i]->p;
		job[k].dst = v[i]->p;
		job[k].cipher_start_src_offset_in_bytes = 0;
		job[k].msg_len_to_cipher_in_bytes = v[i]->n;
		job[k].enc_keys = v[i]->key->rounds;
		job[k].dec_keys = v[i]->key->rounds;
		job[k].iv = v[i]->iv;
		job[k].iv_len_in_bytes = sizeof(v[i]->iv);
		job[k].key_len_in_bytes = key;
		job[k].cipher_mode = IMB_CIPHER_CNTR;
		k++;
	}
	if (k && IMB_SUBMIT_CIPHER_BURST(mine->imb, job, k, IMB_CIPHER_CNTR,
					 IMB_DIR_ENCRYPT,
					 (IMB_KEY_SIZE_BYTES)key) != k)
		return EIO;
	return 0;
}

int mb_cipher(struct mb_item *const *v, unsigned n)
{
	int err = cipher_some(mine->job, v, n, 16);

	if (!err)
		err = cipher_some(mine->job, v, n, 24);
	return err ? err : cipher_some(mine->job, v, n, 32);
}

int mb_hash(struct mb_item *const *v, unsigned n)
{
	IMB_JOB *job = mine->job;
	unsigned i;

	for (i = 0; i < n; i++) {
		job[i].src = v[i]->p;
		job[i].hash_start_src_offset_in_bytes = 0;
		job[i].msg_len_to_hash_in_bytes = v[i]->n;
		job[i].auth_tag_output = v[i]->tag;
		job[i].auth_tag_output_len_in_bytes = MB_HMAC;
		job[i].u.HMAC._hashed_auth_key_xor_ipad = v[i]->key->inner;
		job[i].u.HMAC._hashed_auth_key_xor_opad = v[i]->key->outer;
		job[i].hash_alg = IMB_AUTH_HMAC_SHA_1;
	}
	return IMB_SUBMIT_HASH_BURST(mine->imb, job, n,
				     IMB_AUTH_HMAC_SHA_1) == n
		       ? 0
		       : EIO;
}

/* ---- AES-GCM ---- */

void mb_gcm_seal(const struct mb_gcm *key, const uint8_t *iv,
		 const uint8_t *aad, size_t aad_n, uint8_t *p, size_t n,
		 uint8_t tag[MB_GCM_TAG])
{
	struct gcm_context_data ctx;

	if (key->key == 16)
		IMB_AES128_GCM_ENC(shared, &key->data, &ctx, p, p, n, iv, aad,
				   aad_n, tag, MB_GCM_TAG);
	else
		IMB_AES256_GCM_ENC(shared, &key->data, &ctx, p, p, n, iv, aad,
				   aad_n, tag, MB_GCM_TAG);
}

int mb_gcm_open(const struct mb_gcm *key, const uint8_t *iv,
		const uint8_t *aad, size_t aad_n, uint8_t *p, size_t n,
		const uint8_t tag[MB_GCM_TAG])
{
	struct gcm_context_data ctx;
	uint8_t got[MB_GCM_TAG];

	if (key->key == 16)
		IMB_AES128_GCM_DEC(shared, &key->data, &ctx, p, p, n, iv, aad,
				   aad_n, got, MB_GCM_TAG);
	else
		IMB_AES256_GCM_DEC(shared, &key->data, &ctx, p, p, n, iv, aad,
				   aad_n, got, MB_GCM_TAG);
	if (!CRYPTO_memcmp(got, tag, MB_GCM_TAG))
		return 0;
	/* The same keystream once more takes it back. */
	mb_gcm_seal(key, iv, aad, aad_n, p, n, got);
	return EBADMSG;
}
