/* refusal: why a control request is answered `error`; the table is
 * refusal.def. */
#ifndef RELAY_REFUSAL_H
#define RELAY_REFUSAL_H

enum refusal {
	REFUSAL_NONE,
#define X(id, text, help) REFUSAL_##id,
#include "relay/refusal.def"
#undef X
	REFUSAL_COUNT
};

struct refusal_row {
	const char *text; /* error-reason */
	const char *help;
};

/* REFUSAL_NONE < refusal < REFUSAL_COUNT */
const struct refusal_row *refusal_row(enum refusal refusal);

#endif
