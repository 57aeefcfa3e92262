/* keep.c: does what we send on still carry what was signed? */
#include "b2bua/identity/context.h"

#include <stdio.h>

#include "b2bua/identity/date.h"

#define ELLIPSIS "..."
/* Octets shown before the first one that differs. */
#define LEAD_IN 16

/* How much of two long values to leave out, so that what is shown of them
 * (96 octets) is where they part. */
static size_t skip_alike(struct slice a, struct slice b)
{
	size_t n = 0;

	while (n < a.n && n < b.n && a.p[n] == b.p[n])
		n++;
	return n > 2 * LEAD_IN ? n - LEAD_IN : 0;
}

/* s from octet `from` on, printable, for people. */
static void show(char *to, size_t size, struct slice s, size_t from)
{
	size_t n = 0, i = from;

	if (from && s.n > from)
		n = (size_t)snprintf(to, size, ELLIPSIS);
	for (; i < s.n && n < size - 1; i++) {
		char c = s.p[i];

		to[n++] = c >= 0x20 && c < 0x7f ? c : '.';
	}
	to[n] = 0;
	if (i < s.n)
		memcpy(to + n - strlen(ELLIPSIS), ELLIPSIS, strlen(ELLIPSIS));
}

static void change_add(struct identity_kept *k, size_t verdict,
		       enum identity_field field, struct slice was,
		       struct slice now)
{
	size_t from = skip_alike(was, now);
	struct identity_change *c;

	k->holds[verdict] = false;
	if (k->n == IDENTITY_CHANGED_MAX)
		return;
	c = &k->changed[k->n++];
	c->verdict = (unsigned)verdict;
	c->field = field;
	show(c->was, sizeof(c->was), was, from);
	show(c->now, sizeof(c->now), now, from);
}

static bool header_there(const struct view *view, const struct assertion *a)
{
	struct slice value = slice_of(a->value, a->value_n);

	for (size_t i = 0; i < view->n_identity; i++)
		if (slice_eq(view->identity[i], value))
			return true;
	return false;
}

static void compare_4474(struct identity_kept *k, size_t verdict,
			 const struct assertion *a, const struct view *view)
{
	struct digest_field f[RFC4474_FIELDS];
	char cseq[RFC4474_CSEQ_SIZE];

	if (rfc4474_fields(f, cseq, view)) {
		change_add(k, verdict, FIELD_DATE, SLICE_NONE, view->date);
		return;
	}
	for (unsigned i = 0; i < RFC4474_FIELDS; i++) {
		struct slice was = slice_of(a->field[i], a->field_n[i]);

		if (!slice_eq(was, f[i].octets))
			change_add(k, verdict, f[i].field, was, f[i].octets);
	}
}

/* Without Identity-Info nobody finds the certificate. */
static void compare_info(struct identity_kept *k, size_t verdict,
			 const struct verdict *v, const struct view *view)
{
	struct slice uri = SLICE_NONE;
	const char *why;

	if (view->identity_info.p)
		rfc4474_info_parse(view->identity_info, &uri, &why);
	if (v->info && !slice_eq_str(uri, v->info))
		change_add(k, verdict, FIELD_IDENTITY_INFO,
			   slice_str(v->info), uri);
}

static void compare_mky(struct identity_kept *k, size_t verdict,
			const struct passport *p, const struct view *view)
{
	struct media_keys keys;
	const char *dig = json_string_value(
		json_object_get(json_array_get(p->mky, 0), "dig"));

	if (!p->mky)
		return;
	if (media_keys_parse(&keys, view->body))
		keys.n = 0;
	if (!media_keys_match(&keys, p->mky))
		change_add(k, verdict, FIELD_MKY, slice_str(dig),
			   slice_str(keys.n ? keys.v[0].dig : NULL));
}

static void compare_8224(const struct identity *id, struct identity_kept *k,
			 size_t verdict, const struct verdict *v,
			 const struct view *view)
{
	const struct assertion *a = v->assertion;
	const struct passport *p = a->passport;
	struct slice to = strcmp(v->ppt, "div") == 0 ? view->ruri : view->to;
	struct obuf ob = OBUF_INIT;
	struct canon orig, dest;
	bool by_pai;
	int64_t date;

	if (!orig_matches(id, view, a->by_pai, p, &orig, &by_pai))
		change_add(k, verdict, FIELD_ORIG, slice_str(p->orig),
			   slice_str(orig.text));
	if (canon_identity(&dest, &id->rules, CANON_DEST, to) ||
	    !passport_has_dest(p, &dest)) {
		passport_write_dest(&ob, p);
		change_add(k, verdict, FIELD_DEST, obuf_as_slice(&ob), to);
		obuf_fini(&ob);
	}
	compare_mky(k, verdict, p, view);
	/* In the compact form nothing but Date says when it was signed. */
	if (a->compact &&
	    (date_parse(view->date, &date) || date != p->iat))
		change_add(k, verdict, FIELD_DATE, SLICE_NONE, view->date);
}

static void compare(const struct identity *id, struct identity_kept *k,
		    size_t i, const struct verdict *v,
		    const struct view *view)
{
	const struct assertion *a = v->assertion;

	k->holds[i] = true;
	if (!header_there(view, a))
		change_add(k, i, FIELD_IDENTITY,
			   slice_of(a->value, a->value_n), SLICE_NONE);
	if (v->method == IDENTITY_RFC4474) {
		compare_4474(k, i, a, view);
		compare_info(k, i, v, view);
	} else if (a->passport && a->passport->dest) {
		compare_8224(id, k, i, v, view);
	}
	/* one that could not be read says nothing but itself */
}

int identity_keep(struct identity *id, const struct verdicts *in,
		  struct slice outgoing, struct identity_kept *kept)
{
	struct message *msg;
	struct flaw flaw = {0};
	struct view view;
	int err = message_parse(&msg, outgoing.p, outgoing.n, false, &flaw);

	if (err) {
		mem_deref(flaw.answerable);
		return err;
	}
	memset(kept, 0, sizeof(*kept));
	err = view_init(&view, msg);
	for (size_t i = 0; !err && i < in->n; i++) {
		compare(id, kept, i, &in->v[i], &view);
		if (kept->holds[i] && in->v[i].result == IDENTITY_VALID &&
		    strcmp(in->v[i].ppt, "div") != 0)
			kept->any_valid_holds = true;
	}
	mem_deref(msg);
	return err;
}
