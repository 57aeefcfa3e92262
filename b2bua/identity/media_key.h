/* media_key: the a=fingerprint lines of a body and the "mky" claim that signs
 * them (RFC 8225 section 5.2.2, RFC 8224 section 4.1). */
#ifndef IDENTITY_MEDIA_KEY_H
#define IDENTITY_MEDIA_KEY_H

#include <jansson.h>

#include "lib/base/slice.h"

enum { MEDIA_KEYS_MAX = 16, MEDIA_KEY_DIG = 128 };

struct media_key {
	char alg[16]; /* "sha-256": lower case, as SDP names it */
	char dig[MEDIA_KEY_DIG + 1]; /* hex digits, upper case, no colons */
};

struct media_keys { /* sorted by alg||dig, no two alike */
	struct media_key v[MEDIA_KEYS_MAX];
	size_t n;
};

/* All fingerprint lines of an SDP body, session and media level; a multipart
 * body is read through. EBADMSG: a line that is no fingerprint; E2BIG: more
 * than MEDIA_KEYS_MAX different ones. */
int media_keys_parse(struct media_keys *k, struct slice body);
/* One "sha-256 AB:CD:.." as SDP and handshakes write it. EBADMSG */
int media_key_parse(struct media_key *k, struct slice text);
bool media_keys_has(const struct media_keys *k, const struct media_key *key);
/* The claim: [{"alg":..,"dig":..}, ..]; the caller decrefs; NULL: memory. */
json_t *media_keys_claim(const struct media_keys *k);
/* Whether the claim says exactly these keys, in any order and case. */
bool media_keys_match(const struct media_keys *k, const json_t *mky);

#endif
