/* io_double: an io without a network (io_double.h). Both queues are lists,
 * oldest first. */
#include "lib/io/io_double.h"

#include <errno.h>
#include <stdlib.h>

struct datagram {
	struct datagram *next;
	struct io_packet packet;
	uint8_t octets[IO_OCTETS];
};

struct fake {
	struct io io;
	struct datagram *waiting;
	struct datagram *sent;
	unsigned fail;
	int fail_err;
};

static struct fake *fake_of(const struct io *io)
{
	return (struct fake *)(void *)(uintptr_t)io;
}

static void queue_append(struct datagram **list, const struct io_packet *packet,
			const void *p, size_t n)
{
	struct datagram *d = calloc(1, sizeof(*d));

	if (!d)
		abort();
	d->packet = *packet;
	memcpy(d->octets, p, n);
	d->packet.n = (uint32_t)n;
	while (*list)
		list = &(*list)->next;
	*list = d;
}

/* Unlinks the datagram that *at points to and copies it to *out. */
static void queue_take(struct datagram **at, struct io_packet *out)
{
	struct datagram *d = *at;
	uint8_t *p = out->p;

	memcpy(p, d->octets, d->packet.n);
	*out = d->packet;
	out->p = p;
	*at = d->next;
	free(d);
}

static unsigned fake_recv(struct io *io, int fd, struct io_packet *const v[],
			  unsigned n)
{
	struct datagram **at = &fake_of(io)->waiting;
	unsigned got = 0;

	while (*at && got < n) {
		if ((*at)->packet.fd != fd) {
			at = &(*at)->next;
			continue;
		}
		queue_take(at, v[got]);
		if (v[got]->n > IO_OCTETS - IO_TAIL) {
			v[got]->n = IO_OCTETS - IO_TAIL;
			v[got]->cut = true;
		}
		got++;
	}
	return got;
}

static unsigned fake_send(struct io *io, struct io_packet *const v[],
			  unsigned n)
{
	struct fake *f = fake_of(io);
	unsigned went = 0;

	for (unsigned i = 0; i < n; i++) {
		v[i]->err = 0;
		if (f->fail) {
			f->fail--;
			v[i]->err = f->fail_err;
			continue;
		}
		queue_append(&f->sent, v[i], v[i]->p, v[i]->n);
		went++;
	}
	return went;
}

static void queue_free(struct datagram *d)
{
	while (d) {
		struct datagram *next = d->next;

		free(d);
		d = next;
	}
}

static void fake_free(struct io *io)
{
	struct fake *f = fake_of(io);

	queue_free(f->waiting);
	queue_free(f->sent);
	free(f);
}

static const struct io_ops fake_ops = {
	.name = "double",
	.recv = fake_recv,
	.send = fake_send,
	.free = fake_free,
};

int io_double_new(struct io **io)
{
	struct fake *f = calloc(1, sizeof(*f));

	if (!f)
		return ENOMEM;
	f->io.ops = &fake_ops;
	*io = &f->io;
	return 0;
}

void io_double_put(struct io *io, int fd, const union addr *peer,
		   const void *p, size_t n)
{
	struct io_packet packet = {.fd = fd, .peer = *peer};

	queue_append(&fake_of(io)->waiting, &packet, p, n);
}

unsigned io_double_sent(const struct io *io)
{
	unsigned n = 0;

	for (const struct datagram *d = fake_of(io)->sent; d; d = d->next)
		n++;
	return n;
}

int io_double_take(struct io *io, struct io_packet *out)
{
	struct fake *f = fake_of(io);

	if (!f->sent)
		return ENOENT;
	queue_take(&f->sent, out);
	return 0;
}

void io_double_fail(struct io *io, unsigned count, int err)
{
	fake_of(io)->fail = count;
	fake_of(io)->fail_err = err;
}
