/* order: what one thread asks a worker to do. Made by the control thread (or,
 * with keys in it, by a handshake thread), applied by the worker between two
 * batches, and sent back to the control thread, which frees it together with
 * what was replaced: a worker never allocates or frees.
 *
 * Orders are applied and come back in the order of posting; a later order that
 * has come back proves that nothing of the earlier ones is under way. */
#ifndef RELAY_ORDER_H
#define RELAY_ORDER_H

#include "relay/mailbox.h"

struct worker;

struct order {
	struct letter letter; /* first: a letter is an order */
	/* worker thread; NULL: nothing to do, only to come back */
	void (*apply)(struct worker *worker, struct order *order);
	/* control thread; may free the order */
	void (*done)(struct order *order);
};

static inline struct order *order_of(struct letter *letter)
{
	return (struct order *)(void *)letter;
}

#endif
