#include "relay/handshake_queue.h"

#include <errno.h>
#include <string.h>

/* Slot i is free for the producer of position n when its turn is n, and full
 * for the consumer of position n when its turn is n + 1. All operations that
 * the sleeping of the consumer hangs on are sequentially consistent: either it
 * sees the slot, or the producer sees it asleep (handshake_pool.c). */

void handshake_queue_init(struct handshake_queue *q)
{
	size_t i;

	atomic_init(&q->tail, 0);
	q->head = 0;
	for (i = 0; i < HANDSHAKE_QUEUE_SLOTS; i++)
		atomic_init(&q->slot[i].turn, i);
}

static struct handshake_slot *slot_at(struct handshake_queue *q, size_t at)
{
	return &q->slot[at & (HANDSHAKE_QUEUE_SLOTS - 1)];
}

int handshake_queue_push(struct handshake_queue *q, struct handshake *h,
			 const union addr *from, const void *p, size_t n)
{
	size_t at = atomic_load_explicit(&q->tail, memory_order_relaxed);
	struct handshake_slot *s;
	size_t turn;

	for (;;) {
		s = slot_at(q, at);
		turn = atomic_load_explicit(&s->turn, memory_order_acquire);
		if ((ptrdiff_t)(turn - at) < 0)
			return ENOBUFS;
		if (turn != at)
			at = atomic_load_explicit(&q->tail,
						  memory_order_relaxed);
		else if (atomic_compare_exchange_weak(&q->tail, &at, at + 1))
			break;
	}
	s->handshake = h;
	s->from = *from;
	s->n = (uint16_t)n;
	memcpy(s->p, p, n);
	atomic_store(&s->turn, at + 1);
	return 0;
}

struct handshake_slot *handshake_queue_take(struct handshake_queue *q)
{
	struct handshake_slot *s = slot_at(q, q->head);

	return atomic_load(&s->turn) == q->head + 1 ? s : NULL;
}

void handshake_queue_give_back(struct handshake_queue *q,
			       struct handshake_slot *s)
{
	q->head++;
	atomic_store_explicit(&s->turn, q->head - 1 + HANDSHAKE_QUEUE_SLOTS,
			      memory_order_release);
}

bool handshake_queue_is_empty(const struct handshake_queue *q)
{
	const struct handshake_slot *s =
		&q->slot[q->head & (HANDSHAKE_QUEUE_SLOTS - 1)];

	return atomic_load(&s->turn) != q->head + 1;
}
