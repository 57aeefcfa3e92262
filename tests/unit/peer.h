/* peer: a user agent's media ports in a test: two sockets, and keys if it
 * speaks SRTP. Every function fails the test if something goes wrong. */
#ifndef UNIT_PEER_H
#define UNIT_PEER_H

#include "relay/crypt.h"
#include "relay/media.h"

enum { PEER_WAIT_MS = 5000, PEER_QUIET_MS = 100, PEER_RTP_OCTETS = 172 };

struct peer {
	enum media_side side;
	int fd[2];
	union addr at[2];
	struct leg_conf conf; /* what its SDP would say */
	struct crypt *tx;
	struct crypt *rx;
	union addr relay[2]; /* where it must send to */
};

/* Plain RTP, on free ports of host. */
void peer_init(struct peer *p, enum media_side side, const char *host);
void peer_fini(struct peer *p);
/* SDES with new keys, both ways; peer_join() tells the relay. */
void peer_rekey(struct peer *p, enum suite suite);
/* Offer and answer with the relay: sets the leg, learns our ports. */
void peer_join(struct peer *p, struct media *m);
/* An RTP packet of PEER_RTP_OCTETS. */
void peer_send(struct peer *p, uint16_t seq);
/* The next RTP packet that it gets: the sequence number; -1: none came. */
int peer_recv(struct peer *p, int wait_ms);
/* count packets from one to the other, in order, none more. */
void peer_expect_through(struct peer *from, struct peer *to, uint16_t first,
			 uint16_t count);

#endif
