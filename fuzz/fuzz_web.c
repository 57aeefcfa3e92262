/* fuzz_web: a stream of HTTP requests, or of WebSocket frames, as it comes: in
 * one piece, and cut at each octet; both must say the same. First octet: which
 * of the two. */
#include <errno.h>
#include <stdlib.h>

#include "lib/ctl/web.h"

enum { MAX = 4096 };

static int one(char kind, struct slice s, size_t *used)
{
	struct web_request r;
	struct web_frame f;
	struct obuf ob = OBUF_INIT;
	int err;

	if (kind & 1)
		return web_request_read(s, MAX, &r, used);
	err = web_frame_read(s, MAX, &f, used);
	if (!err)
		web_frame_take(&f, &ob);
	if (ob.n > MAX)
		abort();
	obuf_fini(&ob);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct slice rest;

	if (!n)
		return 0;
	rest = slice_of(p + 1, n - 1);
	while (rest.n) {
		size_t used = 0, cut_used = 0;
		int err = one((char)p[0], rest, &used), cut = EAGAIN;

		if (err)
			break;
		if (!used || used > rest.n)
			abort();
		for (size_t i = 0; i < used && cut == EAGAIN; i++)
			cut = one((char)p[0], slice_of(rest.p, i), &cut_used);
		if (cut != EAGAIN)
			abort();
		rest = slice_of(rest.p + used, rest.n - used);
	}
	return 0;
}
