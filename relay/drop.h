/* drop: why a datagram went. One of the three vocabularies (err for the
 * programmer, drop for packets, cause for calls); the table is drop.def. */
#ifndef RELAY_DROP_H
#define RELAY_DROP_H

enum drop {
	DROP_NONE, /* not dropped */
#define X(id, token, help) DROP_##id,
#include "relay/drop.def"
#undef X
	DROP_COUNT
};

struct drop_row {
	const char *token;
	const char *help;
};

/* drop_row(DROP_NONE) is {"none", ...}; any other value up to DROP_COUNT. */
const struct drop_row *drop_row(enum drop drop);

#endif
