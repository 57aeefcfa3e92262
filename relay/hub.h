/* hub: a port that all ICE legs of a worker share (RFC 8445 needs nothing
 * else than user names to tell agents apart). Two tables: a STUN message finds
 * its agent by the first half of its USERNAME; every other datagram finds its
 * component by its source, which must have been validated by a check.
 *
 * An address belongs to the leg that validated it first, as long as that is
 * alive: nobody takes over another call's peer.
 *
 * Thread: made and freed by the control thread; in between the worker's. The
 * tables have a fixed number of buckets and take up what is part of agents, so
 * nothing is allocated. */
#ifndef RELAY_HUB_H
#define RELAY_HUB_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "relay/ice.h"

struct worker;

enum { HUB_BUCKETS = 8192 };

struct hub {
	int fd;
	uint16_t port; /* host order */
	struct worker *worker;
	struct event event;
	struct ice *agent[HUB_BUCKETS]; /* by ufrag */
	struct ice_pair *pair[HUB_BUCKETS]; /* by address */
};

/* Bound to this address. 0, ENOMEM or errno. */
int hub_new(struct hub **hub, const union addr *local);
/* No worker listens to it any more. NULL is nothing. */
void hub_free(struct hub *hub);

void hub_agent_add(struct hub *hub, struct ice *ice);
void hub_agent_del(struct hub *hub, struct ice *ice);
/* ufrag: ours, as it stands in a USERNAME. NULL: none. */
struct ice *hub_agent_find(const struct hub *hub, struct slice ufrag);

void hub_pair_add(struct hub *hub, struct ice_pair *pair);
void hub_pair_del(struct hub *hub, struct ice_pair *pair);
struct ice_pair *hub_pair_find(const struct hub *hub, const union addr *addr);

#endif
