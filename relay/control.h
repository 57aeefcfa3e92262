/* control: the sockets that requests come by: UDP, TCP, UNIX streams (mode
 * 0660), HTTP and WebSocket. Not loopback: see guard.h. Requests are done one
 * after the other, as they come.
 *
 * Thread: control thread only. */
#ifndef RELAY_CONTROL_H
#define RELAY_CONTROL_H

#include <event2/event.h>

#include "relay/cmd.h"
#include "relay/config.h"

enum {
	CONTROL_CLIENTS_MAX = 256, /* of all streams; more are closed */
	CONTROL_CLIENTS_UNIX = 64, /* of them, for UNIX sockets only */
	CONTROL_PENDING_MAX = 1 << 20, /* octets a client does not fetch */
	CONTROL_PARTIAL_S = 5, /* until a message must be complete */
	CONTROL_FIRST_S = 30, /* until a TCP client must have asked something */
};

struct control;

/* Binds every socket of the configuration; nothing is read yet. While we are
 * root, UNIX sockets are given to `user`. 0 or errno, logged. */
int control_open(struct control **cp, const struct config *config);
/* From now on requests are answered. 0 or ENOMEM. */
int control_serve(struct control *c, struct event_base *base, struct cmd *cmd);
/* Closes every client, removes the UNIX sockets. */
void control_close(struct control *c);

#endif
