/* command: what the client can do, one function per row of command.def. */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

#include "ctl/client.h"
#include "ctl/show.h"

/* Exit codes of the program. */
enum command_exit {
	COMMAND_OK,
	COMMAND_REFUSED, /* a daemon answered with an error */
	COMMAND_USAGE,
	COMMAND_UNREACHABLE,
};

struct command_context {
	struct client relay, b2bua;
	struct show show;
	bool json;
};

struct command {
	const char *name, *args, *help;
	int args_min, args_max;
	enum command_exit (*run)(struct command_context *ctx, char **args);
};

/* The table, ended by a name of NULL. */
extern const struct command command_table[];
const struct command *command_find(const char *name);

#endif
