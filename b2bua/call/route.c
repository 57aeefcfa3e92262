#include <errno.h>

#include "b2bua/call/route.h"

static bool route_is_for(const struct route_conf *r, const struct trunk *from)
{
	for (size_t i = 0; i < r->nfrom; i++)
		if (r->from[i] == from)
			return true;
	return !r->nfrom;
}

static const struct route_conf *route_best(const struct config *c,
					   const struct trunk *from,
					   struct slice called)
{
	const struct route_conf *best = NULL;

	for (size_t i = 0; i < c->nroutes; i++) {
		const struct route_conf *r = &c->routes[i];

		if (!route_is_for(r, from) || !slice_starts(called, r->prefix))
			continue;
		if (!best || strlen(r->prefix) > strlen(best->prefix))
			best = r;
	}
	return best;
}

int route_find(const struct config *c, const struct trunk *from,
	       struct slice called, struct route *r)
{
	struct route found = {.conf = route_best(c, from, called)};

	if (!found.conf)
		return ENOENT;
	for (size_t i = 0; i < found.conf->nto; i++) {
		struct trunk *t = found.conf->to[i];

		if (t != from && found.n < ROUTE_CANDIDATES_MAX)
			found.to[found.n++] = t;
	}
	if (!found.n)
		return ENOENT;
	*r = found;
	return 0;
}

struct trunk *route_next(struct route *r)
{
	return r->next < r->n ? r->to[r->next++] : NULL;
}
