/* draft: an outgoing message, drawn up from a received one (or from nothing)
 * with the fewest edits: lines that no edit names leave octet for octet, in
 * their order, folds and all -- with one exception: blanks before the colon
 * go, since "Name :" is how headers are smuggled past other people's filters.
 *
 * Nothing is copied before draft_write(): slices given must live until then.
 * Values given must hold no CR, LF or NUL (EBADMSG from draft_write()).
 *
 *	struct draft d;
 *	draft_init(&d, in);
 *	draft_request(&d, SLICE_LIT("INVITE"), uri);
 *	draft_drop(&d, HEADER_VIA);
 *	draft_replace(&d, HEADER_CONTACT, contact);
 *	draft_append(&d, SLICE_LIT("Identity"), token);
 *	draft_body(&d, SLICE_LIT("application/sdp"), sdp);
 *	err = draft_write(&d, &ob);
 * Thread: the SIP thread. */
#ifndef SIP_DRAFT_H
#define SIP_DRAFT_H

#include "b2bua/sip/message.h"

enum { DRAFT_EDITS_MAX = 96 };

struct draft_line {
	struct slice name;
	struct slice value;
};

struct draft {
	const struct message *in; /* NULL: from nothing */
	struct slice method; /* request line, or */
	struct slice uri;
	unsigned status; /* status line; both absent: as received */
	struct slice reason;
	bool drop[HEADER_IDS];
	struct slice replace[HEADER_IDS]; /* value; absent: not replaced */
	struct draft_line top[DRAFT_EDITS_MAX];
	unsigned tops;
	struct draft_line end[DRAFT_EDITS_MAX];
	unsigned ends;
	bool body_set;
	struct slice body_type;
	struct slice body;
	bool overflow; /* more edits than room: EMSGSIZE */
};

/* in may be NULL. The Via headers of in are dropped at once: a draft never
 * forwards a Via. Content-Length is always written by draft_write(). */
void draft_init(struct draft *d, const struct message *in);
void draft_request(struct draft *d, struct slice method, struct slice uri);
void draft_status(struct draft *d, unsigned status, struct slice reason);
/* All lines of that id. A later draft_replace() of the id wins. */
void draft_drop(struct draft *d, enum header_id id);
/* The first line of id gets this value in its place; further ones go. If in
 * has none, it is appended. */
void draft_replace(struct draft *d, enum header_id id, struct slice value);
/* Directly under the start line, in the order of the calls. */
void draft_insert(struct draft *d, struct slice name, struct slice value);
/* After the headers kept, in the order of the calls. */
void draft_append(struct draft *d, struct slice name, struct slice value);
/* Another body: Content-Type replaced (absent type: dropped), and the other
 * Content-* headers that spoke of the old body dropped when body is empty. */
void draft_body(struct draft *d, struct slice type, struct slice body);
/* Appends the message to ob. 0, EBADMSG (a CR, LF or NUL in a value),
 * EMSGSIZE (above MESSAGE_SIZE_MAX, or too many edits), ENOMEM. */
int draft_write(const struct draft *d, struct obuf *ob);

#endif
