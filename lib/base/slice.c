/* slice.c: views on octets. Thread: any. */
#include "lib/base/slice.h"

#include <errno.h>
#include <stdlib.h>

bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool slice_eq_str(struct slice a, const char *s)
{
	return slice_eq(a, slice_str(s));
}

bool slice_caseeq(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	return true;
}

bool slice_caseeq_str(struct slice a, const char *s)
{
	return slice_caseeq(a, slice_str(s));
}

bool slice_starts(struct slice a, const char *prefix)
{
	size_t n = strlen(prefix);

	return a.n >= n && slice_eq_str(slice_of(a.p, n), prefix);
}

bool slice_casestarts(struct slice a, const char *prefix)
{
	size_t n = strlen(prefix);

	return a.n >= n && slice_caseeq_str(slice_of(a.p, n), prefix);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
	while (s.n && blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

const char *slice_chr(struct slice s, char c)
{
	return s.n ? memchr(s.p, c, s.n) : NULL;
}

struct slice slice_cut(struct slice *s, char sep)
{
	const char *at = slice_chr(*s, sep);
	struct slice head = *s;

	if (!at) {
		*s = SLICE_NONE;
		return head;
	}
	head.n = (size_t)(at - s->p);
	s->p = at + 1;
	s->n -= head.n + 1;
	return head;
}

ptrdiff_t slice_find(struct slice s, struct slice needle)
{
	const char *at;

	if (!needle.n)
		return 0;
	if (s.n < needle.n)
		return -1;
	at = memmem(s.p, s.n, needle.p, needle.n);
	return at ? at - s.p : -1;
}

int slice_u64(struct slice s, uint64_t max, uint64_t *v)
{
	uint64_t x = 0;

	if (!s.n)
		return EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		uint64_t d = (uint64_t)(s.p[i] - '0');

		if (!ascii_digit(s.p[i]))
			return EINVAL;
		if (x > (UINT64_MAX - d) / 10)
			return ERANGE;
		x = x * 10 + d;
	}
	if (x > max)
		return ERANGE;
	*v = x;
	return 0;
}

int slice_u32(struct slice s, uint32_t max, uint32_t *v)
{
	uint64_t x;
	int err = slice_u64(s, max, &x);

	if (!err)
		*v = (uint32_t)x;
	return err;
}

char *slice_dup(struct slice s)
{
	char *d = malloc(s.n + 1);

	if (!d)
		return NULL;
	if (s.n)
		memcpy(d, s.p, s.n);
	d[s.n] = '\0';
	return d;
}

int slice_copy(struct slice s, char *to, size_t size)
{
	to[0] = '\0';
	if (slice_chr(s, '\0'))
		return EINVAL;
	if (s.n >= size)
		return ENOSPC;
	if (s.n)
		memcpy(to, s.p, s.n);
	to[s.n] = '\0';
	return 0;
}
