/* view: what identities are made of, taken from one request: slices over its
 * octets, so that no signed bit changes on the way. Valid as long as the
 * message. */
#ifndef IDENTITY_VIEW_H
#define IDENTITY_VIEW_H

#include "b2bua/identity/identity.h"
#include "b2bua/sip/message.h"

enum { VIEW_PAI_MAX = 4 };

struct view {
	struct slice method, ruri;
	struct slice from, to; /* addr-spec */
	struct slice call_id;
	uint32_t cseq;
	struct slice date; /* absent if none */
	struct slice contact; /* first one's addr-spec; absent if none */
	struct slice body;
	struct slice pai[VIEW_PAI_MAX]; /* P-Asserted-Identity addr-specs */
	size_t n_pai;
	struct slice identity[IDENTITY_MAX]; /* header values */
	size_t n_identity;
	size_t identities; /* how many there are in all */
	struct slice identity_info; /* absent if none */
};

/* A P-Asserted-Identity that cannot be read asserts nothing.
 * EBADMSG: msg is no request. */
int view_init(struct view *v, const struct message *msg);

/* RFC 4474 values are quoted, those of RFC 8224 are not. */
bool view_is_4474(struct slice identity);

#endif
