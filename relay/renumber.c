/* renumber: what to do when a sender goes back in its sequence numbers without
 * changing its SSRC: a media server that was told to start over, or a new SDES
 * key for an old stream. On a plain leg that is allowed, receivers resynchronize
 * (RFC 3550 A.1). Under SRTP it is not: those indices have been used, and would
 * be refused for up to 11 minutes. So from there on the stream leaves with a
 * shift added that makes it continue, and RTCP that comes back about it has the
 * shift taken off.
 *
 * As in RFC 3550, two packets in sequence prove a restart; one alone is late.
 * Reports and generic NACKs are translated; XR blocks (RFC 3611) and payloads
 * that quote sequence numbers (RFC 4588 RTX, FEC) are not: what they say about
 * the time before the restart is lost. */
#include "lib/pkt/octets.h"
#include "lib/pkt/rtcp.h"
#include "relay/path.h"

enum {
	RTP_SEQ_AT = 2,
	RTP_SSRC_AT = 8,
	FB_NACK = 1, /* RFC 4585 section 6.2.1 */
	FB_FCI_AT = 12,
};

/* Too far back for the window, so its index may have been used. */
static bool goes_back(const struct track *t, uint16_t seq)
{
	uint16_t back = (uint16_t)(t->newest_out - seq);

	return t->left && back >= CRYPT_WINDOW && back < 0x8000;
}

static bool restarts(struct track *t, uint16_t seq)
{
	bool proven = t->doubted && t->proof == seq;

	t->doubted = !proven;
	t->proof = (uint16_t)(seq + 1);
	return proven;
}

enum drop renumber_rtp(struct stream *s, uint8_t *p)
{
	struct track *t = stream_track_find(s, octets_u32(p + RTP_SSRC_AT));
	uint16_t seq = octets_u16(p + RTP_SEQ_AT);

	if (!t)
		return DROP_NONE;
	if (goes_back(t, (uint16_t)(seq + t->shift))) {
		if (!restarts(t, seq))
			return DROP_RESTART;
		t->shift = (uint16_t)(t->newest_out + 1 - seq);
		s->shifted = true;
	}
	seq = (uint16_t)(seq + t->shift);
	if (!t->left || (uint16_t)(seq - t->newest_out) < 0x8000) {
		t->newest_out = seq;
		t->left = true;
		t->doubted = false;
	}
	octets_put_u16(p + RTP_SEQ_AT, seq);
	return DROP_NONE;
}

static uint16_t shift_of(struct stream *s, uint32_t ssrc)
{
	const struct track *t = stream_track_find(s, ssrc);

	return t ? t->shift : 0;
}

static void shift_reports(struct stream *s, const struct rtcp_view *v,
			  uint8_t *p)
{
	struct rtcp_report r;

	for (unsigned i = 0; !rtcpv_report(v, i, &r); i++)
		octets_put_u32(p + rtcpv_report_at(v, i) + RTCP_REPORT_HIGHEST,
			       r.highest - shift_of(s, r.ssrc));
}

static void shift_nacks(struct stream *s, const struct rtcp_view *v, uint8_t *p)
{
	uint16_t shift = shift_of(s, octets_u32(p + 8));

	for (size_t at = FB_FCI_AT; at + 4 <= v->n; at += 4)
		octets_put_u16(p + at,
			       (uint16_t)(octets_u16(p + at) - shift));
}

void renumber_rtcp(struct stream *s, uint8_t *p, size_t n)
{
	struct rtcp_view v;
	size_t at = 0;

	while (s->shifted && !rtcpv_next(p, n, &at, &v)) {
		uint8_t *here = p + at - v.n;

		if (v.type == RTCP_SR || v.type == RTCP_RR)
			shift_reports(s, &v, here);
		else if (v.type == RTCP_RTPFB && v.count == FB_NACK)
			shift_nacks(s, &v, here);
	}
}
