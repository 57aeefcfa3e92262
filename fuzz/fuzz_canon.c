/* fuzz_canon.c: the canonical form of a canonical form is itself. */
#include <stdio.h>
#include <stdlib.h>

#include "b2bua/identity/canon.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void again(const struct canon *c)
{
	static const struct canon_rules none;
	char uri[CANON_SIZE + 8];
	struct canon d;

	if (c->tn && strpbrk(c->text, "#*")) /* service codes have no "+" */
		return;
	snprintf(uri, sizeof(uri), "%s%s", c->tn ? "tel:+" : "", c->text);
	if (canon_identity(&d, &none, CANON_DEST, slice_str(uri)))
		abort();
	/* escapes that stand for escapes may make a number appear */
	if (d.tn == c->tn && strcmp(d.text, c->text) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct canon_rules rules[] = {
		{0},
		{.bare_numbers = true, .intl_prefix = "00",
		 .trunk_prefix = "0", .country_code = "49"},
	};
	struct canon c;

	for (unsigned i = 0; i < 4; i++)
		if (!canon_identity(&c, &rules[i / 2],
				    i % 2 ? CANON_ORIG : CANON_DEST,
				    slice_of(p, n)))
			again(&c);
	return 0;
}
