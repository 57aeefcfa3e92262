/* plane: workers, interfaces and the way back (plane.h). */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "relay/plane_priv.h"
#include "relay/record.h"

enum { WORKERS_MAX = 64 };

struct plane {
	struct event_base *base;
	struct mailbox back;
	struct event *back_event;
	struct handshake_pool *handshakes;
	struct plane_interface *interfaces;
	unsigned held; /* media that are not gone yet */
	unsigned workers;
	struct worker *worker[WORKERS_MAX];
};

static void back_drain(struct plane *p)
{
	struct letter *letter = mailbox_take(&p->back);

	while (letter) {
		struct order *order = order_of(letter);

		letter = letter->next;
		if (order->done)
			order->done(order);
	}
}

static void on_back(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	back_drain(arg);
}

unsigned plane_workers_for(unsigned wanted)
{
	long cpus = wanted ? (long)wanted : sysconf(_SC_NPROCESSORS_ONLN);

	if (cpus < 1)
		cpus = 1;
	return cpus > WORKERS_MAX ? WORKERS_MAX : (unsigned)cpus;
}

int plane_new(struct plane **plane, const struct plane_conf *conf)
{
	struct plane *p = calloc(1, sizeof(*p));
	unsigned n = plane_workers_for(conf->workers);
	int err;

	if (!p)
		return ENOMEM;
	err = mailbox_init(&p->back);
	if (err) {
		free(p);
		return err;
	}
	p->base = conf->base;
	p->handshakes = conf->handshakes;
	p->back_event = event_new(conf->base, p->back.fd,
				  EV_READ | EV_PERSIST, on_back, p);
	if (!p->back_event || event_add(p->back_event, NULL))
		err = ENOMEM;
	while (!err && p->workers < n) {
		struct record_ring *ring = NULL;

		if (conf->recorder)
			ring = recorder_ring(conf->recorder, p->workers);
		err = worker_new(&p->worker[p->workers], &p->back, ring);
		p->workers += !err;
	}
	if (err)
		plane_free(p);
	else
		*plane = p;
	return err;
}

static void interface_free(struct plane_interface *i, unsigned workers)
{
	if (!i)
		return;
	for (unsigned w = 0; i->hubs && w < workers; w++)
		hub_free(i->hubs[w]);
	free(i->hubs);
	port_pool_free(i->ports);
	free(i->name);
	free(i->address);
	free(i->advertise);
	free(i);
}

int plane_interface_add(struct plane *plane, const char *name,
			const char *address, const char *advertise,
			uint16_t port_min, uint16_t port_max)
{
	struct plane_interface **last = &plane->interfaces;
	struct plane_interface *i;
	union addr host;
	int err = addr_parse(slice_str(address), 0, &host);

	if (err)
		return err;
	if (!name || !*name)
		return EINVAL;
	if (plane_interface_find(plane, name, host.sa.sa_family))
		return EEXIST;
	i = calloc(1, sizeof(*i));
	if (!i)
		return ENOMEM;
	i->family = host.sa.sa_family;
	i->name = strdup(name);
	i->address = strdup(address);
	i->advertise = strdup(advertise && *advertise ? advertise : address);
	err = i->name && i->address && i->advertise ?
		port_pool_new(&i->ports, &host, port_min, port_max) : ENOMEM;
	if (err) {
		interface_free(i, 0);
		return err;
	}
	while (*last)
		last = &(*last)->next;
	*last = i;
	return 0;
}

struct plane_interface *plane_interface_find(const struct plane *plane,
					     const char *name, int family)
{
	struct plane_interface *i;

	for (i = plane->interfaces; i; i = i->next)
		if ((!name || !*name || !strcmp(i->name, name)) &&
		    (family == AF_UNSPEC || family == i->family))
			break;
	return i;
}

/* ---- shared ports ---- */

struct listen_order {
	struct order order;
	struct hub *hub;
};

static void listen_apply(struct worker *w, struct order *order)
{
	worker_listen(w, ((struct listen_order *)(void *)order)->hub);
}

static void listen_done(struct order *order)
{
	free(order);
}

static int hub_open(const struct plane *plane, struct plane_interface *i,
		    unsigned w, uint16_t port)
{
	struct listen_order *o = calloc(1, sizeof(*o));
	union addr local;
	int err;

	if (!o)
		return ENOMEM;
	err = addr_parse(slice_str(i->address), port, &local);
	if (!err)
		err = hub_new(&i->hubs[w], &local);
	if (err) {
		free(o);
		return err;
	}
	o->order = (struct order){.apply = listen_apply, .done = listen_done};
	o->hub = i->hubs[w];
	worker_post(plane->worker[w], &o->order);
	return 0;
}

int plane_interface_share(struct plane *plane, const char *name, uint16_t port)
{
	int err = ENOENT;

	for (struct plane_interface *i = plane->interfaces; i; i = i->next) {
		if (strcmp(i->name, name) != 0)
			continue;
		err = 0;
		if (i->hubs)
			continue;
		i->hubs = calloc(plane->workers, sizeof(struct hub *));
		err = i->hubs ? 0 : ENOMEM;
		for (unsigned w = 0; !err && w < plane->workers; w++)
			err = hub_open(plane, i, w, (uint16_t)(port + w));
		if (err)
			return err;
	}
	return err;
}

struct hub *plane_hub(const struct plane *plane,
		      const struct plane_interface *i, uint64_t hash)
{
	return i->hubs ? i->hubs[hash % plane->workers] : NULL;
}

bool plane_has_interface(const struct plane *plane, const char *name)
{
	return plane_interface_find(plane, name, AF_UNSPEC) != NULL;
}

struct worker *plane_worker(const struct plane *plane, uint64_t hash)
{
	return plane->worker[hash % plane->workers];
}

struct handshake_pool *plane_handshakes(const struct plane *plane)
{
	return plane->handshakes;
}

struct event_base *plane_base(const struct plane *plane)
{
	return plane->base;
}

void plane_hold(struct plane *plane)
{
	plane->held++;
}

void plane_release(struct plane *plane)
{
	plane->held--;
}

void plane_free(struct plane *plane)
{
	if (!plane)
		return;
	while (plane->held) {
		struct pollfd wait = {.fd = plane->back.fd, .events = POLLIN};

		if (poll(&wait, 1, -1) > 0)
			back_drain(plane);
	}
	for (unsigned i = 0; i < plane->workers; i++)
		worker_free(plane->worker[i]);
	back_drain(plane);
	if (plane->back_event)
		event_free(plane->back_event);
	mailbox_fini(&plane->back);
	while (plane->interfaces) {
		struct plane_interface *i = plane->interfaces;

		plane->interfaces = i->next;
		interface_free(i, plane->workers);
	}
	free(plane);
}

unsigned plane_workers(const struct plane *plane)
{
	return plane->workers;
}

void plane_counters(const struct plane *plane, struct counter_sums *sums)
{
	*sums = (struct counter_sums){0};
	for (unsigned i = 0; i < plane->workers; i++)
		counter_collect(worker_counters(plane->worker[i]), sums);
}

int plane_ports(const struct plane *plane, unsigned i, struct plane_ports *p)
{
	const struct plane_interface *at = plane->interfaces;

	while (at && i--)
		at = at->next;
	if (!at)
		return ENOENT;
	*p = (struct plane_ports){
		.interface = at->name,
		.address = at->address,
		.pairs = port_pool_pairs(at->ports),
		.used = port_pool_used(at->ports),
	};
	return 0;
}
