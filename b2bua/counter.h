/* counter: what the daemon counts, from counter.def. */
#ifndef B2BUA_COUNTER_H
#define B2BUA_COUNTER_H

enum counter {
#define COUNTER(id, token, help) COUNTER_##id,
#include "b2bua/counter.def"
#undef COUNTER
	COUNTERS
};

const char *counter_token(enum counter c);
const char *counter_help(enum counter c);

#endif
