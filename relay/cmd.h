/* cmd: the commands of the control protocol: one table, one request in, one
 * reply out. Replies are kept for a while, so that a repeated request (same
 * client, same cookie) is answered, not done, twice.
 *
 * Thread: control thread only. */
#ifndef RELAY_CMD_H
#define RELAY_CMD_H

#include "lib/ctl/ng.h"
#include "relay/plane.h"
#include "relay/session.h"

struct cmd_row {
	const char *name; /* as in "command" */
	const char *args; /* for people: keys, [optional] ones */
	const char *help;
};

/* The i-th command; NULL behind the last. */
const struct cmd_row *cmd_row(size_t i);

struct cmd_conf {
	struct sessions *sessions;
	struct plane *plane;
	struct handshake_pool *handshakes; /* NULL: none */
	const struct options_template *templates; /* live as long as cmd */
	size_t ntemplates;
};

struct cmd;

int cmd_new(struct cmd **cp, const struct cmd_conf *conf);
void cmd_free(struct cmd *c);

/* A request of one client. source: what tells it from other clients; the same
 * source and cookie within 30 to 60 s gets the same reply again. The reply,
 * cookie and all, is appended to ob. */
void cmd_request(struct cmd *c, struct slice source,
		 const struct ng_message *m, struct obuf *ob);

#endif
