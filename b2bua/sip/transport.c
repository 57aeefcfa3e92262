/* transport.c: listening addresses, and which flow a message takes.
 * Thread: the SIP thread. */
#include "b2bua/sip/transport.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <re_types.h>
#include <re_fmt.h>
#include <re_main.h>
#include <re_mem.h>

#include "b2bua/sip/message.h"
#include "b2bua/sip/transport_priv.h"
#include "lib/base/log.h"

enum { BACKLOG = 1024, RECEIVE_BUFFER = 4 << 20, PORT_DEFAULT = 5060 };

static unsigned or_default(unsigned v, unsigned dflt)
{
	return v ? v : dflt;
}

static void conf_fill(struct transport_conf *c)
{
	c->connections_max = or_default(c->connections_max, 4096);
	c->per_source_max = or_default(c->per_source_max, 64);
	c->message_ms = or_default(c->message_ms, 5000);
	c->idle_ms = or_default(c->idle_ms, 900000);
	c->connect_ms = or_default(c->connect_ms, 5000);
	c->first_ms = or_default(c->first_ms, 5000);
	c->queue_max = c->queue_max ? c->queue_max : 512 * 1024;
}

int transport_new(struct transport **tp, struct wheel *wheel,
		  const struct transport_conf *conf,
		  const struct transport_ops *ops, void *arg)
{
	struct transport *t = calloc(1, sizeof(*t));

	if (!t)
		return ENOMEM;
	t->wheel = wheel;
	if (conf)
		t->conf = *conf;
	conf_fill(&t->conf);
	t->ops = ops;
	t->arg = arg;
	*tp = t;
	return 0;
}

static void listener_close(struct listener *l)
{
	l->transport = NULL;
	if (l->fd < 0)
		return;
	fd_close(l->fd);
	close(l->fd);
	l->fd = -1;
}

static void listener_destroy(void *arg)
{
	listener_close(arg);
}

void transport_free(struct transport *t)
{
	if (!t)
		return;
	transport_tcp_close_all(t);
	while (t->listeners) {
		struct listener *l = t->listeners;

		t->listeners = l->next;
		listener_close(l);
		mem_deref(l);
	}
	free(t);
}

/* "udp:127.0.0.1:5060" */
static int address_read(const char *text, enum flow_kind *kind, struct sa *sa)
{
	struct slice s = slice_str(text);
	struct slice name = slice_cut(&s, ':');
	const char *colon = s.n ? memrchr(s.p, ':', s.n) : NULL;
	struct slice host;
	char ip[64];
	uint32_t port;

	if (!colon ||
	    slice_u32(slice_span(slice_of(colon + 1, 0), s), 65535, &port))
		return EINVAL;
	if (slice_eq_str(name, "udp"))
		*kind = FLOW_UDP;
	else if (slice_eq_str(name, "tcp"))
		*kind = FLOW_TCP;
	else
		return EINVAL;
	host = slice_of(s.p, (size_t)(colon - s.p));
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = slice_of(host.p + 1, host.n - 2);
	if (slice_copy(host, ip, sizeof(ip)))
		return EINVAL;
	return sa_set_str(sa, ip, (uint16_t)port) ? EINVAL : 0;
}

static int socket_open(struct listener *l)
{
	int type = l->kind == FLOW_UDP ? SOCK_DGRAM : SOCK_STREAM;
	int on = 1, size = RECEIVE_BUFFER;

	l->fd = socket(sa_af(&l->local), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return errno;
	if (sa_af(&l->local) == AF_INET6)
		setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (l->kind == FLOW_TCP)
		setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	else if (setsockopt(l->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
			    sizeof(size))) /* above rmem_max: root only */
		setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(l->fd, &l->local.u.sa, l->local.len))
		return errno;
	if (l->kind == FLOW_TCP && listen(l->fd, BACKLOG))
		return errno;
	l->local.len = sizeof(l->local.u);
	if (getsockname(l->fd, &l->local.u.sa, &l->local.len))
		return errno;
	return fd_listen(l->fd, FD_READ,
			 l->kind == FLOW_UDP ? transport_udp_ready
					     : transport_tcp_ready, l);
}

/* "host", "host:port", "[v6]", "[v6]:port"; without port: the one bound. */
static int sent_by_set(struct listener *l, const char *advertise)
{
	struct slice s = slice_str(advertise);
	struct slice host;
	uint16_t port = sa_port(&l->local);
	char ip[64];
	int n;

	if (!s.n) {
		if (sa_is_any(&l->local))
			return EADDRNOTAVAIL;
		sa_ntop(&l->local, ip, sizeof(ip));
		n = snprintf(l->sent_by, sizeof(l->sent_by),
			     sa_af(&l->local) == AF_INET6 ? "[%s]:%u" : "%s:%u",
			     ip, port);
		return n < (int)sizeof(l->sent_by) ? 0 : ENAMETOOLONG;
	}
	if (address_hostport_parse(s, &host, &port))
		return EINVAL;
	n = snprintf(l->sent_by, sizeof(l->sent_by), "%.*s:%u", SLICE(host),
		     port);
	return n < (int)sizeof(l->sent_by) ? 0 : ENAMETOOLONG;
}

int transport_listen(struct transport *t, void *realm, const char *address,
		     const char *advertise)
{
	struct listener *l, **end = &t->listeners;
	int err;

	l = mem_zalloc(sizeof(*l), listener_destroy);
	if (!l)
		return ENOMEM;
	l->fd = -1;
	l->transport = t;
	l->realm = realm;
	err = address_read(address, &l->kind, &l->local);
	if (!err)
		err = socket_open(l);
	if (!err)
		err = sent_by_set(l, advertise);
	if (err) {
		mem_deref(l);
		return err;
	}
	while (*end)
		end = &(*end)->next;
	*end = l;
	log_debug("transport %s: listening (as %s)", address, l->sent_by);
	return 0;
}

uint16_t transport_port(const struct transport *t, unsigned n)
{
	const struct listener *l = t->listeners;

	while (l && n--)
		l = l->next;
	return l ? sa_port(&l->local) : 0;
}

static struct listener *listener_find(struct transport *t, const void *realm,
				      enum flow_kind kind, int af)
{
	for (struct listener *l = t->listeners; l; l = l->next)
		if (l->realm == realm && l->kind == kind &&
		    sa_af(&l->local) == af)
			return l;
	return NULL;
}

int transport_flow(struct transport *t, void *realm, enum flow_kind kind,
		   const struct sa *peer, struct flow **fp)
{
	struct listener *l = listener_find(t, realm, kind, sa_af(peer));
	struct conn *c;

	if (!l)
		return ENOENT;
	if (kind == FLOW_UDP)
		return transport_udp_flow(fp, l, peer);
	c = transport_tcp_find(t, l, peer);
	if (!c)
		return transport_tcp_connect(fp, l, peer);
	*fp = mem_ref(c);
	return 0;
}

int transport_reply_flow(struct transport *t, struct flow *flow,
			 const struct via *via, struct flow **fp)
{
	uint16_t port = via->port ? via->port : PORT_DEFAULT;
	struct sa peer = flow->peer;
	const struct listener *l;

	if (flow_reliable(flow) ? !flow->down
				: via->rport || !via->host.p ||
					  port == sa_port(&peer)) {
		*fp = mem_ref(flow);
		return 0;
	}
	sa_set_port(&peer, port);
	if (flow_reliable(flow))
		return transport_flow(t, flow->realm, flow->kind, &peer, fp);
	for (l = t->listeners; l; l = l->next)
		if (l == flow->socket)
			return transport_udp_flow(fp, (struct listener *)l,
						  &peer);
	return ENOTCONN;
}

void transport_stats_get(const struct transport *t, struct transport_stats *st)
{
	*st = t->stats;
}
