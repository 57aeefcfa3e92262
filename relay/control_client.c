/* A connected client, from accept to its end: requests one after the other,
 * pieces put together, replies sent as fast as they are fetched. */
#include <errno.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "relay/control_priv.h"

void client_free(struct client *k)
{
	*k->at = k->next;
	if (k->next)
		k->next->at = k->at;
	k->listener->control->count--;
	bufferevent_free(k->bev);
	if (k->message.n)
		explicit_bzero(k->message.p, k->message.n);
	obuf_fini(&k->message);
	free(k);
}

/* What was said is still sent, if the client takes it in time. */
static void client_end(struct client *k)
{
	static const struct timeval limit = {CONTROL_PARTIAL_S, 0};

	k->closing = true;
	bufferevent_disable(k->bev, EV_READ);
	bufferevent_set_timeouts(k->bev, NULL, &limit);
	if (evbuffer_get_length(bufferevent_get_output(k->bev)) == 0)
		client_free(k);
}

/* ng's own framing. */
static int stream_take(struct client *k, struct slice in, size_t *used)
{
	struct obuf *reply = &k->listener->control->reply;
	struct ng_message m;
	int err = ng_read(&k->reader, in, &m, used);

	if (err)
		return err;
	obuf_reset(reply);
	err = control_request(k->listener, slice_str(k->source), &m, reply);
	if (!err && bufferevent_write(k->bev, reply->p, reply->n))
		err = ENOMEM;
	return err;
}

/* All complete messages. False: the client is gone. */
static bool client_answer(struct client *k)
{
	struct evbuffer *in = bufferevent_get_input(k->bev);
	int err = 0;

	while (!err && evbuffer_get_length(in)) {
		const void *p = evbuffer_pullup(in, -1);
		size_t used = 0;

		err = p ? k->take(k, slice_of(p, evbuffer_get_length(in)),
				  &used)
			: ENOMEM;
		if (!err)
			evbuffer_drain(in, used);
		if (evbuffer_get_length(bufferevent_get_output(k->bev)) >
		    CONTROL_PENDING_MAX)
			err = ENOBUFS;
	}
	if (!err || err == EAGAIN)
		return true;
	client_end(k);
	return false;
}

static void client_read(struct bufferevent *bev, void *arg)
{
	static const struct timeval partial = {CONTROL_PARTIAL_S, 0};
	struct client *k = arg;
	bool partial_left;

	if (!client_answer(k))
		return;
	/* A message that was begun must end; a client may be idle for ever. */
	partial_left = k->begun ||
		       evbuffer_get_length(bufferevent_get_input(bev));
	bufferevent_set_timeouts(bev, partial_left ? &partial : NULL, NULL);
}

static void client_written(struct bufferevent *bev, void *arg)
{
	struct client *k = arg;

	(void)bev;
	if (k->closing)
		client_free(k);
}

static void client_event(struct bufferevent *bev, short what, void *arg)
{
	struct client *k = arg;

	(void)bev;
	if (k->closing || (what & BEV_EVENT_ERROR))
		client_free(k);
	else
		client_end(k);
}

/* Who it is, so that two clients may use one cookie. A client that comes back
 * by another connection is the same. */
static void client_name(struct client *k, const union addr *from, int fd)
{
	struct ucred cred = {.pid = 0};
	socklen_t len = sizeof(cred);
	char host[ADDR_TEXT];

	if (addr_is_set(from)) {
		snprintf(k->source, sizeof(k->source), "tcp:%s",
			 addr_host_text(from, host));
		return;
	}
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	snprintf(k->source, sizeof(k->source), "unix:%d", (int)cred.pid);
}

int client_new(struct listener *l, const union addr *from, int fd)
{
	static const struct timeval first = {CONTROL_FIRST_S, 0};
	struct control *c = l->control;
	struct client *k = calloc(1, sizeof(*k));

	if (!k)
		return ENOMEM;
	k->bev = bufferevent_socket_new(event_get_base(l->event), fd,
					BEV_OPT_CLOSE_ON_FREE);
	if (!k->bev) {
		free(k);
		return ENOMEM;
	}
	k->listener = l;
	k->take = l->conf->kind == CONFIG_HTTP ? web_take : stream_take;
	k->next = c->clients;
	k->at = &c->clients;
	if (k->next)
		k->next->at = &k->next;
	c->clients = k;
	c->count++;
	client_name(k, from, fd);
	bufferevent_setcb(k->bev, client_read, client_written, client_event,
			  k);
	bufferevent_setwatermark(k->bev, EV_READ, 0,
				 NG_MESSAGE_MAX + WEB_HEAD_MAX);
	if (l->conf->kind != CONFIG_UNIX)
		bufferevent_set_timeouts(k->bev, &first, NULL);
	bufferevent_enable(k->bev, EV_READ | EV_WRITE);
	return 0;
}
