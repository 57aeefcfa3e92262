/* latch: which address a leg's packets may come from, and what the first good
 * one teaches (path.h).
 *
 *	leg	rule	before one was accepted		after
 *	plain	HOST	any port of the SDP's host	that one only
 *	plain	STRICT	the SDP's address		the same
 *	keyed	HOST	any: the tag decides		that one only
 *	keyed	STRICT	the SDP's address		the same
 *	keyed	FOLLOW	any: the tag decides		the same, each time
 *
 * ASYMMETRIC is HOST, but what is learned is not where we send to. FOLLOW is
 * HOST on a leg that is not keyed. A packet that is repeated from elsewhere
 * moves nobody: its index was seen.
 *
 * A leg whose octets are passed unread is as good as plain: keys that we do
 * not have prove nothing to us.
 *
 *	ICE		validated sources (ice.h)	the same
 *
 * A new address in a new SDP starts over. Nothing else does: who takes over a
 * peer's address in mid-call gets nothing. */
#include "lib/pkt/rtcp.h"
#include "relay/ice.h"
#include "relay/path.h"

static bool source_allowed(const struct path *path, const struct component *c,
			   const union addr *from)
{
	const struct leg_facts *facts = &c->leg->facts;

	if (c->leg->ice)
		return ice_allows(c, from, path->now_ms);
	if (leg_is_keyed(facts->security) && facts->latch == LEG_LATCH_FOLLOW)
		return true;
	if (c->learned)
		return addr_eq(&c->source, from);
	if (facts->latch == LEG_LATCH_STRICT)
		return addr_eq(&c->said, from);
	if (leg_is_keyed(facts->security))
		return true;
	return addr_eq_host(&c->said, from);
}

enum drop latch_check(struct path *path, struct path_packet *pkt)
{
	return source_allowed(path, pkt->at, &pkt->io.peer) ? DROP_NONE :
							      DROP_SOURCE;
}

/* LEG_LATCH_FOLLOW: a packet that was overtaken does not move the peer back to
 * where it came from; RTCP says nothing of RTP's address. */
static bool is_newest(const struct path_packet *pkt)
{
	const struct track *t;
	struct rtp_view v;

	if (pkt->rtcp)
		return pkt->at->kind == COMPONENT_RTCP;
	if (rtpv_parse_header(pkt->io.p, pkt->io.n, &v))
		return false;
	t = stream_track_find(pkt->stream, v.ssrc);
	return t && t->newest == v.seq;
}

static void learn(struct path *path, struct path_packet *pkt)
{
	struct component *c = pkt->at;

	if (c->leg->ice) {
		/* Nothing else than a key of ours proves anything. */
		if (leg_is_keyed(c->leg->facts.security))
			ice_heard(c, &pkt->io.peer, path->now_ms);
		return;
	}
	if (c->learned &&
	    (addr_eq(&c->source, &pkt->io.peer) || !is_newest(pkt)))
		return;
	if (!addr_eq(&c->said, &pkt->io.peer))
		counter_add(&path->counters->v[COUNTER_ADDRESSES_LEARNED], 1);
	component_learn(c, &pkt->io.peer);
}

/* Of what is passed unread, RTP headers are in the clear; DTLS and ZRTP are
 * not media. */
static void count_passed(struct path *path, struct path_packet *pkt)
{
	struct stream_cells *cells = &pkt->stream->cells;
	bool opaque = pkt->at->leg->facts.security == LEG_OPAQUE;
	struct rtp_view v;

	counter_add(&path->counters->v[COUNTER_PASSED], 1);
	if (opaque || (!pkt->rtcp && pkt->kind == DEMUX_RTP))
		counter_add(&cells->packets_in, 1);
	if (pkt->kind == DEMUX_RTCP && !opaque)
		counter_add(&cells->rtcp_in, 1);
	if (!opaque && !pkt->rtcp && pkt->kind == DEMUX_RTP &&
	    !rtpv_parse_header(pkt->io.p, pkt->io.n, &v)) {
		stream_track(pkt->stream, &v, path->now_ms);
		track_packet(pkt->stream, &v, path->now_us, path->counters);
	}
}

static enum drop count_media(struct path *path, struct path_packet *pkt)
{
	struct stream_cells *cells = &pkt->stream->cells;
	struct rtp_view v;

	if (pkt->rtcp) {
		if (rtcpv_check(pkt->io.p, pkt->io.n))
			return DROP_RTCP_BAD;
		track_rtcp(pkt->stream, pkt->io.p, pkt->io.n, path->now_us,
			   path->counters);
		counter_add(&cells->rtcp_in, 1);
		counter_add(&path->counters->v[COUNTER_RTCP_IN], 1);
	} else {
		if (rtpv_parse(pkt->io.p, pkt->io.n, &v))
			return DROP_RTP_BAD;
		stream_track(pkt->stream, &v, path->now_ms);
		track_packet(pkt->stream, &v, path->now_us, path->counters);
		counter_add(&cells->packets_in, 1);
		counter_add(&path->counters->v[COUNTER_RTP_IN], 1);
	}
	return DROP_NONE;
}

enum drop latch_account(struct path *path, struct path_packet *pkt)
{
	struct stream_cells *cells = &pkt->stream->cells;
	enum drop drop = DROP_NONE;

	/* An earlier packet of this batch may have taught another address. */
	if (!source_allowed(path, pkt->at, &pkt->io.peer))
		return DROP_SOURCE;
	if (leg_is_passed(pkt->at->leg->facts.security))
		count_passed(path, pkt);
	else
		drop = count_media(path, pkt);
	if (drop)
		return drop;
	learn(path, pkt);
	counter_add(&cells->octets_in, pkt->io.n);
	counter_put(&cells->last_ms, path->now_ms);
	return DROP_NONE;
}
