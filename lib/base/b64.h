/* b64: base64 (RFC 4648 section 4), base64url (section 5, no padding), hex. */
#ifndef BASE_B64_H
#define BASE_B64_H

#include "lib/base/obuf.h"

void b64_write(struct obuf *ob, const void *p, size_t n);
void b64url_write(struct obuf *ob, const void *p, size_t n);
/* lower case, sep between octets if not 0 */
void hex_write(struct obuf *ob, const void *p, size_t n, char sep);

/* Both alphabets, with or without padding; no blanks, nothing else, and the
 * unused bits of the last group must be 0 (one encoding per value).
 * Writes at most size octets. 0, EBADMSG or ENOSPC; *n only on success. */
int b64_parse(struct slice s, void *to, size_t size, size_t *n);
/* Strictly base64url without padding, as in JWS (RFC 7515 section 2). */
int b64url_parse(struct slice s, void *to, size_t size, size_t *n);
/* Pairs of hex digits with sep between octets (0: none). */
int hex_parse(struct slice s, char sep, void *to, size_t size, size_t *n);

#endif
