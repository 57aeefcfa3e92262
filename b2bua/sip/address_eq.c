/* address_eq.c: when two URIs are the same one (RFC 3261 19.1.4).
 * Thread: any. */
#include "b2bua/sip/address.h"
#include "b2bua/sip/header.h"

/* One octet of s, escapes resolved; *s moves on. An escaped reserved octet is
 * not the octet itself (RFC 3986 2.2), so it is kept apart by bit 8. */
static int octet_take(struct slice *s)
{
	int c = (unsigned char)s->p[0];
	size_t n = 1;

	if (c == '%' && s->n > 2 && ascii_hex(s->p[1]) >= 0 &&
	    ascii_hex(s->p[2]) >= 0) {
		c = ascii_hex(s->p[1]) * 16 + ascii_hex(s->p[2]);
		n = 3;
		if (!ascii_alpha((char)c) && !ascii_digit((char)c) &&
		    !strchr("-_.!~*'()", c))
			c |= 0x100;
	}
	*s = slice_of(s->p + n, s->n - n);
	return c;
}

static bool text_eq(struct slice a, struct slice b, bool fold)
{
	if (!a.p != !b.p)
		return false;
	while (a.n && b.n) {
		int x = octet_take(&a), y = octet_take(&b);

		if (fold && x < 128 && y < 128) {
			x = ascii_lower((char)x);
			y = ascii_lower((char)y);
		}
		if (x != y)
			return false;
	}
	return !a.n && !b.n;
}

/* Parameters that may not be in one URI only (19.1.4; RFC 3966 4 for tel,
 * where every parameter counts). */
static bool param_counts(const struct address_uri *u, struct slice name)
{
	static const char *const v[] = {"user", "ttl", "method", "maddr",
					"transport"};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (slice_caseeq_str(name, v[i]))
			return true;
	return u->scheme == SCHEME_TEL;
}

static bool find(struct slice params, struct slice name, struct slice *value)
{
	struct param p;

	while (!param_next(&params, &p)) {
		if (!text_eq(p.name, name, true))
			continue;
		*value = p.value;
		return true;
	}
	return false;
}

/* Each parameter of a is in b with the same value, or need not be there. */
static bool params_match(const struct address_uri *a,
			 const struct address_uri *b)
{
	struct slice rest = a->params, value;
	struct param p;

	while (!param_next(&rest, &p)) {
		if (find(b->params, p.name, &value)) {
			if (!text_eq(p.value, value, true))
				return false;
		} else if (param_counts(a, p.name)) {
			return false;
		}
	}
	return true;
}

static bool phone_eq(const struct address_uri *a, const struct address_uri *b)
{
	struct obuf x = OBUF_INIT, y = OBUF_INIT;
	bool eq = !address_uri_phone(a, &x) && !address_uri_phone(b, &y) &&
		  !x.err && !y.err &&
		  slice_caseeq(obuf_as_slice(&x), obuf_as_slice(&y));

	obuf_fini(&x);
	obuf_fini(&y);
	return eq;
}

bool address_uri_eq(const struct address_uri *a, const struct address_uri *b)
{
	if (a->scheme != b->scheme)
		return false;
	if (a->scheme == SCHEME_OTHER)
		return slice_eq(a->octets, b->octets);
	if (a->scheme == SCHEME_TEL) {
		if (!phone_eq(a, b))
			return false;
	} else if (!text_eq(a->user, b->user, false) ||
		   !text_eq(a->password, b->password, false) ||
		   !slice_caseeq(a->host, b->host) || a->port != b->port ||
		   !text_eq(a->headers, b->headers, false)) {
		return false;
	}
	return params_match(a, b) && params_match(b, a);
}
