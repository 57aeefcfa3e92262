/* stun: is a datagram a STUN message (RFC 8489 section 5)? Only the header:
 * enough to tell it from noise. Called stunv_*, because libre owns stun_*. */
#ifndef PKT_STUN_H
#define PKT_STUN_H

#include "lib/pkt/octets.h"

enum { STUN_HEADER = 20 };
#define STUN_COOKIE 0x2112A442u

static inline bool stunv_check(const uint8_t *p, size_t n)
{
	return n >= STUN_HEADER && p[0] <= 3 && octets_u32(p + 4) == STUN_COOKIE &&
	       octets_u16(p + 2) % 4 == 0 &&
	       (size_t)octets_u16(p + 2) + STUN_HEADER == n;
}

#endif
