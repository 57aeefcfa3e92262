/* cmd: what can be asked over the control sockets. One row of cmd.def and one
 * function each; a dictionary in, a dictionary out ("result": "ok", or
 * "error" with "error-reason"). Thread: the SIP thread. */
#ifndef B2BUA_CMD_H
#define B2BUA_CMD_H

#include "lib/ctl/value.h"

struct core;

/* Fills reply (empty before, of pool); always with a result. */
void cmd_run(struct core *core, struct value_pool *pool,
	     const struct value *request, struct value *reply);
/* result "error", why: literal. */
void cmd_refuse(struct value *reply, const char *why);

#endif
