/* rtp_ext: header extensions (rtp.h; RFC 8285). */
#include "lib/pkt/octets.h"
#include "lib/pkt/rtp.h"

enum {
	EXT_HEADER = 4,
	ONE_BYTE = 0xbede, /* RFC 8285 section 4.2 */
	TWO_BYTE = 0x1000, /* section 4.3; its last four bits are free */
	ONE_BYTE_END = 15,
};

/* The element at p[at..n): its octets, 0 if there is none any more. id 0:
 * padding. */
static size_t element(const uint8_t *p, size_t at, size_t n, bool two,
		      uint8_t *id)
{
	size_t size;

	if (at == n)
		return 0;
	*id = two ? p[at] : p[at] >> 4;
	if (!p[at])
		return 1;
	if (!two && *id == ONE_BYTE_END)
		return 0;
	if (two && n - at < 2)
		return 0;
	size = two ? 2u + p[at + 1] : 2u + (p[at] & 0x0f);
	return size <= n - at ? size : 0;
}

/* Moves the elements that may stay to the front; returns their octets. */
static size_t elements_keep(uint8_t *p, size_t n, bool two,
			    const struct rtp_ext_set *keep)
{
	size_t at = 0, to = 0, size;
	uint8_t id;

	while ((size = element(p, at, n, two, &id))) {
		if (id && rtp_ext_has(keep, id)) {
			memmove(p + to, p + at, size);
			to += size;
		}
		at += size;
	}
	return to;
}

static bool all_stay(const uint8_t *p, size_t n, bool two,
		     const struct rtp_ext_set *keep)
{
	size_t at = 0, size;
	uint8_t id = 0;

	while ((size = element(p, at, n, two, &id))) {
		if (id && !rtp_ext_has(keep, id))
			return false;
		at += size;
	}
	return at == n;
}

size_t rtpv_ext_keep(uint8_t *p, size_t n, const struct rtp_ext_set *keep)
{
	size_t head = RTP_HEADER + 4u * (p[0] & 0x0f), left = 0, octets;
	uint8_t *ext = p + head;
	uint16_t profile;
	bool two;

	if (!(p[0] & 0x10))
		return n;
	profile = octets_u16(ext);
	two = (profile & 0xfff0) == TWO_BYTE;
	octets = 4u * octets_u16(ext + 2);
	if (two || profile == ONE_BYTE) {
		if (octets && all_stay(ext + EXT_HEADER, octets, two, keep))
			return n;
		left = elements_keep(ext + EXT_HEADER, octets, two, keep);
	}
	while (left % 4)
		ext[EXT_HEADER + left++] = 0;
	if (left)
		octets_put_u16(ext + 2, (uint16_t)(left / 4));
	else
		p[0] &= (uint8_t)~0x10;
	memmove(left ? ext + EXT_HEADER + left : ext,
		ext + EXT_HEADER + octets, n - head - EXT_HEADER - octets);
	return n - (octets - left) - (left ? 0 : EXT_HEADER);
}
