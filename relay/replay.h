/* replay: replies that were given, by client and cookie. Two generations,
 * swapped every 30 s, so that a reply lives 30 to 60 s; bounded in memory.
 *
 * Thread: one owner. */
#ifndef RELAY_REPLAY_H
#define RELAY_REPLAY_H

#include "lib/base/slice.h"

enum {
	REPLAY_MS = 30000, /* a generation */
	REPLAY_OCTETS_MAX = 32 << 20, /* in a generation; beyond: not kept */
};

struct replay;

/* ENOMEM */
int replay_new(struct replay **rp);
void replay_free(struct replay *r);

enum replay_found {
	REPLAY_NEW,
	REPLAY_AGAIN, /* *reply is what was said, valid until the next add */
	REPLAY_OTHER, /* same client and cookie, but another request */
};

enum replay_found replay_find(struct replay *r, uint64_t now_ms,
			      struct slice source, struct slice cookie,
			      struct slice request, struct slice *reply);
/* Copies. Without memory it is just not kept. */
void replay_add(struct replay *r, uint64_t now_ms, struct slice source,
		struct slice cookie, struct slice request, struct slice reply);

#endif
