/* port: the media ports of one interface address (port.h).
 *
 * Free pairs stand in a ring, the longest unused at its head. A pair is drawn
 * at random from the older half, and goes back to the tail. */
#include "relay/port.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/rnd.h"
#include "lib/io/io.h"

/* Pairs tried in one go when other programs hold some. */
enum { ATTEMPTS = 64 };

struct port_pool {
	union addr host;
	unsigned pairs;
	unsigned head;
	unsigned free;
	uint16_t ring[]; /* RTP ports */
};

int port_pool_new(struct port_pool **pool, const union addr *host,
		  uint16_t min, uint16_t max)
{
	uint32_t first = (min + 1u) & ~1u;
	struct port_pool *p;
	unsigned pairs;

	if (!first)
		first = 2;
	if (max <= first)
		return EINVAL;
	pairs = (max - first + 1u) / 2;
	p = calloc(1, sizeof(*p) + pairs * sizeof(p->ring[0]));
	if (!p)
		return ENOMEM;
	p->host = *host;
	p->pairs = p->free = pairs;
	for (unsigned i = 0; i < pairs; i++)
		p->ring[i] = (uint16_t)(first + 2 * i);
	*pool = p;
	return 0;
}

void port_pool_free(struct port_pool *pool)
{
	free(pool);
}

static uint16_t ring_draw(struct port_pool *p)
{
	unsigned older = (p->free + 1) / 2;
	unsigned at = (p->head + rnd_u32() % older) % p->pairs;
	uint16_t port = p->ring[at];

	p->ring[at] = p->ring[p->head];
	p->head = (p->head + 1) % p->pairs;
	p->free--;
	return port;
}

static void ring_return(struct port_pool *p, uint16_t port)
{
	p->ring[(p->head + p->free) % p->pairs] = port;
	p->free++;
}

static int pair_bind(const struct port_pool *pool, uint16_t port,
		     struct port_pair *pair)
{
	union addr local = pool->host;
	int fd[2];
	int err;

	addr_set_port(&local, port);
	err = io_socket_open(&local, &fd[0]);
	if (err)
		return err;
	addr_set_port(&local, (uint16_t)(port + 1));
	err = io_socket_open(&local, &fd[1]);
	if (err) {
		close(fd[0]);
		return err;
	}
	*pair = (struct port_pair){.fd = {fd[0], fd[1]}, .port = port};
	return 0;
}

int port_pair_take(struct port_pool *pool, struct port_pair *pair)
{
	int err = EADDRNOTAVAIL;

	for (unsigned i = 0; i < ATTEMPTS && pool->free; i++) {
		uint16_t port = ring_draw(pool);

		err = pair_bind(pool, port, pair);
		if (!err)
			return 0;
		ring_return(pool, port);
		if (err != EADDRINUSE)
			break;
	}
	return err;
}

void port_pair_give(struct port_pool *pool, struct port_pair *pair)
{
	close(pair->fd[0]);
	close(pair->fd[1]);
	ring_return(pool, pair->port);
}

unsigned port_pool_pairs(const struct port_pool *pool)
{
	return pool->pairs;
}

unsigned port_pool_used(const struct port_pool *pool)
{
	return pool->pairs - pool->free;
}
