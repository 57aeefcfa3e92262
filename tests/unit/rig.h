/* rig: a bridge and its path with no network and no threads, for tests. What
 * peers send is put into the double, what they get is taken from it.
 *
 * Peer A is at 192.0.2.1:5000/5001, peer B at 198.51.100.2:6000/6001. */
#ifndef UNIT_RIG_H
#define UNIT_RIG_H

#include "lib/io/io_double.h"
#include "relay/path.h"

enum { RIG_RTP_HEADER = 12, RIG_PAYLOAD = 160, RIG_OUT_MAX = IO_OCTETS };

struct rig {
	struct io *io;
	struct counters counters;
	struct path *path;
	struct bridge bridge;
	union addr peer[2][COMPONENTS];
	/* The peers' own ends: [side]. NULL: that side speaks plain RTP. */
	struct crypt *peer_tx[2];
	struct crypt *peer_rx[2];
	/* Handshakes are a double too: what DTLS comes is counted. */
	int dtls_err; /* what handing it over returns */
	unsigned dtls; /* datagrams handed over */
	union addr dtls_from; /* whose the last was */
	uint8_t out_octets[RIG_OUT_MAX];
	struct io_packet out; /* the last taken by rig_take() */
};

/* One rig at a time; after crypt_init_process(). */
void rig_init(struct rig *r);
void rig_fini(struct rig *r);

/* Facts as an SDP of a well-behaved peer would give them. */
struct leg_facts rig_facts(const struct rig *r, enum media_side side,
			   enum leg_security security);
/* Sets the leg, with no keys. */
void rig_leg(struct rig *r, enum media_side side,
	     const struct leg_facts *facts);
/* DTLS on that side: an association on both components, no keys yet. */
void rig_dtls(struct rig *r, enum media_side side);
/* Plain RTP on that side. */
void rig_plain(struct rig *r, enum media_side side);
/* SDES with fresh random keys; the peer's ends are made too. */
void rig_sdes(struct rig *r, enum media_side side, enum suite suite);

/* An RTP packet of RIG_PAYLOAD octets into p; returns its length. */
size_t rig_rtp(uint8_t *p, uint32_t ssrc, uint16_t seq);
/* An SR without reports. */
size_t rig_rtcp(uint8_t *p, uint32_t ssrc);

/* Octets from an address to our port on that side, as they are. */
void rig_put(struct rig *r, enum media_side side, unsigned component,
	     const union addr *from, const void *p, size_t n);
/* What the side's peer sends: protected with its key, from its address. */
void rig_send(struct rig *r, enum media_side side, uint32_t ssrc,
	      uint16_t seq);
void rig_send_rtcp(struct rig *r, enum media_side side, uint32_t ssrc);

/* Lets the path take all that waits. */
void rig_run(struct rig *r);
/* The next datagram that leaves, unprotected as its receiver would; fails the
 * test if there is none. Returns the side that it went to. */
enum media_side rig_take(struct rig *r);
/* As it is on the wire. ENOENT: there is none. */
int rig_take_raw(struct rig *r);
unsigned rig_sent(const struct rig *r);

/* How often it was dropped for this reason since the start. */
uint64_t rig_drops(const struct rig *r, enum drop drop);

#endif
