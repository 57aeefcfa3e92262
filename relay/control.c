#include "relay/control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/log.h"

enum { BACKLOG = 64, DATAGRAM_MAX = 65536, DATAGRAMS_AT_ONCE = 16 };

struct listener {
	struct control *control;
	const struct config_control *conf;
	int fd; /* -1: none */
	struct event *event;
};

/* A connected stream. */
struct client {
	struct client *next, **at;
	struct control *control;
	struct bufferevent *bev;
	struct ng_reader reader;
	char source[32]; /* "unix:PID" */
	bool closing; /* sends what is left, reads no more */
};

struct control {
	struct cmd *cmd;
	struct listener *listeners;
	size_t n;
	struct client *clients;
	unsigned count;
	struct obuf reply;
	char datagram[DATAGRAM_MAX];
};

/* ---- sockets ------------------------------------------------------------ */

static int unix_address(const char *path, struct sockaddr_un *un)
{
	*un = (struct sockaddr_un){.sun_family = AF_UNIX};
	return slice_copy(slice_str(path), un->sun_path,
			  sizeof(un->sun_path)) ? ENAMETOOLONG : 0;
}

/* A socket that a dead process left behind is in our way; one that answers,
 * or a file that is no socket, is somebody's. */
static int unix_clear(const struct sockaddr_un *un)
{
	struct stat st;
	int fd, err;

	if (lstat(un->sun_path, &st))
		return errno == ENOENT ? 0 : errno;
	if (!S_ISSOCK(st.st_mode))
		return EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	err = connect(fd, (const struct sockaddr *)un, sizeof(*un)) ? errno
								    : 0;
	close(fd);
	if (err != ECONNREFUSED)
		return EADDRINUSE;
	return unlink(un->sun_path) ? errno : 0;
}

/* 0660, and for the user that we become. */
static int unix_permit(const char *path, const char *user)
{
	const struct passwd *pw = NULL;

	if (chmod(path, 0660))
		return errno;
	if (geteuid() == 0 && user[0])
		pw = getpwnam(user);
	if (pw && chown(path, pw->pw_uid, pw->pw_gid))
		return errno;
	return 0;
}

static int unix_bind(const char *path, const char *user, int *fd)
{
	struct sockaddr_un un;
	int err = unix_address(path, &un);
	int s;

	if (!err)
		err = unix_clear(&un);
	if (err)
		return err;
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s < 0)
		return errno;
	if (bind(s, (const struct sockaddr *)&un, sizeof(un)))
		err = errno;
	if (!err)
		err = unix_permit(path, user);
	if (!err && listen(s, BACKLOG))
		err = errno;
	if (err) {
		close(s);
		return err;
	}
	*fd = s;
	return 0;
}

static int udp_bind(const union addr *a, int *fd)
{
	int err, s = socket(a->sa.sa_family,
			    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (s < 0)
		return errno;
	if (bind(s, &a->sa, addr_len(a))) {
		err = errno;
		close(s);
		return err;
	}
	*fd = s;
	return 0;
}

static int listener_open(struct listener *l, const char *user)
{
	char text[ADDR_TEXT];
	int err = l->conf->path ? unix_bind(l->conf->path, user, &l->fd)
				: udp_bind(&l->conf->addr, &l->fd);

	if (err)
		log_error("control %s%s: cannot listen (%s)",
			  l->conf->path ? "unix:" : "udp:",
			  l->conf->path ? l->conf->path
					: addr_text(&l->conf->addr, text),
			  strerror(err));
	return err;
}

int control_open(struct control **cp, const struct config *config)
{
	struct control *c = calloc(1, sizeof(*c));
	int err = 0;

	if (!c)
		return ENOMEM;
	c->listeners = calloc(config->ncontrols, sizeof(*c->listeners));
	if (!c->listeners) {
		free(c);
		return ENOMEM;
	}
	for (size_t i = 0; !err && i < config->ncontrols; i++) {
		struct listener *l = &c->listeners[c->n++];

		*l = (struct listener){.control = c,
				       .conf = &config->controls[i],
				       .fd = -1};
		err = listener_open(l, config->user);
	}
	if (err) {
		control_close(c);
		return err;
	}
	*cp = c;
	return 0;
}

/* ---- datagrams ---------------------------------------------------------- */

static void datagram_answer(struct listener *l, size_t n,
			    const union addr *from)
{
	static struct log_limit lim;
	struct control *c = l->control;
	char text[ADDR_TEXT];
	struct ng_message m;

	if (ng_split(slice_of(c->datagram, n), &m)) {
		if (log_limit_pass(&lim))
			log_warn("control: no cookie from %s (%u kept back)",
				 addr_text(from, text), lim.last);
		return;
	}
	obuf_reset(&c->reply);
	cmd_request(c->cmd, slice_str(addr_text(from, text)), &m, &c->reply);
	if (c->reply.n && !c->reply.err &&
	    sendto(l->fd, c->reply.p, c->reply.n, 0, &from->sa,
		   addr_len(from)) < 0 && log_limit_pass(&lim))
		log_warn("control: reply to %s lost (%s; %u kept back)", text,
			 strerror(errno), lim.last);
}

static void datagram_ready(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)what;
	for (int i = 0; i < DATAGRAMS_AT_ONCE; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		ssize_t n = recvfrom(fd, l->control->datagram, DATAGRAM_MAX, 0,
				     (struct sockaddr *)&ss, &len);
		union addr from;

		if (n < 0)
			return;
		from = addr_from((const struct sockaddr *)&ss);
		datagram_answer(l, (size_t)n, &from);
	}
}

/* ---- streams ------------------------------------------------------------ */

static void client_free(struct client *k)
{
	*k->at = k->next;
	if (k->next)
		k->next->at = k->at;
	k->control->count--;
	bufferevent_free(k->bev);
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

/* All complete messages. False: the client is gone. */
static bool client_answer(struct client *k)
{
	struct evbuffer *in = bufferevent_get_input(k->bev);
	struct obuf *reply = &k->control->reply;
	struct ng_message m;
	size_t used;
	int err = 0;

	while (evbuffer_get_length(in)) {
		const void *p = evbuffer_pullup(in, -1);

		err = p ? ng_read(&k->reader,
				  slice_of(p, evbuffer_get_length(in)), &m,
				  &used)
			: ENOMEM;
		if (err)
			break;
		obuf_reset(reply);
		cmd_request(k->control->cmd, slice_str(k->source), &m, reply);
		evbuffer_drain(in, used);
		if (bufferevent_write(k->bev, reply->p, reply->n))
			err = ENOMEM;
		if (evbuffer_get_length(bufferevent_get_output(k->bev)) >
		    CONTROL_PENDING_MAX)
			err = ENOBUFS;
		if (err)
			break;
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

	if (!client_answer(k))
		return;
	/* A message that was begun must end; a client may be idle for ever. */
	bufferevent_set_timeouts(
		bev,
		evbuffer_get_length(bufferevent_get_input(bev)) ? &partial
								: NULL,
		NULL);
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

/* Who it is, so that two clients may use one cookie. */
static void client_name(struct client *k, int fd)
{
	struct ucred cred = {.pid = 0};
	socklen_t len = sizeof(cred);

	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	snprintf(k->source, sizeof(k->source), "unix:%d", (int)cred.pid);
}

static int client_new(struct control *c, struct event_base *base, int fd)
{
	struct client *k = calloc(1, sizeof(*k));

	if (!k)
		return ENOMEM;
	k->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!k->bev) {
		free(k);
		return ENOMEM;
	}
	k->control = c;
	k->next = c->clients;
	k->at = &c->clients;
	if (k->next)
		k->next->at = &k->next;
	c->clients = k;
	c->count++;
	client_name(k, fd);
	bufferevent_setcb(k->bev, client_read, client_written, client_event,
			  k);
	bufferevent_setwatermark(k->bev, EV_READ, 0, NG_MESSAGE_MAX);
	bufferevent_enable(k->bev, EV_READ | EV_WRITE);
	return 0;
}

static void listen_again(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)fd;
	(void)what;
	event_add(l->event, NULL);
}

/* Without descriptors the listener would wake us for ever: it sleeps. */
static void listen_later(struct listener *l)
{
	static const struct timeval second = {1, 0};

	event_del(l->event);
	if (event_base_once(event_get_base(l->event), -1, EV_TIMEOUT,
			    listen_again, l, &second))
		event_add(l->event, NULL);
}

static void stream_ready(evutil_socket_t fd, short what, void *arg)
{
	static struct log_limit lim;
	struct listener *l = arg;
	struct control *c = l->control;
	int s = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what;
	if (s < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			listen_later(l);
		return;
	}
	if (c->count < CONTROL_CLIENTS_MAX &&
	    client_new(c, event_get_base(l->event), s) == 0)
		return;
	close(s);
	if (log_limit_pass(&lim))
		log_warn("control %s: too many clients (%u kept back)",
			 l->conf->path, lim.last);
}

/* ---- all of it ---------------------------------------------------------- */

int control_serve(struct control *c, struct event_base *base, struct cmd *cmd)
{
	c->cmd = cmd;
	for (size_t i = 0; i < c->n; i++) {
		struct listener *l = &c->listeners[i];

		l->event = event_new(base, l->fd, EV_READ | EV_PERSIST,
				     l->conf->path ? stream_ready
						   : datagram_ready,
				     l);
		if (!l->event || event_add(l->event, NULL))
			return ENOMEM;
	}
	return 0;
}

void control_close(struct control *c)
{
	if (!c)
		return;
	while (c->clients)
		client_free(c->clients);
	for (size_t i = 0; i < c->n; i++) {
		struct listener *l = &c->listeners[i];

		if (l->event)
			event_free(l->event);
		if (l->fd < 0)
			continue;
		close(l->fd);
		if (l->conf->path)
			unlink(l->conf->path);
	}
	obuf_fini(&c->reply);
	free(c->listeners);
	free(c);
}
