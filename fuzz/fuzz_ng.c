/* fuzz_ng.c: frames of the control stream (lib/ctl/ng.h): fed octet by octet
 * or all at once, the same messages must come out. */
#include <errno.h>

#include "lib/ctl/ng.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { MESSAGES = 64 };

struct seen {
	size_t at[MESSAGES], len[MESSAGES], n;
	int err; /* what ended it */
};

static void take(struct seen *s, const uint8_t *p, const struct ng_message *m)
{
	s->at[s->n] = (size_t)((const uint8_t *)m->payload.p - p);
	s->len[s->n] = m->payload.n;
	s->n++;
}

static void whole(struct seen *s, const uint8_t *p, size_t n)
{
	struct ng_reader r = {0};
	struct ng_message m;
	size_t at = 0, used;

	while (!s->err && s->n < MESSAGES) {
		s->err = ng_read(&r, slice_of(p + at, n - at), &m, &used);
		if (s->err)
			break;
		take(s, p, &m);
		at += used;
	}
}

static void pieces(struct seen *s, const uint8_t *p, size_t n)
{
	struct ng_reader r = {0};
	struct ng_message m;
	size_t at = 0, used;

	s->err = EAGAIN;
	for (size_t i = 1; i <= n && s->n < MESSAGES; i++) {
		s->err = ng_read(&r, slice_of(p + at, i - at), &m, &used);
		if (s->err == EAGAIN)
			continue;
		if (s->err)
			break;
		take(s, p, &m);
		at += used;
		s->err = EAGAIN;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct seen a = {.n = 0}, b = {.n = 0};
	struct ng_message m;

	ng_split(slice_of(p, n), &m);
	if (n > 65536)
		return 0;
	whole(&a, p, n);
	pieces(&b, p, n);
	if (a.n != b.n || (a.n < MESSAGES && a.err != b.err))
		__builtin_trap();
	for (size_t i = 0; i < a.n; i++)
		if (a.at[i] != b.at[i] || a.len[i] != b.len[i])
			__builtin_trap();
	return 0;
}
