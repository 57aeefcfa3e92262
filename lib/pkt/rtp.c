/* rtp: the header of an RTP packet (rtp.h). */
#include "lib/pkt/rtp.h"

#include <errno.h>

#include "lib/pkt/octets.h"

int rtpv_parse_header(const uint8_t *p, size_t n, struct rtp_view *v)
{
	struct rtp_view r = {0};
	size_t header;

	if (n < RTP_HEADER || n > UINT16_MAX || p[0] >> 6 != 2)
		return EBADMSG;
	header = RTP_HEADER + 4u * (p[0] & 0x0f);
	if (p[0] & 0x10) {
		if (n < header + 4)
			return EBADMSG;
		r.extension = (uint16_t)(4 + 4u * octets_u16(p + header + 2));
		if (4 + 4u * octets_u16(p + header + 2) > n - header)
			return EBADMSG;
		header += r.extension;
	}
	if (n < header)
		return EBADMSG;
	r.pt = p[1] & 0x7f;
	r.marker = (p[1] & 0x80) != 0;
	r.seq = octets_u16(p + 2);
	r.timestamp = octets_u32(p + 4);
	r.ssrc = octets_u32(p + 8);
	r.header = (uint16_t)header;
	r.payload = (uint16_t)(n - header);
	*v = r;
	return 0;
}

int rtpv_parse(const uint8_t *p, size_t n, struct rtp_view *v)
{
	struct rtp_view r;
	int err = rtpv_parse_header(p, n, &r);

	if (err)
		return err;
	if (p[0] & 0x20) {
		/* The count includes itself, so it is never 0. */
		if (!r.payload || !p[n - 1] || p[n - 1] > r.payload)
			return EBADMSG;
		r.padding = p[n - 1];
		r.payload = (uint16_t)(r.payload - r.padding);
	}
	*v = r;
	return 0;
}
