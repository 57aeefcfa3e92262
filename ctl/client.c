#include "ctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/base/rnd.h"
#include "lib/ctl/ng.h"
#include "lib/io/addr.h"

enum {
	RESEND_MS = 1000,
	DATAGRAM_MAX = 65535,
	COOKIE_LEN = 16,
};

void client_init(struct client *c, const char *name, const char *where,
		 unsigned timeout_ms)
{
	*c = (struct client){
		.name = name,
		.where = where,
		.timeout_ms = timeout_ms,
		.fd = -1,
		.form = VALUE_JSON,
	};
}

void client_fini(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

void answer_fini(struct answer *a)
{
	value_pool_fini(&a->pool);
	obuf_fini(&a->octets);
	a->v = NULL;
}

/* What an operator can do about it, by errno. */
static const char *advice(int err)
{
	switch (err) {
	case ENOENT:
		return "no such socket: is the daemon running? "
		       "(systemctl status 'countersign-*'; "
		       "another socket: --relay or --b2bua)";
	case ECONNREFUSED:
		return "nobody listens there: the daemon has stopped "
		       "(systemctl status 'countersign-*')";
	case EACCES:
	case EPERM:
		return "not allowed: run it as root, or as a member of the "
		       "group countersign";
	case ETIMEDOUT:
		return "no answer in time (--timeout SECONDS waits longer)";
	case EINVAL:
		return "not an address: unix:PATH or udp:ADDRESS:PORT";
	case EMSGSIZE:
	case E2BIG:
		return "the answer is larger than can be shown";
	case EBADMSG:
		return "the answer is not the control protocol: "
		       "is this the right socket?";
	case ECONNRESET:
		return "the daemon closed the connection";
	default:
		return strerror(err);
	}
}

static int complain(const struct client *c, int err)
{
	fprintf(stderr, "countersignctl: %s at %s: %s\n", c->name, c->where,
		advice(err));
	return err;
}

static int open_unix(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd;

	if (slice_copy(slice_str(path), sun.sun_path, sizeof(sun.sun_path)))
		return -EINVAL;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	int err = errno;

	close(fd);
	return -err;
}

static int open_udp(struct slice where)
{
	struct slice host = where, port = SLICE_NONE;
	union addr to;
	uint32_t n;
	int fd;

	for (size_t i = 0; i < where.n; i++)
		if (where.p[i] == ':') {
			host = slice_of(where.p, i);
			port = slice_of(where.p + i + 1, where.n - i - 1);
		}
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = slice_of(host.p + 1, host.n - 2);
	if (slice_u32(port, 65535, &n) ||
	    addr_parse(host, (uint16_t)n, &to))
		return -EINVAL;
	fd = socket(to.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, &to.sa, addr_len(&to)) == 0)
		return fd;
	int err = errno;

	close(fd);
	return -err;
}

static int open_socket(struct client *c)
{
	struct slice where = slice_str(c->where);
	int fd;

	if (c->fd >= 0)
		return 0;
	c->datagram = slice_starts(where, "udp:");
	if (c->datagram)
		fd = open_udp(slice_of(where.p + 4, where.n - 4));
	else if (slice_starts(where, "unix:"))
		fd = open_unix(c->where + 5);
	else
		fd = open_unix(c->where);
	if (fd < 0)
		return -fd;
	c->fd = fd;
	return 0;
}

/* Waits until `until` (clk_ms) or, if sooner, for wait_ms. 0, EAGAIN when
 * wait_ms passed, ETIMEDOUT. */
static int wait_readable(int fd, uint64_t until, uint64_t wait_ms)
{
	uint64_t now = clk_ms();
	uint64_t left = until > now ? until - now : 0;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n;

	if (!left)
		return ETIMEDOUT;
	n = poll(&p, 1, (int)(left < wait_ms ? left : wait_ms));
	if (n < 0 && errno != EINTR)
		return errno;
	return n > 0 ? 0 : EAGAIN;
}

static int send_all(int fd, struct slice s)
{
	while (s.n) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		s.p += n;
		s.n -= (size_t)n;
	}
	return 0;
}

static int parse_reply(struct answer *a, struct slice payload)
{
	int err = value_parse(&a->pool, payload, NULL, &a->v);

	if (!err && value_kind(a->v) != VALUE_DICT)
		err = EBADMSG;
	return err == EPROTONOSUPPORT ? EBADMSG : err;
}

static int ask_stream(struct client *c, struct slice request,
		      struct slice cookie, struct answer *a, uint64_t until)
{
	struct ng_reader reader = {0};
	struct ng_message m;
	char buf[16384];
	size_t used;
	int err;

	err = send_all(c->fd, request);
	while (!err) {
		ssize_t n;

		err = wait_readable(c->fd, until, c->timeout_ms);
		if (err == EAGAIN) {
			err = 0;
			continue;
		}
		if (err)
			break;
		n = recv(c->fd, buf, sizeof(buf), 0);
		if (n <= 0)
			return n ? errno : ECONNRESET;
		obuf_put(&a->octets, buf, (size_t)n);
		err = a->octets.err;
		if (err)
			break;
		err = ng_read(&reader, obuf_as_slice(&a->octets), &m, &used);
		if (!err)
			return slice_eq(m.cookie, cookie) ?
				       parse_reply(a, m.payload) : EBADMSG;
		if (err == EAGAIN)
			err = 0;
	}
	return err;
}

static int ask_datagram(struct client *c, struct slice request,
			struct slice cookie, struct answer *a, uint64_t until)
{
	static char buf[DATAGRAM_MAX];
	struct ng_message m;
	int err = EAGAIN;

	for (;;) {
		ssize_t n;

		if (err == EAGAIN) {
			err = send_all(c->fd, request);
			if (err)
				return err;
		}
		err = wait_readable(c->fd, until, RESEND_MS);
		if (err == EAGAIN)
			continue;
		if (err)
			return err;
		n = recv(c->fd, buf, sizeof(buf), 0);
		if (n < 0)
			return errno;
		/* Late answers to earlier cookies are not ours. */
		if (ng_split(slice_of(buf, (size_t)n), &m) ||
		    !slice_eq(m.cookie, cookie))
			continue;
		obuf_slice(&a->octets, m.payload);
		return a->octets.err ? a->octets.err :
				       parse_reply(a, obuf_as_slice(&a->octets));
	}
}

int client_ask(struct client *c, const struct value *request, struct answer *a)
{
	uint64_t until = clk_ms() + c->timeout_ms;
	struct obuf ob = OBUF_INIT;
	char cookie[COOKIE_LEN + 1];
	int err;

	*a = (struct answer){.pool = VALUE_POOL_INIT, .octets = OBUF_INIT};
	a->octets.limit = NG_COOKIE_MAX + 1 + NG_MESSAGE_MAX;
	rnd_hex(cookie, COOKIE_LEN);
	ng_write_cookie(&ob, slice_str(cookie));
	value_write(&ob, request, c->form);
	err = ob.err;
	if (!err)
		err = open_socket(c);
	if (!err)
		err = (c->datagram ? ask_datagram : ask_stream)(
			c, obuf_as_slice(&ob), slice_str(cookie), a, until);
	obuf_fini(&ob);
	if (!err)
		return 0;
	client_fini(c);
	return complain(c, err);
}
