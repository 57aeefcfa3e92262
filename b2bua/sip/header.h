/* header: header fields: names, lines, and the values in a line.
 *
 * Names are compared whole (case-insensitive), never by a hash alone: a header
 * called "Zakg" is not From. Nothing here allocates; all slices point into the
 * octets given. Thread: any. */
#ifndef SIP_HEADER_H
#define SIP_HEADER_H

#include "lib/base/slice.h"

enum header_id {
	HEADER_OTHER, /* a name that header.def does not know */
#define X(id, name, compact, many) HEADER_##id,
#include "b2bua/sip/header.def"
#undef X
	HEADER_IDS
};

enum header_many { HEADER_ONE, HEADER_LIST, HEADER_MANY };

/* name: as written, canonical or compact, any case. */
enum header_id header_id_find(struct slice name);
/* "Call-ID"; "" for HEADER_OTHER */
const char *header_name(enum header_id id);
enum header_many header_many(enum header_id id);

/* One header field as received. */
struct header {
	enum header_id id;
	struct slice name; /* as written, without blanks */
	struct slice value; /* without LWS around; may hold folds (CRLF LWS) */
	struct slice line; /* all of it, with its last CRLF */
};

/* Takes the first field off *head (the octets after the start line, through
 * the empty line). 0; ENOENT at the empty line (*head is then what follows
 * it); EBADMSG: no colon, name not a token, a control octet other than HT in
 * name or value (but for a quoted-pair), a CR or LF that is not CRLF, a fold
 * with nothing in it, no end (RFC 3261 25.1). */
int header_next(struct slice *head, struct header *h);
/* After EBADMSG: passes over the rest of the physical line. */
void header_skip(struct slice *head);
/* No control octet but HT, folds (CRLF and a blank), and quoted-pairs. */
bool header_value_valid(struct slice s);

/* The items of a comma list, first to last. Commas inside quoted strings and
 * angle brackets do not split (no list header has comments, and '(' is an
 * ordinary octet of a URI). Empty items are skipped.
 *	struct slice rest = h->value, item;
 *	while (header_item_next(&rest, &item)) ...
 */
bool header_item_next(struct slice *rest, struct slice *item);
/* Does the comma list hold this token (case-insensitive)? */
bool header_has_token(struct slice list, const char *token);

/* ";name=value" parameters (generic-param). params begins at the first ';'
 * or is empty.
 *	struct param p;
 *	while (!(err = param_next(&rest, &p))) ...	// ENOENT at the end
 * EBADMSG: not of that form. A value keeps its quotes or <>; value.p is NULL
 * if there was no '='. Also for the parameters of a URI. Blanks around ';' and
 * '=' are allowed (RFC 3261 25.1). */
struct param {
	struct slice name;
	struct slice value;
};
int param_next(struct slice *rest, struct param *p);
/* Value of the first parameter of this name; true also for a bare name (then
 * value->p is NULL). value may be NULL. */
bool param_find(struct slice params, const char *name, struct slice *value);

/* RFC 3261 25.1 */
bool header_token_valid(struct slice s);

/* What an octet may be in a header field. */
enum {
	OCTET_TOKEN = 1, /* RFC 3261 25.1 */
	OCTET_BLANK = 2, /* SP, HT */
	OCTET_CTL = 4, /* never in a field; CR and LF included */
	OCTET_LOOSE = 8, /* besides TOKEN in a parameter: host, paramchar */
	OCTET_WORD = 16, /* besides TOKEN in a Call-ID */
	OCTET_NEWLINE = 32, /* CR, LF */
};
extern const uint8_t header_octets[256];

static inline bool octet_is(char c, unsigned classes)
{
	return header_octets[(unsigned char)c] & classes;
}

#endif
