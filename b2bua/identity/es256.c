/* es256.c: JWS signatures from and to the DER form that OpenSSL speaks. */
#include "b2bua/identity/es256.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>

enum { HALF = ES256_SIZE / 2, DER_MAX = 80 };

/* Order n of P-256, FIPS 186-4 D.1.2.3 */
static const uint8_t order[HALF] = {
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
	0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

bool es256_key(const EVP_PKEY *key)
{
	char group[32];
	int explicit_params = 0;

	if (!EVP_PKEY_is_a(key, "EC") ||
	    !EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) ||
	    strcmp(group, "prime256v1") != 0)
		return false;
	EVP_PKEY_get_int_param(
		key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
		&explicit_params);
	return !explicit_params;
}

/* 1 <= v < n, big-endian */
static bool in_range(const uint8_t v[HALF])
{
	static const uint8_t zero[HALF];

	return memcmp(v, zero, HALF) != 0 && memcmp(v, order, HALF) < 0;
}

static int der_of(const uint8_t *sig, uint8_t der[DER_MAX])
{
	BIGNUM *r = BN_bin2bn(sig, HALF, NULL);
	BIGNUM *s = BN_bin2bn(sig + HALF, HALF, NULL);
	ECDSA_SIG *es = ECDSA_SIG_new();
	int n = -1;

	if (r && s && es && ECDSA_SIG_set0(es, r, s)) {
		r = s = NULL; /* es owns them */
		if (i2d_ECDSA_SIG(es, NULL) <= DER_MAX)
			n = i2d_ECDSA_SIG(es, &der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(es);
	return n;
}

bool es256_verify(EVP_PKEY *key, struct slice octets, struct slice sig)
{
	const uint8_t *p = (const uint8_t *)sig.p;
	uint8_t der[DER_MAX];
	EVP_MD_CTX *ctx;
	bool ok = false;
	int n;

	if (sig.n != ES256_SIZE || !in_range(p) || !in_range(p + HALF) ||
	    !es256_key(key))
		return false;
	n = der_of(p, der);
	ctx = EVP_MD_CTX_new();
	if (n > 0 && ctx &&
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1)
		ok = EVP_DigestVerify(ctx, der, (size_t)n,
				      (const uint8_t *)octets.p,
				      octets.n) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

static int raw_of(const uint8_t *der, size_t n, uint8_t sig[ES256_SIZE])
{
	ECDSA_SIG *es = d2i_ECDSA_SIG(NULL, &der, (long)n);
	int err = EIO;

	if (es && BN_bn2binpad(ECDSA_SIG_get0_r(es), sig, HALF) == HALF &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(es), sig + HALF, HALF) == HALF)
		err = 0;
	ECDSA_SIG_free(es);
	return err;
}

int es256_sign(EVP_PKEY *key, struct slice octets, uint8_t sig[ES256_SIZE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[DER_MAX];
	size_t n = sizeof(der);
	int err = EIO;

	if (ctx &&
	    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestSign(ctx, der, &n, (const uint8_t *)octets.p,
			   octets.n) == 1)
		err = raw_of(der, n, sig);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return err;
}
