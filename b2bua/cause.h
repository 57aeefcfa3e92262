/* cause: why a call ended, from cause.def. Never mixed with errno (err) or
 * with the relay's drops. */
#ifndef B2BUA_CAUSE_H
#define B2BUA_CAUSE_H

enum cause {
#define CAUSE(id, code, token, text, help) CAUSE_##id,
#include "b2bua/cause.def"
#undef CAUSE
	CAUSES
};

struct cause_row {
	unsigned code;
	const char *token, *text, *help;
};

const struct cause_row *cause_row(enum cause cause);

#endif
