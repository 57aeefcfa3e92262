/* fuzz_date.c: a SIP-date that is read is written back the same, but for the
 * weekday's name and a leap second. */
#include <stdlib.h>

#include "b2bua/identity/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char text[DATE_SIZE];
	int64_t t, again;

	if (date_parse(slice_of(p, n), &t))
		return 0;
	if (date_write(text, t)) {
		if (t != 253402300800) /* the leap second of 9999 */
			abort();
		return 0;
	}
	if (date_parse(slice_str(text), &again) || again != t)
		abort();
	if (memcmp(p + 23, "60", 2) != 0 && memcmp(p + 3, text + 3, 26) != 0)
		abort();
	return 0;
}
