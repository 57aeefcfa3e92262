/* assoc: one DTLS association of one component of a leg: ties a handshake, its
 * thread's callbacks and the worker together.
 *
 * Life: assoc_open() by the control thread; the worker gets it in an order and
 * feeds it; replaced or detached, it comes back in that order; assoc_retire()
 * ends the handshake, and frees when the last letter of it has come back. */
#ifndef RELAY_ASSOC_H
#define RELAY_ASSOC_H

#include "relay/handshake.h"
#include "relay/media.h"
#include "relay/worker.h"

struct assoc;

/* For the port of component c, whose worker is w; certificate: ours, held;
 * NULL: the pool's. Control thread. 0, EINVAL,
 * ENOMEM. */
int assoc_open(struct assoc **assoc, struct handshake_pool *pool,
	       struct worker *w, struct component *c,
	       struct certificate *certificate, const struct leg_conf *conf);
/* What the SDP says of the peer now. Control thread. 0, EINVAL. */
int assoc_peer(struct assoc *assoc, const union addr *addr,
	       const struct leg_conf *conf);
/* No worker may have it any more. c must live until an order that is posted
 * after this call has come back. Control thread. NULL is allowed. */
void assoc_retire(struct assoc *assoc);
struct handshake *assoc_handshake(const struct assoc *assoc);

/* A DTLS datagram. Worker thread. 0, or errno: it was dropped. */
int assoc_input(const struct assoc *assoc, const union addr *from,
		const void *p, size_t n);

#endif
