/* The primitives of evp.h in the shape of libsrtp2's types. */
#include <errno.h>
#include <srtp2/auth.h>
#include <srtp2/cipher.h>
#include <stdlib.h>
#include <string.h>

#include "relay/evp.h"

/* One allocation: libsrtp2's object and ours behind it. */
struct icm_cipher {
	srtp_cipher_t head;
	struct evp_icm icm;
};

struct gcm_cipher {
	srtp_cipher_t head;
	struct evp_gcm gcm;
	size_t tag; /* octets; 8 in libsrtp2's self-test only */
};

struct hmac_auth {
	srtp_auth_t head;
	struct evp_hmac hmac;
};

static const srtp_cipher_type_t icm_128, icm_256, gcm_128, gcm_256;
static const srtp_auth_type_t hmac_sha1;

static srtp_err_status_t status_of(int err)
{
	switch (err) {
	case 0:
		return srtp_err_status_ok;
	case ENOMEM:
		return srtp_err_status_alloc_fail;
	case EBADMSG:
		return srtp_err_status_auth_fail;
	default:
		return srtp_err_status_cipher_fail;
	}
}

/* ---- AES-ICM ---- */

/* key_len counts the salt: 30 or 46. */
static srtp_err_status_t icm_alloc(srtp_cipher_pointer_t *cp, int key_len,
				   int tag_len)
{
	struct icm_cipher *c;

	(void)tag_len;
	c = calloc(1, sizeof(*c));
	if (!c)
		return srtp_err_status_alloc_fail;
	c->head.key_len = key_len;
	c->head.state = c;
	switch (key_len - EVP_ICM_SALT) {
	case 16:
		c->head.type = &icm_128;
		break;
	case 32:
		c->head.type = &icm_256;
		break;
	default:
		free(c);
		return srtp_err_status_bad_param;
	}
	c->head.algorithm = (int)c->head.type->id;
	*cp = &c->head;
	return srtp_err_status_ok;
}

static srtp_err_status_t icm_dealloc(srtp_cipher_pointer_t cp)
{
	struct icm_cipher *c = cp->state;

	evp_icm_fini(&c->icm);
	free(c);
	return srtp_err_status_ok;
}

static srtp_err_status_t icm_init(void *state, const uint8_t *key)
{
	struct icm_cipher *c = state;

	evp_icm_fini(&c->icm);
	return status_of(evp_icm_init(&c->icm, key,
				      (size_t)c->head.key_len - EVP_ICM_SALT));
}

static srtp_err_status_t icm_set_iv(void *state, uint8_t *iv,
				    srtp_cipher_direction_t direction)
{
	struct icm_cipher *c = state;

	(void)direction;
	return status_of(evp_icm_iv(&c->icm, iv));
}

static srtp_err_status_t icm_run(void *state, uint8_t *p, unsigned *n)
{
	struct icm_cipher *c = state;

	return status_of(evp_icm_run(&c->icm, p, *n));
}

/* ---- AES-GCM ---- */

/* key_len counts the salt, which libsrtp2 itself puts into the IV: 28, 44. */
static srtp_err_status_t gcm_alloc(srtp_cipher_pointer_t *cp, int key_len,
				   int tag_len)
{
	struct gcm_cipher *c;

	if (tag_len != 8 && tag_len != EVP_GCM_TAG)
		return srtp_err_status_bad_param;
	c = calloc(1, sizeof(*c));
	if (!c)
		return srtp_err_status_alloc_fail;
	c->tag = (size_t)tag_len;
	c->head.key_len = key_len;
	c->head.state = c;
	switch (key_len - EVP_GCM_IV) {
	case 16:
		c->head.type = &gcm_128;
		break;
	case 32:
		c->head.type = &gcm_256;
		break;
	default:
		free(c);
		return srtp_err_status_bad_param;
	}
	c->head.algorithm = (int)c->head.type->id;
	*cp = &c->head;
	return srtp_err_status_ok;
}

static srtp_err_status_t gcm_dealloc(srtp_cipher_pointer_t cp)
{
	struct gcm_cipher *c = cp->state;

	evp_gcm_fini(&c->gcm);
	free(c);
	return srtp_err_status_ok;
}

static srtp_err_status_t gcm_init(void *state, const uint8_t *key)
{
	struct gcm_cipher *c = state;

	evp_gcm_fini(&c->gcm);
	return status_of(evp_gcm_init(&c->gcm, key,
				      (size_t)c->head.key_len - EVP_GCM_IV));
}

static srtp_err_status_t gcm_set_iv(void *state, uint8_t *iv,
				    srtp_cipher_direction_t direction)
{
	struct gcm_cipher *c = state;

	return status_of(evp_gcm_iv(&c->gcm, iv,
				    direction == srtp_direction_encrypt));
}

static srtp_err_status_t gcm_set_aad(void *state, const uint8_t *p, uint32_t n)
{
	struct gcm_cipher *c = state;

	return status_of(evp_gcm_aad(&c->gcm, p, n));
}

static srtp_err_status_t gcm_encrypt(void *state, uint8_t *p, unsigned *n)
{
	struct gcm_cipher *c = state;

	return status_of(evp_gcm_encrypt(&c->gcm, p, *n));
}

static srtp_err_status_t gcm_get_tag(void *state, uint8_t *tag, uint32_t *n)
{
	struct gcm_cipher *c = state;
	uint8_t whole[EVP_GCM_TAG];
	int err = evp_gcm_tag(&c->gcm, whole);

	if (err)
		return status_of(err);
	memcpy(tag, whole, c->tag);
	*n = (uint32_t)c->tag;
	return srtp_err_status_ok;
}

/* *n counts the tag when it comes, and does not when it goes. */
static srtp_err_status_t gcm_decrypt(void *state, uint8_t *p, unsigned *n)
{
	struct gcm_cipher *c = state;

	if (*n < c->tag)
		return srtp_err_status_bad_param;
	*n -= (unsigned)c->tag;
	return status_of(evp_gcm_decrypt(&c->gcm, p, *n, c->tag));
}

/* ---- HMAC-SHA1 ---- */

static srtp_err_status_t hmac_alloc(srtp_auth_pointer_t *ap, int key_len,
				    int out_len)
{
	struct hmac_auth *a;

	if (key_len < 0 || key_len > 64 || out_len < 0 || out_len > EVP_HMAC)
		return srtp_err_status_bad_param;
	a = calloc(1, sizeof(*a));
	if (!a)
		return srtp_err_status_alloc_fail;
	a->head.type = &hmac_sha1;
	a->head.state = a;
	a->head.key_len = key_len;
	a->head.out_len = out_len;
	*ap = &a->head;
	return srtp_err_status_ok;
}

static srtp_err_status_t hmac_dealloc(srtp_auth_pointer_t ap)
{
	struct hmac_auth *a = ap->state;

	evp_hmac_fini(&a->hmac);
	free(a);
	return srtp_err_status_ok;
}

static srtp_err_status_t hmac_init(void *state, const uint8_t *key, int key_len)
{
	struct hmac_auth *a = state;

	if (key_len < 0 || key_len > 64)
		return srtp_err_status_bad_param;
	evp_hmac_init(&a->hmac, key, (size_t)key_len);
	return srtp_err_status_ok;
}

static srtp_err_status_t hmac_start(void *state)
{
	struct hmac_auth *a = state;

	evp_hmac_start(&a->hmac);
	return srtp_err_status_ok;
}

static srtp_err_status_t hmac_update(void *state, const uint8_t *p, int n)
{
	struct hmac_auth *a = state;

	evp_hmac_add(&a->hmac, p, (size_t)n);
	return srtp_err_status_ok;
}

static srtp_err_status_t hmac_compute(void *state, const uint8_t *p, int n,
				      int tag_len, uint8_t *tag)
{
	struct hmac_auth *a = state;
	uint8_t whole[EVP_HMAC];

	if (tag_len < 0 || tag_len > EVP_HMAC)
		return srtp_err_status_bad_param;
	evp_hmac_add(&a->hmac, p, (size_t)n);
	evp_hmac_end(&a->hmac, whole);
	memcpy(tag, whole, (size_t)tag_len);
	return srtp_err_status_ok;
}

/* ---- known answers, and the tables ---- */

#include "relay/evp_vectors.h"

#define ICM(name, text, number)                                              \
	static const srtp_cipher_type_t name = {                             \
		.alloc = icm_alloc, .dealloc = icm_dealloc,                  \
		.init = icm_init, .encrypt = icm_run, .decrypt = icm_run,    \
		.set_iv = icm_set_iv, .description = text,                   \
		.test_data = &name##_vector, .id = number,                   \
	}

#define GCM(name, text, number)                                              \
	static const srtp_cipher_type_t name = {                             \
		.alloc = gcm_alloc, .dealloc = gcm_dealloc,                  \
		.init = gcm_init, .set_aad = gcm_set_aad,                    \
		.encrypt = gcm_encrypt, .decrypt = gcm_decrypt,              \
		.set_iv = gcm_set_iv, .get_tag = gcm_get_tag,                \
		.description = text, .test_data = &name##_vector,            \
		.id = number,                                                \
	}

ICM(icm_128, "AES-128 counter mode, OpenSSL", SRTP_AES_ICM_128);
ICM(icm_256, "AES-256 counter mode, OpenSSL", SRTP_AES_ICM_256);
GCM(gcm_128, "AES-128 GCM, OpenSSL", SRTP_AES_GCM_128);
GCM(gcm_256, "AES-256 GCM, OpenSSL", SRTP_AES_GCM_256);

static const srtp_auth_type_t hmac_sha1 = {
	.alloc = hmac_alloc,
	.dealloc = hmac_dealloc,
	.init = hmac_init,
	.compute = hmac_compute,
	.update = hmac_update,
	.start = hmac_start,
	.description = "HMAC-SHA1, OpenSSL",
	.test_data = &hmac_sha1_vector,
	.id = SRTP_HMAC_SHA1,
};

int evp_types_install(void)
{
	static const srtp_cipher_type_t *const ciphers[] = {
		&icm_128, &icm_256, &gcm_128, &gcm_256,
	};
	size_t i;

	for (i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		if (srtp_replace_cipher_type(ciphers[i], ciphers[i]->id))
			return EIO;
	return srtp_replace_auth_type(&hmac_sha1, SRTP_HMAC_SHA1) ? EIO : 0;
}
