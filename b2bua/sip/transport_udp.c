/* transport_udp.c: datagrams. A flow is a socket of ours and a peer's address.
 * Thread: the SIP thread. */
#include <errno.h>
#include <sys/socket.h>

#include <re_types.h>
#include <re_mem.h>

#include "b2bua/sip/transport_priv.h"

/* So many at once, then the other descriptors have their turn. */
enum { DATAGRAMS_AT_ONCE = 32 };

static int udp_flow_send(struct flow *f, struct slice octets)
{
	const struct listener *l = f->socket;

	if (!l->transport)
		return ENOTCONN;
	if (octets.n > DATAGRAM_MAX)
		return EMSGSIZE;
	if (sendto(l->fd, octets.p, octets.n, MSG_DONTWAIT | MSG_NOSIGNAL,
		   &f->peer.u.sa, f->peer.len) >= 0)
		return 0;
	return errno == EAGAIN ? ENOBUFS : errno;
}

static const struct flow_ops udp_flow_ops = {.send = udp_flow_send};

static void udp_flow_destroy(void *arg)
{
	struct flow *f = arg;

	mem_deref((void *)f->socket);
}

int transport_udp_flow(struct flow **fp, struct listener *l,
		       const struct sa *peer)
{
	struct flow *f = mem_zalloc(sizeof(*f), udp_flow_destroy);

	if (!f)
		return ENOMEM;
	f->ops = &udp_flow_ops;
	f->kind = FLOW_UDP;
	f->realm = l->realm;
	f->socket = mem_ref(l);
	f->sent_by = l->sent_by;
	f->local = l->local;
	f->peer = *peer;
	*fp = f;
	return 0;
}

static void datagram(struct listener *l, struct transport *t,
		     const struct sa *peer, size_t n)
{
	struct flow *f;

	t->stats.datagrams++;
	if (n > DATAGRAM_MAX) {
		t->stats.truncated++;
		return;
	}
	/* Keep-alives of NATs: nothing but CR, LF, NUL. */
	if (n <= 4)
		return;
	if (transport_udp_flow(&f, l, peer))
		return;
	t->ops->receive(t->arg, f, slice_of(t->datagram, n));
	mem_deref(f);
}

void transport_udp_ready(int flags, void *arg)
{
	struct listener *l = mem_ref(arg);
	(void)flags;

	for (int i = 0; l->transport && i < DATAGRAMS_AT_ONCE; i++) {
		struct transport *t = l->transport;
		struct sa peer = {.len = sizeof(peer.u)};
		ssize_t n = recvfrom(l->fd, t->datagram, sizeof(t->datagram),
				     MSG_DONTWAIT, &peer.u.sa, &peer.len);

		if (n < 0)
			break;
		datagram(l, t, &peer, (size_t)n);
	}
	mem_deref(l);
}
