/* demux: which protocol a datagram on a media port belongs to, by its first
 * octet (RFC 7983 section 7); RTCP beside RTP by its second (RFC 5761
 * section 4). No state, no I/O. */
#ifndef PKT_DEMUX_H
#define PKT_DEMUX_H

#include "lib/base/slice.h"

enum demux_kind {
	DEMUX_UNKNOWN, /* TURN channels, empty, anything else */
	DEMUX_STUN,
	DEMUX_DTLS,
	DEMUX_RTP,
	DEMUX_RTCP,
	DEMUX_ZRTP,
};

/* RTCP packet types as the second octet shows them: 192 to 223. RTP payload
 * types 64 to 95 with the marker bit look the same and must not be used on a
 * muxed port. */
static inline bool demux_is_rtcp(uint8_t second)
{
	return second >= 192 && second <= 223;
}

/* RFC 6189 section 5: a header of 12 octets, the cookie in its middle. */
static inline bool demux_is_zrtp(const uint8_t *p, size_t n)
{
	static const uint8_t cookie[4] = {0x5a, 0x52, 0x54, 0x50};

	return n >= 12 && p[0] >= 16 && p[0] <= 19 &&
	       !memcmp(p + 4, cookie, sizeof(cookie));
}

static inline enum demux_kind demux_datagram(const uint8_t *p, size_t n)
{
	if (n < 2)
		return DEMUX_UNKNOWN;
	if (p[0] <= 3)
		return DEMUX_STUN;
	if (demux_is_zrtp(p, n))
		return DEMUX_ZRTP;
	if (p[0] >= 20 && p[0] <= 63)
		return DEMUX_DTLS;
	if (p[0] < 128 || p[0] > 191)
		return DEMUX_UNKNOWN;
	return demux_is_rtcp(p[1]) ? DEMUX_RTCP : DEMUX_RTP;
}

#endif
