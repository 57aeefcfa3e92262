/* fuzz_rtcp: the packets inside an RTCP datagram. */
#include <errno.h>
#include <stdlib.h>

#include "lib/pkt/rtcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void look(const struct rtcp_view *v)
{
	struct rtcp_report r;
	uint32_t ssrc;
	volatile uint32_t sum;

	if (!rtcpv_ssrc(v, &ssrc))
		sum = ssrc;
	for (unsigned i = 0; !rtcpv_report(v, i, &r); i++)
		sum = r.ssrc + r.dlsr;
	(void)sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct rtcp_view v;
	size_t at = 0;
	unsigned packets = 0;
	int err;

	while (!(err = rtcpv_next(p, n, &at, &v))) {
		if (v.p + v.n != p + at || at > n)
			abort();
		look(&v);
		packets++;
	}
	if (!rtcpv_check(p, n) !=
	    (err == ENOENT && packets && packets <= RTCP_PACKETS))
		abort();
	return 0;
}
