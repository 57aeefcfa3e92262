/* media: one m-line of a call, as the control thread sees it: two legs (side A
 * is the offerer's, side B the answerer's), each with its own ports, address,
 * security and keys. The packets between them are a worker thread's; what is
 * set here goes there as an order, and takes effect microseconds later.
 *
 * Thread: all functions here are for the control thread. */
#ifndef RELAY_MEDIA_H
#define RELAY_MEDIA_H

#include <stdbool.h>

#include "lib/io/addr.h"
#include "lib/pkt/rtp.h"
#include "relay/drop.h"
#include "relay/handshake.h"
#include "relay/quality.h"
#include "relay/ice.h"
#include "relay/suite.h"

enum media_side { MEDIA_A, MEDIA_B };

static inline enum media_side media_other(enum media_side side)
{
	return side == MEDIA_A ? MEDIA_B : MEDIA_A;
}

/* What a leg speaks. Chosen by SDP, never by what arrives. */
enum leg_security {
	LEG_RTP, /* plain RTP and RTCP */
	LEG_SDES, /* SRTP, keys in the SDP (RFC 4568) */
	LEG_DTLS, /* SRTP, keys by DTLS (RFC 5764) */
	/* The two below are the same on both legs, and what comes is relayed
	 * as octets, unread: */
	LEG_PASS, /* DTLS, ZRTP, SRTP and SRTCP of the ends (RFC 7879) */
	LEG_OPAQUE, /* no RTP at all: UDPTL and others */
	LEG_SECURITIES
};

/* We hold keys of the leg: what comes is authentic or goes. */
static inline bool leg_is_keyed(enum leg_security security)
{
	return security == LEG_SDES || security == LEG_DTLS;
}

static inline bool leg_is_passed(enum leg_security security)
{
	return security == LEG_PASS || security == LEG_OPAQUE;
}

/* "none", "sdes", "dtls-srtp", "pass", "opaque" */
const char *leg_security_name(enum leg_security security);

/* Where a peer may send from. An address is learned once per SDP and never
 * again; on a secured leg only an authenticated packet teaches it. */
enum leg_latch {
	LEG_LATCH_HOST, /* keyed: any one address; else the SDP's host,
			   any one port of it */
	LEG_LATCH_STRICT, /* exactly the SDP's address and port */
	LEG_LATCH_ASYMMETRIC, /* as HOST, but we send where the SDP says */
	LEG_LATCH_FOLLOW, /* as HOST; keyed: an authenticated packet from
			     elsewhere moves the peer there, at any time */
};

/* An SDES key: suite and master key || salt. n = 0: none. */
struct leg_key {
	enum suite suite;
	uint8_t n;
	uint8_t key_salt[SUITE_KEY_SALT_MAX];
	/* Master key identifier in each packet (RFC 3711 3.1, RFC 4568 6.1):
	 * octets, 0: none; and its value, which they hold. */
	uint8_t mki_n;
	uint64_t mki;
};

#define LEG_FINGERPRINTS 4

struct leg_conf {
	/* Where the SDP says the peer receives. Not set: not known yet, or
	 * its port is 0. With rtcp_mux, rtcp is not looked at. */
	union addr rtp;
	union addr rtcp;
	bool rtcp_mux;
	/* Ours, if this leg does ICE (else empty): rtp, rtcp and latch are
	 * not looked at then, the peer is where its checks come from. Other
	 * ones than before are a restart. */
	struct ice_creds ice;
	uint64_t ice_peer; /* ice_peer_hash(); 0: not known yet */
	enum leg_latch latch;
	/* Directions of RTP at the time (a=sendrecv ...), from where we stand:
	 * recv = the peer may send to us. RTCP always flows (RFC 3264 5.1). */
	bool recv;
	bool send;
	enum leg_security security;
	/* Header extensions that were agreed on; others are taken out. */
	struct rtp_ext_set extensions;
	/* LEG_SDES: rx unprotects what the peer sends (the peer's a=crypto),
	 * tx protects what we send (ours). Either may come later. */
	struct leg_key rx;
	struct leg_key tx;
	/* LEG_DTLS: who starts, and which certificate the peer must have.
	 * Without fingerprints a handshake can run, but gives no keys. */
	enum handshake_role role;
	unsigned fingerprints;
	struct handshake_fingerprint fingerprint[LEG_FINGERPRINTS];
	/* What the peer's SDP calls its payload types: for statistics. */
	struct payload_map payloads;
};

/* Everything security-relevant that a leg of a call does, for `query`. Read
 * without stopping the worker: each number is right, together they may be one
 * packet apart. */
struct media_stats {
	uint64_t packets_in; /* accepted: RTP, authenticated where secured */
	uint64_t octets_in; /* their UDP payload */
	uint64_t rtcp_in;
	uint64_t packets_out; /* sent to this leg's peer */
	uint64_t octets_out;
	uint64_t rtcp_out;
	uint64_t errors_out; /* the kernel refused to send */
	uint64_t last_ms; /* clk_ms() of the last accepted datagram, 0: none */
	uint64_t drops[DROP_COUNT]; /* of what came in on this leg */
	uint32_t ssrc; /* of the newest RTP stream in; 0 before the first */
	uint32_t lost; /* RFC 3550 A.3, of that stream; 0 if negative */
	uint32_t jitter_us; /* RFC 3550 A.8, of that stream */
	uint32_t mos; /* hundredths, mean of that stream; 0: none */
	uint32_t rtt_us; /* between us and this leg's peer; 0: not known */
	unsigned ssrcs; /* how many SSRCs were seen */
	union addr peer; /* where we send RTP to now */
	bool learned; /* peer was learned from a packet, not from the SDP */
	uint64_t checks; /* authentic ones of ICE, at both ports */
	uint64_t check_ms; /* clk_ms() of the last at the RTP port, 0: none */
	bool key_in; /* a key is installed: secured legs only */
	bool key_out;
};

struct media;
struct plane;

struct media_args {
	uint64_t hash; /* of the call-id: all media of a call share a worker */
	/* Name of the interface per side, "" or NULL: the first one; family
	 * AF_INET, AF_INET6 or AF_UNSPEC (the interface's first). */
	const char *interface[2];
	int family[2];
	/* The side does ICE and rtcp-mux for sure: the worker's shared port
	 * will do, if the interface has one. */
	bool ice[2];
	/* What we show in DTLS, held by the media; NULL: the pool's of then. */
	struct certificate *certificate;
};

/* Ports for both sides: per side an even one for RTP and the odd one above it
 * for RTCP, bound. 0; ENOENT no such interface; EADDRNOTAVAIL no port left;
 * ENOMEM; EMFILE. media_close() frees. */
int media_open(struct media **m, struct plane *plane,
	       const struct media_args *args);

/* Ports go back, keys are wiped, the worker lets go; all of it after return.
 * m is not the caller's any more. NULL is allowed. */
void media_close(struct media *m);

/* Tells what a leg is now; conf is copied and may hold keys: wipe yours.
 * What did not change keeps its state: same SDES key, same index; same address,
 * still learned; same fingerprints and role, same DTLS association.
 * Before the first call a leg drops all it gets. 0, EINVAL (a key's length
 * does not fit its suite), ENOMEM, ENOBUFS (worker is behind; try later). */
int media_leg_set(struct media *m, enum media_side side,
		  const struct leg_conf *conf);

/* What of a side's RTP does not pass, whatever SDP says. Bits. */
enum media_gate {
	MEDIA_GATE_BLOCK = 1, /* nothing passes */
	MEDIA_GATE_SILENCE = 2, /* speech is replaced by silence */
	MEDIA_GATE_DTMF = 4, /* RFC 4733 events do not pass */
};
void media_gate_set(struct media *m, enum media_side side, unsigned gate);

/* Copies of what both sides send go to the recording of that id; 0: to none. */
void media_record_set(struct media *m, uint32_t id);

/* The port of ours that this side's peer must send to, host order. */
uint16_t media_port(const struct media *m, enum media_side side, bool rtcp);
/* IP_TOS, or IPV6_TCLASS, of all that is sent to both sides from now on. A
 * system that refuses is logged. */
void media_tos_set(struct media *m, uint8_t tos);
/* Is it a shared port (hub.h)? Then there is no other for RTCP. */
bool media_shared(const struct media *m, enum media_side side);
/* The address to write in the SDP for this side: what the interface
 * advertises. Valid as long as the plane. */
const char *media_address(const struct media *m, enum media_side side);
int media_family(const struct media *m, enum media_side side);

void media_stats(const struct media *m, enum media_side side,
		 struct media_stats *stats);

/* One SSRC that came in on a leg. */
struct media_track {
	uint32_t ssrc;
	uint64_t packets; /* since its sequence numbers last started over */
	uint32_t lost; /* the same */
	uint32_t highest; /* sequence number, extended */
	uint32_t jitter_us;
	uint64_t last_ms; /* clk_ms() of the last packet */
	uint32_t clock; /* Hz of its timestamps; 0: not known, no jitter */
	struct quality_sums quality;
};
enum { MEDIA_TRACKS = 8 };

/* The newest of them, in no order; how many. */
unsigned media_tracks(const struct media *m, enum media_side side,
		      struct media_track v[MEDIA_TRACKS]);

/* The leg's handshake, for its status; NULL: it has none. rtcp: the one of the
 * RTCP port of a leg without rtcp-mux. */
struct handshake *media_handshake(const struct media *m, enum media_side side,
				  bool rtcp);

#endif
