/* rtp: the header of an RTP packet (RFC 3550 section 5.1). Functions are
 * called rtpv_* (a view of RTP), because libre owns rtp_*. */
#ifndef PKT_RTP_H
#define PKT_RTP_H

#include "lib/base/slice.h"

enum { RTP_HEADER = 12 };

struct rtp_view {
	uint8_t pt; /* 0..127 */
	bool marker;
	uint16_t seq;
	uint32_t timestamp;
	uint32_t ssrc;
	uint16_t extension; /* octets, its own 4-octet header included; or 0 */
	uint16_t header; /* octets before the payload */
	uint8_t padding; /* octets behind the payload */
	uint16_t payload; /* octets between */
};

/* Decodes and checks p[0..n): version 2; CSRCs, extension and padding fit.
 * Of a protected packet only the header can be trusted, and only after its
 * tag: padding and payload then mean the ciphertext. 0 or EBADMSG, *v written
 * only on success. n <= 65535. */
int rtpv_parse(const uint8_t *p, size_t n, struct rtp_view *v);

/* The same for an encrypted packet: the padding count is not looked at. */
int rtpv_parse_header(const uint8_t *p, size_t n, struct rtp_view *v);

/* Ids of header extensions (RFC 8285): 1 to 255. */
struct rtp_ext_set {
	uint32_t bits[8];
};

static inline bool rtp_ext_has(const struct rtp_ext_set *set, uint8_t id)
{
	return set->bits[id / 32] >> id % 32 & 1;
}

static inline void rtp_ext_add(struct rtp_ext_set *set, uint8_t id)
{
	set->bits[id / 32] |= 1u << id % 32;
}

/* Takes out of a packet that rtpv_parse() has accepted every header extension
 * but those; one of no RFC 8285 form goes as a whole. Returns the octets that
 * are left; with nothing to take out, the packet stays as it is. */
size_t rtpv_ext_keep(uint8_t *p, size_t n, const struct rtp_ext_set *keep);

#endif
