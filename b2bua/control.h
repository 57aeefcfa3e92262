/* control: the sockets where the operator's client asks. Same framing and
 * dictionaries as the relay's (lib/ctl/ng.h); what is asked is cmd.h's.
 * Thread: the SIP thread. */
#ifndef B2BUA_CONTROL_H
#define B2BUA_CONTROL_H

#include "b2bua/config.h"

enum {
	CONTROL_CLIENTS_MAX = 32, /* connections at a time */
	CONTROL_QUEUE_MAX = 1 << 22, /* octets of answers not yet taken */
};

struct control;
struct core;

/* list: "unix:PATH" (mode 0660; a stale socket file is replaced, a living one
 * is EADDRINUSE) and "udp:ADDRESS:PORT" (loopback only: nobody is asked for a
 * password). *failed is the entry an error is about. */
int control_open(struct control **cp, const struct config_list *list,
		 struct core *core, const char **failed);
void control_close(struct control *c); /* removes its socket files */

#endif
