/* hub: a port that all ICE legs of a worker share (hub.h). */
#include "relay/hub.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/siphash.h"
#include "lib/io/io.h"

int hub_new(struct hub **hub, const union addr *local)
{
	struct hub *h = calloc(1, sizeof(*h));
	int err;

	if (!h)
		return ENOMEM;
	h->port = addr_port(local);
	err = io_socket_open(local, &h->fd);
	if (err)
		free(h);
	else
		*hub = h;
	return err;
}

void hub_free(struct hub *h)
{
	if (!h)
		return;
	close(h->fd);
	free(h);
}

static size_t place_ufrag(struct slice ufrag)
{
	return siphash_slice(ufrag) % HUB_BUCKETS;
}

/* Only what addr_eq() compares. */
static size_t place_addr(const union addr *a)
{
	uint8_t key[18] = {0};

	key[0] = (uint8_t)(addr_port(a) >> 8);
	key[1] = (uint8_t)addr_port(a);
	if (a->sa.sa_family == AF_INET6)
		memcpy(key + 2, &a->v6.sin6_addr, 16);
	else
		memcpy(key + 2, &a->v4.sin_addr, 4);
	return siphash(key, sizeof(key)) % HUB_BUCKETS;
}

void hub_agent_add(struct hub *h, struct ice *ice)
{
	struct ice **at = &h->agent[place_ufrag(slice_str(ice->ufrag))];

	ice->next = *at;
	*at = ice;
}

void hub_agent_del(struct hub *h, struct ice *ice)
{
	struct ice **at = &h->agent[place_ufrag(slice_str(ice->ufrag))];

	while (*at && *at != ice)
		at = &(*at)->next;
	if (*at)
		*at = ice->next;
}

struct ice *hub_agent_find(const struct hub *h, struct slice ufrag)
{
	struct ice *ice = h->agent[place_ufrag(ufrag)];

	while (ice && !slice_eq_str(ufrag, ice->ufrag))
		ice = ice->next;
	return ice;
}

void hub_pair_add(struct hub *h, struct ice_pair *pair)
{
	struct ice_pair **at = &h->pair[place_addr(&pair->addr)];

	pair->next = *at;
	*at = pair;
}

void hub_pair_del(struct hub *h, struct ice_pair *pair)
{
	struct ice_pair **at = &h->pair[place_addr(&pair->addr)];

	while (*at && *at != pair)
		at = &(*at)->next;
	if (*at)
		*at = pair->next;
}

struct ice_pair *hub_pair_find(const struct hub *h, const union addr *addr)
{
	struct ice_pair *pair = h->pair[place_addr(addr)];

	while (pair && !addr_eq(&pair->addr, addr))
		pair = pair->next;
	return pair;
}
