/* rewrite: the way out of a packet (path.h). SSRCs, sequence numbers and
 * timestamps stay as the sender chose them: retransmission, FEC and RTCP refer
 * to them, end to end. The one exception is renumber.c. */
#include "relay/path.h"

/* The stream that goes the other way: what this RTCP is about. */
static struct stream *stream_back(const struct stream *s)
{
	return &s->out->bridge->stream[s->out->side];
}

enum drop rewrite_packet(struct path *path, struct path_packet *pkt)
{
	struct stream *s = pkt->stream;
	const struct leg_facts *out = &s->out->facts;

	(void)path;
	if (!out->set)
		return DROP_NO_PEER;
	/* RTCP also flows while media is on hold (RFC 3264 section 5.1). */
	if (!pkt->rtcp && (!s->in->facts.recv || !out->send))
		return DROP_DIRECTION;
	pkt->to = &s->out->component[pkt->rtcp && !out->mux];
	if (!addr_is_set(&pkt->to->peer))
		return DROP_NO_PEER;
	pkt->io.fd = pkt->to->fd;
	pkt->io.peer = pkt->to->peer;
	if (pkt->rtcp)
		renumber_rtcp(stream_back(s), pkt->io.p, pkt->io.n);
	else if (out->security != LEG_RTP)
		return renumber_rtp(s, pkt->io.p);
	return DROP_NONE;
}
