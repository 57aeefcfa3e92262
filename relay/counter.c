/* counter: the table of counter.def, and sums over threads. */
#include "relay/counter.h"

static const struct counter_row rows[COUNTER_COUNT] = {
#define X(id, token, help) [COUNTER_##id] = {token, help},
#include "relay/counter.def"
#undef X
};

const struct counter_row *counter_row(enum counter counter)
{
	return &rows[counter];
}

void counter_collect(const struct counters *c, struct counter_sums *sums)
{
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		sums->v[i] += counter_get(&c->v[i]);
	for (unsigned i = 0; i < DROP_COUNT; i++)
		sums->drops[i] += counter_get(&c->drops[i]);
}
