#include "b2bua/counter.h"

static const struct {
	const char *token, *help;
} rows[] = {
#define COUNTER(id, token, help) {token, help},
#include "b2bua/counter.def"
#undef COUNTER
};

const char *counter_token(enum counter c)
{
	return rows[c].token;
}

const char *counter_help(enum counter c)
{
	return rows[c].help;
}
