/* drop: the table of drop.def, to be printed. */
#include "relay/drop.h"

static const struct drop_row rows[DROP_COUNT] = {
	[DROP_NONE] = {"none", "forwarded"},
#define X(id, token, help) [DROP_##id] = {token, help},
#include "relay/drop.def"
#undef X
};

const struct drop_row *drop_row(enum drop drop)
{
	return &rows[drop];
}
