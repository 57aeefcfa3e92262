/* fuzz_identity.c: an Identity header value of RFC 8224, down to the claims. */
#include <stdlib.h>

#include "b2bua/identity/passport.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct obuf ob = OBUF_INIT;
	struct identity_value iv;
	struct passport *pp;
	const char *why;

	if (identity_value_parse(&iv, slice_of(p, n), &why))
		return 0;
	if (!iv.token.n || iv.token.n > n || iv.info.n > n)
		abort();
	if (passport_parse(&pp, iv.token, &why))
		return 0;
	if (!passport_claims(pp, &why)) {
		if (!pp->orig || !pp->dest)
			abort();
		passport_write_dest(&ob, pp);
	}
	obuf_fini(&ob);
	passport_free(pp);
	return 0;
}
