#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clk.h"
#include "relay/session_priv.h"

struct query {
	const struct sessions *ss;
	uint64_t now_ms;
	int64_t now; /* wall, s */
	/* sums over all legs */
	uint64_t packets, octets, rtcp, drops;
};

static void put_addr(struct value *dict, const char *key, const union addr *a)
{
	char text[ADDR_TEXT];
	struct value *v;

	if (!addr_is_set(a))
		return;
	v = value_put_dict(dict, key);
	value_put_cstr(v, "family",
		       a->sa.sa_family == AF_INET6 ? "IPv6" : "IPv4");
	value_put_cstr(v, "address", addr_host_text(a, text));
	value_put_int(v, "port", addr_port(a));
}

static void put_stats(struct value *dict, const char *key, uint64_t packets,
		      uint64_t octets, uint64_t errors)
{
	struct value *v = value_put_dict(dict, key);

	value_put_int(v, "packets", (int64_t)packets);
	value_put_int(v, "bytes", (int64_t)octets);
	value_put_int(v, "errors", (int64_t)errors);
}

static uint64_t put_drops(struct value *dict, const struct media_stats *st)
{
	struct value *v = value_put_dict(dict, "drops");
	uint64_t sum = 0;

	for (int i = DROP_NONE + 1; i < DROP_COUNT; i++) {
		sum += st->drops[i];
		if (st->drops[i])
			value_put_int(v, drop_row((enum drop)i)->token,
				      (int64_t)st->drops[i]);
	}
	return sum;
}

static void put_dtls(struct value *stream, struct handshake *h)
{
	struct value *v = value_put_dict(stream, "DTLS");
	char text[FINGERPRINT_TEXT];
	struct handshake_status st;

	handshake_status(h, &st);
	value_put_cstr(v, "state", handshake_state_name(st.state));
	value_put_cstr(v, "role",
		       st.role == HANDSHAKE_ACTIVE ? "active" : "passive");
	value_put_cstr(v, "fingerprint", st.fingerprint);
	value_put_bool(v, "verified", st.verified);
	value_put_int(v, "strangers", st.strangers);
	if (st.why != HANDSHAKE_WHY_NONE)
		value_put_cstr(v, "error", handshake_why_row(st.why)->token);
	if (st.state != HANDSHAKE_PENDING && st.state != HANDSHAKE_DONE)
		return;
	value_put_cstr(v, "version", st.version);
	value_put_cstr(v, "cipher", st.cipher);
	value_put_cstr(v, "peer fingerprint",
		       fingerprint_text(&st.peer, text));
	value_put_int(v, "ms", st.ms);
	if (st.suite != SUITE_NONE)
		value_put_cstr(stream, "crypto suite",
			       suite_info(st.suite)->name);
}

static void put_security(struct value *stream,
			 const struct session_media *sm, enum media_side side,
			 bool rtcp)
{
	const struct leg_conf *c = &sm->leg[side].conf;
	struct handshake *h = media_handshake(sm->media, side, rtcp);

	if (c->security == LEG_SDES && c->rx.n) {
		value_put_cstr(stream, "crypto suite",
			       suite_info(c->rx.suite)->name);
		value_put_cstr(stream, "crypto suite out",
			       suite_info(c->tx.suite)->name);
	}
	if (h)
		put_dtls(stream, h);
}

/* RFC 7675: whether its peer still wants what we send. */
static void put_ice(struct value *media, const struct query *q,
		    const struct session_leg *leg,
		    const struct media_stats *st)
{
	bool alive = st->check_ms &&
		     q->now_ms - st->check_ms <= ICE_CONSENT_MS;
	struct value *v;

	if (!leg->conf.ice.ufrag[0])
		return;
	v = value_put_dict(media, "ICE");
	value_put_cstr(v, "role", "lite");
	value_put_cstr(v, "state", !st->checks	  ? "waiting"
				   : !st->learned ? "checked"
				   : alive	  ? "selected"
						  : "silent");
	value_put_int(v, "checks", (int64_t)st->checks);
	if (st->check_ms)
		value_put_int(v, "ms since check",
			      (int64_t)(q->now_ms - st->check_ms));
}

static void put_flags(struct value *media, const struct session_leg *leg)
{
	struct value *flags = value_put_list(media, "flags");

	if (leg->direction & SDPV_SENDONLY)
		value_append_str(flags, SLICE_LIT("send"));
	if (leg->direction & SDPV_RECVONLY)
		value_append_str(flags, SLICE_LIT("recv"));
	if (leg->conf.rtcp_mux)
		value_append_str(flags, SLICE_LIT("rtcp-mux"));
	if (leg->conf.ice.ufrag[0])
		value_append_str(flags, SLICE_LIT("ICE"));
	if (leg->conf.security == LEG_SDES)
		value_append_str(flags, SLICE_LIT("SDES"));
	if (leg->conf.security == LEG_DTLS)
		value_append_str(flags, SLICE_LIT("DTLS-SRTP"));
}

static struct value *put_stream(struct value *streams,
				const struct session_media *sm,
				enum media_side side, bool rtcp)
{
	const struct leg_conf *c = &sm->leg[side].conf;
	struct value *v = value_append_dict(streams);
	struct value *flags = value_put_list(v, "flags");

	value_append_str(flags, slice_str(rtcp ? "RTCP" : "RTP"));
	value_put_int(v, "local port", media_port(sm->media, side, rtcp));
	value_put_cstr(v, "local address", media_address(sm->media, side));
	value_put_cstr(v, "family",
		       media_family(sm->media, side) == AF_INET6 ? "IPv6"
								 : "IPv4");
	put_addr(v, "advertised endpoint", rtcp ? &c->rtcp : &c->rtp);
	put_security(v, sm, side, rtcp);
	return v;
}

/* rtpengine has MOS in tenths: 43 is 4.3. */
static int64_t tenths(uint32_t hundredths)
{
	return (hundredths + 5) / 10;
}

static struct value *put_quality(struct value *dict, const char *key,
				 const struct quality *q)
{
	struct value *v = value_put_dict(dict, key);

	value_put_int(v, "MOS", tenths(q->mos));
	value_put_int(v, "round-trip time", q->rtt_us);
	value_put_int(v, "round-trip time leg", q->leg_us);
	value_put_int(v, "jitter", q->jitter_us / 1000);
	value_put_int(v, "packet loss", (q->loss + 5000) / 10000);
	return v;
}

/* rtpengine's keys, and what came in here so far. */
static void put_track(struct value *ssrcs, const struct media_track *t)
{
	const struct quality_sums *sums = &t->quality;
	struct quality mean = quality_mean(sums);
	char ssrc[12];
	struct value *v;

	snprintf(ssrc, sizeof(ssrc), "%" PRIu32, t->ssrc);
	if (value_get(ssrcs, ssrc))
		return;
	v = value_put_dict(ssrcs, ssrc);
	value_put_int(v, "packets", (int64_t)t->packets);
	value_put_int(v, "cumulative loss", t->lost);
	value_put_int(v, "jitter", t->jitter_us / 1000);
	value_put_int(v, "clock rate", t->clock);
	if (!sums->n)
		return;
	value_put_int(put_quality(v, "average MOS", &mean), "samples",
		      (int64_t)sums->n);
	value_put_int(put_quality(v, "lowest MOS", &sums->lowest),
		      "reported at", sums->lowest.at);
	value_put_int(put_quality(v, "highest MOS", &sums->highest),
		      "reported at", sums->highest.at);
}

static void put_tracks(struct value *ssrcs, const struct session *s)
{
	struct media_track v[MEDIA_TRACKS];

	for (unsigned i = 0; i < s->medias; i++)
		for (int side = MEDIA_A; s->media[i]->media && side <= MEDIA_B;
		     side++) {
			unsigned n = media_tracks(s->media[i]->media,
						  (enum media_side)side, v);

			while (n--)
				put_track(ssrcs, &v[n]);
		}
}

static void put_rtp(struct value *v, const struct query *q,
		    const struct media_stats *st)
{
	uint64_t drops;
	int64_t last = 0;

	if (st->last_ms)
		last = q->now - (int64_t)((q->now_ms - st->last_ms) / 1000);
	put_addr(v, "endpoint", &st->peer);
	value_put_bool(v, "endpoint learned", st->learned);
	value_put_int(v, "last packet", last);
	value_put_int(v, "SSRC", st->ssrc);
	value_put_int(v, "lost", st->lost);
	value_put_int(v, "jitter", st->jitter_us / 1000);
	value_put_int(v, "jitter_us", st->jitter_us);
	value_put_int(v, "round-trip time", st->rtt_us);
	if (st->mos)
		value_put_int(v, "MOS", tenths(st->mos));
	if (st->last_ms)
		value_put_int(v, "last packet ms",
			      (int64_t)(q->now_ms - st->last_ms));
	drops = put_drops(v, st);
	put_stats(v, "stats", st->packets_in, st->octets_in, drops);
	put_stats(v, "stats_out", st->packets_out, st->octets_out,
		  st->errors_out);
	value_put_bool(v, "key in", st->key_in);
	value_put_bool(v, "key out", st->key_out);
}

static void put_media(struct value *medias, const struct query *q,
		      const struct session_media *sm, unsigned i,
		      enum media_side side)
{
	const struct session_leg *leg = &sm->leg[side];
	struct value *v = value_append_dict(medias), *streams, *stream;
	struct media_stats st;

	value_put_int(v, "index", i + 1);
	value_put_cstr(v, "type", sm->type);
	streams = value_put_list(v, "streams");
	if (!sm->media)
		return;
	value_put_cstr(v, "protocol",
		       sdpv_proto_name(leg->set ? leg->proto
						: sm->offer.proto[side]));
	value_put_cstr(v, "security",
		       leg_security_name(leg->conf.security));
	put_flags(v, leg);
	media_stats(sm->media, side, &st);
	put_ice(v, q, leg, &st);
	stream = put_stream(streams, sm, side, false);
	put_rtp(stream, q, &st);
	if (leg->conf.rtcp_mux)
		return;
	stream = put_stream(streams, sm, side, true);
	put_stats(stream, "stats", st.rtcp_in, 0, 0);
	put_stats(stream, "stats_out", st.rtcp_out, 0, 0);
}

static void put_aliases(struct value *tag, const struct session_side *x)
{
	struct value *list;

	if (!x->alias[0])
		return;
	list = value_put_list(tag, "tag-aliases");
	for (int i = 0; i < SESSION_ALIASES && x->alias[i]; i++)
		value_append_str(list, slice_str(x->alias[i]));
}

static void put_gate(struct value *side, unsigned gate)
{
	struct value *v = gate ? value_put_list(side, "held back") : NULL;

	if (gate & MEDIA_GATE_BLOCK)
		value_append_str(v, SLICE_LIT("media"));
	if (gate & MEDIA_GATE_SILENCE)
		value_append_str(v, SLICE_LIT("speech"));
	if (gate & MEDIA_GATE_DTMF)
		value_append_str(v, SLICE_LIT("DTMF"));
}

static void put_side(struct value *tags, const struct query *q,
		     const struct session *s, enum media_side side)
{
	const struct session_side *x = &s->side[side];
	const char *peer = s->side[media_other(side)].tag;
	struct value *v, *medias;

	v = value_put_dict(tags, x->tag);
	value_put_cstr(v, "tag", x->tag);
	if (x->label)
		value_put_cstr(v, "label", x->label);
	if (s->via_branch && side == MEDIA_B)
		value_put_cstr(v, "via-branch", s->via_branch);
	put_aliases(v, x);
	put_gate(v, x->gate);
	if (peer)
		value_put_cstr(v, "in dialogue with", peer);
	value_put_int(v, "created", (int64_t)(s->created_us / 1000000));
	medias = value_put_list(v, "medias");
	for (unsigned i = 0; i < s->medias; i++)
		put_media(medias, q, s->media[i], i, side);
}

static void add_totals(struct query *q, const struct session *s)
{
	for (unsigned i = 0; i < s->medias; i++)
		for (int side = 0; side < 2 && s->media[i]->media; side++) {
			struct media_stats st;

			media_stats(s->media[i]->media, (enum media_side)side,
				    &st);
			q->packets += st.packets_in;
			q->octets += st.octets_in;
			q->rtcp += st.rtcp_in;
			for (int k = DROP_NONE + 1; k < DROP_COUNT; k++)
				q->drops += st.drops[k];
		}
}

static bool has_side(const struct session *s, const char *tag)
{
	for (int i = 0; i < 2; i++)
		if (s->side[i].tag && !strcmp(s->side[i].tag, tag))
			return true;
	return false;
}

static bool is_later(const struct session *a, const struct session *b)
{
	return a->answered == b->answered ? a->signal_us > b->signal_us
					  : a->answered;
}

/* Of the branches with a tag, the one that is shown under it: the last that
 * was answered, or the last. */
static bool is_shown(struct session *const *v, unsigned n, unsigned i,
		     enum media_side side)
{
	const char *tag = v[i]->side[side].tag;

	if (!tag || (side == MEDIA_B && v[i]->side[MEDIA_A].tag &&
		     !strcmp(v[i]->side[MEDIA_A].tag, tag)))
		return false;
	for (unsigned k = 0; k < n; k++)
		if (k != i && has_side(v[k], tag) &&
		    (is_later(v[k], v[i]) ||
		     (k > i && !is_later(v[i], v[k]))))
			return false;
	return true;
}

void session_query(const struct sessions *ss, struct session *const *v,
		   unsigned n, struct value *reply)
{
	struct query q = {
		.ss = ss, .now_ms = clk_ms(), .now = clk_wall()};
	uint64_t signal_us = 0;
	struct value *ssrcs, *tags, *totals;

	for (unsigned i = 0; i < n; i++)
		if (v[i]->signal_us > signal_us)
			signal_us = v[i]->signal_us;
	value_put_int(reply, "created", (int64_t)(v[0]->created_us / 1000000));
	value_put_int(reply, "created_us", (int64_t)v[0]->created_us);
	value_put_int(reply, "last signal", (int64_t)(signal_us / 1000000));
	ssrcs = value_put_dict(reply, "SSRC");
	for (unsigned i = 0; i < n; i++)
		put_tracks(ssrcs, v[i]);
	tags = value_put_dict(reply, "tags");
	for (unsigned i = 0; i < n; i++) {
		add_totals(&q, v[i]);
		for (int side = 0; side < 2; side++)
			if (is_shown(v, n, i, (enum media_side)side))
				put_side(tags, &q, v[i],
					 (enum media_side)side);
	}
	totals = value_put_dict(reply, "totals");
	put_stats(totals, "RTP", q.packets, q.octets, q.drops);
	put_stats(totals, "RTCP", q.rtcp, 0, 0);
}
