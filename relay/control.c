/* Sockets that listen, datagrams, and all of it; control_client.c has the
 * streams. */
#include "relay/control.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/base/log.h"
#include "relay/control_priv.h"

enum { BACKLOG = 64, DATAGRAMS_AT_ONCE = 16 };

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

static int inet_bind(const union addr *a, int type, int *fd)
{
	static const int yes = 1;
	int err = 0, s = socket(a->sa.sa_family,
				type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (s < 0)
		return errno;
	if (type == SOCK_STREAM)
		setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(s, &a->sa, addr_len(a)) ||
	    (type == SOCK_STREAM && listen(s, BACKLOG)))
		err = errno;
	if (err) {
		close(s);
		return err;
	}
	*fd = s;
	return 0;
}

static int listener_open(struct listener *l, const char *user)
{
	const struct config_control *c = l->conf;
	int err = c->kind == CONFIG_UNIX
			  ? unix_bind(c->path, user, &l->fd)
			  : inet_bind(&c->addr,
				      c->kind == CONFIG_UDP ? SOCK_DGRAM
							    : SOCK_STREAM,
				      &l->fd);

	if (err)
		log_error("control %s: cannot listen (%s)", c->text,
			  strerror(err));
	return err;
}

int control_open(struct control **cp, const struct config *config)
{
	struct control *c = calloc(1, sizeof(*c));
	int err = 0;

	if (!c)
		return ENOMEM;
	c->guard = &config->guard;
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

/* ---- who may ask -------------------------------------------------------- */

bool control_admits(const struct listener *l, const union addr *from)
{
	static struct log_limit lim;
	char text[ADDR_TEXT];

	if (!l->conf->guarded || guard_source(l->control->guard, from))
		return true;
	if (log_limit_pass(&lim))
		log_warn("control %s: %s is not allowed (%u kept back)",
			 l->conf->text, addr_text(from, text), lim.last);
	return false;
}

int control_request(const struct listener *l, struct slice source,
		    const struct ng_message *m, struct obuf *ob)
{
	static struct log_limit lim;
	struct control *c = l->control;

	if (l->conf->guarded && !guard_message(c->guard, m, clk_wall())) {
		if (log_limit_pass(&lim))
			log_warn("control %s: not signed, from %.*s "
				 "(%u kept back)", l->conf->text,
				 SLICE(source), lim.last);
		return EACCES;
	}
	/* A cookie that was signed is the same request from wherever it comes:
	 * who saw it on the way cannot have it done again. */
	if (l->conf->guarded)
		source = SLICE_LIT("signed");
	cmd_request(c->cmd, source, m, ob);
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
	if (control_request(l, slice_str(addr_text(from, text)), &m,
			    &c->reply))
		return;
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
		ssize_t n = recvfrom(fd, l->control->datagram, CONTROL_DATAGRAM_MAX, 0,
				     (struct sockaddr *)&ss, &len);
		union addr from;

		if (n < 0)
			return;
		from = addr_from((const struct sockaddr *)&ss);
		if (control_admits(l, &from))
			datagram_answer(l, (size_t)n, &from);
	}
}

/* ---- streams ------------------------------------------------------------ */

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

/* Who comes over the network has not shown yet that he may ask, and must not
 * keep out those of this host. */
static bool has_room(const struct listener *l)
{
	unsigned kept = l->conf->kind == CONFIG_UNIX ? 0 : CONTROL_CLIENTS_UNIX;

	return l->control->count + kept < CONTROL_CLIENTS_MAX;
}

static void stream_ready(evutil_socket_t fd, short what, void *arg)
{
	static const int yes = 1;
	static struct log_limit lim;
	struct listener *l = arg;
	struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(ss);
	union addr from = ADDR_NONE;
	int s = accept4(fd, (struct sockaddr *)&ss, &len,
			SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what;
	if (s < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			listen_later(l);
		return;
	}
	if (l->conf->kind != CONFIG_UNIX) {
		from = addr_from((const struct sockaddr *)&ss);
		setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	}
	if (!control_admits(l, &from)) {
		close(s);
		return;
	}
	if (has_room(l) &&
	    client_new(l, &from, s) == 0)
		return;
	close(s);
	if (log_limit_pass(&lim))
		log_warn("control %s: too many clients (%u kept back)",
			 l->conf->text, lim.last);
}

/* ---- all of it ---------------------------------------------------------- */

int control_serve(struct control *c, struct event_base *base, struct cmd *cmd)
{
	c->cmd = cmd;
	for (size_t i = 0; i < c->n; i++) {
		struct listener *l = &c->listeners[i];

		l->event = event_new(base, l->fd, EV_READ | EV_PERSIST,
				     l->conf->kind == CONFIG_UDP
					     ? datagram_ready
					     : stream_ready,
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
