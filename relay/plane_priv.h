/* plane_priv: what media.c needs of the plane. Control thread. */
#ifndef RELAY_PLANE_PRIV_H
#define RELAY_PLANE_PRIV_H

#include "relay/hub.h"
#include "relay/plane.h"
#include "relay/port.h"
#include "relay/worker.h"

struct plane_interface {
	struct plane_interface *next;
	char *name;
	char *address;
	char *advertise;
	int family;
	struct port_pool *ports;
	struct hub **hubs; /* by worker; NULL: no shared ports */
};

/* name "" or NULL: any; family AF_UNSPEC: any. NULL if there is none. */
struct plane_interface *plane_interface_find(const struct plane *plane,
					     const char *name, int family);
/* The shared port of that worker; NULL: the interface has none. */
struct hub *plane_hub(const struct plane *plane,
		      const struct plane_interface *i, uint64_t hash);
struct worker *plane_worker(const struct plane *plane, uint64_t hash);
/* The control thread's loop. */
struct event_base *plane_base(const struct plane *plane);
/* A media is there, or is gone. */
void plane_hold(struct plane *plane);
void plane_release(struct plane *plane);

#endif
