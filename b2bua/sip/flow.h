/* flow: where a message came from and where the next one of the dialog goes: a
 * peer's address by way of one of our sockets, or a connection. Counted (libre
 * mem). A flow outlives its connection: sending then fails with ENOTCONN, so
 * that the life of a transaction and of a connection are independent.
 * Thread: the SIP thread. */
#ifndef SIP_FLOW_H
#define SIP_FLOW_H

#include <re_types.h>
#include <re_sa.h>

#include "lib/base/obuf.h"

enum flow_kind { FLOW_UDP, FLOW_TCP };

struct flow;

struct flow_ops {
	/* 0 or errno; reports a later failure through flow_fail() */
	int (*send)(struct flow *f, struct slice octets);
};

struct flow_watch;

struct flow {
	const struct flow_ops *ops;
	enum flow_kind kind;
	void *realm; /* the realm given to transport_listen() */
	const void *socket; /* our listening socket: identity, not for use */
	const char *sent_by; /* "host:port" for our Via and Contact; lives as
			      * long as the flow */
	struct sa local, peer;
	bool down; /* connection gone */
	struct flow_watch *watches;
};

/* Hands the octets to the socket or the connection's queue. 0, ENOTCONN,
 * ENOBUFS (queue full), EMSGSIZE, or what the kernel says. */
int flow_send(struct flow *f, struct slice octets);
static inline bool flow_reliable(const struct flow *f)
{
	return f->kind != FLOW_UDP;
}
/* "UDP", "TCP": as in a Via; "udp", "tcp" for a URI parameter */
const char *flow_via_name(enum flow_kind kind);
const char *flow_uri_name(enum flow_kind kind);
/* Same peer by the same socket or connection: what a BYE or a CANCEL must come
 * by (threats S9). For streams a new connection from the same address to the
 * same socket is the same flow. For UDP the port must match. */
bool flow_same(const struct flow *a, const struct flow *b);
/* Same realm and peer IP, whatever port and kind. */
bool flow_same_host(const struct flow *a, const struct flow *b);
/* "udp:127.0.0.1:5060>127.0.0.1:5070", for logs and reports */
void flow_write(struct obuf *ob, const struct flow *f);

/* Told once when the connection fails or closes; removed by the owner before it
 * goes, and by itself when told. Never called from inside flow_send(). */
struct flow_watch {
	struct flow_watch *next, **prev;
	void (*fn)(void *arg, int err);
	void *arg;
};
void flow_watch_add(struct flow *f, struct flow_watch *w,
		    void (*fn)(void *arg, int err), void *arg);
void flow_watch_del(struct flow_watch *w);
/* For the transports: marks it down and tells the watches. */
void flow_fail(struct flow *f, int err);

#endif
