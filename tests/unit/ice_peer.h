/* ice_peer: a full ICE agent's side, for tests: checks, good and bad, and what
 * their answers must be. The MAC is OpenSSL's. */
#ifndef UNIT_ICE_PEER_H
#define UNIT_ICE_PEER_H

#include "lib/pkt/stun.h"
#include "relay/ice.h"

enum { CONTROLLED = 1, USE = 2, NO_FINGERPRINT = 4, NO_MAC = 8, ODD = 16 };

struct check {
	const char *user; /* NULL: ours, a colon and "peer" */
	const char *pwd; /* NULL: ours */
	unsigned how;
};

/* A check of an agent whose peer has these credentials. Returns its length. */
size_t check_write(uint8_t *p, size_t room, const struct ice_creds *ours,
		   const struct check *how);
/* Fails the test unless it is an answer under those credentials. */
struct stunv check_answer(const uint8_t *p, size_t n,
			  const struct ice_creds *ours);

#endif
