/* via.c: one Via value (RFC 3261 20.42, 25.1). Thread: any. */
#include <errno.h>

#include "b2bua/sip/message.h"

static void lws_skip(struct slice *s)
{
	while (s->n && octet_is(s->p[0], OCTET_BLANK | OCTET_NEWLINE))
		*s = slice_of(s->p + 1, s->n - 1);
}

/* Up to the first blank, or octet that is one of the two. */
static struct slice word_take(struct slice *s, char x, char y)
{
	size_t n = 0;
	struct slice word;

	while (n < s->n && s->p[n] != x && s->p[n] != y &&
	       !octet_is(s->p[n], OCTET_BLANK | OCTET_CTL))
		n++;
	word = slice_of(s->p, n);
	*s = slice_of(s->p + n, s->n - n);
	return word;
}

static bool char_take(struct slice *s, char c)
{
	lws_skip(s);
	if (!s->n || s->p[0] != c)
		return false;
	*s = slice_of(s->p + 1, s->n - 1);
	lws_skip(s);
	return true;
}

static bool host_take(struct slice *s, struct slice *host)
{
	if (s->n && s->p[0] == '[') {
		*host = word_take(s, ']', ']');
		if (!s->n || s->p[0] != ']')
			return false;
		host->n++;
		*s = slice_of(s->p + 1, s->n - 1);
	} else {
		*host = word_take(s, ':', ';');
	}
	return address_host_valid(*host);
}

/* A parameter that stands twice is not taken: each hop could see another. */
static bool param_set(struct slice *to, struct slice v)
{
	if (to->p || !v.n)
		return false;
	*to = v;
	return true;
}

static bool param_keep(struct via *v, const struct param *p)
{
	if (slice_caseeq_str(p->name, "branch"))
		return param_set(&v->branch, p->value) &&
		       header_token_valid(p->value);
	if (slice_caseeq_str(p->name, "received"))
		return param_set(&v->received, p->value);
	if (slice_caseeq_str(p->name, "maddr"))
		return param_set(&v->maddr, p->value);
	if (slice_caseeq_str(p->name, "rport")) {
		if (v->rport)
			return false;
		v->rport = true;
		v->rport_value = p->value;
	}
	return true;
}

static int params_parse(struct via *v)
{
	struct slice rest = v->params;
	struct param p;
	unsigned n = 0;
	int err;

	while (!(err = param_next(&rest, &p)))
		if (++n > MESSAGE_PARAMS_MAX || !param_keep(v, &p))
			return EBADMSG;
	return err == ENOENT ? 0 : err;
}

int via_parse(struct via *to, struct slice value)
{
	struct via v = {.octets = value};
	struct slice s = value, name, version;
	int err;

	name = word_take(&s, '/', '/');
	if (!header_token_valid(name) || !char_take(&s, '/'))
		return EBADMSG;
	version = word_take(&s, '/', '/');
	if (!header_token_valid(version) || !char_take(&s, '/'))
		return EBADMSG;
	if (!slice_caseeq_str(name, "SIP") || !slice_eq_str(version, "2.0"))
		return EBADMSG;
	v.transport = word_take(&s, ' ', ' ');
	if (!header_token_valid(v.transport) || !s.n)
		return EBADMSG;
	lws_skip(&s);
	if (!host_take(&s, &v.host))
		return EBADMSG;
	if (char_take(&s, ':') &&
	    address_port_parse(word_take(&s, ';', ';'), &v.port))
		return EBADMSG;
	v.params = slice_trim(s);
	err = params_parse(&v);
	if (!err)
		*to = v;
	return err;
}

bool via_is_3261(const struct via *v)
{
	return v->branch.n > 7 && slice_casestarts(v->branch, "z9hG4bK");
}
