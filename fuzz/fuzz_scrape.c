/* fuzz_scrape: a request to the metrics listener. What is complete stays the
 * same request, whatever comes behind it. */
#include <errno.h>
#include <stdlib.h>

#include "relay/scrape.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct scrape_request r, again;
	int err = scrape_request_read(slice_of(p, n), &r);

	for (size_t i = 0; i < n && i < 256; i++)
		if (!scrape_request_read(slice_of(p, i), &again) &&
		    (err == EAGAIN || (!err && (again.status != r.status ||
						again.head != r.head))))
			abort();
	return 0;
}
