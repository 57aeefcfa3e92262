/* counter: numbers that only grow, one set per thread. The owner adds with a
 * plain load and store (no locked instruction); anybody may read. */
#ifndef RELAY_COUNTER_H
#define RELAY_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

#include "relay/drop.h"

enum counter {
#define X(id, token, help) COUNTER_##id,
#include "relay/counter.def"
#undef X
	COUNTER_COUNT
};

struct counter_row {
	const char *token;
	const char *help;
};

const struct counter_row *counter_row(enum counter counter);

typedef _Atomic uint64_t counter_cell;

struct counters {
	counter_cell v[COUNTER_COUNT];
	counter_cell drops[DROP_COUNT];
};

/* A copy of one or many threads' counters. */
struct counter_sums {
	uint64_t v[COUNTER_COUNT];
	uint64_t drops[DROP_COUNT];
};

/* Owner thread only. */
static inline void counter_add(counter_cell *cell, uint64_t n)
{
	uint64_t was = atomic_load_explicit(cell, memory_order_relaxed);

	atomic_store_explicit(cell, was + n, memory_order_relaxed);
}

/* Owner thread only: for values that are not sums, like a time. */
static inline void counter_put(counter_cell *cell, uint64_t value)
{
	atomic_store_explicit(cell, value, memory_order_relaxed);
}

/* Any thread. */
static inline uint64_t counter_get(const counter_cell *cell)
{
	return atomic_load_explicit(cell, memory_order_relaxed);
}

/* Any thread: adds what c holds to *sums. */
void counter_collect(const struct counters *c, struct counter_sums *sums);

#endif
