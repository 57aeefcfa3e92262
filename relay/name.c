/* name: SSRCs that two legs have both chosen (RFC 3550 section 8.2). Whoever
 * sends with an SSRC must not hear another one under it: he would take it for
 * a loop, and his RTCP could mean either. So both streams leave under fresh
 * SSRCs from then on, and RTCP is translated in every field that names one.
 *
 * A name that was given is kept while its track lives. It is drawn from the
 * SSRC with the process's secret hash: no system call is made here, and RTCP
 * of an SSRC that sends no RTP gets the same name each time. */
#include "lib/base/siphash.h"
#include "lib/pkt/octets.h"
#include "lib/pkt/rtcp.h"
#include "relay/path.h"

enum { RTP_SSRC_AT = 8 };

/* Does s let a track out under that name, or does the receiver send so? */
static bool is_taken(const struct stream *s, uint32_t name,
		     const struct track *but)
{
	const struct stream *back = stream_back(s);

	for (unsigned i = 0; i < STREAM_TRACKS; i++) {
		const struct track *t = &s->track[i];

		if (t->used && t != but && t->out == name)
			return true;
		if (back->track[i].used && back->track[i].ssrc == name)
			return true;
	}
	return false;
}

static uint32_t fresh(const struct stream *s, uint32_t ssrc,
		      const struct track *but)
{
	struct {
		const struct stream *s;
		uint32_t ssrc;
		uint32_t turn;
	} seed = {s, ssrc, 0};
	uint32_t name;

	do {
		name = (uint32_t)siphash(&seed, sizeof(seed));
		seed.turn++;
	} while (is_taken(s, name, but) || is_taken(stream_back(s), name, NULL));
	return name;
}

/* Under a new name no index has been used yet. */
static void rename_track(const struct stream *s, struct track *t)
{
	t->out = fresh(s, t->ssrc, t);
	t->shift = 0;
	t->left = false;
	t->doubted = false;
}

void name_track(struct stream *s, struct track *t)
{
	struct stream *back = stream_back(s);

	t->out = t->ssrc;
	if (is_taken(s, t->ssrc, t))
		rename_track(s, t);
	for (unsigned i = 0; i < STREAM_TRACKS; i++) {
		struct track *other = &back->track[i];

		/* Once: a peer that sends back what it hears would go on. */
		if (other->used && other->out == t->ssrc &&
		    other->out == other->ssrc)
			rename_track(back, other);
	}
}

uint32_t name_out(const struct stream *s, uint32_t ssrc)
{
	for (unsigned i = 0; i < STREAM_TRACKS; i++)
		if (s->track[i].used && s->track[i].ssrc == ssrc)
			return s->track[i].out;
	return is_taken(s, ssrc, NULL) ? fresh(s, ssrc, NULL) : ssrc;
}

uint32_t name_in(const struct stream *s, uint32_t name)
{
	for (unsigned i = 0; i < STREAM_TRACKS; i++)
		if (s->track[i].used && s->track[i].out == name)
			return s->track[i].ssrc;
	return name;
}

void name_rtp(const struct stream *s, uint8_t *p)
{
	octets_put_u32(p + RTP_SSRC_AT,
		       name_out(s, octets_u32(p + RTP_SSRC_AT)));
}

struct naming {
	const struct stream *s;
	uint8_t *p;
};

/* Zero is no SSRC but "none" in feedback (RFC 5104 section 4.3.1.1). */
static void name_field(void *arg, size_t at, enum rtcp_role role)
{
	const struct naming *n = arg;
	uint32_t ssrc = octets_u32(n->p + at);

	if (!ssrc)
		return;
	octets_put_u32(n->p + at, role == RTCP_SENDER
					  ? name_out(n->s, ssrc)
					  : name_in(stream_back(n->s), ssrc));
}

void name_rtcp(const struct stream *s, uint8_t *p, size_t n)
{
	struct naming naming = {.s = s};
	struct rtcp_view v;
	size_t at = 0;

	while (!rtcpv_next(p, n, &at, &v)) {
		naming.p = p + at - v.n;
		rtcpv_ssrcs(&v, name_field, &naming);
	}
}
