/* handshake: DTLS 1.2 as server and client, for the keys of DTLS-SRTP
 * (RFC 5763, 5764, 6347). A struct handshake is what one port of ours goes
 * through to get keys; it lives as long as the leg. A pool of threads of its
 * own does the work: a handshake costs half a millisecond, which no thread
 * that moves packets can afford.
 *
 * Nobody who has not shown that he is the peer of the SDP changes anything:
 *  - as server, a source that has not returned a cookie gets no memory of ours
 *    and never more octets than it sent (RFC 6347 4.2.1)
 *  - each source then has a TLS state of its own, HANDSHAKE_SOURCES at most,
 *    one of them kept for the address of the SDP; a stranger's only wastes his
 *  - the one that shows the certificate of the SDP wins: only then are keys
 *    exported, and the source is the peer's validated address
 *
 * Certificates of peers: one to HANDSHAKE_CHAIN, 8 kB in all; P-256, P-384,
 * P-521, Ed25519 or RSA of 2048 to 4096 bits; named curves only.
 *
 * Thread: handshake_input() is for the thread that reads the port; all else is
 * for the control thread. Ops are called on a pool thread, with the handshake
 * locked: they post, they do not call back into this handshake. */
#ifndef RELAY_HANDSHAKE_H
#define RELAY_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/io/addr.h"
#include "relay/certificate.h"
#include "relay/fingerprint.h"
#include "relay/suite.h"

struct handshake;
struct handshake_pool;

enum {
	HANDSHAKE_SOURCES = 4,
	HANDSHAKE_CHAIN = 4, /* certificates */
	HANDSHAKE_CERTIFICATES = 8192, /* octets of all of them */
	HANDSHAKE_FINGERPRINTS = 8, /* of the peer */
	HANDSHAKE_MTU = 1200, /* UDP payload we send */
	HANDSHAKE_LIMIT_MS = 10000, /* from a source's cookie to its keys */
	HANDSHAKE_DATAGRAM_MAX = 2048 /* longer ones are dropped */
};

/* Who sends the first ClientHello (a=setup, RFC 4145, 5763). */
enum handshake_role {
	HANDSHAKE_PASSIVE, /* the peer; we are the server */
	HANDSHAKE_ACTIVE, /* we; to the address of the SDP, once known */
};

/* Where a peer may come from, beside the SDP's own address and port. */
enum handshake_from {
	HANDSHAKE_FROM_ANY, /* anywhere: NAT; the certificate decides */
	HANDSHAKE_FROM_HOST, /* the SDP's host, any port */
	HANDSHAKE_FROM_STRICT, /* nowhere else */
};

/* Why an attempt failed: X(ID, "token", "help"). */
enum handshake_why {
	HANDSHAKE_WHY_NONE,
#define X(id, token, help) HANDSHAKE_WHY_##id,
#include "relay/handshake.def"
#undef X
	HANDSHAKE_WHY_COUNT
};

struct handshake_why_row {
	const char *token;
	const char *help;
};

/* why < HANDSHAKE_WHY_COUNT; HANDSHAKE_WHY_NONE is {"none", ...} */
const struct handshake_why_row *handshake_why_row(enum handshake_why why);

/* What a handshake was for. Valid during the call of ops->keys; wiped after. */
struct handshake_keys {
	enum suite suite;
	size_t n; /* octets of each: suite_key_salt(suite) */
	uint8_t local[SUITE_KEY_SALT_MAX]; /* key || salt: we protect with */
	uint8_t remote[SUITE_KEY_SALT_MAX]; /* we unprotect with */
	union addr from; /* the peer's validated address */
	uint8_t peer_sha256[32]; /* of the certificate that matched */
};

struct handshake_ops {
	/* A datagram to the peer. May be lost; no error comes back. */
	void (*send)(void *arg, const union addr *to, const void *p, size_t n);
	/* The peer is who the SDP says. Comes again if the same peer (same
	 * certificate, from the same address or the SDP's) makes a new
	 * association: the new keys replace. As server, this is called before
	 * the flight is sent on which the peer begins to send media. */
	void (*keys)(void *arg, const struct handshake_keys *keys);
	/* An attempt with the SDP's own address, or one that we started,
	 * failed. Not the end: the peer may try again and keys may still
	 * come, until handshake_close(). Strangers' failures are only counted
	 * (handshake_status). */
	void (*failed)(void *arg, enum handshake_why why);
};

struct handshake_conf {
	enum handshake_role role;
	enum handshake_from from;
	/* What we show; held by the handshake. NULL: the pool's of now. */
	struct certificate *certificate;
	/* Profiles to offer or accept, in our order; none: all that DTLS has,
	 * the cheap first: GCM-128, GCM-256, CM-128-80, CM-128-32. */
	unsigned suites;
	enum suite suite[SUITE_COUNT];
};

/* ---- pool ---- */

/* Makes the first certificate (P-256, self-signed, fresh) and starts the
 * threads (1..64), signals blocked. 0, EINVAL, ENOMEM, EAGAIN, EIO (OpenSSL). */
int handshake_pool_open(struct handshake_pool **pool, unsigned threads);
/* After every handshake was closed: stops the threads, wipes. NULL: nothing. */
void handshake_pool_close(struct handshake_pool *pool);
/* A new certificate for those who ask from now on; the old ones live until
 * nobody holds them. 0; ENOMEM, EIO: it stays as it is. Control thread. */
int handshake_pool_rotate(struct handshake_pool *pool);
/* For a new session, to be released by the caller. Control thread. */
struct certificate *handshake_pool_certificate(struct handshake_pool *pool);
/* The a=fingerprint value of it, valid until the next rotation. */
const char *handshake_pool_fingerprint(const struct handshake_pool *pool);

struct handshake_pool_stats {
	uint64_t datagrams; /* taken from the queues */
	uint64_t refused; /* queue full, or too many of one handshake */
	uint64_t malformed; /* not a DTLS record we could need */
	uint64_t cookies; /* HelloVerifyRequests sent */
	uint64_t limited; /* good cookie, but too many attempts */
	uint64_t attempts; /* TLS states made */
	uint64_t done; /* keys given */
	uint64_t failed; /* attempts that ended without keys */
	uint64_t ms; /* sum over those done, from first ClientHello to keys */
	uint64_t why[HANDSHAKE_WHY_COUNT]; /* the failed, by reason */
};
/* Any thread. */
void handshake_pool_stats(const struct handshake_pool *pool,
			  struct handshake_pool_stats *st);

/* ---- handshake ---- */

/* conf and ops->... are copied; ops and arg must live until handshake_close()
 * has returned. 0, EINVAL (a suite that DTLS does not have), ENOMEM. */
int handshake_open(struct handshake **h, struct handshake_pool *pool,
		   const struct handshake_conf *conf,
		   const struct handshake_ops *ops, void *arg);

/* What the SDP says of the peer: its address (not set: not known yet) and its
 * fingerprints (copied; n <= HANDSHAKE_FINGERPRINTS; 0: not known yet). May
 * come after the handshake: it waits, finished, for as long as 2 minutes, and
 * keys are exported when a fingerprint matches. May come again: for a new
 * address. HANDSHAKE_ACTIVE starts when there is an address.
 * Fingerprints that do not match a peer who has his keys do not take them
 * away: that is a new association (RFC 8842), close and open.
 * 0, EINVAL. */
int handshake_peer(struct handshake *h, const union addr *addr,
		   const struct handshake_fingerprint *v, unsigned n);

/* A datagram whose first octet is 20..63 came (RFC 7983). Copied, never
 * blocks, no system call but for waking a sleeping pool thread. Not after, nor
 * while, handshake_close(). 0; ENOBUFS: dropped, queue full; EBADMSG: dropped,
 * nothing that a handshake needs; EMSGSIZE: dropped, too long. */
int handshake_input(struct handshake *h, const union addr *from, const void *p,
		    size_t n);

enum handshake_state {
	HANDSHAKE_WAITING, /* nobody has come with a cookie yet */
	HANDSHAKE_RUNNING,
	HANDSHAKE_PENDING, /* finished; the SDP's fingerprint is missing */
	HANDSHAKE_DONE, /* keys given */
	HANDSHAKE_FAILED, /* last attempt with the SDP's address failed */
};
/* "waiting" ... */
const char *handshake_state_name(enum handshake_state state);

struct handshake_status {
	enum handshake_state state;
	enum handshake_role role;
	enum handshake_why why; /* of the last failed attempt, anybody's */
	unsigned strangers; /* failed attempts from other addresses */
	char fingerprint[FINGERPRINT_TEXT]; /* of what we show */
	/* from here: PENDING and DONE only, else zero */
	char version[16]; /* "DTLSv1.2" */
	char cipher[40]; /* OpenSSL's name */
	enum suite suite;
	unsigned ms; /* from the first ClientHello of this source */
	union addr from;
	bool verified; /* a fingerprint of the SDP matched */
	struct handshake_fingerprint peer; /* SHA-256 of its certificate */
};
void handshake_status(struct handshake *h, struct handshake_status *st);

/* Wipes. After return no op is called. May wait for a step of a handshake
 * that is being done (a millisecond). NULL: nothing. */
void handshake_close(struct handshake *h);

#endif
