/* Offer and answer, over all m-lines: what negotiate.c decided is done here,
 * or nothing of it. */
#include <errno.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clk.h"
#include "lib/base/siphash.h"
#include "relay/limit.h"
#include "relay/negotiate.h"
#include "relay/session_priv.h"

static enum refusal view_parse(struct sessions *ss, struct slice sdp)
{
	return sdpv_parse(&ss->view, sdp) ? REFUSAL_SDP : REFUSAL_NONE;
}

/* We wrote it: it has come back to us, and goes on as it is. */
static bool is_loop(const struct sessions *ss, const struct options *o,
		    struct obuf *sdp)
{
	struct slice rest = ss->view.session;
	struct sdpv_line line;

	while (o->loop_protect && sdpv_line_next(&rest, &line))
		if (line.type == 'a' && slice_eq_str(line.value, ss->loop)) {
			obuf_slice(sdp, o->sdp);
			return true;
		}
	return false;
}

/* ---- whose offer it is -------------------------------------------------- */

static int tags_set(struct session *s, enum media_side from,
		    const struct options *o)
{
	struct session_side *x = &s->side[from];
	struct session_side *y = &s->side[media_other(from)];
	int err = session_text_set(&x->tag, o->from_tag);

	/* present and empty: a dialog that has no to-tag yet */
	if (!err && o->to_tag.n)
		err = session_text_set(&y->tag, o->to_tag);
	return err;
}

static int side_set(struct session_side *side, const struct options *o)
{
	int err = session_text_set(&side->label, o->label);

	return err ? err : session_text_set(&side->via_branch, o->via_branch);
}

/* The sender of an offer: a side whose tag we know, or the second one, which
 * has not answered yet, by the tag that it names as its peer's. */
static enum refusal offerer_find(const struct session *s,
				 const struct options *o,
				 enum media_side *side)
{
	enum media_side peer;

	if (!s->side[MEDIA_A].tag) {
		*side = MEDIA_A;
		return REFUSAL_NONE;
	}
	if (session_side_of(s, o->from_tag, side))
		return REFUSAL_NONE;
	if (!s->side[MEDIA_B].tag && o->to_tag.n &&
	    session_side_of(s, o->to_tag, &peer)) {
		*side = MEDIA_B;
		return REFUSAL_NONE;
	}
	return REFUSAL_DIALOGUE;
}

/* ---- ports -------------------------------------------------------------- */

static enum refusal media_refusal(int err)
{
	switch (err) {
	case ENOENT:
		return REFUSAL_INTERFACE;
	case EADDRNOTAVAIL:
	case EADDRINUSE:
	case EMFILE:
		return REFUSAL_PORTS;
	default:
		return REFUSAL_INTERNAL;
	}
}

/* An interface's name as a string; "" if it has none of that name. */
static bool interface_name(char to[64], struct slice name,
			   const struct plane *plane)
{
	*to = '\0';
	if (!name.n)
		return true;
	return slice_copy(name, to, 64) == 0 && plane_has_interface(plane, to);
}

/* The peer's own family is a must; the other side's only if it was asked for,
 * else it is what the interface has. */
static enum refusal ports_open(struct sessions *ss, const struct session *s,
			       struct session_media *sm,
			       const struct sdpv_media *m,
			       const struct options *o)
{
	enum media_side side = sm->next.offerer, other = media_other(side);
	struct media_args args = {.hash = s->hash};
	int family = m->conn.ip6 ? AF_INET6 : AF_INET;
	char name[2][64];
	int err;

	if (o->sip_source && addr_is_set(&o->received))
		family = o->received.sa.sa_family;
	for (int i = 0; i < 2; i++)
		if (!interface_name(name[i], o->interface[i], ss->conf.plane))
			return REFUSAL_INTERFACE;
	args.interface[side] = name[0];
	args.interface[other] = name[1];
	args.family[side] = family;
	args.family[other] = o->family == AF_UNSPEC ? family : o->family;
	err = media_open(&sm->media, ss->conf.plane, &args);
	if (err == ENOENT && o->family == AF_UNSPEC) {
		args.family[other] = AF_UNSPEC;
		err = media_open(&sm->media, ss->conf.plane, &args);
	}
	if (err)
		return err == ENOENT ? REFUSAL_ADDRESS : media_refusal(err);
	if (s->tos >= 0)
		media_tos_set(sm->media, (uint8_t)s->tos);
	sm->fresh = true;
	return REFUSAL_NONE;
}

/* A callee may start its handshake before we have seen its answer. */
static enum refusal handshake_early(struct session_media *sm)
{
	enum media_side other = media_other(sm->next.offerer);
	struct leg_conf early = {.security = LEG_DTLS,
				 .role = HANDSHAKE_PASSIVE,
				 .recv = true,
				 .send = true};

	if (sm->leg[other].set || sm->next.security != LEG_DTLS)
		return REFUSAL_NONE;
	return media_leg_set(sm->media, other, &early) ? REFUSAL_INTERNAL
						       : REFUSAL_NONE;
}

/* ---- writing ------------------------------------------------------------ */

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

static enum refusal body_write(struct sessions *ss, struct session *s,
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

static bool absent_wanted(const struct options *o, struct slice type)
{
	for (unsigned i = 0; i < o->removes; i++)
		if (slice_caseeq(o->remove[i], type))
			return true;
	return false;
}

/* An m-line that the other side has seen cannot vanish any more (RFC 3264
 * section 8): it is rejected. */
static enum refusal absent_make(struct session_media *sm, enum media_side side,
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

/* What the side does not know of is put where the session has it. */
static enum refusal absent_insert(struct sdp_view *view,
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

static bool is_absent(const struct session_media *sm, enum media_side side)
{
	return sm->absent && sm->absent_for == side;
}

/* ---- the offer ---------------------------------------------------------- */

static enum refusal offer_media(struct sessions *ss, struct session *s,
				unsigned i, enum media_side side,
				const struct options *o, bool pass)
{
	const struct sdpv_media *m = &ss->view.media[i];
	struct session_media *sm;
	enum refusal why;

	if (i == s->medias && session_media_add(s))
		return REFUSAL_INTERNAL;
	sm = s->media[i];
	sm->fresh = false;
	why = negotiate_offer(sm, side, m, o, ss->conf.fingerprint != NULL,
			      pass);
	if (!why && absent_wanted(o, m->type))
		why = absent_make(sm, side, m);
	payload_map_fill(&sm->next.conf.payloads, m);
	if (!why && !sm->next.reject && !sm->media)
		why = ports_open(ss, s, sm, m, o);
	return why;
}

static enum refusal offer_write(struct sessions *ss, struct session *s,
				enum media_side side, const struct options *o,
				struct obuf *sdp)
{
	struct rewrite rw = {0};

	for (unsigned i = 0; i < s->medias; i++) {
		negotiate_write_offer(s->media[i], o, ss->conf.fingerprint,
				      &rw.media[i]);
		codec_choose(&rw.media[i].codecs, &ss->view.media[i],
			     &o->codecs, CODEC_IN_OFFER);
		rw.media[i].hidden =
			is_absent(s->media[i], media_other(side));
	}
	return body_write(ss, s, media_other(side), o, &rw, sdp);
}

static void type_copy(char to[SESSION_TYPE], struct slice type)
{
	if (slice_copy(type, to, SESSION_TYPE))
		snprintf(to, SESSION_TYPE, "other");
}

static void tos_set(struct session *s, uint8_t tos)
{
	s->tos = tos;
	for (unsigned i = 0; i < s->medias; i++)
		if (s->media[i]->media)
			media_tos_set(s->media[i]->media, tos);
}

static enum refusal offer_commit(struct session *s, enum media_side side,
				 const struct options *o,
				 const struct sdp_view *view)
{
	for (unsigned i = 0; i < s->medias; i++) {
		struct session_media *sm = s->media[i];
		struct session_leg *other = &sm->leg[media_other(side)];

		if (sm->media && handshake_early(sm))
			return REFUSAL_INTERNAL;
		type_copy(sm->type, view->media[i].type);
		sm->offer = sm->next;
		sm->fresh = false;
		if (sm->offer.offer.n)
			other->ours = sm->offer.offer;
	}
	if (o->tos >= 0)
		tos_set(s, (uint8_t)o->tos);
	s->offerer = side;
	s->delete_ms = 0;
	s->signal_us = clk_wall_us();
	s->signal_ms = clk_ms();
	return tags_set(s, side, o) || side_set(&s->side[side], o)
		       ? REFUSAL_INTERNAL
		       : REFUSAL_NONE;
}

/* As before: m-lines that were new go, ports that were opened close. */
static void offer_undo(struct session *s, unsigned medias)
{
	while (s->medias > medias)
		session_media_del(s);
	for (unsigned i = 0; i < s->medias; i++) {
		if (s->media[i]->fresh)
			session_media_close(s->media[i]);
		s->media[i]->fresh = false;
	}
}

static enum refusal offer_session(struct sessions *ss, struct session *s,
				  const struct options *o, struct obuf *sdp)
{
	unsigned medias = s->medias;
	enum media_side side = MEDIA_A;
	enum refusal why = offerer_find(s, o, &side);
	bool pass = negotiate_passes(&ss->view, o);

	if (!why)
		why = absent_insert(&ss->view, s, side);
	if (!why && ss->view.media_count < medias)
		why = REFUSAL_MLINES;
	for (unsigned i = 0; !why && i < ss->view.media_count; i++)
		why = offer_media(ss, s, i, side, o, pass);
	if (!why)
		why = offer_write(ss, s, side, o, sdp);
	if (!why)
		why = offer_commit(s, side, o, &ss->view);
	if (why)
		offer_undo(s, medias);
	for (unsigned i = 0; i < s->medias; i++)
		OPENSSL_cleanse(&s->media[i]->next, sizeof(s->media[i]->next));
	return why;
}

enum refusal sessions_offer(struct sessions *ss, const struct options *o,
			    struct obuf *sdp)
{
	struct session *s;
	enum refusal why = view_parse(ss, o->sdp);
	bool fresh;

	ss->stats.offers++;
	if (!why && is_loop(ss, o, sdp))
		return REFUSAL_NONE;
	s = sessions_find(ss, o->call_id);
	fresh = !s;
	if (!why && fresh)
		why = limit_refusal(&ss->conf, ss->count);
	if (!why && fresh && session_new(ss, o->call_id, &s))
		why = REFUSAL_INTERNAL;
	if (!why)
		why = offer_session(ss, s, o, sdp);
	if (why) {
		ss->stats.refused++;
		if (fresh && s)
			sessions_del(ss, s);
	}
	return why;
}

/* ---- the answer --------------------------------------------------------- */

struct answer {
	struct leg_conf conf[SDPV_MEDIAS_MAX][2];
	bool reject[SDPV_MEDIAS_MAX];
};

static enum refusal answer_decide(const struct sessions *ss,
				  const struct session *s,
				  const struct options *o, struct answer *a)
{
	enum refusal why = REFUSAL_NONE;

	if (ss->view.media_count != s->medias)
		return REFUSAL_MLINES;
	for (unsigned i = 0; !why && i < s->medias; i++) {
		char type[SESSION_TYPE];

		type_copy(type, ss->view.media[i].type);
		if (strcmp(type, s->media[i]->type) != 0)
			return REFUSAL_MLINES;
		why = negotiate_answer(s->media[i], &ss->view.media[i], o,
				       a->conf[i], &a->reject[i]);
		payload_map_fill(
			&a->conf[i][media_other(s->offerer)].payloads,
			&ss->view.media[i]);
		a->reject[i] |= !s->media[i]->media;
	}
	return why;
}

static enum refusal answer_write(struct sessions *ss, struct session *s,
				 const struct options *o,
				 const struct answer *a, struct obuf *sdp)
{
	struct rewrite rw = {0};

	for (unsigned i = 0; i < s->medias; i++) {
		negotiate_write_answer(s->media[i], &ss->view.media[i], o,
				       ss->conf.fingerprint,
				       &a->conf[i][s->offerer], a->reject[i],
				       &rw.media[i]);
		codec_choose(&rw.media[i].codecs, &ss->view.media[i],
			     &o->codecs, CODEC_IN_ANSWER);
		rw.media[i].hidden = is_absent(s->media[i], s->offerer);
	}
	return body_write(ss, s, s->offerer, o, &rw, sdp);
}

static int leg_apply(struct session_media *sm, enum media_side side,
		     const struct leg_conf *conf)
{
	int err = media_leg_set(sm->media, side, conf);

	if (err)
		return err;
	sm->leg[side].conf = *conf;
	sm->leg[side].set = true;
	sm->leg[side].proto = sm->offer.proto[side];
	return 0;
}

static enum refusal answer_apply(struct session *s, const struct sdp_view *view,
				 const struct answer *a)
{
	for (unsigned i = 0; i < s->medias; i++) {
		struct session_media *sm = s->media[i];
		struct session_leg *x = &sm->leg[s->offerer];
		struct session_leg *y = &sm->leg[media_other(s->offerer)];

		if (a->reject[i]) {
			session_media_close(sm);
			continue;
		}
		if (leg_apply(sm, MEDIA_A, &a->conf[i][MEDIA_A]) ||
		    leg_apply(sm, MEDIA_B, &a->conf[i][MEDIA_B]))
			return REFUSAL_INTERNAL;
		x->direction = sm->offer.direction;
		y->direction = view->media[i].direction;
		if (sm->offer.answer.n)
			x->ours = sm->offer.answer;
	}
	return REFUSAL_NONE;
}

static enum refusal answer_session(struct sessions *ss, struct session *s,
				   const struct options *o, struct obuf *sdp)
{
	struct answer a = {0};
	enum media_side side;
	enum refusal why;

	if (!session_side_of(s, o->from_tag, &side) || side != s->offerer)
		return REFUSAL_DIALOGUE;
	why = absent_insert(&ss->view, s, media_other(side));
	if (!why)
		why = answer_decide(ss, s, o, &a);
	if (!why)
		why = answer_write(ss, s, o, &a, sdp);
	if (!why)
		why = answer_apply(s, &ss->view, &a);
	OPENSSL_cleanse(&a, sizeof(a));
	if (why)
		return why;
	s->answered = true;
	s->delete_ms = 0;
	s->signal_us = clk_wall_us();
	s->signal_ms = clk_ms();
	return tags_set(s, side, o) || side_set(&s->side[media_other(side)], o)
		       ? REFUSAL_INTERNAL
		       : REFUSAL_NONE;
}

enum refusal sessions_answer(struct sessions *ss, const struct options *o,
			     struct obuf *sdp)
{
	struct session *s = sessions_find(ss, o->call_id);
	enum refusal why = s ? view_parse(ss, o->sdp) : REFUSAL_UNKNOWN_CALL;

	ss->stats.answers++;
	if (!why && is_loop(ss, o, sdp))
		return REFUSAL_NONE;
	if (!why)
		why = answer_session(ss, s, o, sdp);
	if (why)
		ss->stats.refused++;
	return why;
}
