/* transport_priv: what transport.c, transport_udp.c and transport_tcp.c share.
 * For nobody else. Thread: the SIP thread. */
#ifndef SIP_TRANSPORT_PRIV_H
#define SIP_TRANSPORT_PRIV_H

#include "b2bua/sip/frame.h"
#include "b2bua/sip/transport.h"

enum { CONN_BUCKETS = 1024, DATAGRAM_MAX = 65535 };

/* A bound socket. Counted: flows hold it, so that sent_by outlives it. */
struct listener {
	struct listener *next;
	struct transport *transport; /* NULL: closed */
	enum flow_kind kind;
	int fd;
	void *realm;
	struct sa local;
	char sent_by[272]; /* host:port */
};

/* What the timer of a connection waits for. */
enum conn_wait {
	CONN_CONNECTED, /* our connect() */
	CONN_FIRST, /* the first whole message of a stranger */
	CONN_MESSAGE, /* the rest of a message begun */
	CONN_IDLE,
	CONN_FLUSHED, /* the last octets to leave, then the peer to close */
	CONN_BROKEN, /* nothing: it is closed as soon as we may */
};

/* A TCP connection is its flow. The transport holds one reference while the
 * connection lives. */
struct conn {
	struct flow flow; /* first */
	struct listener *listener;
	struct transport *transport; /* NULL: closed */
	struct conn *next, **prev; /* of its bucket */
	int fd;
	bool inbound;
	bool spoke; /* has sent a whole message */
	enum conn_wait wait;
	int err; /* why it is broken */
	struct wheel_timer timer;
	struct frame frame;
	struct obuf queue;
};

struct transport {
	struct wheel *wheel;
	struct transport_conf conf;
	const struct transport_ops *ops;
	void *arg;
	struct listener *listeners; /* in order of transport_listen() */
	struct conn *bucket[CONN_BUCKETS]; /* by peer address */
	struct transport_stats stats;
	char datagram[DATAGRAM_MAX + 1];
};

/* listening: fd_listen() handlers with the listener as arg */
void transport_udp_ready(int flags, void *arg);
void transport_tcp_ready(int flags, void *arg);

int transport_udp_flow(struct flow **fp, struct listener *l,
		       const struct sa *peer);
/* A living connection from l's realm to peer; NULL: none. No reference. */
struct conn *transport_tcp_find(struct transport *t, const struct listener *l,
				const struct sa *peer);
int transport_tcp_connect(struct flow **fp, struct listener *l,
			  const struct sa *peer);
void transport_tcp_close_all(struct transport *t);

#endif
