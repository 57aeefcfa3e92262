/* fuzz_cert.c: certificates of strangers, PEM or DER. */
#include <re_types.h>
#include <re_mem.h>
#include <stdlib.h>

#include "b2bua/identity/cert.h"
#include "b2bua/identity/es256.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const char *why;
	struct cert *c;
	bool broken;

	if (cert_parse(&c, slice_of(p, n), &why))
		return 0;
	cert_tnauth(c, &broken);
	if (cert_key(c))
		es256_key(cert_key(c));
	cert_rsa_bits(c);
	cert_valid_at(c, 1700000000);
	cert_names_host(c, SLICE_LIT("example.org"));
	cert_names_domain(c, SLICE_LIT("example.org"));
	free(cert_subject_dup(c));
	free(cert_issuer_dup(c));
	mem_deref(c);
	return 0;
}
