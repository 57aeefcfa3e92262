/* client: one question to a daemon's control socket, one answer.
 *
 * The socket is a UNIX stream ("unix:PATH", or just a path) or UDP
 * ("udp:ADDRESS:PORT"); the frames are those of lib/ctl/ng.h. A datagram is
 * sent again every second with the same cookie, as the protocol's other
 * clients do: a daemon answers a cookie that it knows from its memory. */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include "lib/ctl/value.h"

struct client {
	const char *name; /* "relay", "b2bua": for messages */
	const char *where;
	unsigned timeout_ms;
	int fd; /* -1: not connected; kept for the next question */
	bool datagram;
	/* Of the question, and so of the reply. JSON tells "no" from 0;
	 * bencode carries octets that are no text. */
	enum value_form form;
};

/* Tree and octets of a reply live until answer_fini(). */
struct answer {
	struct value_pool pool;
	struct obuf octets;
	struct value *v; /* a dictionary */
};

/* JSON. where is kept, not copied. No socket is opened yet. */
void client_init(struct client *c, const char *name, const char *where,
		 unsigned timeout_ms);
void client_fini(struct client *c);

/* 0 and *a filled; on error a line that says what to do is on stderr:
 * EINVAL: `where` cannot be read. ENOENT, ECONNREFUSED, EACCES: nobody there.
 * ETIMEDOUT. EBADMSG: what came is no reply. a is valid in every case. */
int client_ask(struct client *c, const struct value *request,
	       struct answer *a);
void answer_fini(struct answer *a);

#endif
