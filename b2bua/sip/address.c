/* address.c: RFC 3261 25.1 name-addr, addr-spec; RFC 3966. Thread: any. */
#include "b2bua/sip/address.h"

#include <arpa/inet.h>
#include <errno.h>

#include "b2bua/sip/header.h"
#include "b2bua/sip/message.h"

/* Where an octet may stand unescaped in a URI. */
enum {
	UNRESERVED = 1, /* alphanum, mark */
	IN_USER = 2, /* user-unreserved */
	IN_PASSWORD = 4,
	IN_PARAM = 8, /* param-unreserved */
	IN_HEADER = 16, /* hnv-unreserved, '=', '&' */
	IN_OTHER = 32, /* RFC 3986 reserved */
};

static inline uint8_t uri_class(unsigned char c)
{
	static const uint8_t v[256] = {
		['0' ... '9'] = UNRESERVED, ['A' ... 'Z'] = UNRESERVED,
		['a' ... 'z'] = UNRESERVED,
		['-'] = UNRESERVED, ['_'] = UNRESERVED, ['.'] = UNRESERVED,
		['!'] = UNRESERVED, ['~'] = UNRESERVED, ['*'] = UNRESERVED,
		['\''] = UNRESERVED, ['('] = UNRESERVED, [')'] = UNRESERVED,
		['&'] = IN_USER | IN_PASSWORD | IN_PARAM | IN_HEADER | IN_OTHER,
		['='] = IN_USER | IN_PASSWORD | IN_HEADER | IN_OTHER,
		['+'] = IN_USER | IN_PASSWORD | IN_PARAM | IN_HEADER | IN_OTHER,
		['$'] = IN_USER | IN_PASSWORD | IN_PARAM | IN_HEADER | IN_OTHER,
		[','] = IN_USER | IN_PASSWORD | IN_OTHER,
		[';'] = IN_USER | IN_OTHER,
		['?'] = IN_USER | IN_HEADER | IN_OTHER,
		['/'] = IN_USER | IN_PARAM | IN_HEADER | IN_OTHER,
		['['] = IN_PARAM | IN_HEADER | IN_OTHER,
		[']'] = IN_PARAM | IN_HEADER | IN_OTHER,
		[':'] = IN_PARAM | IN_HEADER | IN_OTHER,
		['@'] = IN_OTHER, ['#'] = IN_OTHER,
	};

	return v[c];
}

/* Every octet of the class, or a whole escape. */
static bool text_valid(struct slice s, unsigned class)
{
	for (size_t i = 0; i < s.n; i++) {
		if (uri_class((unsigned char)s.p[i]) & (class | UNRESERVED))
			continue;
		if (s.p[i] != '%' || i + 2 >= s.n ||
		    ascii_hex(s.p[i + 1]) < 0 || ascii_hex(s.p[i + 2]) < 0)
			return false;
		i += 2;
	}
	return true;
}

static bool ipv6_valid(struct slice s)
{
	struct in6_addr a;
	char text[INET6_ADDRSTRLEN];

	if (s.n < 4 || s.p[s.n - 1] != ']' ||
	    slice_copy(slice_of(s.p + 1, s.n - 2), text, sizeof(text)))
		return false;
	return inet_pton(AF_INET6, text, &a) == 1;
}

/* hostname or IPv4address. '_' is let through: the grammar forbids it, real
 * networks do not care. A name whose last label is all digits is an address
 * and must be a right one. */
bool address_host_valid(struct slice host)
{
	size_t label = 0;
	bool digits = true;
	char text[INET_ADDRSTRLEN];
	struct in_addr a;

	if (!host.n || host.n > 255)
		return false;
	if (host.p[0] == '[')
		return ipv6_valid(host);
	if (host.p[host.n - 1] == '.')
		host.n--;
	for (size_t i = 0; i < host.n; i++) {
		char c = host.p[i];

		if (c == '.') {
			if (i == label || host.p[i - 1] == '-')
				return false;
			label = i + 1;
			digits = true;
			continue;
		}
		if (!ascii_alpha(c) && !ascii_digit(c) && c != '_' &&
		    (c != '-' || i == label))
			return false;
		digits = digits && ascii_digit(c);
	}
	if (label == host.n || host.p[host.n - 1] == '-')
		return false;
	return !digits || (slice_copy(host, text, sizeof(text)) == 0 &&
			   inet_pton(AF_INET, text, &a) == 1);
}

int address_port_parse(struct slice s, uint16_t *port)
{
	uint32_t v;

	if (slice_u32(s, 65535, &v) || v == 0)
		return EBADMSG;
	*port = (uint16_t)v;
	return 0;
}

int address_hostport_parse(struct slice s, struct slice *host, uint16_t *port)
{
	const char *colon = s.n ? memrchr(s.p, ':', s.n) : NULL;
	struct slice h = s;

	if (colon && s.p[s.n - 1] != ']')
		h.n = (size_t)(colon - s.p);
	if (!address_host_valid(h) ||
	    (h.n < s.n &&
	     address_port_parse(slice_span(slice_of(colon + 1, 0), s), port)))
		return EBADMSG;
	*host = h;
	return 0;
}

/* What is before the first octet that is one of the three; *s keeps that octet
 * and on. */
static struct slice take_until(struct slice *s, char x, char y, char z)
{
	size_t n = 0;
	struct slice head;

	while (n < s->n && s->p[n] != x && s->p[n] != y && s->p[n] != z)
		n++;
	head = slice_of(s->p, n);
	*s = slice_of(s->p + n, s->n - n);
	return head;
}

/* A name given twice is against RFC 3261 19.1.1; with the same value it is what
 * baresip does with ";transport=", and no two readers can differ about it. */
static bool param_agrees(const struct param v[], unsigned n,
			 const struct param *p)
{
	for (unsigned i = 0; i < n; i++)
		if (slice_caseeq(v[i].name, p->name) &&
		    !slice_caseeq(v[i].value, p->value))
			return false;
	return true;
}

/* ";name[=value]" one after the other, URI form: no blanks, no quotes. */
static bool uri_params_valid(struct slice s)
{
	struct param v[MESSAGE_PARAMS_MAX];
	unsigned n = 0;

	while (s.n) {
		struct param p = {.value = SLICE_NONE};

		s = slice_of(s.p + 1, s.n - 1);
		p.name = take_until(&s, '=', ';', ';');
		if (!p.name.n || !text_valid(p.name, IN_PARAM) ||
		    n == MESSAGE_PARAMS_MAX)
			return false;
		if (s.n && s.p[0] == '=') {
			s = slice_of(s.p + 1, s.n - 1);
			p.value = take_until(&s, ';', ';', ';');
			if (!p.value.n || !text_valid(p.value, IN_PARAM))
				return false;
		}
		if (!param_agrees(v, n, &p))
			return false;
		v[n++] = p;
	}
	return true;
}

/* hname "=" hvalue *( "&" ... ) */
static bool uri_headers_valid(struct slice s)
{
	if (!text_valid(s, IN_HEADER))
		return false;
	do {
		struct slice one = slice_cut(&s, '&');

		if (slice_chr(one, '=') == NULL || one.p[0] == '=')
			return false;
	} while (s.p);
	return true;
}

static int userinfo_parse(struct address_uri *u, struct slice s)
{
	u->user = slice_cut(&s, ':');
	u->password = s;
	if (!u->user.n || !text_valid(u->user, IN_USER) ||
	    !text_valid(s, IN_PASSWORD))
		return EBADMSG;
	return 0;
}

static int hostport_parse(struct address_uri *u, struct slice *s)
{
	if (s->n && s->p[0] == '[') {
		u->host = take_until(s, ']', ']', ']');
		if (!s->n)
			return EBADMSG;
		u->host.n++;
		*s = slice_of(s->p + 1, s->n - 1);
	} else {
		u->host = take_until(s, ':', ';', '?');
	}
	if (!address_host_valid(u->host))
		return EBADMSG;
	if (s->n && s->p[0] == ':') {
		*s = slice_of(s->p + 1, s->n - 1);
		return address_port_parse(take_until(s, ';', '?', '?'), &u->port);
	}
	return 0;
}

static int sip_parse(struct address_uri *u, struct slice s)
{
	const char *at = slice_chr(s, '@');
	int err;

	if (at) {
		size_t n = (size_t)(at - s.p);

		if (userinfo_parse(u, slice_of(s.p, n)))
			return EBADMSG;
		s = slice_of(at + 1, s.n - n - 1);
	}
	err = hostport_parse(u, &s);
	if (err)
		return err;
	u->params = take_until(&s, '?', '?', '?');
	if (u->params.n && u->params.p[0] != ';')
		return EBADMSG;
	if (s.n)
		u->headers = slice_of(s.p + 1, s.n - 1);
	if (!uri_params_valid(u->params) ||
	    (u->headers.p && !uri_headers_valid(u->headers)))
		return EBADMSG;
	return 0;
}

static bool visual(char c)
{
	return c == '-' || c == '.' || c == '(' || c == ')';
}

/* RFC 3966: global-number-digits, or local-number-digits (hex, '*', '#'). */
static bool number_valid(struct slice s)
{
	bool global = s.n && s.p[0] == '+';
	bool digit = false;

	for (size_t i = global; i < s.n; i++) {
		char c = s.p[i];

		if (visual(c))
			continue;
		if (!ascii_digit(c) &&
		    (global || (ascii_hex(c) < 0 && c != '*' && c != '#')))
			return false;
		digit = true;
	}
	return digit;
}

/* A local number without phone-context breaks a MUST of RFC 3966 5.1.5, and
 * "tel:911" is in use everywhere: taken. */
static int tel_parse(struct address_uri *u, struct slice s)
{
	u->user = take_until(&s, ';', ';', ';');
	u->params = s;
	if (!number_valid(u->user) || !uri_params_valid(s))
		return EBADMSG;
	return 0;
}

static enum address_scheme scheme_find(struct slice s)
{
	if (slice_caseeq_str(s, "sip"))
		return SCHEME_SIP;
	if (slice_caseeq_str(s, "sips"))
		return SCHEME_SIPS;
	return slice_caseeq_str(s, "tel") ? SCHEME_TEL : SCHEME_OTHER;
}

static bool scheme_valid(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!ascii_alpha(c) &&
		    (i == 0 || (!ascii_digit(c) && c != '+' && c != '-' &&
				c != '.')))
			return false;
	}
	return s.n > 0;
}

int address_uri_parse(struct address_uri *to, struct slice s)
{
	struct address_uri u = {
		.octets = s,
		.params = {"", 0},
	};
	int err;

	u.scheme_name = slice_cut(&s, ':');
	if (!s.n || !scheme_valid(u.scheme_name))
		return EBADMSG;
	u.scheme = scheme_find(u.scheme_name);
	if (u.scheme == SCHEME_TEL)
		err = tel_parse(&u, s);
	else if (u.scheme != SCHEME_OTHER)
		err = sip_parse(&u, s);
	else
		err = text_valid(s, IN_OTHER) ? 0 : EBADMSG;
	if (!err)
		*to = u;
	return err;
}

bool address_uri_is_phone(const struct address_uri *u)
{
	struct slice v;

	if (u->scheme == SCHEME_TEL)
		return true;
	if (u->scheme == SCHEME_OTHER || !u->user.n)
		return false;
	return param_find(u->params, "user", &v) &&
	       slice_caseeq_str(v, "phone");
}

static int number_write(struct obuf *ob, struct slice number, bool letters)
{
	if (!number_valid(number))
		return ENOENT;
	/* "sip:dad@..." is a name, not four hexadecimal digits. */
	for (size_t i = 0; i < number.n; i++)
		if (!letters && ascii_alpha(number.p[i]))
			return ENOENT;
	for (size_t i = 0; i < number.n; i++)
		if (!visual(number.p[i]))
			obuf_chr(ob, number.p[i]);
	return 0;
}

int address_uri_phone(const struct address_uri *u, struct obuf *ob)
{
	struct slice s = u->user;
	struct obuf plain = OBUF_INIT;
	int err;

	if (u->scheme == SCHEME_OTHER)
		return ENOENT;
	address_unescape(&plain, slice_cut(&s, ';'));
	err = plain.err ? plain.err
			: number_write(ob, obuf_as_slice(&plain),
				       u->scheme == SCHEME_TEL);
	obuf_fini(&plain);
	return err;
}

void address_uri_party(const struct address_uri *u, struct obuf *ob)
{
	struct slice s = u->user;

	if (address_uri_phone(u, ob) && s.p)
		address_unescape(ob, slice_cut(&s, ';'));
}

void address_unescape(struct obuf *ob, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '%' && i + 2 < s.n &&
		    ascii_hex(s.p[i + 1]) >= 0 && ascii_hex(s.p[i + 2]) >= 0) {
			obuf_chr(ob, (char)(ascii_hex(s.p[i + 1]) * 16 +
					    ascii_hex(s.p[i + 2])));
			i += 2;
		} else {
			obuf_chr(ob, s.p[i]);
		}
	}
}

/* quoted-string at the start of s: its length, 0 if it has no end */
static size_t quoted_len(struct slice s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return 0;
}

/* Length of *(token LWS) at the start of s */
static size_t tokens_len(struct slice s)
{
	size_t n = 0;

	while (n < s.n && octet_is(s.p[n], OCTET_TOKEN | OCTET_BLANK |
						   OCTET_NEWLINE))
		n++;
	return n;
}

/* An addr-spec without <>: to the first ';' or blank. */
static struct slice spec_take(struct slice *s)
{
	size_t n = 0;
	struct slice spec;

	while (n < s->n && s->p[n] != ';' &&
	       !octet_is(s->p[n], OCTET_BLANK | OCTET_NEWLINE))
		n++;
	spec = slice_of(s->p, n);
	*s = slice_of(s->p + n, s->n - n);
	return spec;
}

/* Cuts value into display, URI text and what follows. */
static int address_cut(struct address *a, struct slice value,
		       struct slice *uri, struct slice *rest)
{
	size_t n = value.n && value.p[0] == '"' ? quoted_len(value)
						: tokens_len(value);
	struct slice after = slice_of(value.p + n, value.n - n);
	bool quoted = n && value.p[0] == '"';

	if (quoted) {
		struct slice trimmed = slice_trim(after);

		after = slice_span(slice_of(trimmed.p, 0), after);
	}
	a->bracket = after.n && after.p[0] == '<';
	if (!a->bracket) {
		if (quoted || (value.n && value.p[0] == '"'))
			return EBADMSG;
		*rest = value;
		*uri = spec_take(rest);
		return slice_chr(*uri, ',') || slice_chr(*uri, '?') ? EBADMSG
								    : 0;
	}
	if (n)
		a->display = slice_trim(slice_of(value.p, n));
	*rest = slice_of(after.p + 1, after.n - 1);
	*uri = take_until(rest, '>', '>', '>');
	if (!rest->n)
		return EBADMSG;
	*rest = slice_of(rest->p + 1, rest->n - 1);
	return 0;
}

/* All of them well formed, not too many, one tag at most and that a token. */
static int params_check(struct address *a)
{
	struct slice rest = a->params;
	struct param p;
	unsigned n = 0;
	int err;

	while (!(err = param_next(&rest, &p))) {
		if (++n > MESSAGE_PARAMS_MAX)
			return EBADMSG;
		if (!slice_caseeq_str(p.name, "tag"))
			continue;
		if (a->tag.p || !header_token_valid(p.value))
			return EBADMSG;
		a->tag = p.value;
	}
	return err == ENOENT ? 0 : err;
}

int address_parse(struct address *to, struct slice value)
{
	struct address a = {.octets = value};
	struct slice uri;
	int err;

	err = address_cut(&a, value, &uri, &a.params);
	if (err)
		return err;
	a.params = slice_trim(a.params);
	err = address_uri_parse(&a.uri, uri);
	if (err)
		return err;
	err = params_check(&a);
	if (!err)
		*to = a;
	return err;
}
