/* pki.c: certificates for tests, good and bad. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "lib/base/b64.h"
#include "pki.h"

static EVP_PKEY *key_make(const struct pki_leaf *leaf)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx;

	if (leaf->rsa_bits)
		return EVP_RSA_gen((size_t)leaf->rsa_bits);
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_group_name(
				 ctx, leaf->curve ? leaf->curve
						  : "prime256v1"), 1);
	EVP_PKEY_CTX_set_ec_param_enc(ctx, leaf->explicit_curve
						   ? OPENSSL_EC_EXPLICIT_CURVE
						   : OPENSSL_EC_NAMED_CURVE);
	assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static void ext_add(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(ext);
	assert_int_equal(X509_add_ext(x, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

static void tnauth_add(X509 *x, const char *hex)
{
	ASN1_OCTET_STRING *os = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.5.5.7.1.26", 1);
	X509_EXTENSION *ext;
	unsigned char der[512];
	size_t n;

	assert_int_equal(hex_parse(slice_str(hex), 0, der, sizeof(der), &n),
			 0);
	ASN1_OCTET_STRING_set(os, der, (int)n);
	ext = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, os);
	assert_int_equal(X509_add_ext(x, ext, -1), 1);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(os);
	ASN1_OBJECT_free(oid);
}

static void name_set(X509 *x, const char *cn)
{
	X509_NAME *name = X509_get_subject_name(x);

	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
				   (const unsigned char *)"Test Telecom", -1,
				   -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const unsigned char *)cn, -1, -1, 0);
}

static X509 *cert_make(const struct pki_leaf *leaf, EVP_PKEY *key,
		       X509 *issuer, EVP_PKEY *issuer_key)
{
	static long serial;
	X509 *x = X509_new();

	if (!issuer) {
		issuer = x;
		issuer_key = key;
	}
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
	ASN1_TIME_set(X509_getm_notBefore(x),
		      leaf->from ? leaf->from : PKI_FROM);
	ASN1_TIME_set(X509_getm_notAfter(x),
		      leaf->until ? leaf->until : PKI_UNTIL);
	name_set(x, leaf->cn ? leaf->cn : leaf->name);
	X509_set_issuer_name(x, X509_get_subject_name(issuer));
	X509_set_pubkey(x, key);
	ext_add(x, issuer, NID_basic_constraints,
		leaf->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	if (leaf->dns)
		ext_add(x, issuer, NID_subject_alt_name, leaf->dns);
	if (leaf->usage)
		ext_add(x, issuer, NID_key_usage, leaf->usage);
	if (leaf->tnauth)
		tnauth_add(x, leaf->tnauth);
	assert_true(X509_sign(x, issuer_key, EVP_sha256()) > 0);
	return x;
}

static void write_files(const struct pki *p, struct pki_cert *c,
			const char *name)
{
	FILE *f;

	snprintf(c->cert_file, sizeof(c->cert_file), "%s/%s.pem", p->dir,
		 name);
	snprintf(c->key_file, sizeof(c->key_file), "%s/%s.key", p->dir, name);
	f = fopen(c->cert_file, "w");
	assert_int_equal(PEM_write_X509(f, c->x), 1);
	fclose(f);
	f = fdopen(open(c->key_file, O_CREAT | O_TRUNC | O_WRONLY, 0600),
		   "w");
	assert_int_equal(PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL,
					      NULL), 1);
	fclose(f);
}

void pki_issue(const struct pki *p, struct pki_cert *c,
	       const struct pki_leaf *leaf)
{
	X509 *issuer = leaf->issuer ? leaf->issuer->x : p->ca;
	EVP_PKEY *issuer_key = leaf->issuer ? leaf->issuer->key : p->ca_key;

	if (leaf->self_signed)
		issuer = NULL;
	c->key = key_make(leaf);
	c->x = cert_make(leaf, c->key, issuer, issuer_key);
	write_files(p, c, leaf->name);
}

void pki_cert_fini(struct pki_cert *c)
{
	X509_free(c->x);
	EVP_PKEY_free(c->key);
}

void pki_init(struct pki *p)
{
	struct pki_leaf ca = {.name = "ca", .ca = true, .self_signed = true,
			      .until = 4102444800}; /* 2100 */
	struct pki_cert c;

	strcpy(p->dir, "/tmp/countersign-pki.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	pki_issue(p, &c, &ca);
	p->ca = c.x;
	p->ca_key = c.key;
	memcpy(p->anchors, c.cert_file, sizeof(p->anchors));
}

void pki_fini(struct pki *p)
{
	char command[128];

	X509_free(p->ca);
	EVP_PKEY_free(p->ca_key);
	snprintf(command, sizeof(command), "rm -r '%s'", p->dir);
	assert_int_equal(system(command), 0);
}

void pki_pem(struct obuf *ob, X509 *a, X509 *b)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p;
	long n;

	PEM_write_bio_X509(bio, a);
	if (b)
		PEM_write_bio_X509(bio, b);
	n = BIO_get_mem_data(bio, &p);
	obuf_put(ob, p, (size_t)n);
	BIO_free(bio);
}

char *file_read(const char *path, size_t *n)
{
	const char *src = getenv("srcdir");
	char full[512], *p = malloc(65536);
	FILE *f;

	snprintf(full, sizeof(full), "%s/tests/data/identity/%s",
		 src ? src : ".", path);
	f = fopen(full, "rb");
	if (!f)
		fail_msg("cannot open %s", full);
	*n = fread(p, 1, 65535, f);
	p[*n] = 0;
	fclose(f);
	return p;
}
