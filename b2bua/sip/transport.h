/* transport: our sockets: UDP with 64 kB datagrams and TCP with strict framing,
 * on libre's loop (fd_listen only). One object holds all listening addresses of
 * all realms. Reuses connections (RFC 3261 18), also those peers opened.
 * Thread: the SIP thread. */
#ifndef SIP_TRANSPORT_H
#define SIP_TRANSPORT_H

#include "b2bua/sip/flow.h"
#include "b2bua/sip/wheel.h"

struct transport;

struct transport_conf {
	unsigned connections_max; /* in all; 0: 4096 */
	unsigned per_source_max; /* inbound per IP address; 0: 64 */
	unsigned message_ms; /* a message begun must be whole; 0: 5000 */
	unsigned idle_ms; /* 0: 900000 */
	unsigned connect_ms; /* 0: 5000 */
	unsigned first_ms; /* inbound, silent so far; 0: 5000 */
	size_t queue_max; /* octets waiting to be sent; 0: 512 KiB */
};

struct transport_ops {
	/* One message (stream: framed) from flow. */
	void (*receive)(void *arg, struct flow *flow, struct slice octets);
	/* A stream that cannot be framed: head is what may be answered with
	 * 400 (frame.h); the connection closes after this returns and what was
	 * sent has left. */
	void (*garbage)(void *arg, struct flow *flow, struct slice head);
	/* Whether a connection from there is taken at all; flow is only for
	 * looking at. NULL: every one. */
	bool (*welcome)(void *arg, struct flow *flow);
};

struct transport_stats {
	uint64_t datagrams, messages, pings;
	uint64_t refused_total, refused_source; /* connections over a cap */
	uint64_t framing, deadline; /* connections closed for it */
	uint64_t truncated; /* datagrams above 64 kB */
	unsigned connections;
};

int transport_new(struct transport **tp, struct wheel *wheel,
		  const struct transport_conf *conf,
		  const struct transport_ops *ops, void *arg);
/* Closes all sockets; flows that others hold stay, and are down. */
void transport_free(struct transport *t);

/* "udp:127.0.0.1:5060", "tcp:[::1]:5060". Port 0: the kernel chooses. realm: any
 * pointer; it identifies the side of the network. advertise: "host" or
 * "host:port" for Via and Contact; NULL or "": the address bound.
 * 0, EINVAL (text), or what the kernel says. */
int transport_listen(struct transport *t, void *realm, const char *address,
		     const char *advertise);
/* The port bound by the n-th listener (in order of the calls). */
uint16_t transport_port(const struct transport *t, unsigned n);

/* A flow from that realm to peer. TCP: a living connection, or one that begins
 * to connect (what is sent meanwhile waits). The caller mem_deref()s.
 * ENOENT: the realm has no such socket of that family. EMFILE: over a cap. */
int transport_flow(struct transport *t, void *realm, enum flow_kind kind,
		   const struct sa *peer, struct flow **fp);
/* RFC 3261 18.1.1: requests above this go by TCP where that is possible. What
 * to do with a peer that has no TCP is the caller's policy. */
enum { TRANSPORT_UDP_MAX = 1300 };

/* RFC 3261 18.2.2, RFC 3581: where a response to a request goes that came by
 * flow with this top Via: the same flow (UDP: source address; source port with
 * rport or an unreadable Via, else the Via's port), never to maddr. If a connection is down, a new
 * one to the Via's address on its source IP. The caller mem_deref()s. */
struct via;
int transport_reply_flow(struct transport *t, struct flow *flow,
			 const struct via *via, struct flow **fp);

void transport_stats_get(const struct transport *t, struct transport_stats *st);

#endif
