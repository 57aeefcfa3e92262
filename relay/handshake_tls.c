/* OpenSSL for DTLS-SRTP: a context for both roles, with our own certificate,
 * and a BIO that keeps datagrams apart (BIO_s_mem does not, BIO_s_dgram_mem is
 * OpenSSL 3.2). */
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "lib/base/rnd.h"
#include "relay/handshake_priv.h"

/* AEAD first; AES-CBC for phones of the first years of DTLS 1.2. Forward
 * secrecy always. The second half is for servers with an RSA key. */
#define CIPHERS                                                            \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"     \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-SHA:"            \
	"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:"         \
	"ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-SHA"

enum {
	DAY = 24 * 60 * 60,
	CERTIFICATE_DAYS = 3650, /* nobody looks at it */
	UDP_IP6_HEADERS = 48
};

/* ---- datagram BIO ---- */

static int bio_read(BIO *bio, char *to, int size)
{
	struct attempt *a = BIO_get_data(bio);
	size_t n = a->in_n;

	BIO_clear_retry_flags(bio);
	if (!a->in || size <= 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	if (n > (size_t)size) /* a datagram's rest is lost, as in recv() */
		n = (size_t)size;
	memcpy(to, a->in, n);
	a->in = NULL;
	return (int)n;
}

/* What does not fit is lost, as on the way; OpenSSL sends it again. */
static int bio_write(BIO *bio, const char *p, int n)
{
	struct attempt *a = BIO_get_data(bio);
	struct outbox *out = &a->handshake->thread->outbox;

	BIO_clear_retry_flags(bio);
	if (n <= 0 || a->mute || out->count == sizeof(out->n) / sizeof(out->n[0]) ||
	    (size_t)n > sizeof(out->p) - out->used)
		return n;
	memcpy(out->p + out->used, p, (size_t)n);
	out->used += (size_t)n;
	out->n[out->count++] = (uint16_t)n;
	return n;
}

void outbox_send(struct handshake *h, const union addr *to)
{
	struct outbox *out = &h->thread->outbox;
	size_t at = 0;
	unsigned i;

	for (i = 0; i < out->count; i++) {
		h->ops->send(h->arg, to, out->p + at, out->n[i]);
		at += out->n[i];
	}
	out->count = 0;
	out->used = 0;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio;
	(void)num;
	(void)ptr;
	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_DGRAM_QUERY_MTU:
	case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
		return HANDSHAKE_MTU;
	case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
		return UDP_IP6_HEADERS;
	default:
		return 0;
	}
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

static BIO_METHOD *bio_method;
static pthread_once_t bio_once = PTHREAD_ONCE_INIT;

static void make_bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() |
				     BIO_TYPE_SOURCE_SINK, "datagrams");

	if (!m || !BIO_meth_set_read(m, bio_read) ||
	    !BIO_meth_set_write(m, bio_write) ||
	    !BIO_meth_set_ctrl(m, bio_ctrl) ||
	    !BIO_meth_set_create(m, bio_create)) {
		BIO_meth_free(m);
		return;
	}
	bio_method = m; /* one per process, for as long as it lives */
}

/* ---- one TLS state ---- */

static unsigned timer(SSL *ssl, unsigned now_us)
{
	(void)ssl;
	if (!now_us)
		return ATTEMPT_TIMER_US;
	return now_us * 2 < ATTEMPT_TIMER_MAX_US ? now_us * 2
						 : ATTEMPT_TIMER_MAX_US;
}

SSL *tls_new(SSL_CTX *ctx, struct attempt *a)
{
	SSL *ssl = SSL_new(ctx);
	BIO *bio;

	if (!ssl)
		return NULL;
	bio = BIO_new(bio_method);
	if (!bio) {
		SSL_free(ssl);
		return NULL;
	}
	BIO_set_data(bio, a);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_app_data(ssl, a);
	SSL_set_mtu(ssl, HANDSHAKE_MTU);
	DTLS_set_timer_cb(ssl, timer);
	return ssl;
}

/* ---- cookies: OpenSSL's half of what hello.h describes ---- */

/* Only ever sent to nobody: the primer's answer. */
static int cookie_make(SSL *ssl, unsigned char *cookie, unsigned *n)
{
	const struct attempt *a = SSL_get_app_data(ssl);

	memcpy(cookie, a->cookie, HELLO_COOKIE);
	*n = HELLO_COOKIE;
	return 1;
}

/* source_datagram() has found it to be good; here, that it is the same. */
static int cookie_check(SSL *ssl, const unsigned char *cookie, unsigned n)
{
	const struct attempt *a = SSL_get_app_data(ssl);

	return n == HELLO_COOKIE && !CRYPTO_memcmp(cookie, a->cookie, n);
}

/* ---- our certificate ---- */

/* The name says nothing: it is sent in clear, to anybody with a cookie. */
static int name_certificate(X509 *cert)
{
	X509_NAME *name = X509_get_subject_name(cert);
	char text[17];

	rnd_hex(text, 16);
	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
					  (unsigned char *)text, -1, -1, 0) &&
	       X509_set_issuer_name(cert, name);
}

static int make_certificate(X509 **certp, EVP_PKEY **keyp)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	uint64_t serial = rnd_u64() >> 1;

	if (key && cert && X509_set_version(cert, X509_VERSION_3) &&
	    ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial) &&
	    X509_gmtime_adj(X509_getm_notBefore(cert), -DAY) &&
	    X509_time_adj_ex(X509_getm_notAfter(cert), CERTIFICATE_DAYS, 0,
			     NULL) &&
	    name_certificate(cert) && X509_set_pubkey(cert, key) &&
	    X509_sign(cert, key, EVP_sha256())) {
		*certp = cert;
		*keyp = key;
		return 0;
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	return EIO;
}

static int use_certificate(SSL_CTX *ctx, char fingerprint[FINGERPRINT_TEXT])
{
	struct handshake_fingerprint f;
	EVP_PKEY *key;
	X509 *cert;
	int err;

	err = make_certificate(&cert, &key);
	if (err)
		return err;
	if (!SSL_CTX_use_certificate(ctx, cert) ||
	    !SSL_CTX_use_PrivateKey(ctx, key) ||
	    fingerprint_of(cert, FINGERPRINT_SHA256, &f))
		err = EIO;
	else
		fingerprint_text(&f, fingerprint);
	X509_free(cert);
	EVP_PKEY_free(key); /* the context has its own reference */
	return err;
}

/* ---- the context ---- */

static int set_up(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
					 SSL_OP_NO_QUERY_MTU |
					 SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list(ctx, HANDSHAKE_CERTIFICATES);
	SSL_CTX_set_verify(ctx,
			   SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			   NULL);
	SSL_CTX_set_cert_verify_callback(ctx, cert_verify, NULL);
	SSL_CTX_set_cookie_generate_cb(ctx, cookie_make);
	SSL_CTX_set_cookie_verify_cb(ctx, cookie_check);
	if (!SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) ||
	    !SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) ||
	    !SSL_CTX_set_cipher_list(ctx, CIPHERS) ||
	    !SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384:P-521"))
		return EIO;
	return 0;
}

int tls_context(SSL_CTX **ctxp, char fingerprint[FINGERPRINT_TEXT])
{
	SSL_CTX *ctx;
	int err;

	pthread_once(&bio_once, make_bio_method);
	if (!bio_method)
		return ENOMEM;
	ctx = SSL_CTX_new(DTLS_method());
	if (!ctx)
		return ENOMEM;
	err = set_up(ctx);
	if (!err)
		err = use_certificate(ctx, fingerprint);
	if (err)
		SSL_CTX_free(ctx);
	else
		*ctxp = ctx;
	return err;
}
