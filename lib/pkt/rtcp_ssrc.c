/* rtcp_ssrc: every SSRC field of an RTCP packet (rtcp.h). */
#include "lib/pkt/octets.h"
#include "lib/pkt/rtcp.h"

/* Formats of feedback whose FCI names SSRCs, 8 octets an entry. */
enum {
	RTPFB_TMMBR = 3, /* RFC 5104 section 4.2.1 */
	RTPFB_TMMBN = 4,
	PSFB_FIR = 4, /* RFC 5104 section 4.3.1 */
	PSFB_TSTR = 5,
	PSFB_TSTN = 6,
	PSFB_AFB = 15, /* "REMB": draft-alvestrand-rmcat-remb */
	FCI = 12,
	ENTRY = 8,
	XR_DLRR = 5, /* RFC 3611 section 4.5 */
	DLRR_ENTRY = 12,
};

struct walk {
	const struct rtcp_view *v;
	rtcpv_ssrc_fn *fn;
	void *arg;
};

static void field(const struct walk *w, size_t at, enum rtcp_role role)
{
	if (at + 4 <= w->v->n)
		w->fn(w->arg, at, role);
}

static void reports(const struct walk *w)
{
	field(w, 4, RTCP_SENDER);
	for (unsigned i = 0; i < w->v->count; i++)
		field(w, rtcpv_report_at(w->v, i), RTCP_SUBJECT);
}

/* RFC 3550 section 6.5: chunks of items, a zero octet or more at the end. */
static void chunks(const struct walk *w)
{
	const struct rtcp_view *v = w->v;
	size_t at = RTCP_HEADER;

	for (unsigned i = 0; i < v->count && at + 4 <= v->n; i++) {
		field(w, at, RTCP_SENDER);
		at += 4;
		while (at + 1 < v->n && v->p[at])
			at += 2u + v->p[at + 1];
		at = (at / 4 + 1) * 4;
	}
}

static void leavers(const struct walk *w)
{
	for (unsigned i = 0; i < w->v->count; i++)
		field(w, RTCP_HEADER + 4u * i, RTCP_SENDER);
}

static void entries(const struct walk *w, size_t at, size_t step)
{
	for (; at + step <= w->v->n; at += step)
		field(w, at, RTCP_SUBJECT);
}

static bool is_remb(const struct rtcp_view *v)
{
	return v->n >= FCI + ENTRY && v->p[FCI] == 'R' &&
	       v->p[FCI + 1] == 'E' && v->p[FCI + 2] == 'M' &&
	       v->p[FCI + 3] == 'B';
}

static void feedback(const struct walk *w)
{
	const struct rtcp_view *v = w->v;
	bool payload = v->type == RTCP_PSFB;

	field(w, 4, RTCP_SENDER);
	field(w, 8, RTCP_SUBJECT);
	if (payload ? v->count >= PSFB_FIR && v->count <= PSFB_TSTN
		    : v->count == RTPFB_TMMBR || v->count == RTPFB_TMMBN)
		entries(w, FCI, ENTRY);
	if (payload && v->count == PSFB_AFB && is_remb(v))
		for (unsigned i = 0; i < v->p[FCI + 4]; i++)
			field(w, FCI + ENTRY + 4u * i, RTCP_SUBJECT);
}

/* RFC 3611 section 4: which block types start with the SSRC of a source. */
static bool block_names(uint8_t type)
{
	return (type >= 1 && type <= 3) || type == 6 || type == 7;
}

static void blocks(const struct walk *w)
{
	const struct rtcp_view *v = w->v;
	size_t at = 8;

	field(w, 4, RTCP_SENDER);
	while (at + 4 <= v->n) {
		size_t n = 4 + 4u * octets_u16(v->p + at + 2);

		if (n > v->n - at)
			break;
		if (block_names(v->p[at]) && n >= 8)
			field(w, at + 4, RTCP_SUBJECT);
		for (size_t i = 4; v->p[at] == XR_DLRR && i + DLRR_ENTRY <= n;
		     i += DLRR_ENTRY)
			field(w, at + i, RTCP_SUBJECT);
		at += n;
	}
}

void rtcpv_ssrcs(const struct rtcp_view *v, rtcpv_ssrc_fn *fn, void *arg)
{
	const struct walk w = {.v = v, .fn = fn, .arg = arg};

	switch (v->type) {
	case RTCP_SR:
	case RTCP_RR:
		reports(&w);
		break;
	case RTCP_SDES:
		chunks(&w);
		break;
	case RTCP_BYE:
		leavers(&w);
		break;
	case RTCP_APP:
		field(&w, 4, RTCP_SENDER);
		break;
	case RTCP_RTPFB:
	case RTCP_PSFB:
		feedback(&w);
		break;
	case RTCP_XR:
		blocks(&w);
		break;
	default:
		break;
	}
}
