/* fuzz_demux: a datagram on a media port: which protocol, and its header. */
#include <stdlib.h>

#include "lib/pkt/demux.h"
#include "lib/pkt/rtp.h"
#include "lib/pkt/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

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
