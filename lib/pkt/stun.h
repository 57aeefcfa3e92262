/* stun: messages of RFC 8489, as far as connectivity checks of ICE (RFC 8445)
 * need them: read as a view of their octets, written attribute by attribute.
 * No allocation, no I/O. The keyed hash is the caller's: this library says
 * which octets it covers. Called stunv_*, because libre owns stun_*. */
#ifndef PKT_STUN_H
#define PKT_STUN_H

#include "lib/base/slice.h"
#include "lib/pkt/octets.h"

enum stunv_limit {
	STUN_HEADER = 20,
	STUN_ID = 12, /* transaction id */
	STUN_MAC = 20, /* HMAC-SHA1 */
	STUN_ATTRIBUTES_MAX = 32, /* in one message */
	STUN_USERNAME_MAX = 513, /* RFC 8489 14.3: shorter than 509 */
	STUN_UNKNOWN_MAX = 8, /* that are told back */
	STUN_OCTETS_MAX = 1280, /* of a message we look at */
};
#define STUN_COOKIE 0x2112A442u

static inline bool stunv_check(const uint8_t *p, size_t n)
{
	return n >= STUN_HEADER && p[0] <= 3 && octets_u32(p + 4) == STUN_COOKIE &&
	       octets_u16(p + 2) % 4 == 0 &&
	       (size_t)octets_u16(p + 2) + STUN_HEADER == n;
}

enum stunv_class {
	STUN_REQUEST,
	STUN_INDICATION,
	STUN_SUCCESS,
	STUN_ERROR,
};

enum { STUN_BINDING = 0x001 }; /* method */

/* Error codes that ICE and short-term credentials know. */
enum stunv_code {
	STUN_BAD_REQUEST = 400,
	STUN_UNKNOWN_ATTRIBUTE = 420,
	STUN_ROLE_CONFLICT = 487,
};

/* A transport address as it stands in an attribute, unmasked. */
struct stunv_addr {
	bool ip6;
	uint16_t port; /* host order */
	uint8_t host[16]; /* the first 4 are IPv4's */
};

struct stunv {
	const uint8_t *p; /* the message */
	size_t n;
	enum stunv_class class;
	uint16_t method;
	const uint8_t *id; /* STUN_ID octets */

	/* Each the first of its kind; what stands behind MESSAGE-INTEGRITY is
	 * not looked at, but for FINGERPRINT (RFC 8489 14.5). */
	struct slice username; /* absent: none */
	const uint8_t *integrity; /* STUN_MAC octets; NULL: none */
	bool fingerprint; /* it is there, last, and right */
	bool use_candidate;
	bool controlling, controlled;
	uint64_t tie; /* tie-breaker of those */
	bool has_priority;
	uint32_t priority;
	bool has_mapped; /* XOR-MAPPED-ADDRESS */
	struct stunv_addr mapped;
	unsigned code; /* ERROR-CODE; 0: none */
	/* Attributes that must be understood and are not (RFC 8489 6.3.1):
	 * how many, and the types of the first of them. */
	unsigned unknowns;
	uint16_t unknown[STUN_UNKNOWN_MAX];
};

/* 0, or EBADMSG: no message of RFC 8489, an attribute that does not fit or has
 * a wrong length, a wrong FINGERPRINT, more than the limits. *m is a view of p,
 * written only on success. */
int stunv_parse(struct stunv *m, const uint8_t *p, size_t n);

/* What MESSAGE-INTEGRITY is over (RFC 8489 14.5): head, which is the header
 * with the length it had then, and rest, octets of the message. Only for a
 * message that has one. The caller computes the MAC of both and compares in
 * constant time. */
void stunv_covered(const struct stunv *m, uint8_t head[STUN_HEADER],
		   struct slice *rest);

/* A message being written into the caller's memory. After an error nothing
 * more is written; look at err at the end. */
struct stunv_writer {
	uint8_t *p;
	size_t room;
	size_t n;
	int err; /* 0 or ENOSPC */
};

/* id: STUN_ID octets; may lie in p, if it is where ids lie. */
void stunv_begin(struct stunv_writer *w, uint8_t *p, size_t room,
		 enum stunv_class class, uint16_t method, const uint8_t *id);
void stunv_put_mapped(struct stunv_writer *w, const struct stunv_addr *a);
void stunv_put_error(struct stunv_writer *w, unsigned code,
		     const char *reason);
void stunv_put_unknown(struct stunv_writer *w, const uint16_t *v, unsigned n);
void stunv_put_username(struct stunv_writer *w, struct slice username);
void stunv_put_priority(struct stunv_writer *w, uint32_t priority);
void stunv_put_role(struct stunv_writer *w, bool controlling, uint64_t tie);
void stunv_put_use_candidate(struct stunv_writer *w);
/* Room for MESSAGE-INTEGRITY. Returns where the MAC of *covered goes, before
 * anything else is put; NULL after an error. */
uint8_t *stunv_put_integrity(struct stunv_writer *w, struct slice *covered);
/* The last one. */
void stunv_put_fingerprint(struct stunv_writer *w);

#endif
