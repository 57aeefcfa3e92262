/* passport: the Identity header value of RFC 8224 and the PASSporT in it
 * (RFC 8225, RFC 8588), octets to claims and back. No keys, no policy, no
 * comparison with a message: see verify.c and sign.c.
 *
 * Strict JSON: 16 deep, no key twice, integers as integers, valid UTF-8, no
 * NUL. alg and typ are looked at before anything else. */
#ifndef IDENTITY_PASSPORT_H
#define IDENTITY_PASSPORT_H

#include <jansson.h>

#include "b2bua/identity/canon.h"
#include "b2bua/identity/es256.h"
#include "b2bua/identity/media_key.h"
#include "lib/base/obuf.h"

enum {
	PASSPORT_VALUE_MAX = 16384, /* octets of an Identity header value */
	PASSPORT_DEPTH_MAX = 16,
	PASSPORT_DEST_MAX = 64,
	PASSPORT_TEXT_MAX = 1024, /* octets of an identity in a claim */
};

/* signed-identity-digest SEMI ident-info *( SEMI ident-info-params ) */
struct identity_value {
	struct slice token; /* h.p.s or ..s */
	struct slice info; /* without <> */
	struct slice alg, ppt; /* absent if not there; without quotes */
	bool compact;
};
/* EBADMSG; *why is a literal. A missing info is no error here. */
int identity_value_parse(struct identity_value *v, struct slice value,
			 const char **why);

struct passport {
	char *signing; /* "header.payload" as received: what is signed */
	size_t signing_n;
	uint8_t sig[ES256_SIZE];
	json_t *head, *claims;
	const char *ppt; /* "" for baseline */
	const char *x5u;
	/* after passport_claims(): */
	int64_t iat;
	bool orig_tn;
	const char *orig; /* the one identity */
	const json_t *dest; /* {"tn": [..], "uri": [..]} */
	const json_t *mky; /* NULL if none */
	const char *attest, *origid; /* shaken, else NULL */
};

/* JWS level: three parts, base64url, JSON, alg ES256, typ passport, x5u a
 * string. EBADMSG and *why (literal); ENOMEM. passport_free() takes NULL. */
int passport_parse(struct passport **pp, struct slice token,
		   const char **why);
void passport_free(struct passport *p);
/* The claims that this ppt needs, each of the right type. EINVAL, *why. */
int passport_claims(struct passport *p, const char **why);
/* Whether dest names this canonical identity. */
bool passport_has_dest(const struct passport *p, const struct canon *c);

struct passport_draft {
	const char *ppt; /* "" baseline, "shaken" */
	const char *x5u;
	const struct canon *orig, *dest;
	int64_t iat;
	char attest; /* shaken */
	const char *origid; /* shaken */
	const struct media_keys *mky; /* NULL or n == 0: none */
};
/* "header.payload" to ob, keys in order, no blanks (RFC 8225 section 9);
 * the payload's JSON also to json (may be NULL). ENOMEM. */
int passport_write(struct obuf *ob, struct obuf *json,
		   const struct passport_draft *d);
/* The claims as they would be if the message said them: orig, dest, and mky
 * where it is signed, replaced; keys sorted; for comparing by eye. */
int passport_write_as(struct obuf *ob, const struct passport *p,
		      const struct canon *orig, const struct canon *dest,
		      const struct media_keys *mky);
/* The claims as signed, keys sorted. */
int passport_write_claims(struct obuf *ob, const struct passport *p);
/* dest as one line for people: "12155551213, sip:bob@example.org" */
void passport_write_dest(struct obuf *ob, const struct passport *p);

#endif
