/* What goes to a side, as octets. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/siphash.h"
#include "relay/session_priv.h"

/* What c= says on that side: what was asked for, or what the first m-line
 * that has ports is reached by. */
static enum refusal rewrite_address(const struct session *s,
				    enum media_side to,
				    const struct options *o, char text[64],
				    struct rewrite *rw)
{
	union addr a;

	rw->address = "0.0.0.0";
	for (unsigned i = 0; i < s->medias; i++)
		if (s->media[i]->media) {
			rw->address = media_address(s->media[i]->media, to);
			break;
		}
	if (o->media_address.n) {
		if (slice_copy(o->media_address, text, 64))
			return REFUSAL_ADDRESS;
		rw->address = text;
	}
	if (addr_parse(slice_str(rw->address), 0, &a))
		return REFUSAL_ADDRESS;
	rw->ip6 = a.sa.sa_family == AF_INET6;
	return REFUSAL_NONE;
}

static struct slice line_value(struct slice part, char type)
{
	struct sdpv_line line;

	while (sdpv_line_next(&part, &line))
		if (line.type == type)
			return line.value;
	return SLICE_NONE;
}

/* replace=[username, session-name]: what this side saw first is what it goes
 * on seeing. */
static int names_keep(struct session_side *side, const struct sdp_view *view,
		      const struct options *o, struct rewrite *rw)
{
	struct sdpv_origin origin;
	int err = 0;

	if (o->replace.username && !side->username &&
	    sdpv_origin_parse(view->origin, &origin) == 0)
		err = session_text_set(&side->username, origin.user);
	if (!err && o->replace.session_name && !side->session_name)
		err = session_text_set(&side->session_name,
				       line_value(view->session, 's'));
	if (o->replace.username && side->username)
		rw->username = slice_str(side->username);
	if (o->replace.session_name && side->session_name)
		rw->session_name = slice_str(side->session_name);
	return err;
}

static void write_edited(struct sessions *ss, const struct options *o,
			 const struct rewrite *rw, struct obuf *ob)
{
	if (!o->edits.n) {
		sdp_rewrite(ob, &ss->view, rw);
		return;
	}
	obuf_reset(&ss->plain);
	sdp_rewrite(&ss->plain, &ss->view, rw);
	sdp_edit(ob, obuf_as_slice(&ss->plain), &o->edits);
	if (!ob->err)
		ob->err = ss->plain.err;
	if (ss->plain.n)
		explicit_bzero(ss->plain.p, ss->plain.n);
}

/* replace=[SDP-version]: o='s version grows whenever the rest has changed
 * (RFC 3264 section 8), and only then, unless it shall grow always. */
static void write_versioned(struct sessions *ss, struct session_side *side,
			    const struct options *o, struct rewrite *rw,
			    struct obuf *ob)
{
	const struct sdp_view *view = &ss->view;
	struct sdpv_origin origin;
	size_t start = ob->n;
	uint64_t hash;
	char digits[24];

	if (!side->versioned &&
	    (sdpv_origin_parse(view->origin, &origin) ||
	     slice_u64(origin.version, UINT64_MAX / 2, &side->version)))
		side->version = 1;
	snprintf(digits, sizeof(digits), "%" PRIu64, side->version);
	rw->version = slice_str(digits);
	write_edited(ss, o, rw, ob);
	hash = siphash(ob->p + start, ob->n - start);
	if (side->versioned &&
	    (o->replace.force_version || hash != side->body_hash)) {
		snprintf(digits, sizeof(digits), "%" PRIu64, ++side->version);
		rw->version = slice_str(digits);
		ob->n = start;
		write_edited(ss, o, rw, ob);
		hash = siphash(ob->p + start, ob->n - start);
	}
	side->body_hash = hash;
	side->versioned = true;
	rw->version = SLICE_NONE; /* digits end here */
}

static bool mid_used(const struct sdp_view *view, unsigned mid)
{
	char digits[12];

	snprintf(digits, sizeof(digits), "%u", mid);
	for (unsigned i = 0; i < view->media_count; i++)
		if (slice_eq_str(view->media[i].mid, digits))
			return true;
	return false;
}

/* An m-line's place is its name, if that is free: the same each time. */
static void mids_make(const struct sdp_view *view, struct rewrite *rw)
{
	unsigned free_mid = SDPV_MEDIAS_MAX;

	for (unsigned i = 0; i < view->media_count; i++) {
		rw->media[i].mid = i + 1;
		while (!view->media[i].mid.p &&
		       mid_used(view, rw->media[i].mid))
			rw->media[i].mid = ++free_mid;
	}
}

enum refusal session_write(struct sessions *ss, struct session *s,
			       enum media_side to, const struct options *o,
			       struct rewrite *rw, struct obuf *ob)
{
	struct session_side *side = &s->side[to];
	char text[64];
	enum refusal why = rewrite_address(s, to, o, text, rw);

	if (why)
		return why;
	rw->zero_address = o->replace.zero_address;
	rw->origin = o->replace.origin;
	rw->loop = o->loop_protect ? ss->loop : NULL;
	if (o->extmap.all || o->extmap.n)
		rw->extmap = &o->extmap;
	if (o->generate_mid)
		mids_make(&ss->view, rw);
	if (names_keep(side, &ss->view, o, rw))
		return REFUSAL_INTERNAL;
	if (o->replace.version || o->replace.force_version)
		write_versioned(ss, side, o, rw, ob);
	else
		write_edited(ss, o, rw, ob);
	return ob->err ? REFUSAL_REWRITE : REFUSAL_NONE;
}

/* ---- m-lines that one side is not shown --------------------------------- */

bool session_absent_wanted(const struct options *o, struct slice type)
{
	for (unsigned i = 0; i < o->removes; i++)
		if (slice_caseeq(o->remove[i], type))
			return true;
	return false;
}

enum refusal session_absent_make(struct session_media *sm,
				 enum media_side side,
				 const struct sdpv_media *m)
{
	struct obuf ob = OBUF_INIT;

	sm->next.reject = true;
	if (sm->absent || sm->offer.proto[side] != SDPV_OTHER || sm->media)
		return REFUSAL_NONE;
	obuf_str(&ob, "m=");
	obuf_slice(&ob, m->type);
	obuf_str(&ob, " 0 ");
	obuf_slice(&ob, m->proto_text);
	obuf_chr(&ob, ' ');
	obuf_slice(&ob, m->formats);
	obuf_str(&ob, "\r\n");
	if (!ob.err)
		sm->absent = slice_dup(obuf_as_slice(&ob));
	obuf_fini(&ob);
	sm->absent_for = media_other(side);
	return sm->absent ? REFUSAL_NONE : REFUSAL_INTERNAL;
}

static struct sdpv_media absent_media(const char *text)
{
	struct sdpv_media m = {.whole = slice_str(text),
			       .line = slice_str(text)};
	struct slice rest = slice_of(text + 2, strlen(text) - 4);

	m.type = slice_cut(&rest, ' ');
	slice_cut(&rest, ' ');
	m.proto_text = slice_cut(&rest, ' ');
	m.proto = sdpv_proto_parse(m.proto_text);
	m.formats = rest;
	for (struct slice format; sdpv_format_next(&rest, &format);)
		m.format_count++;
	return m;
}

enum refusal session_absent_insert(struct sdp_view *view,
				   const struct session *s,
				   enum media_side side)
{
	for (unsigned i = 0; i < s->medias; i++) {
		const struct session_media *sm = s->media[i];

		if (!sm->absent || sm->absent_for != side)
			continue;
		if (i > view->media_count ||
		    view->media_count == SDPV_MEDIAS_MAX)
			return REFUSAL_MLINES;
		memmove(&view->media[i + 1], &view->media[i],
			(view->media_count - i) * sizeof(view->media[0]));
		view->media[i] = absent_media(sm->absent);
		view->media_count++;
	}
	return REFUSAL_NONE;
}
