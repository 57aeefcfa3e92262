/* canon: the one canonical form of an identity, for signing and verifying
 * alike (RFC 8224 sections 8.1, 8.3, 8.5). Two canonicalisers would disagree
 * one day, and then good signatures fail. */
#ifndef IDENTITY_CANON_H
#define IDENTITY_CANON_H

#include "lib/base/slice.h"

enum { CANON_SIZE = 320 };

struct canon_rules { /* of the operator's numbering plan; {0}: none */
	bool bare_numbers; /* digits are a number even without user=phone */
	const char *intl_prefix; /* "00": what follows is global */
	const char *trunk_prefix; /* "0": dropped, country_code prepended */
	const char *country_code; /* "49" */
};

enum canon_role { CANON_ORIG, CANON_DEST };

struct canon {
	bool tn; /* else a uri */
	char text[CANON_SIZE]; /* "12155551212" or "sip:alice@example.org" */
};

/* From a URI as it stands in a header (addr-spec octets; sip, sips, tel).
 * role ORIG: a number that is not E.164 counts as URI (section 8.1).
 * EINVAL: not such a URI; ENOSPC: longer than fits. */
int canon_identity(struct canon *c, const struct canon_rules *rules,
		   enum canon_role role, struct slice uri);
/* The host part of a sip or sips URI as it stands, without port and brackets
 * kept; absent if none. */
struct slice canon_host(struct slice uri);
/* Whether tn begins with a prefix written as operators write it ("+1215"). */
bool canon_tn_has_prefix(const char *tn, const char *prefix);

#endif
