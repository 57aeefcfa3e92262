/* web: as much of HTTP/1.1 (RFC 9112) and WebSocket (RFC 6455) as control
 * sockets need: a request with a body of known length, frames with a mask. No
 * I/O here.
 *
 * Strict: what two readers could understand in two ways (a space before ":",
 * two lengths, a transfer coding, folded lines, bare CR) is malformed. */
#ifndef CTL_WEB_H
#define CTL_WEB_H

#include "lib/base/obuf.h"

enum web_limit {
	WEB_HEAD_MAX = 8192, /* request line and header fields */
	WEB_FIELDS_MAX = 64,
	WEB_FRAME_HEAD_MAX = 14,
	WEB_KEY_MAX = 24, /* Sec-WebSocket-Key */
};

/* What of a request matters here. Slices of the stream; absent if not there. */
struct web_request {
	struct slice method, path;
	struct slice host, origin, content_type;
	struct slice upgrade, connection; /* lists */
	struct slice socket_key, socket_version, socket_protocol;
	struct slice body;
	bool close; /* HTTP/1.0, or Connection: close */
};

/* The first request of a stream. 0 and *used octets of it; EAGAIN: not
 * complete; EBADMSG; E2BIG: its head, or head and body together more than
 * `max`. No state: a head is short. */
int web_request_read(struct slice stream, size_t max,
		     struct web_request *r, size_t *used);

/* Whether a comma-separated list holds a word, without regard to case. */
bool web_list_has(struct slice list, const char *word);

/* A response with its body, which may be empty. `fields`: header lines, each
 * with CRLF; NULL: none. */
void web_response_write(struct obuf *ob, int status, const char *fields,
			struct slice body, bool close);

enum web_opcode {
	WEB_CONTINUATION = 0,
	WEB_TEXT = 1,
	WEB_BINARY = 2,
	WEB_CLOSE = 8,
	WEB_PING = 9,
	WEB_PONG = 10,
};

struct web_frame {
	bool fin;
	enum web_opcode opcode;
	uint8_t mask[4];
	struct slice payload; /* masked: web_frame_take() */
};

/* The first frame of what a client sent. EAGAIN; EBADMSG: no mask, a reserved
 * bit or opcode, a control frame in parts, a length not in its shortest form;
 * E2BIG: more than max. */
int web_frame_read(struct slice stream, size_t max, struct web_frame *f,
		   size_t *used);
/* Its payload, unmasked, behind what ob has. */
void web_frame_take(const struct web_frame *f, struct obuf *ob);
/* A server's frame. */
void web_frame_write(struct obuf *ob, enum web_opcode opcode,
		     struct slice payload);

#endif
