/* rewrite: the way out of a packet (path.h). SSRCs, sequence numbers and
 * timestamps stay as the sender chose them: retransmission, FEC and RTCP refer
 * to them, end to end. The exceptions are renumber.c and name.c. */
#include "relay/ice.h"
#include "relay/path.h"

static enum drop rewrite_rtp(struct stream *s, struct path_packet *pkt)
{
	uint8_t *p = pkt->io.p;
	enum drop drop = DROP_NONE;

	if (leg_is_keyed(s->out->facts.security))
		drop = renumber_rtp(s, p);
	name_rtp(s, p);
	pkt->io.n = (uint32_t)rtpv_ext_keep(p, pkt->io.n,
					    &s->out->facts.extensions);
	return drop;
}

enum drop rewrite_packet(struct path *path, struct path_packet *pkt)
{
	struct stream *s = pkt->stream;
	const struct leg_facts *in = &s->in->facts;
	const struct leg_facts *out = &s->out->facts;
	enum drop drop = DROP_NONE;

	if (!out->set)
		return DROP_NO_PEER;
	if (in->security != out->security &&
	    (leg_is_passed(in->security) || leg_is_passed(out->security)))
		return DROP_UNLIKE;
	/* RTCP also flows while media is on hold (RFC 3264 section 5.1), and
	 * handshakes of the ends do. */
	if (!pkt->rtcp && pkt->kind == DEMUX_RTP && (!in->recv || !out->send))
		return DROP_DIRECTION;
	if (!pkt->rtcp)
		drop = gate_packet(pkt);
	if (drop)
		return drop;
	pkt->to = &s->out->component[pkt->rtcp && !out->mux];
	if (!addr_is_set(&pkt->to->peer))
		return DROP_NO_PEER;
	if (s->out->ice && !ice_has_consent(pkt->to, path->now_ms))
		return DROP_CONSENT;
	pkt->io.fd = pkt->to->fd;
	pkt->io.peer = pkt->to->peer;
	if (leg_is_passed(out->security))
		return DROP_NONE;
	if (!pkt->rtcp)
		return rewrite_rtp(s, pkt);
	name_rtcp(s, pkt->io.p, pkt->io.n);
	renumber_rtcp(stream_back(s), pkt->io.p, pkt->io.n);
	return DROP_NONE;
}
