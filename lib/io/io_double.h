/* io_double: an io without a network, for tests. What io_double_put() puts at
 * a port is what io_recv() takes there; what is sent is kept to be looked at.
 * Ports are any numbers. */
#ifndef IO_IO_DOUBLE_H
#define IO_IO_DOUBLE_H

#include "lib/io/io.h"

int io_double_new(struct io **io);
/* A datagram from peer waits at port fd. n <= IO_OCTETS. */
void io_double_put(struct io *io, int fd, const union addr *peer,
		   const void *p, size_t n);
/* How many were sent and not yet taken. */
unsigned io_double_sent(const struct io *io);
/* The oldest datagram sent, into p[IO_OCTETS] of *out (fd, peer, n set).
 * ENOENT if there is none. */
int io_double_take(struct io *io, struct io_packet *out);
/* The next count sends fail with err. */
void io_double_fail(struct io *io, unsigned count, int err);

#endif
