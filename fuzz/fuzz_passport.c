/* fuzz_passport.c: a PASSporT's claims as JSON, under a header that is good;
 * what is accepted can be written, and means the same when read again. */
#include <stdio.h>
#include <stdlib.h>

#include "b2bua/identity/passport.h"
#include "lib/base/b64.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct passport *read_claims(struct slice json)
{
	static const char head[] = "{\"alg\":\"ES256\",\"ppt\":\"shaken\","
				   "\"typ\":\"passport\",\"x5u\":\"u\"}";
	static const char sig[ES256_SIZE];
	struct passport *pp = NULL;
	struct obuf ob = OBUF_INIT;
	const char *why;

	b64url_write(&ob, head, sizeof(head) - 1);
	obuf_chr(&ob, '.');
	b64url_write(&ob, json.p, json.n);
	obuf_chr(&ob, '.');
	b64url_write(&ob, sig, sizeof(sig));
	if (passport_parse(&pp, obuf_as_slice(&ob), &why))
		pp = NULL;
	obuf_fini(&ob);
	if (pp && passport_claims(pp, &why)) {
		passport_free(pp);
		pp = NULL;
	}
	return pp;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct passport *one = read_claims(slice_of(p, n)), *two;
	struct obuf ob = OBUF_INIT;

	if (!one)
		return 0;
	if (passport_write_claims(&ob, one))
		abort();
	two = read_claims(obuf_as_slice(&ob));
	if (!two || strcmp(one->orig, two->orig) || one->iat != two->iat ||
	    !json_equal(one->claims, two->claims))
		abort();
	obuf_fini(&ob);
	passport_free(one);
	passport_free(two);
	return 0;
}
