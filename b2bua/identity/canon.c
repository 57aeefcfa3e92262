/* canon.c: URIs to canonical numbers and canonical URIs. */
#include "b2bua/identity/canon.h"

#include <errno.h>

#include "b2bua/sip/address.h"
#include "b2bua/sip/header.h"

/* Value of a parameter; absent if it is not there. */
static struct slice param(struct slice params, const char *name)
{
	struct slice value = SLICE_NONE;

	param_find(params, name, &value);
	return value;
}

/* One octet of s at *i, percent-decoded; -1: broken escape */
static int octet(struct slice s, size_t *i)
{
	int hi, lo;

	if (s.p[*i] != '%')
		return (unsigned char)s.p[(*i)++];
	if (s.n - *i < 3)
		return -1;
	hi = ascii_hex(s.p[*i + 1]);
	lo = ascii_hex(s.p[*i + 2]);
	*i += 3;
	return hi < 0 || lo < 0 ? -1 : hi << 4 | lo;
}

/* Digits, # and * of a telephone-subscriber; false if it is none. *plus: it
 * said so itself that it is global. */
static bool number_digits(struct slice s, struct obuf *ob, bool *plus)
{
	size_t start = ob->n;

	*plus = false;
	for (size_t i = 0; i < s.n;) {
		size_t at = i;
		int c = octet(s, &i);

		if (c == '+' && at == 0)
			*plus = true;
		else if ((c >= '0' && c <= '9') || c == '#' || c == '*')
			obuf_chr(ob, (char)c);
		else if (c <= 0 || !strchr("-.() ", c))
			return false;
	}
	return ob->n > start && !ob->err;
}

static void make_global(struct obuf *ob, const struct canon_rules *r,
			struct slice digits)
{
	if (r->intl_prefix && *r->intl_prefix &&
	    slice_starts(digits, r->intl_prefix)) {
		size_t n = strlen(r->intl_prefix);

		digits = slice_of(digits.p + n, digits.n - n);
	} else if (r->trunk_prefix && r->country_code &&
		   slice_starts(digits, r->trunk_prefix)) {
		size_t n = strlen(r->trunk_prefix);

		obuf_str(ob, r->country_code);
		digits = slice_of(digits.p + n, digits.n - n);
	}
	obuf_slice(ob, digits);
}

static bool is_e164(struct slice s)
{
	if (s.n < 1 || s.n > 15 || s.p[0] == '0')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_digit(s.p[i]))
			return false;
	return true;
}

/* Section 8.3. false: there is no number in it. */
static bool number_of(struct canon *c, const struct canon_rules *r,
		      enum canon_role role, const struct address_uri *u)
{
	struct slice tel = u->user, params = u->params, context;
	char mem[CANON_SIZE], pre[CANON_SIZE];
	struct obuf digits = OBUF_FIXED(mem, sizeof(mem));
	struct obuf ob = OBUF_FIXED(pre, sizeof(pre));
	bool plus, ctx_plus;

	if (u->scheme != SCHEME_TEL) { /* RFC 3966, 4904: in the user part */
		const char *end = slice_chr(u->user, ';');

		tel.n = end ? (size_t)(end - tel.p) : tel.n;
		params = slice_of(tel.p + tel.n, u->user.n - tel.n);
	}
	if (!number_digits(tel, &digits, &plus))
		return false;
	if (!plus && !r->bare_numbers && !address_uri_is_phone(u))
		return false;
	context = param(params, "phone-context");
	if (!plus && context.n && context.p[0] == '+') {
		if (!number_digits(context, &ob, &ctx_plus))
			return false;
		plus = true;
	}
	if (plus)
		obuf_slice(&ob, obuf_as_slice(&digits));
	else
		make_global(&ob, r, obuf_as_slice(&digits));
	if (ob.err || !ob.n ||
	    (role == CANON_ORIG && !is_e164(obuf_as_slice(&ob))))
		return false;
	return slice_copy(obuf_as_slice(&ob), c->text, sizeof(c->text)) == 0;
}

static bool unreserved(int c)
{
	return ascii_digit((char)c) || ascii_alpha((char)c) ||
	       (c > 0 && strchr("-._~", c));
}

/* Lower case, unreserved escapes decoded, other escapes in upper case
 * (RFC 3986 section 6.2.2). */
static int normal_form(struct obuf *ob, struct slice s)
{
	for (size_t i = 0; i < s.n;) {
		bool escaped = s.p[i] == '%';
		int c = octet(s, &i);

		if (c < 0)
			return EINVAL;
		if (escaped && !unreserved(c))
			obuf_fmt(ob, "%%%02X", (unsigned)c);
		else if (c <= 0x20 || c >= 0x7f || strchr("\"<>", c))
			return EINVAL;
		else
			obuf_chr(ob, ascii_lower((char)c));
	}
	return 0;
}

int canon_identity(struct canon *c, const struct canon_rules *rules,
		   enum canon_role role, struct slice uri)
{
	struct canon to = {.tn = true};
	struct address_uri u;
	struct obuf ob = OBUF_FIXED(to.text, sizeof(to.text) - 1);
	int err = address_uri_parse(&u, uri);

	if (err || u.scheme == SCHEME_OTHER)
		return EINVAL;
	if (u.user.n && number_of(&to, rules, role, &u)) {
		*c = to;
		return 0;
	}
	if (u.scheme == SCHEME_TEL) /* it has no other form */
		return EINVAL;
	memset(&to, 0, sizeof(to));
	obuf_str(&ob, u.scheme == SCHEME_SIPS ? "sips:" : "sip:");
	if (u.user.n) {
		err = normal_form(&ob, u.user);
		obuf_chr(&ob, '@');
	}
	if (!err)
		err = normal_form(&ob, u.host);
	if (err || ob.err)
		return err ? err : ENOSPC;
	*c = to;
	return 0;
}

struct slice canon_host(struct slice uri)
{
	struct address_uri u;

	return address_uri_parse(&u, uri) || u.scheme == SCHEME_TEL
		       ? SLICE_NONE
		       : u.host;
}

bool canon_tn_has_prefix(const char *tn, const char *prefix)
{
	if (*prefix == '+')
		prefix++;
	return strncmp(tn, prefix, strlen(prefix)) == 0;
}
