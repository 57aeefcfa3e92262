/* ng: how requests and replies are framed on a control socket (rtpengine's ng
 * protocol; countersign's own sockets use it too). No I/O here.
 *
 * Datagram: COOKIE SP PAYLOAD, the reply with the same cookie.
 * Stream:   the same, back to back, each ending where its payload ends; or
 *           PAYLOAD with no cookie (OpenSIPS on UNIX sockets), answered with
 *           none. White space between messages is skipped.
 * PAYLOAD is one dictionary, bencode ('d') or JSON ('{'). */
#ifndef CTL_NG_H
#define CTL_NG_H

#include "lib/ctl/value.h"

enum ng_limit {
	NG_COOKIE_MAX = 255,
	NG_MESSAGE_MAX = 1 << 18, /* a stream message; datagrams fit anyway */
};

struct ng_message {
	struct slice cookie; /* absent: came without one */
	struct slice payload;
};

/* One datagram. EBADMSG: no cookie, or no payload behind it. */
int ng_split(struct slice datagram, struct ng_message *m);

/* The first message of a stream. `stream` is all that was received and not
 * yet used up; *used octets of it are the message. EAGAIN: not complete.
 * EBADMSG, E2BIG: never will be, close it. `reader` is zeroed per connection
 * and carries what was looked at already. */
struct ng_reader {
	size_t skip; /* octets before the payload, once known */
	size_t cookie; /* length of the cookie */
	bool framed; /* the two above are known */
	struct value_scan scan;
};
int ng_read(struct ng_reader *reader, struct slice stream,
	    struct ng_message *m, size_t *used);

/* "COOKIE " (nothing if absent); the caller writes the payload behind it. */
void ng_write_cookie(struct obuf *ob, struct slice cookie);

#endif
