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

static inline void octets_put_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void octets_put_u32(uint8_t *p, uint32_t v)
{
	octets_put_u16(p, (uint16_t)(v >> 16));
	octets_put_u16(p + 2, (uint16_t)v);
}

#endif
