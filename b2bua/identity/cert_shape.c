/* cert_shape.c: walks Certificate, TBSCertificate, SubjectPublicKeyInfo
 * (RFC 5280 section 4.1) with der.h alone. */
#include "b2bua/identity/cert_shape.h"

#include "b2bua/identity/cert.h"
#include "b2bua/identity/der.h"

enum { BIT_STRING = 0x03, CONTEXT_3 = DER_CONTEXT_0 + 3 };

static const uint8_t oid_ec[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t oid_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7,
				  0x0d, 0x01, 0x01, 0x01};

static bool is(struct slice oid, const uint8_t *want, size_t n)
{
	return oid.n == n && memcmp(oid.p, want, n) == 0;
}

static const char *rsa_flaw(struct slice bits)
{
	struct slice seq, modulus;

	/* one octet: number of unused bits */
	if (!bits.n)
		return "its key is broken";
	bits = slice_of(bits.p + 1, bits.n - 1);
	if (der_take(&bits, DER_SEQUENCE, &seq) ||
	    der_take(&seq, DER_INTEGER, &modulus))
		return "its key is broken";
	return modulus.n > CERT_RSA_BITS_MAX / 8 + 1
		       ? "its RSA key is larger than 4096 bits"
		       : NULL;
}

static const char *key_flaw(struct slice spki)
{
	struct slice alg, oid, params, bits;

	if (der_take(&spki, DER_SEQUENCE, &alg) ||
	    der_take(&spki, BIT_STRING, &bits) ||
	    der_take(&alg, DER_OID, &oid))
		return "its key is broken";
	if (is(oid, oid_rsa, sizeof(oid_rsa)))
		return rsa_flaw(bits);
	if (!is(oid, oid_ec, sizeof(oid_ec)))
		return "its key is neither RSA nor EC";
	return der_take(&alg, DER_OID, &params)
		       ? "its key has explicit curve parameters"
		       : NULL;
}

static const char *extensions_flaw(struct slice wrap)
{
	struct slice list;
	struct der d;
	unsigned n = 0;

	if (der_take(&wrap, DER_SEQUENCE, &list))
		return "its extensions are broken";
	while (!der_next(&list, &d))
		if (++n > CERT_EXTENSIONS_MAX)
			return "it has too many extensions";
	return list.n ? "its extensions are broken" : NULL;
}

const char *cert_shape_flaw(struct slice der)
{
	struct slice cert, tbs, skip, spki;
	const char *flaw;
	struct der d;

	if (der_take(&der, DER_SEQUENCE, &cert) || der.n ||
	    der_take(&cert, DER_SEQUENCE, &tbs))
		return "not a certificate";
	skip = tbs;
	if (!der_next(&skip, &d) && d.tag == DER_CONTEXT_0)
		tbs = skip; /* version; v1 has none */
	if (der_take(&tbs, DER_INTEGER, &skip) || /* serial number */
	    der_take(&tbs, DER_SEQUENCE, &skip) || /* signature algorithm */
	    der_take(&tbs, DER_SEQUENCE, &skip) || /* issuer */
	    der_take(&tbs, DER_SEQUENCE, &skip) || /* validity */
	    der_take(&tbs, DER_SEQUENCE, &skip) || /* subject */
	    der_take(&tbs, DER_SEQUENCE, &spki))
		return "not a certificate";
	flaw = key_flaw(spki);
	while (!flaw && !der_next(&tbs, &d))
		if (d.tag == CONTEXT_3)
			flaw = extensions_flaw(d.body);
	return flaw;
}
