/* negotiate_pass: legs whose octets are relayed unread, because the keys are
 * the ends' own (RFC 7879; RFC 6189 for ZRTP), or because it is no RTP (T.38's
 * UDPTL, data channels). We hold no key of theirs, and can tell the ends' mail
 * from a stranger's by its address only: the SDP's. */
#include "relay/negotiate.h"

static bool has_zrtp(const struct sdpv_media *m)
{
	return sdpv_attr(m->whole, "zrtp-hash").p != NULL;
}

bool negotiate_is_opaque(const struct sdpv_media *m)
{
	struct slice s = m->proto_text;

	return m->proto == SDPV_OTHER &&
	       !value_word_eq(slice_cut(&s, '/'), SLICE_LIT("TCP"));
}

static bool can_pass(const struct sdpv_media *m, const struct options *o)
{
	if (!m->port || m->proto == SDPV_OTHER)
		return true;
	if (o->proto != SDPV_OTHER && o->proto != m->proto)
		return false;
	if (sdpv_proto_is_dtls(m->proto))
		return m->fingerprint_count > 0;
	if (has_zrtp(m))
		return true;
	return sdpv_proto_is_sdes(m->proto) &&
	       (m->crypto_count ? o->pass_sdes : m->fingerprint_count > 0);
}

bool negotiate_passes(const struct sdp_view *view, const struct options *o)
{
	if (!o->pass && !o->pass_sdes)
		return false;
	for (unsigned i = 0; i < view->media_count; i++)
		if (!can_pass(&view->media[i], o))
			return false;
	return true;
}

/* RTCP of an opaque one: none, so nothing is let in at its port. */
static void opaque(struct leg_conf *c)
{
	c->security = LEG_OPAQUE;
	c->latch = LEG_LATCH_STRICT;
	c->rtcp = ADDR_NONE;
}

void negotiate_offer_passed(struct proposal *p, const struct sdpv_media *m)
{
	p->conf.security = LEG_PASS;
	p->mux_offered = p->mux_offer = m->rtcp_mux;
	if (m->proto == SDPV_OTHER) {
		opaque(&p->conf);
		p->mux_offered = p->mux_offer = false;
	}
	p->security = p->conf.security;
}

enum refusal negotiate_answer_passed(struct leg_conf *c,
				     const struct proposal *p,
				     const struct sdpv_media *m)
{
	enum sdpv_proto proto = p->proto[media_other(p->offerer)];

	if (p->security == LEG_OPAQUE) {
		opaque(c);
		return m->proto == SDPV_OTHER ? REFUSAL_NONE : REFUSAL_ANSWER;
	}
	if (sdpv_proto_is_dtls(proto) != sdpv_proto_is_dtls(m->proto) ||
	    sdpv_proto_is_sdes(proto) != sdpv_proto_is_sdes(m->proto))
		return sdpv_proto_is_dtls(m->proto) ||
				       sdpv_proto_is_sdes(m->proto)
			       ? REFUSAL_ANSWER
			       : REFUSAL_DOWNGRADE;
	if (sdpv_proto_is_dtls(proto) && !m->fingerprint_count)
		return REFUSAL_FINGERPRINT;
	if (sdpv_proto_is_sdes(proto) && !m->fingerprint_count &&
	    !m->crypto_count && !has_zrtp(m))
		return REFUSAL_CRYPTO;
	return REFUSAL_NONE;
}
