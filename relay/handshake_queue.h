/* handshake_queue: datagrams on their way from the threads that read ports to
 * one handshake thread. Bounded, without locks and without allocation: a slot
 * carries its turn, so that producers claim slots by one compare-and-swap and
 * the consumer sees a slot only when it is filled (D. Vyukov's bounded queue).
 *
 * Thread: handshake_queue_push() any; the rest one consumer. */
#ifndef RELAY_HANDSHAKE_QUEUE_H
#define RELAY_HANDSHAKE_QUEUE_H

#include <stdatomic.h>

#include "relay/handshake.h"

enum { HANDSHAKE_QUEUE_SLOTS = 512 }; /* a power of two */

struct handshake_slot {
	atomic_size_t turn;
	struct handshake *handshake;
	union addr from;
	uint16_t n;
	uint8_t p[HANDSHAKE_DATAGRAM_MAX];
};

struct handshake_queue {
	_Alignas(64) atomic_size_t tail; /* next to be claimed */
	_Alignas(64) size_t head; /* next to be taken */
	struct handshake_slot slot[HANDSHAKE_QUEUE_SLOTS];
};

void handshake_queue_init(struct handshake_queue *q);
/* n <= HANDSHAKE_DATAGRAM_MAX. 0 or ENOBUFS. */
int handshake_queue_push(struct handshake_queue *q, struct handshake *h,
			 const union addr *from, const void *p, size_t n);
/* The next datagram, to be given back before the one after it is asked for;
 * NULL: there is none. */
struct handshake_slot *handshake_queue_take(struct handshake_queue *q);
void handshake_queue_give_back(struct handshake_queue *q,
			       struct handshake_slot *s);
bool handshake_queue_is_empty(const struct handshake_queue *q);

#endif
