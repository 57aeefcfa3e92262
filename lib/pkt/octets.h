/* octets: integers in network order at any alignment. The caller has checked
 * the length. */
#ifndef PKT_OCTETS_H
#define PKT_OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint16_t octets_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t octets_u32(const uint8_t *p)
{
	return (uint32_t)octets_u16(p) << 16 | octets_u16(p + 2);
}

#endif
