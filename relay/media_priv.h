/* media_priv: what media.c and media_ice.c share. Control thread, but for what
 * the struct says. */
#ifndef RELAY_MEDIA_PRIV_H
#define RELAY_MEDIA_PRIV_H

#include "relay/assoc.h"
#include "relay/hub.h"
#include "relay/media.h"
#include "relay/plane_priv.h"

/* The peer has selected another address: on its way to the control thread. */
struct report {
	struct order order;
	struct media *media;
	enum media_side side;
	unsigned kind;
	atomic_bool posted;
};

struct media {
	struct bridge bridge; /* the worker's */
	struct plane *plane;
	struct certificate *certificate; /* or NULL */
	struct worker *worker;
	struct plane_interface *interface[2];
	struct hub *hub[2]; /* NULL: ports of its own, then: */
	struct port_pair ports[2];
	struct report report[2][COMPONENTS];
	bool set[2];
	struct leg_conf conf[2]; /* as last set; holds keys */
	struct assoc *assoc[2][COMPONENTS]; /* as ordered last */
	struct order attach;
	struct order detach;
	struct order fence;
	struct leg_change left[2]; /* what the worker gave up in detach */
	bool closed; /* by the owner; the rest is under way */
	struct event fade; /* timer: ends what fades */
};

static inline bool media_has_ice(const struct leg_conf *conf)
{
	return conf->ice.ufrag[0] != '\0';
}

/* After bridge_init(). */
void media_ice_init(struct media *m);
/* The agent of a leg: another one if our credentials are others. 0, ENOMEM. */
int media_change_ice(struct media *m, struct leg_change *c,
		     const struct leg_conf *now);
/* What the handshake of a leg with ICE is told of the peer: that it can be
 * reached, and that it is the agent that the SDP names. */
union addr media_agent_addr(const struct media *m, enum media_side side,
			    unsigned kind);

#endif
