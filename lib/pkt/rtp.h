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

#endif
