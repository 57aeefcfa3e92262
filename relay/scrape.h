/* scrape: the HTTP listener for metrics: GET and HEAD of /metrics, one request
 * per connection, nothing else. A connection has SCRAPE_LIMIT_MS in all, from
 * accept to the last octet, however it trickles, and there are at most
 * SCRAPE_CLIENTS of them; so strangers cost a known amount. (libevent's evhttp
 * has neither limit: its timeout starts anew with each octet.) The page is made
 * at most every SCRAPE_PAGE_MS, however many ask.
 *
 * Thread: control thread only; scrape_request_read() is pure. */
#ifndef RELAY_SCRAPE_H
#define RELAY_SCRAPE_H

#include <event2/event.h>

#include "lib/base/obuf.h"
#include "lib/io/addr.h"

enum {
	SCRAPE_CLIENTS = 16, /* more are closed at once */
	SCRAPE_REQUEST_MAX = 4096, /* octets, headers and all */
	SCRAPE_LIMIT_MS = 5000,
	SCRAPE_PAGE_MS = 100,
};

struct scrape;

/* Binds; nothing is answered yet. 0 or errno, logged. */
int scrape_open(struct scrape **sp, const union addr *at);
/* From now on; write() appends the page. 0 or ENOMEM. */
int scrape_serve(struct scrape *s, struct event_base *base,
		 void (*write)(void *arg, struct obuf *ob), void *arg);
/* NULL is allowed. */
void scrape_close(struct scrape *s);

/* What a request asks for. */
struct scrape_request {
	unsigned status; /* 200, 400, 404, 405 or 505 */
	bool head; /* no body, please */
};

/* octets: all that came. 0; EAGAIN: it is not complete; EMSGSIZE: longer than
 * SCRAPE_REQUEST_MAX. Header fields are skipped; a body is not waited for. */
int scrape_request_read(struct slice octets, struct scrape_request *r);

#endif
