/* mmsg: io on ordinary sockets, by recvmmsg(2) and sendmmsg(2). */
#include <errno.h>
#include <stdlib.h>

#include "lib/io/io.h"

struct mmsg {
	struct io io;
	struct mmsghdr hdr[IO_BATCH];
	struct iovec iov[IO_BATCH];
};

static struct mmsg *mmsg_of(struct io *io)
{
	return (struct mmsg *)(void *)io;
}

static void slot_set(struct mmsg *m, unsigned i, struct io_packet *pkt,
		     size_t octets, socklen_t namelen)
{
	m->iov[i] = (struct iovec){pkt->p, octets};
	m->hdr[i].msg_hdr = (struct msghdr){
		.msg_name = &pkt->peer,
		.msg_namelen = namelen,
		.msg_iov = &m->iov[i],
		.msg_iovlen = 1,
	};
}

static unsigned mmsg_recv(struct io *io, int fd, struct io_packet *const v[],
			  unsigned n)
{
	struct mmsg *m = mmsg_of(io);
	int got;

	for (unsigned i = 0; i < n; i++)
		slot_set(m, i, v[i], IO_OCTETS - IO_TAIL, sizeof(v[i]->peer));
	do
		got = recvmmsg(fd, m->hdr, n, MSG_DONTWAIT, NULL);
	while (got < 0 && errno == EINTR);
	for (int i = 0; i < got; i++) {
		v[i]->n = m->hdr[i].msg_len;
		v[i]->cut = (m->hdr[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
		v[i]->fd = fd;
		v[i]->err = 0;
	}
	return got < 0 ? 0 : (unsigned)got;
}

/* Sends v[0..n) which all leave by one port. sendmmsg stops at the first that
 * fails and tells why only when that one comes first: so the loop steps over
 * one failure at a time. */
static unsigned send_run(struct mmsg *m, struct io_packet *const v[],
			 unsigned n)
{
	unsigned done = 0;
	unsigned went = 0;

	for (unsigned i = 0; i < n; i++) {
		slot_set(m, i, v[i], v[i]->n, addr_len(&v[i]->peer));
		v[i]->err = 0;
	}
	while (done < n) {
		int sent = sendmmsg(v[0]->fd, m->hdr + done, n - done,
				    MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent > 0) {
			done += (unsigned)sent;
			went += (unsigned)sent;
		} else if (errno != EINTR) {
			v[done++]->err = errno;
		}
	}
	return went;
}

static unsigned mmsg_send(struct io *io, struct io_packet *const v[],
			  unsigned n)
{
	struct mmsg *m = mmsg_of(io);
	unsigned went = 0;
	unsigned first = 0;

	for (unsigned i = 1; i <= n; i++) {
		if (i < n && v[i]->fd == v[first]->fd)
			continue;
		went += send_run(m, v + first, i - first);
		first = i;
	}
	return went;
}

static void mmsg_free(struct io *io)
{
	free(mmsg_of(io));
}

static const struct io_ops mmsg_ops = {
	.name = "mmsg",
	.recv = mmsg_recv,
	.send = mmsg_send,
	.free = mmsg_free,
};

int io_mmsg_new(struct io **io)
{
	struct mmsg *m = calloc(1, sizeof(*m));

	if (!m)
		return ENOMEM;
	m->io.ops = &mmsg_ops;
	*io = &m->io;
	return 0;
}
