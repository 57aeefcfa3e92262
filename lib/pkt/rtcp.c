/* rtcp: the packets inside an RTCP datagram (rtcp.h). */
#include "lib/pkt/rtcp.h"

#include <errno.h>

#include "lib/pkt/demux.h"
#include "lib/pkt/octets.h"

enum { REPORT = 24, SENDER_INFO = 20 };

/* Octets that a packet of this type and count must have at least. */
static size_t type_min(uint8_t type, uint8_t count)
{
	switch (type) {
	case RTCP_SR:
		return 8 + SENDER_INFO + (size_t)REPORT * count;
	case RTCP_RR:
		return 8 + (size_t)REPORT * count;
	case RTCP_BYE:
	case RTCP_SDES:
		return RTCP_HEADER + 4u * count;
	case RTCP_APP:
	case RTCP_RTPFB:
	case RTCP_PSFB:
		return 12;
	case RTCP_XR:
		return 8;
	default:
		return RTCP_HEADER;
	}
}

int rtcpv_next(const uint8_t *p, size_t n, size_t *at, struct rtcp_view *v)
{
	const uint8_t *h = p + *at;
	size_t left = n - *at;
	size_t len;
	size_t padding = 0;

	if (!left)
		return ENOENT;
	if (left < RTCP_HEADER || h[0] >> 6 != 2 || !demux_is_rtcp(h[1]))
		return EBADMSG;
	len = 4 * ((size_t)octets_u16(h + 2) + 1);
	if (len > left)
		return EBADMSG;
	if (h[0] & 0x20) {
		padding = h[len - 1];
		if (len != left || !padding || padding % 4)
			return EBADMSG;
	}
	if (type_min(h[1], h[0] & 0x1f) + padding > len)
		return EBADMSG;
	*v = (struct rtcp_view){
		.type = h[1], .count = h[0] & 0x1f, .p = h, .n = len};
	*at += len;
	return 0;
}

int rtcpv_check(const uint8_t *p, size_t n)
{
	struct rtcp_view v;
	size_t at = 0;
	int err = EBADMSG;

	if (!n)
		return EBADMSG;
	for (unsigned i = 0; i <= RTCP_PACKETS; i++) {
		err = rtcpv_next(p, n, &at, &v);
		if (err)
			break;
	}
	return err == ENOENT ? 0 : EBADMSG;
}

int rtcpv_ssrc(const struct rtcp_view *v, uint32_t *ssrc)
{
	bool counted = v->type == RTCP_SDES || v->type == RTCP_BYE;

	if (v->n < 8 || (counted && !v->count))
		return ENOENT;
	*ssrc = octets_u32(v->p + 4);
	return 0;
}

uint32_t rtcpv_lsr(const struct rtcp_view *v)
{
	return octets_u32(v->p + 10);
}

size_t rtcpv_report_at(const struct rtcp_view *v, unsigned i)
{
	return 8 + (v->type == RTCP_SR ? SENDER_INFO : 0u) + (size_t)REPORT * i;
}

int rtcpv_report(const struct rtcp_view *v, unsigned i,
		 struct rtcp_report *report)
{
	const uint8_t *b;
	uint32_t lost;

	if ((v->type != RTCP_SR && v->type != RTCP_RR) || i >= v->count)
		return ENOENT;
	b = v->p + rtcpv_report_at(v, i);
	lost = octets_u32(b + 4) & 0xffffff;
	*report = (struct rtcp_report){
		.ssrc = octets_u32(b),
		.fraction = b[4],
		/* 24 bits, signed (RFC 3550 section 6.4.1) */
		.lost = (int32_t)(lost ^ 0x800000) - 0x800000,
		.highest = octets_u32(b + RTCP_REPORT_HIGHEST),
		.jitter = octets_u32(b + 12),
		.lsr = octets_u32(b + 16),
		.dlsr = octets_u32(b + 20),
	};
	return 0;
}
