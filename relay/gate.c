/* gate: media that is not to pass by an operator's word (media.h): blocked, or
 * replaced by silence, or without the digits that are dialled in it. RTCP goes
 * on, so that the ends see who is there. */
#include "relay/path.h"

/* An octet that says silence, for static types whose samples stand alone
 * (RFC 3551 table 4); -1: none known. */
static int silence_of(uint8_t pt)
{
	switch (pt) {
	case 0:
		return 0xff; /* PCMU */
	case 8:
		return 0xd5; /* PCMA */
	case 9:
		return 0xfa; /* G722 */
	default:
		return -1;
	}
}

/* What has no silence of its own is left out. Of what is passed unread, we
 * could not write a packet. */
static enum drop silence(const struct path_packet *pkt,
			 const struct rtp_view *v)
{
	int octet = silence_of(v->pt);

	if (octet < 0 || leg_is_passed(pkt->stream->in->facts.security))
		return DROP_BLOCKED;
	memset(pkt->io.p + v->header, octet, v->payload);
	return DROP_NONE;
}

enum drop gate_packet(const struct path_packet *pkt)
{
	const struct stream *s = pkt->stream;
	unsigned gate = atomic_load_explicit(&s->gate, memory_order_relaxed);
	struct rtp_view v;

	if (!gate)
		return DROP_NONE;
	if (gate & MEDIA_GATE_BLOCK || rtpv_parse_header(pkt->io.p, pkt->io.n,
							 &v))
		return DROP_BLOCKED;
	if (s->in->facts.payloads.of[v.pt].codec == CODEC_EVENT)
		return gate & MEDIA_GATE_DTMF ? DROP_BLOCKED : DROP_NONE;
	return gate & MEDIA_GATE_SILENCE ? silence(pkt, &v) : DROP_NONE;
}
