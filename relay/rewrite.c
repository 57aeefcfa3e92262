/* rewrite: the way out of a packet (path.h). SSRCs, sequence numbers and
 * timestamps stay as the sender chose them: retransmission, FEC and RTCP refer
 * to them, end to end. */
#include "relay/path.h"

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
	return DROP_NONE;
}
