/* Which certificates of peers are looked at at all. In DTLS-SRTP a certificate
 * is no more than a key with a fingerprint (RFC 5763 5): chains, names and
 * dates say nothing, and nothing of them is evaluated. What is left is work
 * that a stranger could make us do: that is bounded here, before OpenSSL
 * verifies a signature with the key. (The octets of the message are bounded
 * by SSL_CTX_set_max_cert_list().) */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509_vfy.h>

#include "relay/handshake_priv.h"

/* Named curves of 256 to 521 bits. Explicit parameters make us compute on
 * curves of the stranger's choice (CVE-2022-0778 was one result). */
static bool ec_is_allowed(EVP_PKEY *key)
{
	static const char *const curves[] = {"prime256v1", "secp384r1",
					     "secp521r1"};
	char name[32];
	int explicit = 0;
	size_t i;

	if (EVP_PKEY_get_int_param(
		    key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
		    &explicit) && explicit)
		return false;
	if (!EVP_PKEY_get_group_name(key, name, sizeof(name), NULL))
		return false;
	for (i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (!strcmp(name, curves[i]))
			return true;
	return false;
}

static bool key_is_allowed(EVP_PKEY *key)
{
	int bits;

	if (!key)
		return false;
	if (EVP_PKEY_is_a(key, "EC"))
		return ec_is_allowed(key);
	if (EVP_PKEY_is_a(key, "ED25519"))
		return true;
	bits = EVP_PKEY_get_bits(key);
	return EVP_PKEY_is_a(key, "RSA") && bits >= 2048 && bits <= 4096;
}

static enum handshake_why judge(const struct handshake *h, X509_STORE_CTX *store)
{
	X509 *cert = X509_STORE_CTX_get0_cert(store);
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(store);

	if (!cert || sk_X509_num(sent) > HANDSHAKE_CHAIN ||
	    !key_is_allowed(X509_get0_pubkey(cert)))
		return HANDSHAKE_WHY_CERTIFICATE;
	/* Fingerprints may come later; then attempt_judge() sees to it. */
	if (h->fingerprints &&
	    !fingerprint_match(cert, h->fingerprint, h->fingerprints))
		return HANDSHAKE_WHY_FINGERPRINT;
	return HANDSHAKE_WHY_NONE;
}

int cert_verify(X509_STORE_CTX *store, void *arg)
{
	int index = SSL_get_ex_data_X509_STORE_CTX_idx();
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, index);
	struct attempt *a = SSL_get_app_data(ssl);

	(void)arg;
	a->why = judge(a->handshake, store);
	if (a->why) /* the alert will be bad_certificate */
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
	return a->why == HANDSHAKE_WHY_NONE;
}
