/* port: the media ports of one interface address, given out in pairs: an even
 * one for RTP and the odd one above for RTCP (RFC 3550 section 11), both bound
 * or neither. Random, so that nobody can guess the next; a pair just given back
 * waits behind all others, so that late packets of the old call do not meet a
 * new one.
 *
 * Thread: one thread owns a pool (the control thread). */
#ifndef RELAY_PORT_H
#define RELAY_PORT_H

#include "lib/io/addr.h"

struct port_pool;

struct port_pair {
	int fd[2]; /* RTP, RTCP */
	uint16_t port; /* RTP's, host order; RTCP's is one more */
};

/* host: its port is not looked at. 0, EINVAL (no pair fits), ENOMEM. */
int port_pool_new(struct port_pool **pool, const union addr *host,
		  uint16_t min, uint16_t max);
/* All pairs must have been given back. */
void port_pool_free(struct port_pool *pool);

/* 0; EADDRNOTAVAIL: all are given out; EADDRINUSE: those that were tried are
 * bound by other programs; EMFILE and other errors of socket(2). */
int port_pair_take(struct port_pool *pool, struct port_pair *pair);
/* Closes both. */
void port_pair_give(struct port_pool *pool, struct port_pair *pair);

unsigned port_pool_pairs(const struct port_pool *pool);
unsigned port_pool_used(const struct port_pool *pool);

#endif
