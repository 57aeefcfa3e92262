#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* libre has no guards in its parts: each once */
#include <re_types.h>
#include <re_fmt.h>
#include <re_list.h>
#include <re_hash.h>
#include <re_main.h>
#include <re_mem.h>

#include "b2bua/acl.h"
#include "b2bua/relay.h"
#include "lib/base/log.h"
#include "lib/base/rnd.h"
#include "lib/ctl/ng.h"

struct relay_ask {
	struct le le; /* in relay->asks, by number */
	struct relay *relay;
	uint32_t number;
	unsigned tries;
	struct obuf octets; /* cookie and payload, as sent each time */
	struct wheel_timer timer;
	relay_reply_h *h;
	void *arg;
};

struct relay {
	struct sockaddr_storage addr;
	socklen_t addr_len;
	char name[128];
	struct wheel *wheel;
	struct hash *asks;
	unsigned pending;
	uint32_t number;
	char prefix[9]; /* of our cookies: another process has another */
	int fd; /* -1: not open */
	struct obuf in; /* stream: received, not yet used up */
	struct ng_reader reader;
	struct obuf out; /* stream: not yet taken by the socket */
	bool down; /* said so in the log */
	struct log_limit stray;
};

/* ---- the socket -------------------------------------------------------- */

static bool is_stream(const struct relay *r)
{
	return r->addr.ss_family == AF_UNIX;
}

static void socket_close(struct relay *r)
{
	if (r->fd < 0)
		return;
	fd_close(r->fd);
	close(r->fd);
	r->fd = -1;
	obuf_reset(&r->in);
	obuf_reset(&r->out);
	memset(&r->reader, 0, sizeof(r->reader));
}

static void socket_lost(struct relay *r, int err)
{
	socket_close(r);
	if (r->down)
		return;
	r->down = true;
	log_error("relay %s: no answer (%s)", r->name, strerror(err));
}

static void on_ready(int flags, void *arg);

static int socket_open(struct relay *r)
{
	int type = is_stream(r) ? SOCK_STREAM : SOCK_DGRAM, err;

	if (r->fd >= 0)
		return 0;
	r->fd = socket(r->addr.ss_family,
		       type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (r->fd < 0)
		return errno;
	/* a UNIX stream connects at once or not at all */
	if (connect(r->fd, (struct sockaddr *)&r->addr, r->addr_len))
		err = errno;
	else
		err = fd_listen(r->fd, FD_READ, on_ready, r);
	if (err) {
		close(r->fd);
		r->fd = -1;
	}
	return err;
}

static void out_flush(struct relay *r)
{
	ssize_t n = send(r->fd, r->out.p, r->out.n, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		socket_lost(r, errno);
		return;
	}
	if (n > 0) {
		memmove(r->out.p, r->out.p + n, r->out.n - (size_t)n);
		r->out.n -= (size_t)n;
	}
	fd_listen(r->fd, r->out.n ? FD_READ | FD_WRITE : FD_READ, on_ready, r);
}

/* ---- requests ---------------------------------------------------------- */

static void ask_free(struct relay_ask *a)
{
	wheel_stop(a->relay->wheel, &a->timer);
	hash_unlink(&a->le);
	a->relay->pending--;
	obuf_fini(&a->octets);
	free(a);
}

static void ask_end(struct relay_ask *a, int err, const struct value *reply)
{
	relay_reply_h *h = a->h;
	void *arg = a->arg;

	ask_free(a);
	if (h)
		h(arg, err, reply);
}

static void ask_send(struct relay_ask *a)
{
	struct relay *r = a->relay;
	int err = socket_open(r);

	if (err) {
		socket_lost(r, err);
		return;
	}
	if (!is_stream(r)) {
		/* ECONNREFUSED of an earlier one shows here: the timer
		 * sends again */
		(void)!send(r->fd, a->octets.p, a->octets.n, MSG_NOSIGNAL);
		return;
	}
	obuf_slice(&r->out, obuf_as_slice(&a->octets));
	if (r->out.err) {
		socket_lost(r, r->out.err);
		return;
	}
	out_flush(r);
}

static void on_silence(void *arg);

/* Calls no handler: what fails here is tried again. */
static void ask_try(struct relay_ask *a)
{
	a->tries++;
	wheel_start(a->relay->wheel, &a->timer, RELAY_TRY_MS, on_silence, a);
	ask_send(a);
}

static void on_silence(void *arg)
{
	struct relay_ask *a = arg;

	if (a->tries < RELAY_TRIES) {
		ask_try(a);
		return;
	}
	socket_lost(a->relay, ETIMEDOUT);
	ask_end(a, ETIMEDOUT, NULL);
}

int relay_ask(struct relay_ask **ap, struct relay *r,
	      const struct value *request, relay_reply_h *h, void *arg)
{
	struct relay_ask *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return ENOMEM;
	a->relay = r;
	a->number = ++r->number;
	a->h = h;
	a->arg = arg;
	obuf_fmt(&a->octets, "%s_%u ", r->prefix, a->number);
	value_write(&a->octets, request, VALUE_BENCODE);
	err = a->octets.err;
	if (err) {
		obuf_fini(&a->octets);
		free(a);
		return err;
	}
	hash_append(r->asks, a->number, &a->le, a);
	r->pending++;
	if (ap)
		*ap = a;
	ask_try(a);
	return 0;
}

void relay_forget(struct relay_ask *a)
{
	if (a)
		a->h = NULL;
}

unsigned relay_pending(const struct relay *r)
{
	return r->pending;
}

/* ---- answers ----------------------------------------------------------- */

static bool number_is(struct le *le, void *arg)
{
	const struct relay_ask *a = le->data;

	return a->number == *(const uint32_t *)arg;
}

static struct relay_ask *ask_find(struct relay *r, struct slice cookie)
{
	struct slice rest = cookie;
	uint32_t number;

	if (!slice_eq_str(slice_cut(&rest, '_'), r->prefix) || !rest.p ||
	    slice_u32(rest, UINT32_MAX, &number))
		return NULL;
	return list_ledata(hash_lookup(r->asks, number, number_is, &number));
}

static void message_take(struct relay *r, const struct ng_message *m)
{
	struct relay_ask *a = ask_find(r, m->cookie);
	struct value_pool pool = VALUE_POOL_INIT;
	struct value *v;
	int err;

	if (!a)
		return; /* the second answer to one that was sent twice */
	err = value_parse(&pool, m->payload, NULL, &v);
	if (!err && r->down) {
		r->down = false;
		log_info("relay %s: answers", r->name);
	}
	if (!err)
		ask_end(a, 0, v);
	else if (log_limit_pass(&r->stray))
		log_warn("relay %s: unreadable answer (%s)", r->name,
			 strerror(err));
	value_pool_fini(&pool);
}

/* Answers may end the connection: stops then. */
static void stream_take(struct relay *r)
{
	struct ng_message m;
	size_t used, at = 0;
	int err = 0;

	while (r->fd >= 0 && at < r->in.n) {
		err = ng_read(&r->reader,
			      slice_of(r->in.p + at, r->in.n - at), &m, &used);
		if (err)
			break;
		memset(&r->reader, 0, sizeof(r->reader));
		at += used;
		message_take(r, &m);
	}
	if (r->fd < 0)
		return;
	if (err && err != EAGAIN) {
		socket_lost(r, err);
		return;
	}
	memmove(r->in.p, r->in.p + at, r->in.n - at);
	r->in.n -= at;
}

static void stream_read(struct relay *r)
{
	char buf[16384];
	ssize_t n = recv(r->fd, buf, sizeof(buf), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		socket_lost(r, n ? errno : ECONNRESET);
		return;
	}
	obuf_put(&r->in, buf, (size_t)n);
	if (r->in.err)
		socket_lost(r, r->in.err);
	else
		stream_take(r);
}

static void datagram_read(struct relay *r)
{
	static char buf[65536]; /* the SIP thread's */
	ssize_t n = recv(r->fd, buf, sizeof(buf), 0);
	struct ng_message m;

	if (n > 0 && !ng_split(slice_of(buf, (size_t)n), &m))
		message_take(r, &m);
}

static void on_ready(int flags, void *arg)
{
	struct relay *r = arg;

	if (!is_stream(r)) {
		datagram_read(r);
		return;
	}
	if (flags & FD_READ)
		stream_read(r);
	if (r->fd >= 0 && (flags & FD_WRITE))
		out_flush(r);
}

/* ---- open and close ---------------------------------------------------- */

static int addr_unix(struct relay *r, const char *path)
{
	struct sockaddr_un *un = (void *)&r->addr;

	if (strlen(path) >= sizeof(un->sun_path))
		return ENAMETOOLONG;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, strlen(path) + 1);
	r->addr_len = sizeof(*un);
	return 0;
}

static int addr_set(struct relay *r, const char *control)
{
	if (!strncmp(control, "unix:", 5))
		return addr_unix(r, control + 5);
	if (strncmp(control, "udp:", 4))
		return EINVAL;
	r->addr_len = sizeof(struct sockaddr_storage);
	return acl_sockaddr_parse(control + 4, &r->addr, &r->addr_len);
}

int relay_open(struct relay **rp, const char *control, struct wheel *wheel)
{
	struct relay *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return ENOMEM;
	r->fd = -1;
	r->wheel = wheel;
	r->in.limit = NG_MESSAGE_MAX + 65536;
	snprintf(r->name, sizeof(r->name), "%s", control);
	rnd_hex(r->prefix, sizeof(r->prefix) - 1);
	err = addr_set(r, control);
	if (!err)
		err = hash_alloc(&r->asks, 1024);
	if (err) {
		relay_close(r);
		return err;
	}
	*rp = r;
	return 0;
}

static bool ask_drop(struct le *le, void *arg)
{
	(void)arg;
	ask_free(le->data);
	return false;
}

void relay_close(struct relay *r)
{
	if (!r)
		return;
	if (r->asks)
		hash_apply(r->asks, ask_drop, NULL);
	mem_deref(r->asks);
	socket_close(r);
	obuf_fini(&r->in);
	obuf_fini(&r->out);
	free(r);
}
