/* frame: cuts a stream of octets into SIP messages (RFC 3261 18.3), so strictly
 * that nobody else can cut it differently: exactly one Content-Length, decimal
 * digits, at most 65,535; lines end in CRLF. Everything else is an error after
 * which the connection must be closed.
 * CRLF keep-alives (RFC 5626 3.5.1) between messages: a double CRLF is a ping,
 * a single one is skipped.
 * Linear: no octet is scanned more than a fixed number of times however the
 * stream is split. Thread: the SIP thread. */
#ifndef SIP_FRAME_H
#define SIP_FRAME_H

#include "b2bua/sip/message.h"

struct frame {
	char *p; /* octets received and not yet taken */
	size_t n, size;
	size_t from; /* start of the first octet not yet taken */
	size_t scanned; /* head looked at so far, from `from` */
	size_t head; /* octets of the head once complete, else 0 */
	size_t body; /* octets of its body */
	bool bad;
};

enum frame_result {
	FRAME_MORE, /* nothing whole: read on */
	FRAME_MESSAGE, /* *message: one whole message */
	FRAME_PING, /* a double CRLF: answer with a CRLF */
	FRAME_BAD, /* *message: the head as far as it is known, for the 400;
		    * then close. Sticky. */
};

void frame_init(struct frame *f); /* allocates nothing */
void frame_fini(struct frame *f);
/* Where up to *room octets may be read to (at least 1); NULL: no memory.
 * frame_received() says how many were. */
char *frame_room(struct frame *f, size_t *room);
void frame_received(struct frame *f, size_t n);
/* The slice is valid until the next frame_* call. */
enum frame_result frame_next(struct frame *f, struct slice *message);
/* A message is begun and not whole: the deadline runs. */
bool frame_pending(const struct frame *f);

#endif
