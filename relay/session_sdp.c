/* Offer and answer, over all m-lines: what negotiate.c decided is done here,
 * or nothing of it. */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clk.h"
#include "relay/limit.h"
#include "relay/negotiate.h"
#include "relay/record.h"
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
	struct media_args args = {.hash = s->hash,
				  .certificate = s->certificate};
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
	args.ice[side] = sm->next.conf.ice.ufrag[0] && m->rtcp_mux;
	args.ice[other] = sm->next.ice_must;
	err = media_open(&sm->media, ss->conf.plane, &args);
	if (err == ENOENT && o->family == AF_UNSPEC) {
		args.family[other] = AF_UNSPEC;
		err = media_open(&sm->media, ss->conf.plane, &args);
	}
	if (err)
		return err == ENOENT ? REFUSAL_ADDRESS : media_refusal(err);
	if (s->tos >= 0)
		media_tos_set(sm->media, (uint8_t)s->tos);
	for (int i = 0; i < 2; i++)
		media_gate_set(sm->media, (enum media_side)i,
			       s->side[i].gate);
	if (s->recording)
		media_record_set(sm->media, recording_id(s->recording));
	sm->fresh = true;
	return REFUSAL_NONE;
}

/* A callee may start its checks and its handshake before we have seen its
 * answer. */
static enum refusal leg_early(struct session_media *sm)
{
	enum media_side other = media_other(sm->next.offerer);
	bool dtls = sm->next.security == LEG_DTLS;
	struct leg_conf early = {.security = sm->next.security,
				 .role = HANDSHAKE_PASSIVE,
				 .rtcp_mux = media_shared(sm->media, other),
				 .ice = sm->next.ice,
				 .recv = dtls,
				 .send = dtls};

	if (sm->leg[other].set || (!dtls && !early.ice.ufrag[0]))
		return REFUSAL_NONE;
	return media_leg_set(sm->media, other, &early) ? REFUSAL_INTERNAL
						       : REFUSAL_NONE;
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
	why = negotiate_offer(sm, side, m, o, s->certificate != NULL,
			      pass);
	if (!why && session_absent_wanted(o, m->type))
		why = session_absent_make(sm, side, m);
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
		negotiate_write_offer(s->media[i], o,
				      certificate_fingerprint(s->certificate),
				      &rw.media[i]);
		codec_choose(&rw.media[i].codecs, &ss->view.media[i],
			     &o->codecs, CODEC_IN_OFFER);
		rw.media[i].hidden =
			session_media_absent(s->media[i], media_other(side));
	}
	return session_write(ss, s, media_other(side), o, &rw, sdp);
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

		if (sm->media && leg_early(sm))
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
	return session_tags_set(s, side, o) ||
			       session_text_set(&s->side[side].label, o->label)
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
				  enum media_side side,
				  const struct options *o, struct obuf *sdp)
{
	unsigned medias = s->medias;
	bool pass = negotiate_passes(&ss->view, o);
	enum refusal why = session_absent_insert(&ss->view, s, side);

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

/* A call, or a branch of one. */
static enum refusal session_make(struct sessions *ss, struct session *first,
				 const struct options *o, struct session **s)
{
	enum refusal why = REFUSAL_NONE;
	int err;

	if (!first)
		why = limit_refusal(&ss->conf, ss->count);
	if (why)
		return why;
	err = first ? session_branch_new(first, s)
		    : session_new(ss, o->call_id, s);
	if (err)
		return err == ENOSPC ? REFUSAL_SESSIONS : REFUSAL_INTERNAL;
	if (session_text_set(&(*s)->via_branch, o->via_branch)) {
		sessions_del(ss, *s);
		return REFUSAL_INTERNAL;
	}
	return REFUSAL_NONE;
}

static enum refusal offer(struct sessions *ss, const struct options *o,
			  struct obuf *sdp)
{
	struct session *first = sessions_find(ss, o->call_id), *s = NULL;
	enum media_side side = MEDIA_A;
	enum refusal why = REFUSAL_NONE;
	bool fresh;

	if (first)
		why = session_pick_offer(first, o, &s, &side);
	fresh = !s;
	if (!why && fresh)
		why = session_make(ss, first, o, &s);
	if (why)
		return why;
	why = offer_session(ss, s, side, o, sdp);
	if (why && fresh)
		sessions_del(ss, s);
	return why;
}

enum refusal sessions_offer(struct sessions *ss, const struct options *o,
			    struct obuf *sdp)
{
	enum refusal why = view_parse(ss, o->sdp);

	ss->stats.offers++;
	if (!why && is_loop(ss, o, sdp))
		return REFUSAL_NONE;
	if (!why)
		why = offer(ss, o, sdp);
	if (why)
		ss->stats.refused++;
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
				       certificate_fingerprint(s->certificate),
				       &a->conf[i][s->offerer], a->reject[i],
				       &rw.media[i]);
		codec_choose(&rw.media[i].codecs, &ss->view.media[i],
			     &o->codecs, CODEC_IN_ANSWER);
		rw.media[i].hidden = session_media_absent(s->media[i], s->offerer);
	}
	return session_write(ss, s, s->offerer, o, &rw, sdp);
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

/* What other branches of A's send is kept back from now on: of several that
 * ring with media of their own, the last is heard. */
static void silence_others(struct sessions *ss, const struct session *s)
{
	struct session *b = sessions_find(ss, slice_str(s->call_id));

	for (; b; b = b->branch) {
		if (b == s || !b->answered ||
		    strcmp(b->side[MEDIA_A].tag, s->side[MEDIA_A].tag) != 0)
			continue;
		for (unsigned i = 0; i < b->medias; i++) {
			struct session_media *sm = b->media[i];
			struct leg_conf conf = sm->leg[MEDIA_A].conf;

			conf.send = false;
			if (sm->media && sm->leg[MEDIA_A].set)
				media_leg_set(sm->media, MEDIA_A, &conf);
			OPENSSL_cleanse(&conf, sizeof(conf));
		}
	}
}

static enum refusal answer_session(struct sessions *ss, struct session *s,
				   const struct options *o, struct obuf *sdp)
{
	struct answer a = {0};
	enum media_side side;
	enum refusal why = session_pick_answer(s, o, &s, &side);

	if (why)
		return why;
	why = session_absent_insert(&ss->view, s, media_other(side));
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
	silence_others(ss, s);
	return session_tags_set(s, side, o) ||
			       session_text_set(
				       &s->side[media_other(side)].label,
				       o->label)
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
