/* demux: what a datagram is, and which way it takes (path.h). */
#include "lib/pkt/demux.h"

#include <errno.h>

#include "lib/pkt/stun.h"
#include "relay/assoc.h"
#include "relay/ice.h"
#include "relay/path.h"

static enum drop take_dtls(struct path *path, const struct path_packet *pkt)
{
	const struct assoc *assoc = pkt->at->assoc;
	union addr from = pkt->io.peer;

	if (!assoc)
		return DROP_DTLS;
	if (pkt->at->leg->ice &&
	    !ice_take_dtls(pkt->at, &pkt->io.peer, path->now_ms, &from))
		return DROP_SOURCE;
	switch (assoc_input(assoc, &from, pkt->io.p, pkt->io.n)) {
	case 0:
		break;
	case ENOBUFS:
		return DROP_DTLS_BUSY;
	default:
		return DROP_DTLS_BAD;
	}
	counter_add(&path->counters->v[COUNTER_DTLS_IN], 1);
	return PATH_TAKEN;
}

/* Without rtcp-mux the port decides. RTCP on the RTP port would otherwise be
 * taken for RTP: 200 to 207 are no payload types anybody uses (RFC 3551
 * section 6, table 5: 72 to 76 are reserved for this). */
static enum drop take_media(struct path_packet *pkt, enum demux_kind kind)
{
	const uint8_t second = pkt->io.p[1];

	if (pkt->at->kind == COMPONENT_RTCP) {
		pkt->rtcp = true;
		return kind == DEMUX_RTCP ? DROP_NONE : DROP_NOT_RTCP;
	}
	if (pkt->at->leg->facts.mux) {
		pkt->rtcp = kind == DEMUX_RTCP;
		return DROP_NONE;
	}
	pkt->rtcp = false;
	return second >= 200 && second <= 207 ? DROP_NOT_RTP : DROP_NONE;
}

/* What the ends say to each other with keys of theirs. */
static enum drop take_passed(struct path_packet *pkt)
{
	pkt->rtcp = pkt->at->kind == COMPONENT_RTCP;
	return DROP_NONE;
}

enum drop demux_packet(struct path *path, struct path_packet *pkt)
{
	const struct leg_facts *facts = &pkt->at->leg->facts;
	enum demux_kind kind = demux_datagram(pkt->io.p, pkt->io.n);

	pkt->kind = kind;
	if (pkt->io.cut)
		return DROP_LONG;
	if (facts->security == LEG_OPAQUE && pkt->io.n &&
	    pkt->at->kind == COMPONENT_RTP)
		return take_passed(pkt);
	if (kind == DEMUX_UNKNOWN)
		return DROP_DEMUX;
	if (!facts->set)
		return DROP_LEG;
	if (facts->mux && pkt->at->kind == COMPONENT_RTCP)
		return DROP_MUXED;
	switch (kind) {
	case DEMUX_STUN:
		if (pkt->at->leg->ice)
			return ice_packet(path, pkt);
		return stunv_check(pkt->io.p, pkt->io.n) ? DROP_STUN :
							   DROP_STUN_BAD;
	case DEMUX_DTLS:
		return facts->security == LEG_PASS ? take_passed(pkt) :
						     take_dtls(path, pkt);
	case DEMUX_ZRTP:
		return facts->security == LEG_PASS ? take_passed(pkt) :
						     DROP_ZRTP;
	default:
		return take_media(pkt, kind);
	}
}
