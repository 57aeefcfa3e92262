/* track: jitter, loss, round trip, and the MOS of intervals (track.h). */
#include "relay/track.h"

#include "lib/base/clk.h"
#include "lib/pkt/rtcp.h"
#include "relay/stream.h"

enum {
	JITTER_JUMP_S = 2, /* more is a new clock, not jitter */
	RTT_MAX_US = 10 * 1000 * 1000,
};

/* ---- intervals ---------------------------------------------------------- */

static void cells_put(struct quality_cells *c, const struct quality *q)
{
	counter_put(&c->mos, q->mos);
	counter_put(&c->loss, q->loss);
	counter_put(&c->jitter_us, q->jitter_us);
	counter_put(&c->rtt_us, q->rtt_us);
	counter_put(&c->leg_us, q->leg_us);
	counter_put(&c->at, (uint64_t)q->at);
}

static struct quality cells_get(const struct quality_cells *c)
{
	return (struct quality){
		.mos = (uint32_t)counter_get(&c->mos),
		.loss = (uint32_t)counter_get(&c->loss),
		.jitter_us = (uint32_t)counter_get(&c->jitter_us),
		.rtt_us = (uint32_t)counter_get(&c->rtt_us),
		.leg_us = (uint32_t)counter_get(&c->leg_us),
		.at = (int64_t)counter_get(&c->at),
	};
}

static void interval_add(struct track_cells *c, const struct quality *q)
{
	bool first = !counter_get(&c->n);

	counter_add(&c->sum.mos, q->mos);
	counter_add(&c->sum.loss, q->loss);
	counter_add(&c->sum.jitter_us, q->jitter_us);
	counter_add(&c->sum.rtt_us, q->rtt_us);
	counter_add(&c->sum.leg_us, q->leg_us);
	if (first || q->mos < counter_get(&c->lowest.mos))
		cells_put(&c->lowest, q);
	if (first || q->mos > counter_get(&c->highest.mos))
		cells_put(&c->highest, q);
	counter_add(&c->n, 1);
}

void track_cells_read(const struct track_cells *c, struct quality_sums *sums)
{
	*sums = (struct quality_sums){
		.n = counter_get(&c->n),
		.mos = counter_get(&c->sum.mos),
		.loss = counter_get(&c->sum.loss),
		.jitter_us = counter_get(&c->sum.jitter_us),
		.rtt_us = counter_get(&c->sum.rtt_us),
		.leg_us = counter_get(&c->sum.leg_us),
		.lowest = cells_get(&c->lowest),
		.highest = cells_get(&c->highest),
	};
}

static uint64_t expected(const struct track *t)
{
	return (uint64_t)t->cycles + t->newest - t->first + 1;
}

/* q has loss and jitter; the round trips are the legs' latest. */
static void interval_end(struct stream *s, struct track *t, struct quality *q,
			 uint64_t now_ms, struct counters *counters)
{
	const struct stream *back = stream_back(s);

	t->timing.ended_ms = now_ms;
	t->timing.expected = expected(t);
	t->timing.packets = t->packets;
	q->leg_us = (uint32_t)counter_get(&back->cells.rtt_us);
	q->rtt_us = q->leg_us + (uint32_t)counter_get(&s->cells.rtt_us);
	q->at = clk_wall();
	if (!quality_judge(q, (enum codec)t->timing.payload.codec))
		return;
	interval_add(&s->cells.track[t - s->track], q);
	counter_add(&counters->v[COUNTER_MOS_SAMPLES], 1);
	counter_add(&counters->v[COUNTER_MOS_SUM], q->mos);
}

static uint32_t units_us(uint64_t units, uint32_t clock)
{
	return clock ? (uint32_t)(units * 1000000 / clock) : 0;
}

uint32_t track_cells_jitter_us(const struct track_cells *c)
{
	return units_us(counter_get(&c->jitter),
			(uint32_t)counter_get(&c->clock));
}

void track_cells_show(const struct track_cells *c, struct media_track *t)
{
	*t = (struct media_track){
		.ssrc = (uint32_t)counter_get(&c->ssrc),
		.packets = counter_get(&c->packets),
		.lost = (uint32_t)counter_get(&c->lost),
		.highest = (uint32_t)counter_get(&c->newest),
		.jitter_us = track_cells_jitter_us(c),
		.last_ms = counter_get(&c->last_ms),
		.clock = (uint32_t)counter_get(&c->clock),
	};
	track_cells_read(c, &t->quality);
}

/* What came in here since the last interval (RFC 3550 A.3). */
static void interval_own(struct stream *s, struct track *t, uint64_t now_ms,
			 struct counters *counters)
{
	struct track_timing *m = &t->timing;
	uint64_t want = expected(t) - m->expected;
	uint64_t got = t->packets - m->packets;
	struct quality q = {
		.jitter_us = units_us(m->jitter >> 4, m->payload.clock)};

	/* Its numbers started over: this interval has none. */
	if (expected(t) < m->expected || t->packets < m->packets)
		want = got = 0;
	if (got < want)
		q.loss = (uint32_t)((want - got) * 1000000 / want);
	interval_end(s, t, &q, now_ms, counters);
}

/* ---- packets ------------------------------------------------------------ */

/* What the receiver can play is in its SDP; some senders use the numbers of
 * their own. */
static struct payload payload_find(const struct stream *s, uint8_t type)
{
	struct payload p = s->out->facts.payloads.of[type & (PAYLOADS - 1)];

	return p.clock ? p : s->in->facts.payloads.of[type & (PAYLOADS - 1)];
}

/* RFC 3550 A.8. */
static void jitter_take(struct track_timing *m, uint32_t clock,
			uint32_t timestamp, uint64_t now_us)
{
	uint32_t transit = (uint32_t)(now_us * clock / 1000000) - timestamp;
	int32_t step = (int32_t)(transit - m->transit);
	uint32_t d = step < 0 ? 0u - (uint32_t)step : (uint32_t)step;

	m->transit = transit;
	if (m->timed && d < clock * JITTER_JUMP_S)
		m->jitter += d - ((m->jitter + 8) >> 4);
	m->timed = true;
}

static void timing_take(struct track_timing *m, struct payload p,
			const struct rtp_view *v, uint64_t now_us)
{
	if (!p.clock || p.codec == CODEC_EVENT)
		return;
	if (m->payload.clock != p.clock)
		m->timed = false, m->jitter = 0;
	m->payload = p;
	jitter_take(m, p.clock, v->timestamp, now_us);
}

/* A slot that has a new SSRC starts from nothing. */
static struct track_cells *cells_of(struct stream *s, const struct track *t)
{
	struct track_cells *c = &s->cells.track[t - s->track];

	if (t->timing.ended_ms && counter_get(&c->ssrc) == t->ssrc)
		return c;
	counter_put(&c->n, 0);
	counter_put(&c->ssrc, t->ssrc);
	cells_put(&c->sum, &(struct quality){0});
	return c;
}

void track_packet(struct stream *s, const struct rtp_view *v, uint64_t now_us,
		  struct counters *counters)
{
	struct track *t = stream_track_find(s, v->ssrc);
	struct track_timing *m = &t->timing;
	struct track_cells *c = cells_of(s, t);
	uint64_t now_ms = now_us / 1000;
	uint64_t gone = expected(t);

	if (!m->ended_ms)
		m->ended_ms = now_ms;
	timing_take(m, payload_find(s, v->pt), v, now_us);
	counter_put(&c->packets, t->packets);
	counter_put(&c->lost, gone > t->packets ? gone - t->packets : 0);
	counter_put(&c->jitter, m->jitter >> 4);
	counter_put(&c->newest, t->cycles + t->newest);
	counter_put(&c->last_ms, now_ms);
	counter_put(&c->clock, m->payload.clock);
	counter_put(&s->cells.newest, (uint64_t)(t - s->track));
	if (now_ms - m->ended_ms >=
	    (counter_get(&c->n) ? TRACK_SILENT_MS : TRACK_FIRST_MS))
		interval_own(s, t, now_ms, counters);
}

/* ---- reports ------------------------------------------------------------ */

static void sender_report(struct stream *s, const struct rtcp_view *v,
			  uint64_t now_us)
{
	struct track_reports *r = &s->reports;
	uint32_t ssrc;

	if (rtcpv_ssrc(v, &ssrc) || !stream_track_find(s, ssrc))
		return;
	r->next = (r->next + 1) % TRACK_REPORTS;
	r->v[r->next].ssrc = ssrc;
	r->v[r->next].lsr = rtcpv_lsr(v);
	r->v[r->next].us = now_us;
}

/* Between us and the leg whose peer sent this report about s. */
static void round_trip(struct stream *s, uint32_t ssrc,
		       const struct rtcp_report *r, uint64_t now_us)
{
	const struct track_reports *have = &s->reports;
	uint64_t held = (uint64_t)r->dlsr * 1000000 >> 16;

	for (unsigned i = 0; r->lsr && i < TRACK_REPORTS; i++) {
		uint64_t since = now_us - have->v[i].us;

		if (have->v[i].lsr != r->lsr || have->v[i].ssrc != ssrc)
			continue;
		if (since >= held && since - held <= RTT_MAX_US)
			counter_put(&stream_back(s)->cells.rtt_us,
				    since - held);
		return;
	}
}

/* s: the stream that the report is about. */
static void receiver_report(struct stream *s, const struct rtcp_report *r,
			    uint64_t now_us, struct counters *counters)
{
	uint32_t ssrc = name_in(s, r->ssrc);
	struct track *t = stream_track_find(s, ssrc);
	struct quality q = {.loss = (uint32_t)(r->fraction * 1000000ull / 256)};

	if (!t)
		return;
	round_trip(s, ssrc, r, now_us);
	if (now_us / 1000 - t->timing.ended_ms < TRACK_APART_MS)
		return;
	q.jitter_us = units_us(r->jitter, t->timing.payload.clock);
	interval_end(s, t, &q, now_us / 1000, counters);
}

void track_rtcp(struct stream *s, const uint8_t *p, size_t n, uint64_t now_us,
		struct counters *counters)
{
	struct rtcp_report r;
	struct rtcp_view v;
	size_t at = 0;

	while (!rtcpv_next(p, n, &at, &v)) {
		if (v.type == RTCP_SR)
			sender_report(s, &v, now_us);
		for (unsigned i = 0; !rtcpv_report(&v, i, &r); i++)
			receiver_report(stream_back(s), &r, now_us, counters);
	}
}
