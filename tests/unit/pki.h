/* pki.h: a CA and certificates made while the test runs, so that nothing
 * expires. Everything lies in one temporary directory. */
#ifndef UNIT_PKI_H
#define UNIT_PKI_H

#include <openssl/x509.h>

#include "lib/base/obuf.h"

struct pki {
	char dir[64];
	EVP_PKEY *ca_key;
	X509 *ca;
	char anchors[96]; /* the CA's PEM file */
};

struct pki_leaf {
	const char *name; /* files NAME.pem, NAME.key */
	const char *cn; /* NULL: the name */
	const char *dns; /* subjectAltName, "DNS:a,URI:sip:b"; NULL: none */
	const char *tnauth; /* hex DER of the TNAuthList; NULL: none */
	const char *usage; /* keyUsage; NULL: none */
	int rsa_bits; /* 0: EC */
	const char *curve; /* NULL: prime256v1 */
	bool explicit_curve;
	bool self_signed, ca;
	int64_t from, until; /* validity */
	const struct pki_cert *issuer; /* NULL: the CA */
};

struct pki_cert {
	X509 *x;
	EVP_PKEY *key;
	char cert_file[96], key_file[96];
};

/* The world of the tests ends in 2030 and begins in 2020. */
enum { PKI_NOW = 1700000000 };
#define PKI_FROM (PKI_NOW - INT64_C(86400) * 365)
#define PKI_UNTIL (PKI_NOW + INT64_C(86400) * 365)

void pki_init(struct pki *p);
void pki_fini(struct pki *p); /* removes the directory */
void pki_issue(const struct pki *p, struct pki_cert *c,
	       const struct pki_leaf *leaf);
void pki_cert_fini(struct pki_cert *c);
/* PEM text of a and then b (may be NULL). */
void pki_pem(struct obuf *ob, X509 *a, X509 *b);
/* Octets of a file of the source tree; the caller frees with free(). */
char *file_read(const char *path, size_t *n);

#endif
