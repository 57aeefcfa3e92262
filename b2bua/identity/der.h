/* der: one step through DER (X.690), for the few structures that OpenSSL must
 * not see first or does not know. No allocation, no recursion.
 * Only what certificates use: one-octet tags, definite lengths < 65536,
 * minimal length octets. */
#ifndef IDENTITY_DER_H
#define IDENTITY_DER_H

#include <errno.h>

#include "lib/base/slice.h"

enum {
	DER_INTEGER = 0x02,
	DER_OID = 0x06,
	DER_SEQUENCE = 0x30,
	DER_CONTEXT_0 = 0xa0, /* constructed [0], [1], ... are +1, ... */
};

struct der {
	uint8_t tag;
	struct slice body; /* contents octets */
};

/* Takes the first element off *s. 0, ENOENT at the end, EBADMSG. */
static inline int der_next(struct slice *s, struct der *d)
{
	const uint8_t *p = (const uint8_t *)s->p;
	size_t n, head = 2;

	if (!s->n)
		return ENOENT;
	if (s->n < 2 || (p[0] & 0x1f) == 0x1f)
		return EBADMSG;
	n = p[1];
	if (n == 0x81 && s->n >= 3 && p[2] >= 0x80) {
		n = p[2];
		head = 3;
	} else if (n == 0x82 && s->n >= 4 && p[2]) {
		n = (size_t)p[2] << 8 | p[3];
		head = 4;
	} else if (n >= 0x80) {
		return EBADMSG;
	}
	if (s->n - head < n)
		return EBADMSG;
	d->tag = p[0];
	d->body = slice_of(s->p + head, n);
	*s = slice_of(s->p + head + n, s->n - head - n);
	return 0;
}

/* The same, and it must have this tag. A missing element is EBADMSG too. */
static inline int der_take(struct slice *s, uint8_t tag, struct slice *body)
{
	struct der d;

	if (der_next(s, &d) || d.tag != tag)
		return EBADMSG;
	*body = d.body;
	return 0;
}

#endif
