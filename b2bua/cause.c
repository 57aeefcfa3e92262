#include "b2bua/cause.h"

static const struct cause_row rows[] = {
#define CAUSE(id, code, token, text, help) {code, token, text, help},
#include "b2bua/cause.def"
#undef CAUSE
};

const struct cause_row *cause_row(enum cause cause)
{
	return &rows[cause];
}
