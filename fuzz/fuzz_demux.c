/* fuzz_demux: a datagram on a media port: which protocol, and its header. */
#include <stdlib.h>

#include "lib/pkt/demux.h"
#include "lib/pkt/rtp.h"
#include "lib/pkt/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Whatever is taken out, the rest is an RTP packet with the same payload. */
static void extensions(const uint8_t *p, size_t n)
{
	struct rtp_ext_set keep = {{0x2a}};
	struct rtp_view was, now;
	uint8_t *q = malloc(n);
	size_t left;

	if (!q)
		abort();
	memcpy(q, p, n);
	left = rtpv_ext_keep(q, n, &keep);
	if (left > n || rtpv_parse(p, n, &was) || rtpv_parse(q, left, &now) ||
	    was.payload != now.payload ||
	    memcmp(p + was.header, q + now.header, now.payload))
		abort();
	if (rtpv_ext_keep(q, left, &keep) != left)
		abort();
	free(q);
}

static void rtp(const uint8_t *p, size_t n)
{
	struct rtp_view v;

	if (rtpv_parse(p, n, &v))
		return;
	if ((size_t)v.header + v.payload + v.padding != n)
		abort();
	if (rtpv_parse_header(p, n, &v) ||
	    (size_t)v.header + v.payload != n)
		abort();
	extensions(p, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	bool stun = stunv_check(p, n);

	switch (demux_datagram(p, n)) {
	case DEMUX_STUN:
		break;
	case DEMUX_RTP:
	case DEMUX_RTCP:
		rtp(p, n);
		/* fall through */
	default:
		if (stun)
			abort();
	}
	return 0;
}
