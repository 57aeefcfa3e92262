/* negotiate_ice: which leg does ICE, and under which user name and password
 * (RFC 8445, 8839). We are lite on all legs:
 *  - a peer that is lite too sends no checks, and neither do we: its leg is as
 *    if there were no ICE, its address the SDP's (RFC 8445 appendix A: one
 *    candidate each, and that is the default one)
 *  - an offer that goes on has ours if ICE=force, or if the one that came has
 *    some (ICE=default, and no ICE key); what the answer says of it decides
 *  - ours stay from one SDP to the next; new ones are a restart, and the only
 *    reason for them is that the peer has new ones
 *
 * Remote candidates are not looked at (ice.h). */
#include "relay/negotiate.h"

enum {
	UFRAG_MIN = 4, /* RFC 8839 5.4 */
	PWD_MIN = 22,
	WORD_MAX = 256,
};

static bool is_word(struct slice s, size_t min)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_alpha(s.p[i]) && !ascii_digit(s.p[i]) &&
		    s.p[i] != '+' && s.p[i] != '/')
			return false;
	return s.n >= min && s.n <= WORD_MAX;
}

/* Does who wrote this send checks? */
static bool has_full_agent(const struct sdpv_media *m)
{
	return is_word(m->ice_ufrag, UFRAG_MIN) &&
	       is_word(m->ice_pwd, PWD_MIN) && !m->ice_lite;
}

static bool ice_wanted(const struct sdpv_media *m, const struct options *o)
{
	switch (o->ice) {
	case OPTIONS_ICE_REMOVE:
		return false;
	case OPTIONS_ICE_DEFAULT:
		return m->ice_ufrag.p != NULL;
	default:
		return true;
	}
}

static bool has_ice(const struct session_leg *leg)
{
	return leg->set && leg->conf.ice.ufrag[0];
}

void negotiate_offer_ice(struct session_media *sm, const struct sdpv_media *m,
			 const struct options *o)
{
	struct proposal *p = &sm->next;
	const struct session_leg *from = &sm->leg[p->offerer];
	const struct session_leg *to = &sm->leg[media_other(p->offerer)];

	if (o->ice_reject || p->security == LEG_OPAQUE)
		return;
	if (has_full_agent(m)) {
		p->conf.ice_peer = ice_peer_hash(m->ice_ufrag);
		if (has_ice(from) && from->conf.ice_peer == p->conf.ice_peer)
			p->conf.ice = from->conf.ice;
		else
			ice_creds_make(&p->conf.ice);
	}
	if (!ice_wanted(m, o))
		return;
	p->ice_must = o->ice == OPTIONS_ICE_FORCE;
	/* Another branch of a fork must not know what this one does. */
	if (has_ice(to) && o->to_tag.n)
		p->ice = to->conf.ice;
	else
		ice_creds_make(&p->ice);
}

/* Of a leg at a shared port nothing else can be told apart. */
static enum refusal shared_check(const struct session_media *sm,
				 enum media_side side, struct leg_conf *c)
{
	if (!sm->media || !media_shared(sm->media, side))
		return REFUSAL_NONE;
	return c->ice.ufrag[0] && c->rtcp_mux ? REFUSAL_NONE : REFUSAL_ICE;
}

enum refusal negotiate_answer_ice(const struct session_media *sm,
				  const struct sdpv_media *m,
				  const struct options *o,
				  struct leg_conf conf[2])
{
	const struct proposal *p = &sm->offer;
	struct leg_conf *x = &conf[p->offerer];
	struct leg_conf *y = &conf[media_other(p->offerer)];
	enum refusal why;

	if (o->ice == OPTIONS_ICE_REMOVE || o->ice_reject)
		x->ice = (struct ice_creds){0};
	if (p->ice.ufrag[0] && has_full_agent(m)) {
		y->ice = p->ice;
		y->ice_peer = ice_peer_hash(m->ice_ufrag);
	}
	why = shared_check(sm, p->offerer, x);
	return why ? why : shared_check(sm, media_other(p->offerer), y);
}

void negotiate_write_ice(struct rewrite_media *rm,
			 const struct session_media *sm, enum media_side side,
			 const struct ice_creds *creds)
{
	bool only = rm->rtcp_mux_only || media_shared(sm->media, side);

	if (!creds->ufrag[0])
		return;
	rm->ice = creds;
	if (!only)
		rm->ice_rtcp = media_port(sm->media, side, true);
}
