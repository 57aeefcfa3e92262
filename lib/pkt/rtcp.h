/* rtcp: the packets inside an RTCP datagram (RFC 3550 section 6, RFC 4585,
 * reduced size by RFC 5506). Functions are called rtcpv_*, because libre owns
 * rtcp_*. */
#ifndef PKT_RTCP_H
#define PKT_RTCP_H

#include "lib/base/slice.h"

enum {
	RTCP_HEADER = 4,
	RTCP_SR = 200,
	RTCP_RR = 201,
	RTCP_SDES = 202,
	RTCP_BYE = 203,
	RTCP_APP = 204,
	RTCP_RTPFB = 205,
	RTCP_PSFB = 206,
	RTCP_XR = 207,
	/* more than any real compound; a bound for the walk */
	RTCP_PACKETS = 64,
};

struct rtcp_view {
	uint8_t type; /* packet type, 192..223 */
	uint8_t count; /* RC, SC, FMT or subtype */
	const uint8_t *p; /* the packet, header included */
	size_t n; /* its octets, padding included; a multiple of 4 */
};

/* The walk over p[0..n): set *at to 0, call until it does not return 0. 0 and
 * one packet in *v; ENOENT after the last; EBADMSG when what is left is no
 * packet: a header must fit, have version 2, a type of 192..223, a length
 * inside the datagram, room for the fixed part of its type and its reports,
 * and padding only in the last one. */
int rtcpv_next(const uint8_t *p, size_t n, size_t *at, struct rtcp_view *v);

/* A whole datagram that walks to its end: 0, else EBADMSG. */
int rtcpv_check(const uint8_t *p, size_t n);

/* The SSRC of the sender (of SR, RR, feedback, APP and XR; the first one of
 * SDES and BYE). 0 or ENOENT (BYE and SDES may have none). */
int rtcpv_ssrc(const struct rtcp_view *v, uint32_t *ssrc);

/* What reports will quote of an SR: the middle 32 bits of its NTP time
 * (RFC 3550 section 6.4.1). Only of an SR that rtcpv_next() gave. */
uint32_t rtcpv_lsr(const struct rtcp_view *v);

/* A report block of an SR or RR (RFC 3550 section 6.4.1). */
struct rtcp_report {
	uint32_t ssrc; /* whose packets these are about */
	uint8_t fraction; /* lost since the last report, of 256 */
	int32_t lost; /* in all; may be negative */
	uint32_t highest; /* extended sequence number */
	uint32_t jitter; /* in timestamp units */
	uint32_t lsr;
	uint32_t dlsr; /* in 1/65536 s */
};

/* Where block i starts in the packet, and its highest sequence number in the
 * block; only of a block that rtcpv_report() gives. */
enum { RTCP_REPORT_HIGHEST = 8 };
size_t rtcpv_report_at(const struct rtcp_view *v, unsigned i);

/* i-th block, i from 0. 0 or ENOENT (no such block, or another type). */
int rtcpv_report(const struct rtcp_view *v, unsigned i,
		 struct rtcp_report *report);

/* Whose SSRC a field holds: one of the sender's own, or one of those that the
 * packet is about, which the receiver of the packet sends (or has sent). */
enum rtcp_role { RTCP_SENDER, RTCP_SUBJECT };

/* Every SSRC field of a packet, at its offset in it: of SR, RR, SDES, BYE, APP,
 * feedback (FIR, TMMBR, TMMBN, TSTR, TSTN of RFC 5104 and REMB too) and of XR's
 * blocks 1 to 3 and 5 to 7. Only fields that fit are given. */
typedef void rtcpv_ssrc_fn(void *arg, size_t at, enum rtcp_role role);
void rtcpv_ssrcs(const struct rtcp_view *v, rtcpv_ssrc_fn *fn, void *arg);

#endif
