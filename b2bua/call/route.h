/* route: which trunks a call may go to, in which order. */
#ifndef CALL_ROUTE_H
#define CALL_ROUTE_H

#include "b2bua/config.h"
#include "lib/base/slice.h"

#define ROUTE_CANDIDATES_MAX 8

/* The next hops of one call; `next` counts those already tried. */
struct route {
	const struct route_conf *conf;
	struct trunk *to[ROUTE_CANDIDATES_MAX];
	size_t n, next;
};

/* By the called party (address_uri_party() of the request line): the longest
 * prefix among the routes that are for this trunk, the first of equals. A
 * call never goes back to the trunk it came from.
 * 0, or ENOENT: no route, *r untouched. */
int route_find(const struct config *c, const struct trunk *from,
	       struct slice called, struct route *r);

/* The next candidate; NULL: none is left. */
struct trunk *route_next(struct route *r);

#endif
