/* tnauth: the TNAuthList of a certificate (RFC 8226 section 9): which
 * telephone numbers, or which service provider, its holder speaks for. */
#ifndef IDENTITY_TNAUTH_H
#define IDENTITY_TNAUTH_H

#include "lib/base/obuf.h"

enum {
	TNAUTH_MAX = 64, /* entries of one list */
	TNAUTH_DIGITS = 15,
};

enum tnauth_kind { TNAUTH_SPC, TNAUTH_RANGE, TNAUTH_ONE };

struct tnauth_entry {
	enum tnauth_kind kind;
	char text[TNAUTH_DIGITS + 1]; /* SPC, first number, or number */
	uint64_t count; /* RANGE: how many numbers, >= 2 */
};

struct tnauth {
	struct tnauth_entry v[TNAUTH_MAX];
	size_t n;
};

/* der: contents of the extension's octet string. EBADMSG: not a TNAuthList,
 * a number that is none, a range that leaves its length (start + count <
 * 10^len); E2BIG: more than TNAUTH_MAX entries. */
int tnauth_parse(struct tnauth *t, struct slice der);
/* Whether a RANGE or ONE holds this canonical number. */
bool tnauth_covers(const struct tnauth *t, const char *tn);
/* First service provider code, NULL if none. */
const char *tnauth_spc(const struct tnauth *t);
/* For people: "service provider 1234, numbers 12155550000 to 12155559999" */
void tnauth_write_text(struct obuf *ob, const struct tnauth *t);

#endif
