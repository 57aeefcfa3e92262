/* cert.c: reading, trusting and asking certificates. */
#include "b2bua/identity/cert.h"

#include <fcntl.h>
#include <re_types.h>
#include <re_mem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "b2bua/identity/cert_shape.h"
#include "b2bua/identity/der.h"

struct cert {
	X509 *leaf;
	STACK_OF(X509) *others; /* untrusted, for path building */
	struct tnauth tnauth;
	bool has_tnauth, broken_tnauth;
};

struct cert_anchors {
	X509_STORE *store;
};

/* id-pe-TNAuthList, RFC 8226: 1.3.6.1.5.5.7.1.26 */
static const uint8_t oid_tnauth[] = {0x2b, 0x06, 0x01, 0x05,
				     0x05, 0x07, 0x01, 0x1a};

static void cert_destroy(void *arg)
{
	struct cert *c = arg;

	X509_free(c->leaf);
	sk_X509_pop_free(c->others, X509_free);
}

static void tnauth_read(struct cert *c)
{
	for (int i = 0; i < X509_get_ext_count(c->leaf); i++) {
		X509_EXTENSION *ext = X509_get_ext(c->leaf, i);
		const ASN1_OBJECT *oid = X509_EXTENSION_get_object(ext);
		const ASN1_OCTET_STRING *os = X509_EXTENSION_get_data(ext);
		struct slice der;

		if (OBJ_length(oid) != sizeof(oid_tnauth) ||
		    memcmp(OBJ_get0_data(oid), oid_tnauth,
			   sizeof(oid_tnauth)) != 0)
			continue;
		der = slice_of(ASN1_STRING_get0_data(os),
			       (size_t)ASN1_STRING_length(os));
		/* twice is as bad as broken (RFC 5280 section 4.2) */
		if (c->has_tnauth || tnauth_parse(&c->tnauth, der))
			c->broken_tnauth = true;
		c->has_tnauth = true;
	}
}

/* One certificate's DER becomes the leaf or another link. */
static int link_add(struct cert *c, struct slice der, const char **why)
{
	const unsigned char *p = (const unsigned char *)der.p;
	X509 *x;

	*why = cert_shape_flaw(der);
	if (*why)
		return EBADMSG;
	x = d2i_X509(NULL, &p, (long)der.n);
	if (!x || (const char *)p != der.p + der.n) {
		X509_free(x);
		*why = "not a certificate";
		return EBADMSG;
	}
	if (!c->leaf) {
		c->leaf = x;
	} else if (!sk_X509_push(c->others, x)) {
		X509_free(x);
		return ENOMEM;
	}
	return 0;
}

static int pem_read(struct cert *c, struct slice octets, const char **why)
{
	BIO *bio = BIO_new_mem_buf(octets.p, (int)octets.n);
	unsigned char *der;
	char *name, *head;
	int err = bio ? 0 : ENOMEM, links = 0;
	long n;

	while (!err && PEM_read_bio(bio, &name, &head, &der, &n) == 1) {
		if (strcmp(name, PEM_STRING_X509) != 0) {
			*why = "something else than certificates";
			err = EBADMSG;
		} else if (++links > CERT_CHAIN_MAX) {
			*why = "more than 4 certificates";
			err = E2BIG;
		} else {
			err = link_add(c, slice_of(der, (size_t)n), why);
		}
		OPENSSL_free(name);
		OPENSSL_free(head);
		OPENSSL_free(der);
	}
	BIO_free(bio);
	if (!err && !c->leaf) {
		*why = "no certificate in it";
		err = EBADMSG;
	}
	return err;
}

int cert_parse(struct cert **cp, struct slice octets, const char **why)
{
	struct cert *c;
	int err;

	*why = "larger than 32 kB";
	if (octets.n > CERT_OCTETS_MAX)
		return E2BIG;
	*why = "no memory";
	c = mem_zalloc(sizeof(*c), cert_destroy);
	if (!c)
		return ENOMEM;
	c->others = sk_X509_new_null();
	if (!c->others)
		err = ENOMEM;
	else if (octets.n && octets.p[0] == DER_SEQUENCE)
		err = link_add(c, octets, why);
	else
		err = pem_read(c, octets, why);
	ERR_clear_error();
	if (err) {
		mem_deref(c);
		return err;
	}
	tnauth_read(c);
	*cp = c;
	return 0;
}

int cert_load(struct cert **cp, const char *file, const char **why)
{
	char *octets = malloc(CERT_OCTETS_MAX + 1);
	ssize_t n = -1;
	int fd = -1, err = ENOMEM;

	*why = "cannot be read";
	if (octets) {
		fd = open(file, O_RDONLY | O_CLOEXEC);
		err = fd < 0 ? errno : 0;
	}
	if (!err) {
		n = read(fd, octets, CERT_OCTETS_MAX + 1);
		err = n < 0 ? errno : 0;
	}
	if (!err)
		err = cert_parse(cp, slice_of(octets, (size_t)n), why);
	if (fd >= 0)
		close(fd);
	free(octets);
	return err;
}

int cert_anchors_new(struct cert_anchors **ap, const char *file,
		     const char **why)
{
	struct cert_anchors *a = calloc(1, sizeof(*a));
	int err = 0;

	*why = "no memory";
	if (!a)
		return ENOMEM;
	a->store = X509_STORE_new();
	if (!a->store)
		err = ENOMEM;
	else if (file && access(file, R_OK) != 0)
		err = errno;
	else if (file && X509_STORE_load_file(a->store, file) != 1)
		err = EBADMSG;
	ERR_clear_error();
	if (err) {
		*why = err == EBADMSG ? "no certificates in it"
				      : "cannot be read";
		cert_anchors_free(a);
		return err;
	}
	*ap = a;
	return 0;
}

void cert_anchors_free(struct cert_anchors *a)
{
	if (!a)
		return;
	X509_STORE_free(a->store);
	free(a);
}

static const char *trust_flaw(int code)
{
	switch (code) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "a certificate of its chain has expired";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "a certificate of its chain is not valid yet";
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return "its chain does not lead to a trusted CA";
	case X509_V_ERR_INVALID_CA:
		return "it was issued by a certificate that is no CA";
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return "a signature in its chain is wrong";
	default:
		return X509_verify_cert_error_string(code);
	}
}

/* RFC 8226 section 6 and RFC 5280 section 4.2.1.3; absent: any use */
static bool may_sign(const struct cert *c)
{
	return X509_get_key_usage(c->leaf) & KU_DIGITAL_SIGNATURE;
}

int cert_trusted(const struct cert *c, const struct cert_anchors *a,
		 int64_t t, int auth_level, const char **why)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int err = ENOMEM;

	*why = "no memory";
	if (ctx && X509_STORE_CTX_init(ctx, a->store, c->leaf, c->others)) {
		X509_VERIFY_PARAM *par = X509_STORE_CTX_get0_param(ctx);

		/* An anchor need not be self-signed, and may be the signer
		 * itself: the operator named it. */
		X509_VERIFY_PARAM_set_flags(par, X509_V_FLAG_PARTIAL_CHAIN);
		X509_VERIFY_PARAM_set_depth(par, CERT_CHAIN_MAX);
		X509_VERIFY_PARAM_set_auth_level(par, auth_level);
		X509_VERIFY_PARAM_set_time(par, t);
		err = X509_verify_cert(ctx) == 1 ? 0 : EKEYREJECTED;
		*why = trust_flaw(X509_STORE_CTX_get_error(ctx));
	}
	if (!err && !may_sign(c)) {
		err = EKEYREJECTED;
		*why = "its key is not for signatures (keyUsage)";
	}
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return err;
}

bool cert_valid_at(const struct cert *c, int64_t t)
{
	time_t at = t;

	return X509_cmp_time(X509_get0_notBefore(c->leaf), &at) < 0 &&
	       X509_cmp_time(X509_get0_notAfter(c->leaf), &at) > 0;
}

EVP_PKEY *cert_key(const struct cert *c)
{
	return X509_get0_pubkey(c->leaf);
}

int cert_rsa_bits(const struct cert *c)
{
	EVP_PKEY *key = cert_key(c);

	return key && EVP_PKEY_is_a(key, "RSA") ? EVP_PKEY_get_bits(key) : 0;
}

const struct tnauth *cert_tnauth(const struct cert *c, bool *broken)
{
	*broken = c->broken_tnauth;
	return c->has_tnauth && !c->broken_tnauth ? &c->tnauth : NULL;
}

bool cert_names_host(const struct cert *c, struct slice host)
{
	return host.n && X509_check_host(c->leaf, host.p, host.n, 0,
					 NULL) == 1;
}

/* URI names of subjectAltName that are "sip:host" */
static bool uri_names(GENERAL_NAMES *names, struct slice host)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		struct slice uri, scheme;

		if (g->type != GEN_URI)
			continue;
		uri = slice_of(
			ASN1_STRING_get0_data(
				g->d.uniformResourceIdentifier),
			(size_t)ASN1_STRING_length(
				g->d.uniformResourceIdentifier));
		scheme = slice_cut(&uri, ':');
		if (slice_caseeq_str(scheme, "sip") && slice_caseeq(uri, host))
			return true;
	}
	return false;
}

bool cert_names_domain(const struct cert *c, struct slice host)
{
	GENERAL_NAMES *names;
	bool named = false;

	if (!host.n)
		return false;
	names = X509_get_ext_d2i(c->leaf, NID_subject_alt_name, NULL, NULL);
	if (names)
		named = uri_names(names, host);
	GENERAL_NAMES_free(names);
	return named || X509_check_host(c->leaf, host.p, host.n,
					X509_CHECK_FLAG_NO_WILDCARDS,
					NULL) == 1;
}

static char *name_dup(X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL, *p;
	long n;

	/* RFC2253 escapes control octets and what is not ASCII */
	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
		n = BIO_get_mem_data(bio, &p);
		text = slice_dup(slice_of(n ? p : "", (size_t)n));
	}
	BIO_free(bio);
	return text;
}

char *cert_subject_dup(const struct cert *c)
{
	return name_dup(X509_get_subject_name(c->leaf));
}

char *cert_issuer_dup(const struct cert *c)
{
	return name_dup(X509_get_issuer_name(c->leaf));
}
