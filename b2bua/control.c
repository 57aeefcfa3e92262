#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <re_types.h>
#include <re_fmt.h>
#include <re_main.h>

#include "b2bua/cmd.h"
#include "b2bua/control.h"
#include "b2bua/core.h"
#include "lib/base/log.h"
#include "lib/ctl/ng.h"

struct listener {
	struct control *control;
	int fd;
	bool stream;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

struct client {
	struct le le;
	struct control *control;
	int fd;
	struct obuf in, out;
	struct ng_reader reader;
	bool closing; /* no more reading; ends when out is written */
};

struct control {
	struct core *core;
	struct listener *listeners;
	size_t n;
	struct list clients;
};

/* One request, as octets, to one answer, as octets behind what ob holds. */
static void answer(struct control *c, const struct ng_message *m,
		   struct obuf *ob)
{
	struct value_pool pool = VALUE_POOL_INIT;
	enum value_form form = VALUE_JSON;
	struct value *request = NULL, *reply = value_new_dict(&pool);
	int err = value_parse(&pool, m->payload, &form, &request);

	if (err)
		cmd_refuse(reply, "unreadable request");
	else
		cmd_run(c->core, &pool, request, reply);
	ng_write_cookie(ob, m->cookie);
	value_write(ob, reply, form);
	value_pool_fini(&pool);
}

/* ---- streams ----------------------------------------------------------- */

static void client_free(struct client *cl)
{
	list_unlink(&cl->le);
	fd_close(cl->fd);
	close(cl->fd);
	obuf_fini(&cl->in);
	obuf_fini(&cl->out);
	free(cl);
}

static void on_client(int flags, void *arg);

/* false: the client is gone */
static bool client_flush(struct client *cl)
{
	ssize_t n = cl->out.n ? send(cl->fd, cl->out.p, cl->out.n,
				     MSG_NOSIGNAL) : 0;

	if ((n < 0 && errno != EAGAIN && errno != EINTR) || cl->out.err) {
		client_free(cl);
		return false;
	}
	if (n > 0) {
		memmove(cl->out.p, cl->out.p + n, cl->out.n - (size_t)n);
		cl->out.n -= (size_t)n;
	}
	if (!cl->out.n && cl->closing) {
		client_free(cl);
		return false;
	}
	fd_listen(cl->fd,
		  (cl->closing ? 0 : FD_READ) | (cl->out.n ? FD_WRITE : 0),
		  on_client, cl);
	return true;
}

static void client_take(struct client *cl)
{
	struct ng_message m;
	size_t used, at = 0;
	int err = 0;

	while (at < cl->in.n) {
		err = ng_read(&cl->reader,
			      slice_of(cl->in.p + at, cl->in.n - at), &m,
			      &used);
		if (err)
			break;
		memset(&cl->reader, 0, sizeof(cl->reader));
		at += used;
		answer(cl->control, &m, &cl->out);
	}
	memmove(cl->in.p, cl->in.p + at, cl->in.n - at);
	cl->in.n -= at;
	if (err && err != EAGAIN)
		cl->closing = true;
}

static void client_read(struct client *cl)
{
	char buf[16384];
	ssize_t n = recv(cl->fd, buf, sizeof(buf), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		cl->closing = true; /* a client may half-close behind its
				     * request */
		return;
	}
	obuf_put(&cl->in, buf, (size_t)n);
	client_take(cl);
}

static void on_client(int flags, void *arg)
{
	struct client *cl = arg;

	if (flags & FD_READ)
		client_read(cl);
	client_flush(cl);
}

static int client_new(struct control *c, int fd)
{
	struct client *cl;
	int err;

	if (list_count(&c->clients) >= CONTROL_CLIENTS_MAX)
		return EMFILE;
	cl = calloc(1, sizeof(*cl));
	if (!cl)
		return ENOMEM;
	cl->control = c;
	cl->fd = fd;
	cl->in.limit = NG_MESSAGE_MAX;
	cl->out.limit = CONTROL_QUEUE_MAX;
	err = fd_listen(fd, FD_READ, on_client, cl);
	if (err)
		free(cl);
	else
		list_append(&c->clients, &cl->le, cl);
	return err;
}

static void stream_accept(struct listener *l)
{
	int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0 && client_new(l->control, fd))
		close(fd);
}

/* ---- datagrams --------------------------------------------------------- */

static void datagram_read(struct listener *l)
{
	static char buf[65536]; /* the SIP thread's */
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	struct obuf ob = OBUF_INIT;
	struct ng_message m;
	ssize_t n = recvfrom(l->fd, buf, sizeof(buf), 0,
			     (struct sockaddr *)&from, &from_len);

	if (n <= 0 || ng_split(slice_of(buf, (size_t)n), &m))
		return;
	answer(l->control, &m, &ob);
	if (!ob.err)
		(void)!sendto(l->fd, ob.p, ob.n, MSG_NOSIGNAL,
			      (struct sockaddr *)&from, from_len);
	obuf_fini(&ob);
}

static void on_listener(int flags, void *arg)
{
	struct listener *l = arg;

	(void)flags;
	if (l->stream)
		stream_accept(l);
	else
		datagram_read(l);
}

/* ---- open and close ---------------------------------------------------- */

/* A file that nobody listens behind is left over from a crash. */
static int stale_remove(const struct sockaddr_un *un)
{
	struct stat st;
	int fd, err = 0;

	if (lstat(un->sun_path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	if (!connect(fd, (const struct sockaddr *)un, sizeof(*un)))
		err = EADDRINUSE;
	else if (unlink(un->sun_path))
		err = errno;
	close(fd);
	return err;
}

static int unix_bind(struct listener *l, const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	mode_t old;
	int err;

	if (strlen(path) >= sizeof(un.sun_path))
		return ENAMETOOLONG;
	memcpy(un.sun_path, path, strlen(path) + 1);
	err = stale_remove(&un);
	if (err)
		return err;
	l->stream = true;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return errno;
	old = umask(0117);
	if (bind(l->fd, (struct sockaddr *)&un, sizeof(un)))
		err = errno;
	umask(old);
	if (err)
		return err;
	memcpy(l->path, un.sun_path, sizeof(l->path));
	return listen(l->fd, 16) ? errno : 0;
}

static int udp_bind(struct listener *l, const char *text)
{
	struct sockaddr_storage ss;
	socklen_t len;
	struct sa sa;

	if (acl_sockaddr_parse(text, &ss, &len))
		return EINVAL;
	sa_set_sa(&sa, (struct sockaddr *)&ss);
	if (!sa_is_loopback(&sa))
		return EACCES;
	l->fd = socket(ss.ss_family,
		       SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return errno;
	return bind(l->fd, (struct sockaddr *)&ss, len) ? errno : 0;
}

static int listener_open(struct listener *l, const char *text)
{
	int err = EINVAL;

	if (!strncmp(text, "unix:", 5))
		err = unix_bind(l, text + 5);
	else if (!strncmp(text, "udp:", 4))
		err = udp_bind(l, text + 4);
	return err ? err : fd_listen(l->fd, FD_READ, on_listener, l);
}

int control_open(struct control **cp, const struct config_list *list,
		 struct core *core, const char **failed)
{
	struct control *c = calloc(1, sizeof(*c));
	int err = 0;

	if (!c)
		return ENOMEM;
	c->core = core;
	c->listeners = calloc(list->n ? list->n : 1, sizeof(*c->listeners));
	if (!c->listeners)
		err = ENOMEM;
	for (size_t i = 0; !err && i < list->n; i++) {
		c->listeners[i].control = c;
		c->listeners[i].fd = -1;
		c->n++;
		*failed = list->v[i];
		err = listener_open(&c->listeners[i], list->v[i]);
	}
	if (err) {
		control_close(c);
		return err;
	}
	*cp = c;
	return 0;
}

void control_close(struct control *c)
{
	if (!c)
		return;
	while (!list_isempty(&c->clients))
		client_free(list_ledata(list_head(&c->clients)));
	for (size_t i = 0; i < c->n; i++) {
		struct listener *l = &c->listeners[i];

		if (l->fd < 0)
			continue;
		fd_close(l->fd);
		close(l->fd);
		if (l->path[0])
			unlink(l->path);
	}
	free(c->listeners);
	free(c);
}
