/* message: one SIP message: exact octets, owned, and a table of slices over
 * them. Never changed after parsing; counted (libre mem: mem_ref/mem_deref).
 * Thread: the SIP thread.
 *
 * A message that message_parse() returns without error keeps every MUST of
 * RFC 3261 for its form: start line, exactly one From, To, Call-ID, CSeq
 * (number < 2^31, same method), a top Via, single-value headers once,
 * Content-Length that fits. Max-Forwards may be missing (70 then). */
#ifndef SIP_MESSAGE_H
#define SIP_MESSAGE_H

#include "b2bua/sip/address.h"
#include "b2bua/sip/header.h"

enum {
	MESSAGE_SIZE_MAX = 65536,
	MESSAGE_LINE_MAX = 8192, /* one header field with its folds */
	MESSAGE_HEADERS_MAX = 256,
	MESSAGE_PARAMS_MAX = 64, /* in one Via, From, To... */
	MESSAGE_VIAS_MAX = 64,
};

enum method {
	METHOD_OTHER,
	METHOD_INVITE,
	METHOD_ACK,
	METHOD_BYE,
	METHOD_CANCEL,
	METHOD_OPTIONS,
	METHOD_REGISTER,
	METHOD_PRACK,
	METHOD_SUBSCRIBE,
	METHOD_NOTIFY,
	METHOD_PUBLISH,
	METHOD_INFO,
	METHOD_REFER,
	METHOD_MESSAGE,
	METHOD_UPDATE,
	METHODS
};
/* Methods are case-sensitive (RFC 3261 7.1). */
enum method method_find(struct slice name);
const char *method_name(enum method m); /* "" for METHOD_OTHER */

struct via {
	struct slice octets; /* this value, without blanks around */
	struct slice transport; /* "UDP", "TCP", ... as written */
	struct slice host;
	uint16_t port; /* 0: not given */
	struct slice params; /* from ';' on */
	struct slice branch; /* absent: RFC 2543 */
	struct slice received;
	struct slice maddr;
	bool rport; /* the parameter is there (RFC 3581) */
	struct slice rport_value; /* absent if empty */
};
int via_parse(struct via *v, struct slice value);
/* The branch begins with the magic cookie (RFC 3261 8.1.1.7). */
bool via_is_3261(const struct via *v);

struct message {
	struct slice octets; /* all of it, body cut to Content-Length */
	struct slice head; /* start line through the empty line */
	struct slice start; /* start line without CRLF */
	struct slice body;

	bool request;
	/* request; in a response: the method of its CSeq */
	enum method method;
	struct slice method_name;
	struct slice uri_text; /* Request-URI as written (request) */
	struct address_uri uri; /* parsed; request */
	unsigned status; /* response: 100..699 */
	struct slice reason;

	struct via via; /* the topmost */
	struct address from, to;
	struct slice call_id;
	uint32_t cseq;
	unsigned max_forwards; /* 70 if it was missing */
	bool has_max_forwards;
	bool has_length; /* Content-Length was there */
	size_t vias; /* how many Via values */

	size_t headers; /* rows of header[] */
	struct header header[];
};

/* What is wrong with octets that are no message. */
struct flaw {
	int status; /* 400, 416 (Request-URI unreadable as any URI: 400),
		     * 505, 513; 0: cannot be named */
	const char *reason; /* literal: reason phrase of the answer */
	/* The message as far as it could be read, if it is a request that can
	 * be answered (has a Via, is not an ACK): fit for
	 * message_write_reply() and nothing else; a field that could not be
	 * read is all zeros. mem_deref() it. */
	struct message *answerable;
};

/* Copies octets. stream: framed by Content-Length (frame.h), which must then
 * be there and right; else a datagram: a longer body is cut, a shorter one is
 * 400 (RFC 3261 18.3). CRLFs before the start line are skipped.
 * 0; EBADMSG (flaw filled); EMSGSIZE (flaw: 513); ENOMEM. Linear time. */
int message_parse(struct message **mp, const void *p, size_t n, bool stream,
		  struct flaw *flaw);

/* First header of that id; NULL: none. */
const struct header *message_header(const struct message *m,
				    enum header_id id);
/* Its value; absent if there is none. */
struct slice message_value(const struct message *m, enum header_id id);
/* First header of that name, known or not (canonical or compact form). */
const struct header *message_header_named(const struct message *m,
					  struct slice name);
/* All values of an id over all its lines, comma lists split (LIST only).
 *	struct message_values it = {.message = m, .id = HEADER_ROUTE};
 *	struct slice v;
 *	while (message_values_next(&it, &v)) ...
 */
struct message_values {
	const struct message *message;
	enum header_id id;
	size_t at;
	struct slice rest;
};
bool message_values_next(struct message_values *it, struct slice *value);
/* Does any line of this list header hold the token? */
bool message_has_token(const struct message *m, enum header_id id,
		       const char *token);

/* RFC 3261 8.2.2.3: writes the option tags of Require (header_id REQUIRE or
 * PROXY_REQUIRE) that are not in supported[] (NULL-terminated) to ob as a
 * comma list, the value of Unsupported in a 420. ob may be NULL. Returns how
 * many. */
unsigned message_unsupported(const struct message *m, enum header_id id,
			     const char *const supported[], struct obuf *ob);

#endif
