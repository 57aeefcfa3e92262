/* plane: the media plane of the process: its worker threads, its interfaces
 * with their ports, and the way back from workers to the control thread.
 *
 * Thread: control thread only, but for plane_counters(). */
#ifndef RELAY_PLANE_H
#define RELAY_PLANE_H

#include <event2/event.h>

#include "relay/counter.h"
#include "relay/handshake.h"

struct plane;

struct plane_conf {
	unsigned workers; /* 0: one per processor */
	struct event_base *base; /* of the control thread */
	/* NULL: no DTLS. Must outlive the plane. */
	struct handshake_pool *handshakes;
	/* NULL: nothing is recorded. A ring per worker; must outlive it. */
	struct recorder *recorder;
};

/* How many workers plane_new() starts for that number in its conf. */
unsigned plane_workers_for(unsigned wanted);

/* Starts the workers. Signals are blocked in them. 0, ENOMEM, EAGAIN. */
int plane_new(struct plane **plane, const struct plane_conf *conf);

/* An interface of a name for one family; the same name may be added once per
 * family. address: literal, on this host. advertise: what the SDP shall say,
 * "" or NULL: address. Ports: host order, port_min..port_max, pairs of even and
 * odd. 0, EINVAL, EEXIST, ENOMEM. */
int plane_interface_add(struct plane *plane, const char *name,
			const char *address, const char *advertise,
			uint16_t port_min, uint16_t port_max);

/* ICE legs on that interface share one UDP port per worker, from port on, at
 * all of the name's addresses that do not yet. Before any media. 0, ENOENT, ENOMEM, errno of
 * bind(2). */
int plane_interface_share(struct plane *plane, const char *name, uint16_t port);

/* Is there an interface of that name ("" or NULL: any at all)? */
bool plane_has_interface(const struct plane *plane, const char *name);

/* Waits until every media that was closed is gone, then stops the workers.
 * Every media must have been closed by media_close(). NULL is allowed. */
void plane_free(struct plane *plane);

unsigned plane_workers(const struct plane *plane);
/* Sums over all workers. Any thread. */
void plane_counters(const struct plane *plane, struct counter_sums *sums);

struct plane_ports {
	const char *interface;
	const char *address;
	unsigned pairs; /* in the range */
	unsigned used; /* given out or not yet given back */
};

/* The i-th interface, ENOENT after the last. */
int plane_ports(const struct plane *plane, unsigned i, struct plane_ports *p);

/* NULL: no DTLS */
struct handshake_pool *plane_handshakes(const struct plane *plane);

#endif
