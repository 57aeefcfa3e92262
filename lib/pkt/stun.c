/* stun: messages of RFC 8489 (stun.h). */
#include "lib/pkt/stun.h"

#include <errno.h>

/* RFC 8489 18.3, RFC 8445 20.1: below 0x8000 they must be understood. */
enum {
	ATTR_USERNAME = 0x0006,
	ATTR_INTEGRITY = 0x0008,
	ATTR_ERROR = 0x0009,
	ATTR_UNKNOWN = 0x000a,
	ATTR_INTEGRITY_SHA256 = 0x001c,
	ATTR_XOR_MAPPED = 0x0020,
	ATTR_PRIORITY = 0x0024,
	ATTR_USE_CANDIDATE = 0x0025,
	ATTR_FINGERPRINT = 0x8028,
	ATTR_CONTROLLED = 0x8029,
	ATTR_CONTROLLING = 0x802a,
	ATTR_OPTIONAL = 0x8000, /* the bit */
};

enum { ATTR_HEADER = 4 };
#define FINGERPRINT_XOR 0x5354554eu

/* ---- CRC-32 of RFC 8489 14.7 (ITU V.42), by half octets ---- */

static uint32_t crc32_of(const uint8_t *p, size_t n)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		crc = table[crc & 15] ^ crc >> 4;
		crc = table[crc & 15] ^ crc >> 4;
	}
	return ~crc;
}

/* ---- reading ---- */

static uint64_t u64_at(const uint8_t *p)
{
	return (uint64_t)octets_u32(p) << 32 | octets_u32(p + 4);
}

static int read_username(struct stunv *m, const uint8_t *v, size_t n)
{
	if (n > STUN_USERNAME_MAX)
		return EBADMSG;
	if (!m->username.p)
		m->username = slice_of(v, n);
	return 0;
}

static int read_integrity(struct stunv *m, const uint8_t *v, size_t n)
{
	if (n != STUN_MAC)
		return EBADMSG;
	m->integrity = v;
	return 0;
}

/* RFC 8489 14.2: masked with the magic cookie, IPv6 also with the id. Cookie
 * and id lie side by side. */
static int read_mapped(struct stunv *m, const uint8_t *v, size_t n)
{
	size_t octets;

	if (n < 4 || (v[1] != 1 && v[1] != 2))
		return EBADMSG;
	octets = v[1] == 1 ? 4 : 16;
	if (n != 4 + octets)
		return EBADMSG;
	if (m->has_mapped)
		return 0;
	m->has_mapped = true;
	m->mapped.ip6 = v[1] == 2;
	m->mapped.port = octets_u16(v + 2) ^ (uint16_t)(STUN_COOKIE >> 16);
	for (size_t i = 0; i < octets; i++)
		m->mapped.host[i] = v[4 + i] ^ m->p[4 + i];
	return 0;
}

static int read_priority(struct stunv *m, const uint8_t *v, size_t n)
{
	if (n != 4)
		return EBADMSG;
	m->has_priority = true;
	m->priority = octets_u32(v);
	return 0;
}

static int read_use_candidate(struct stunv *m, const uint8_t *v, size_t n)
{
	(void)v;
	if (n)
		return EBADMSG;
	m->use_candidate = true;
	return 0;
}

static int read_controlling(struct stunv *m, const uint8_t *v, size_t n)
{
	if (n != 8)
		return EBADMSG;
	m->controlling = true;
	m->tie = u64_at(v);
	return 0;
}

static int read_controlled(struct stunv *m, const uint8_t *v, size_t n)
{
	if (n != 8)
		return EBADMSG;
	m->controlled = true;
	m->tie = u64_at(v);
	return 0;
}

static int read_error(struct stunv *m, const uint8_t *v, size_t n)
{
	if (n < 4 || (v[2] & 7) < 3 || (v[2] & 7) > 6 || v[3] > 99)
		return EBADMSG;
	m->code = (v[2] & 7u) * 100 + v[3];
	return 0;
}

/* Whatever it says: known, and of no use here. */
static int read_nothing(struct stunv *m, const uint8_t *v, size_t n)
{
	(void)m;
	(void)v;
	(void)n;
	return 0;
}

/* It is the last one, or it is wrong (RFC 8489 14.7). */
static int read_fingerprint(struct stunv *m, const uint8_t *v, size_t n)
{
	size_t before = (size_t)(v - m->p) - ATTR_HEADER;

	if (n != 4 || v + n != m->p + m->n ||
	    octets_u32(v) != (crc32_of(m->p, before) ^ FINGERPRINT_XOR))
		return EBADMSG;
	m->fingerprint = true;
	return 0;
}

static const struct {
	uint16_t type;
	int (*take)(struct stunv *m, const uint8_t *v, size_t n);
} attributes[] = {
	{ATTR_USERNAME, read_username},
	{ATTR_INTEGRITY, read_integrity},
	{ATTR_ERROR, read_error},
	{ATTR_UNKNOWN, read_nothing},
	{ATTR_INTEGRITY_SHA256, read_nothing},
	{ATTR_XOR_MAPPED, read_mapped},
	{ATTR_PRIORITY, read_priority},
	{ATTR_USE_CANDIDATE, read_use_candidate},
	{ATTR_FINGERPRINT, read_fingerprint},
	{ATTR_CONTROLLED, read_controlled},
	{ATTR_CONTROLLING, read_controlling},
};

static int read_attribute(struct stunv *m, uint16_t type, const uint8_t *v,
			  size_t n)
{
	if (m->integrity && type != ATTR_FINGERPRINT)
		return 0;
	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++)
		if (attributes[i].type == type)
			return attributes[i].take(m, v, n);
	if (type & ATTR_OPTIONAL)
		return 0;
	if (m->unknowns < STUN_UNKNOWN_MAX)
		m->unknown[m->unknowns] = type;
	m->unknowns++;
	return 0;
}

/* RFC 8489 5: class and method share 14 bits. */
static void read_type(struct stunv *m, uint16_t type)
{
	m->class = (enum stunv_class)((type >> 4 & 1) | (type >> 7 & 2));
	m->method = (uint16_t)((type & 0x000f) | (type >> 1 & 0x0070) |
			       (type >> 2 & 0x0f80));
}

int stunv_parse(struct stunv *m, const uint8_t *p, size_t n)
{
	struct stunv v = {.p = p, .n = n, .id = p + 8};
	size_t at = STUN_HEADER;
	int err = 0;

	if (n > STUN_OCTETS_MAX || !stunv_check(p, n))
		return EBADMSG;
	read_type(&v, octets_u16(p));
	for (unsigned i = 0; !err && at < n; i++) {
		size_t len, padded;

		if (i == STUN_ATTRIBUTES_MAX || n - at < ATTR_HEADER)
			return EBADMSG;
		len = octets_u16(p + at + 2);
		padded = (len + 3) & ~(size_t)3;
		if (padded > n - at - ATTR_HEADER)
			return EBADMSG;
		err = read_attribute(&v, octets_u16(p + at),
				     p + at + ATTR_HEADER, len);
		at += ATTR_HEADER + padded;
	}
	if (!err)
		*m = v;
	return err;
}

void stunv_covered(const struct stunv *m, uint8_t head[STUN_HEADER],
		   struct slice *rest)
{
	size_t end = (size_t)(m->integrity - m->p) - ATTR_HEADER;

	memcpy(head, m->p, STUN_HEADER);
	octets_put_u16(head + 2, (uint16_t)(end + ATTR_HEADER + STUN_MAC -
					    STUN_HEADER));
	*rest = slice_of(m->p + STUN_HEADER, end - STUN_HEADER);
}

/* ---- writing ---- */

void stunv_begin(struct stunv_writer *w, uint8_t *p, size_t room,
		 enum stunv_class class, uint16_t method, const uint8_t *id)
{
	*w = (struct stunv_writer){.p = p, .room = room};
	if (room < STUN_HEADER) {
		w->err = ENOSPC;
		return;
	}
	memmove(p + 8, id, STUN_ID);
	octets_put_u16(p, (uint16_t)((method & 0x000f) |
				     (method & 0x0070) << 1 |
				     (method & 0x0f80) << 2 |
				     (class & 1) << 4 | (class & 2) << 7));
	octets_put_u16(p + 2, 0);
	octets_put_u32(p + 4, STUN_COOKIE);
	w->n = STUN_HEADER;
}

/* Header and padding; returns where n octets of value go. */
static uint8_t *attr_put(struct stunv_writer *w, uint16_t type, size_t n)
{
	size_t padded = (n + 3) & ~(size_t)3;
	uint8_t *p;

	if (!w->err && w->room - w->n < ATTR_HEADER + padded)
		w->err = ENOSPC;
	if (w->err)
		return NULL;
	p = w->p + w->n;
	octets_put_u16(p, type);
	octets_put_u16(p + 2, (uint16_t)n);
	memset(p + ATTR_HEADER, 0, padded);
	w->n += ATTR_HEADER + padded;
	octets_put_u16(w->p + 2, (uint16_t)(w->n - STUN_HEADER));
	return p + ATTR_HEADER;
}

void stunv_put_mapped(struct stunv_writer *w, const struct stunv_addr *a)
{
	size_t octets = a->ip6 ? 16 : 4;
	uint8_t *v = attr_put(w, ATTR_XOR_MAPPED, 4 + octets);

	if (!v)
		return;
	v[1] = a->ip6 ? 2 : 1;
	octets_put_u16(v + 2, a->port ^ (uint16_t)(STUN_COOKIE >> 16));
	for (size_t i = 0; i < octets; i++)
		v[4 + i] = a->host[i] ^ w->p[4 + i];
}

void stunv_put_error(struct stunv_writer *w, unsigned code, const char *reason)
{
	size_t n = strlen(reason);
	uint8_t *v = attr_put(w, ATTR_ERROR, 4 + n);

	if (!v)
		return;
	v[2] = (uint8_t)(code / 100);
	v[3] = (uint8_t)(code % 100);
	memcpy(v + 4, reason, n);
}

void stunv_put_unknown(struct stunv_writer *w, const uint16_t *types,
		       unsigned n)
{
	uint8_t *v = attr_put(w, ATTR_UNKNOWN, 2 * (size_t)n);

	for (unsigned i = 0; v && i < n; i++)
		octets_put_u16(v + 2 * (size_t)i, types[i]);
}

void stunv_put_username(struct stunv_writer *w, struct slice username)
{
	uint8_t *v = attr_put(w, ATTR_USERNAME, username.n);

	if (v && username.n)
		memcpy(v, username.p, username.n);
}

void stunv_put_priority(struct stunv_writer *w, uint32_t priority)
{
	uint8_t *v = attr_put(w, ATTR_PRIORITY, 4);

	if (v)
		octets_put_u32(v, priority);
}

void stunv_put_role(struct stunv_writer *w, bool controlling, uint64_t tie)
{
	uint8_t *v = attr_put(w, controlling ? ATTR_CONTROLLING :
					       ATTR_CONTROLLED, 8);

	if (!v)
		return;
	octets_put_u32(v, (uint32_t)(tie >> 32));
	octets_put_u32(v + 4, (uint32_t)tie);
}

void stunv_put_use_candidate(struct stunv_writer *w)
{
	(void)attr_put(w, ATTR_USE_CANDIDATE, 0);
}

uint8_t *stunv_put_integrity(struct stunv_writer *w, struct slice *covered)
{
	size_t n = w->n;
	uint8_t *v = attr_put(w, ATTR_INTEGRITY, STUN_MAC);

	if (v)
		*covered = slice_of(w->p, n);
	return v;
}

void stunv_put_fingerprint(struct stunv_writer *w)
{
	size_t n = w->n;
	uint8_t *v = attr_put(w, ATTR_FINGERPRINT, 4);

	if (v)
		octets_put_u32(v, crc32_of(w->p, n) ^ FINGERPRINT_XOR);
}
