/* replay: remembers for a while what was seen valid, so that it is not
 * believed twice (RFC 4474 section 13.1, RFC 8224 section 12.1).
 *
 * Only what was proven valid is remembered: a stranger cannot fill it. When
 * it is full all the same, the oldest entry goes and is counted. */
#ifndef IDENTITY_REPLAY_H
#define IDENTITY_REPLAY_H

#include "lib/base/slice.h"

enum { REPLAY_KEY = 16 }; /* octets of a SHA-256 */

struct replay;

/* max: entries at most (memory grows with use, 40 octets each). keep: s. */
int replay_new(struct replay **rp, uint32_t max, uint32_t keep);
void replay_free(struct replay *r);

/* True, and remembered, if key is new or was seen only with a lower order;
 * false: seen before. Without memory it forgets rather than refuses. */
bool replay_add(struct replay *r, const uint8_t key[REPLAY_KEY],
		uint32_t order, int64_t now);
/* Entries that had to go before their time. */
uint64_t replay_forgotten(const struct replay *r);

#endif
