#include "relay/refusal.h"

static const struct refusal_row rows[REFUSAL_COUNT] = {
	[REFUSAL_NONE] = {"", "not refused"},
#define X(id, text, help) [REFUSAL_##id] = {text, help},
#include "relay/refusal.def"
#undef X
};

const struct refusal_row *refusal_row(enum refusal refusal)
{
	return &rows[refusal];
}
