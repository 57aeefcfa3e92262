/* control_priv: what the files of control share: sockets that listen, and
 * connected clients, of which each speaks one of three framings. */
#ifndef RELAY_CONTROL_PRIV_H
#define RELAY_CONTROL_PRIV_H

#include <event2/bufferevent.h>

#include "lib/ctl/web.h"
#include "relay/control.h"

struct listener {
	struct control *control;
	const struct config_control *conf;
	int fd; /* -1: none */
	struct event *event;
};

struct client;

/* One message of what was received, and its reply into bev. 0 and *used octets
 * of it are done; EAGAIN: not complete; any other error: no more is read, what
 * was written is sent. */
typedef int client_take(struct client *k, struct slice in, size_t *used);

/* A connected stream. */
struct client {
	struct client *next, **at;
	struct listener *listener;
	struct bufferevent *bev;
	client_take *take;
	struct ng_reader reader; /* framing of UNIX and TCP */
	/* WebSocket */
	struct obuf message; /* parts so far; may hold keys */
	bool begun; /* of a message in parts */
	bool plain; /* messages have no cookie */
	enum web_opcode opcode; /* of the message */
	char source[ADDR_TEXT + 8]; /* "unix:PID", "tcp:HOST" */
	bool closing; /* sends what is left, reads no more */
};

enum { CONTROL_DATAGRAM_MAX = 65536 };

struct control {
	struct cmd *cmd;
	const struct guard *guard;
	struct listener *listeners;
	size_t n;
	struct client *clients;
	unsigned count;
	struct obuf reply;
	char datagram[CONTROL_DATAGRAM_MAX];
};

/* ---- control.c ---- */

/* False: not from there; logged. */
bool control_admits(const struct listener *l, const union addr *from);
/* The reply behind what ob has. EACCES: the listener's guard says no; logged,
 * nothing was done. */
int control_request(const struct listener *l, struct slice source,
		    const struct ng_message *m, struct obuf *ob);

/* ---- control_client.c ---- */

/* fd is the client's from now on; after an error it is still the caller's.
 * from: not set for a UNIX socket. ENOMEM. */
int client_new(struct listener *l, const union addr *from, int fd);
void client_free(struct client *k);

/* ---- control_web.c ---- */

client_take web_take; /* HTTP; may become socket_take */
client_take socket_take; /* WebSocket */

#endif
