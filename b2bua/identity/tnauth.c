/* tnauth.c: TNAuthorizationList, RFC 8226 section 9:
 *
 *   SEQUENCE SIZE (1..MAX) OF TNEntry
 *   TNEntry ::= CHOICE { [0] spc IA5String,
 *                        [1] range SEQUENCE { start, count INTEGER (2..MAX) },
 *                        [2] one IA5String (1..15 of 0-9#*) }
 *
 * The module's tags are EXPLICIT: each [n] wraps the element. */
#include "b2bua/identity/tnauth.h"

#include <inttypes.h>
#include <stdlib.h>

#include "b2bua/identity/der.h"

enum { IA5STRING = 0x16 };

static bool all_of(struct slice s, const char *extra, bool alpha)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_digit(s.p[i]) && !(alpha && ascii_alpha(s.p[i])) &&
		    !(s.p[i] && strchr(extra, s.p[i])))
			return false;
	return s.n > 0;
}

static int number_take(struct slice *s, struct tnauth_entry *e)
{
	struct slice text;

	if (der_take(s, IA5STRING, &text) || !all_of(text, "#*", false) ||
	    slice_copy(text, e->text, sizeof(e->text)))
		return EBADMSG;
	return 0;
}

static int count_take(struct slice *s, uint64_t *count)
{
	struct slice n;
	uint64_t v = 0;

	if (der_take(s, DER_INTEGER, &n) || !n.n || n.n > 7 ||
	    (unsigned char)n.p[0] >= 0x80)
		return EBADMSG;
	for (size_t i = 0; i < n.n; i++)
		v = v << 8 | (unsigned char)n.p[i];
	*count = v;
	return v >= 2 ? 0 : EBADMSG;
}

/* start + count < 10^len, so that all numbers have the length of the first */
static bool range_fits(const struct tnauth_entry *e)
{
	struct slice s = slice_str(e->text);
	uint64_t limit = 1, start;

	for (size_t i = 0; i < s.n; i++)
		limit *= 10;
	return !slice_u64(s, UINT64_MAX, &start) && e->count < limit &&
	       start + e->count < limit;
}

static int range_take(struct slice *s, struct tnauth_entry *e)
{
	struct slice seq;

	if (der_take(s, DER_SEQUENCE, &seq) || number_take(&seq, e) ||
	    count_take(&seq, &e->count) || seq.n || !range_fits(e))
		return EBADMSG;
	return 0;
}

static int entry_parse(struct tnauth_entry *e, const struct der *d)
{
	struct slice in = d->body, text;
	int err = 0;

	memset(e, 0, sizeof(*e));
	switch (d->tag) {
	case DER_CONTEXT_0:
		e->kind = TNAUTH_SPC;
		if (der_take(&in, IA5STRING, &text) ||
		    !all_of(text, "", true) ||
		    slice_copy(text, e->text, sizeof(e->text)))
			err = EBADMSG;
		break;
	case DER_CONTEXT_0 + 1:
		e->kind = TNAUTH_RANGE;
		err = range_take(&in, e);
		break;
	case DER_CONTEXT_0 + 2:
		e->kind = TNAUTH_ONE;
		err = number_take(&in, e);
		break;
	default:
		err = EBADMSG;
	}
	return in.n ? EBADMSG : err;
}

int tnauth_parse(struct tnauth *t, struct slice der)
{
	struct slice seq;
	struct der d;
	int err;

	t->n = 0;
	if (der_take(&der, DER_SEQUENCE, &seq) || der.n || !seq.n)
		return EBADMSG;
	while (!(err = der_next(&seq, &d))) {
		if (t->n == TNAUTH_MAX)
			return E2BIG;
		err = entry_parse(&t->v[t->n], &d);
		if (err)
			return err;
		t->n++;
	}
	return err == ENOENT ? 0 : err;
}

static bool entry_covers(const struct tnauth_entry *e, struct slice tn)
{
	uint64_t first, v;

	switch (e->kind) {
	case TNAUTH_ONE:
		return slice_eq_str(tn, e->text);
	case TNAUTH_RANGE:
		return tn.n == strlen(e->text) &&
		       !slice_u64(tn, UINT64_MAX, &v) &&
		       !slice_u64(slice_str(e->text), UINT64_MAX, &first) &&
		       v >= first && v - first < e->count;
	case TNAUTH_SPC:
		break;
	}
	return false;
}

bool tnauth_covers(const struct tnauth *t, const char *tn)
{
	for (size_t i = 0; i < t->n; i++)
		if (entry_covers(&t->v[i], slice_str(tn)))
			return true;
	return false;
}

const char *tnauth_spc(const struct tnauth *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].kind == TNAUTH_SPC)
			return t->v[i].text;
	return NULL;
}

void tnauth_write_text(struct obuf *ob, const struct tnauth *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct tnauth_entry *e = &t->v[i];
		uint64_t first = strtoull(e->text, NULL, 10);

		obuf_str(ob, i ? ", " : "");
		if (e->kind == TNAUTH_SPC)
			obuf_fmt(ob, "service provider %s", e->text);
		else if (e->kind == TNAUTH_ONE)
			obuf_fmt(ob, "number %s", e->text);
		else
			obuf_fmt(ob, "numbers %s to %0*" PRIu64, e->text,
				 (int)strlen(e->text), first + e->count - 1);
	}
}
