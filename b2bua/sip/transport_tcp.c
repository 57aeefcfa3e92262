/* transport_tcp.c: connections: accepted and made, framed, bounded in number,
 * in silence and in what waits to be sent. Thread: the SIP thread. */
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <re_types.h>
#include <re_fmt.h>
#include <re_main.h>
#include <re_mem.h>

#include "b2bua/sip/transport_priv.h"
#include "lib/base/siphash.h"

enum { ACCEPTS_AT_ONCE = 16, READS_AT_ONCE = 8 };

static void conn_ready(int flags, void *arg);
static void conn_late(void *arg);

static struct conn **bucket_of(struct transport *t, const struct sa *peer)
{
	uint64_t h = sa_af(peer) == AF_INET6
			     ? siphash(&peer->u.in6.sin6_addr, 16)
			     : siphash(&peer->u.in.sin_addr, 4);

	return &t->bucket[h % CONN_BUCKETS];
}

/* Out of the table, socket closed, flow down, reference given back. Watches
 * are told: call it from no place that a flow_send() leads to. */
static void conn_close(struct conn *c, int err)
{
	struct transport *t = c->transport;

	if (!t)
		return;
	c->transport = NULL;
	wheel_stop(t->wheel, &c->timer);
	fd_close(c->fd);
	close(c->fd);
	c->fd = -1;
	*c->prev = c->next;
	if (c->next)
		c->next->prev = c->prev;
	t->stats.connections--;
	flow_fail(&c->flow, err);
	mem_deref(c);
}

static void conn_destroy(void *arg)
{
	struct conn *c = arg;

	frame_fini(&c->frame);
	obuf_fini(&c->queue);
	mem_deref(c->listener);
}

static void conn_expect(struct conn *c, enum conn_wait wait)
{
	const struct transport_conf *conf = &c->transport->conf;
	const unsigned ms[] = {
		[CONN_CONNECTED] = conf->connect_ms,
		[CONN_FIRST] = conf->first_ms,
		[CONN_MESSAGE] = conf->message_ms,
		[CONN_IDLE] = conf->idle_ms,
		[CONN_FLUSHED] = conf->message_ms,
		[CONN_BROKEN] = 0,
	};

	c->wait = wait;
	wheel_start(c->transport->wheel, &c->timer, ms[wait], conn_late, c);
}

static void conn_late(void *arg)
{
	struct conn *c = arg;

	if (c->wait == CONN_MESSAGE || c->wait == CONN_FIRST)
		c->transport->stats.deadline++;
	conn_close(c, c->wait == CONN_BROKEN ? c->err : ETIMEDOUT);
}

/* What failed inside a send is told from the loop, never to the sender. */
static void conn_break(struct conn *c, int err)
{
	c->err = err;
	c->flow.down = true;
	conn_expect(c, CONN_BROKEN);
}

static int conn_listen(struct conn *c)
{
	int flags = 0;

	if (c->wait != CONN_CONNECTED)
		flags |= FD_READ;
	if (c->wait == CONN_CONNECTED || c->queue.n)
		flags |= FD_WRITE;
	return fd_listen(c->fd, flags, conn_ready, c);
}

/* Sends from the front of the queue. 0 or errno; what is left stays. */
static int queue_flush(struct conn *c)
{
	size_t sent = 0;
	int err = 0;

	while (sent < c->queue.n) {
		ssize_t n = send(c->fd, c->queue.p + sent, c->queue.n - sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0) {
			err = errno == EAGAIN ? 0 : errno;
			break;
		}
		sent += (size_t)n;
	}
	if (sent) {
		memmove(c->queue.p, c->queue.p + sent, c->queue.n - sent);
		c->queue.n -= sent;
	}
	return err;
}

static int conn_send(struct flow *f, struct slice octets)
{
	struct conn *c = (struct conn *)f;
	bool idle = c->queue.n == 0;
	int err;

	if (!c->transport || c->wait == CONN_BROKEN || c->wait == CONN_FLUSHED)
		return ENOTCONN;
	if (c->queue.n + octets.n > c->transport->conf.queue_max)
		return ENOBUFS;
	obuf_slice(&c->queue, octets);
	if (c->queue.err) {
		conn_break(c, c->queue.err);
		return c->err;
	}
	if (!idle || c->wait == CONN_CONNECTED)
		return 0;
	err = queue_flush(c);
	if (!err && c->queue.n)
		err = conn_listen(c);
	if (err)
		conn_break(c, err);
	return err;
}

static const struct flow_ops conn_ops = {.send = conn_send};

/* Takes the socket over, whether it fails or not. */
static int conn_new(struct conn **cp, struct listener *l, int fd,
		    const struct sa *peer, bool inbound)
{
	struct transport *t = l->transport;
	struct conn **head = bucket_of(t, peer);
	struct conn *c = mem_zalloc(sizeof(*c), conn_destroy);
	int on = 1, err;

	if (!c) {
		close(fd);
		return ENOMEM;
	}
	c->listener = mem_ref(l);
	c->fd = fd;
	c->inbound = inbound;
	c->flow = (struct flow){
		.ops = &conn_ops, .kind = FLOW_TCP, .realm = l->realm,
		.socket = l, .sent_by = l->sent_by, .local = l->local,
		.peer = *peer,
	};
	c->queue.limit = t->conf.queue_max + 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	c->wait = inbound ? CONN_FIRST : CONN_CONNECTED;
	err = conn_listen(c);
	if (err) {
		close(fd);
		mem_deref(c);
		return err;
	}
	c->transport = t;
	c->next = *head;
	c->prev = head;
	if (c->next)
		c->next->prev = &c->next;
	*head = c;
	t->stats.connections++;
	conn_expect(c, c->wait);
	*cp = c;
	return 0;
}

static unsigned inbound_count(struct transport *t, const struct sa *peer)
{
	unsigned n = 0;

	for (const struct conn *c = *bucket_of(t, peer); c; c = c->next)
		n += c->inbound && sa_cmp(&c->flow.peer, peer, SA_ADDR);
	return n;
}

/* A stranger that has said nothing yet gives way. */
static bool room_make(struct transport *t)
{
	for (unsigned i = 0; i < CONN_BUCKETS; i++)
		for (struct conn *c = t->bucket[i]; c; c = c->next)
			if (c->inbound && !c->spoke) {
				conn_close(c, ECONNABORTED);
				return true;
			}
	return false;
}

static bool admitted(struct transport *t, struct listener *l,
		     const struct sa *peer)
{
	struct flow flow = {
		.kind = FLOW_TCP, .realm = l->realm, .socket = l,
		.local = l->local, .peer = *peer,
	};

	if (t->ops->welcome && !t->ops->welcome(t->arg, &flow))
		return false;
	if (inbound_count(t, peer) >= t->conf.per_source_max) {
		t->stats.refused_source++;
		return false;
	}
	if (t->stats.connections >= t->conf.connections_max) {
		t->stats.refused_total++;
		return room_make(t);
	}
	return true;
}

void transport_tcp_ready(int flags, void *arg)
{
	struct listener *l = arg;
	(void)flags;

	for (int i = 0; l->transport && i < ACCEPTS_AT_ONCE; i++) {
		struct sa peer = {.len = sizeof(peer.u)};
		int fd = accept4(l->fd, &peer.u.sa, &peer.len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct conn *c;

		if (fd < 0)
			return;
		if (admitted(l->transport, l, &peer))
			conn_new(&c, l, fd, &peer, true);
		else
			close(fd);
	}
}

/* After all that was whole has been taken: which deadline runs now. A message
 * begun keeps the one it has: a sender of single octets gains nothing. */
static void conn_rest(struct conn *c, bool took)
{
	if (frame_pending(&c->frame)) {
		if (took || c->wait == CONN_IDLE)
			conn_expect(c, CONN_MESSAGE);
	} else if (c->spoke || !c->inbound) {
		conn_expect(c, CONN_IDLE);
	}
}

/* The stream cannot be cut any more: a last answer, then the end. */
static void conn_garbage(struct conn *c, struct slice head)
{
	struct transport *t = c->transport;

	t->stats.framing++;
	if (t->ops->garbage)
		t->ops->garbage(t->arg, &c->flow, head);
	if (!c->transport || c->wait == CONN_BROKEN)
		return;
	c->flow.down = true;
	conn_expect(c, CONN_FLUSHED);
	if (!c->queue.n)
		shutdown(c->fd, SHUT_WR);
}

/* The peer may go on talking; nobody listens. Closing with octets unread would
 * make the kernel send a reset, and the peer lose our answer. */
static void conn_drain(struct conn *c)
{
	char waste[4096];
	ssize_t n = recv(c->fd, waste, sizeof(waste), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN))
		conn_close(c, EBADMSG);
}

/* false: stop reading (closed, or about to be) */
static bool conn_take(struct conn *c)
{
	struct slice s;
	bool took = false;

	for (;;) {
		switch (frame_next(&c->frame, &s)) {
		case FRAME_MESSAGE:
			took = true;
			c->spoke = true;
			c->transport->stats.messages++;
			c->transport->ops->receive(c->transport->arg, &c->flow,
						   s);
			break;
		case FRAME_PING:
			took = true;
			c->transport->stats.pings++;
			conn_send(&c->flow, SLICE_LIT("\r\n"));
			break;
		case FRAME_BAD:
			conn_garbage(c, s);
			return false;
		case FRAME_MORE:
			conn_rest(c, took);
			return true;
		}
		if (!c->transport || c->wait == CONN_BROKEN)
			return false;
	}
}

static void conn_read(struct conn *c)
{
	for (int i = 0; i < READS_AT_ONCE; i++) {
		size_t room;
		char *p = frame_room(&c->frame, &room);
		ssize_t n;

		if (!p) {
			conn_close(c, ENOMEM);
			return;
		}
		n = recv(c->fd, p, room, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			conn_close(c, n ? errno : ECONNRESET);
			return;
		}
		frame_received(&c->frame, (size_t)n);
		if (!conn_take(c))
			return;
	}
}

static void conn_write(struct conn *c)
{
	int err = 0;
	socklen_t n = sizeof(err);

	if (c->wait == CONN_CONNECTED) {
		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &n);
		if (!err)
			conn_expect(c, CONN_IDLE);
	}
	if (!err)
		err = queue_flush(c);
	if (!err && c->wait == CONN_FLUSHED && !c->queue.n)
		shutdown(c->fd, SHUT_WR);
	if (!err)
		err = conn_listen(c);
	if (err)
		conn_close(c, err);
}

static void conn_ready(int flags, void *arg)
{
	struct conn *c = mem_ref(arg);

	if (c->transport && (c->wait == CONN_CONNECTED || flags & FD_WRITE))
		conn_write(c);
	if (c->transport && c->wait == CONN_FLUSHED)
		conn_drain(c);
	else if (c->transport && c->wait != CONN_CONNECTED &&
		 c->wait != CONN_BROKEN)
		conn_read(c);
	mem_deref(c);
}

struct conn *transport_tcp_find(struct transport *t, const struct listener *l,
				const struct sa *peer)
{
	for (struct conn *c = *bucket_of(t, peer); c; c = c->next)
		if (c->flow.realm == l->realm && !c->flow.down &&
		    sa_cmp(&c->flow.peer, peer, SA_ALL))
			return c;
	return NULL;
}

int transport_tcp_connect(struct flow **fp, struct listener *l,
			  const struct sa *peer)
{
	struct sa from = l->local;
	struct conn *c;
	int fd, err;

	if (l->transport->stats.connections >=
		    l->transport->conf.connections_max &&
	    !room_make(l->transport))
		return EMFILE;
	fd = socket(sa_af(peer), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	sa_set_port(&from, 0);
	if (bind(fd, &from.u.sa, from.len) ||
	    (connect(fd, &peer->u.sa, peer->len) && errno != EINPROGRESS)) {
		err = errno;
		close(fd);
		return err;
	}
	err = conn_new(&c, l, fd, peer, false);
	if (!err)
		*fp = mem_ref(c);
	return err;
}

void transport_tcp_close_all(struct transport *t)
{
	for (unsigned i = 0; i < CONN_BUCKETS; i++)
		while (t->bucket[i])
			conn_close(t->bucket[i], ESHUTDOWN);
}
