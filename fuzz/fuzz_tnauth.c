/* fuzz_tnauth.c: TNAuthList DER; every number it names it also covers. */
#include <stdlib.h>

#include "b2bua/identity/tnauth.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct obuf ob = OBUF_INIT;
	struct tnauth t;

	if (tnauth_parse(&t, slice_of(p, n)))
		return 0;
	if (!t.n || t.n > TNAUTH_MAX)
		abort();
	for (size_t i = 0; i < t.n; i++)
		if (t.v[i].kind != TNAUTH_SPC &&
		    !tnauth_covers(&t, t.v[i].text))
			abort();
	tnauth_write_text(&ob, &t);
	obuf_fini(&ob);
	return 0;
}
