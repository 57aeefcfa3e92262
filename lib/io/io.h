/* io: batches of datagrams. A worker thread has one struct io and moves all
 * its datagrams through it; the table of functions behind it is the seam for
 * faster backends and for tests.
 *
 *	mmsg	recvmmsg(2) and sendmmsg(2) on ordinary sockets
 *	double	memory only, for tests (io_double.h)
 *
 * Thread: one struct io belongs to one thread. A port (a bound UDP socket) is
 * named by its descriptor; who opened it closes it. */
#ifndef IO_IO_H
#define IO_IO_H

#include "lib/io/addr.h"

/* Most datagrams in one batch. */
#define IO_BATCH 64
/* Octets of memory behind one datagram. What is received is at most IO_OCTETS
 * - IO_TAIL, so that SRTCP's trailer and tag always fit behind it. */
#define IO_OCTETS 2048
#define IO_TAIL 64

struct io_packet {
	uint8_t *p; /* the caller's memory, IO_OCTETS of it */
	uint32_t n; /* length of the datagram */
	bool cut; /* received: it was longer than fits */
	int fd; /* port it came in by, or goes out by */
	int err; /* sent: 0 or errno */
	union addr peer; /* received: from; sent: to */
};

struct io;

struct io_ops {
	const char *name;
	unsigned (*recv)(struct io *io, int fd, struct io_packet *const v[],
			 unsigned n);
	unsigned (*send)(struct io *io, struct io_packet *const v[],
			 unsigned n);
	void (*free)(struct io *io);
};

struct io {
	const struct io_ops *ops;
};

/* Takes what waits at port fd, at most n <= IO_BATCH; never blocks. Returns
 * how many of v[] were filled (p must point to memory before); 0 also when
 * the kernel reports an error of the network, which nobody here can act on. */
static inline unsigned io_recv(struct io *io, int fd,
			       struct io_packet *const v[], unsigned n)
{
	return io->ops->recv(io, fd, v, n);
}

/* Sends each from its fd to its peer, in order; never blocks. A datagram that
 * the kernel does not take (EAGAIN, ECONNREFUSED, EPERM ...) is given up with
 * its err set; the others still go. Returns how many went. n <= IO_BATCH. */
static inline unsigned io_send(struct io *io, struct io_packet *const v[],
			       unsigned n)
{
	return io->ops->send(io, v, n);
}

static inline void io_free(struct io *io)
{
	if (io)
		io->ops->free(io);
}

/* 0 or ENOMEM; io_free() frees. */
int io_mmsg_new(struct io **io);

/* A UDP socket bound to exactly this address (IPv6 only speaks IPv6), non
 * blocking, closed on exec, with large buffers. 0 or errno; *fd only on
 * success, the caller closes. */
int io_socket_open(const union addr *local, int *fd);

#endif
