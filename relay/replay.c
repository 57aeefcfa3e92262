#include "relay/replay.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/siphash.h"

enum { BUCKETS = 4096 };

struct entry {
	struct entry *next;
	uint64_t key, request; /* hashes under the process's secret */
	size_t n;
	char reply[];
};

struct generation {
	struct entry *bucket[BUCKETS];
	size_t octets;
};

struct replay {
	struct generation *now, *before;
	uint64_t since_ms;
};

int replay_new(struct replay **rp)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (!r)
		return ENOMEM;
	r->now = calloc(1, sizeof(*r->now));
	r->before = calloc(1, sizeof(*r->before));
	if (!r->now || !r->before) {
		replay_free(r);
		return ENOMEM;
	}
	*rp = r;
	return 0;
}

/* Replies hold keys of SDES in their SDP. */
static void generation_empty(struct generation *g)
{
	if (!g || !g->octets)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (g->bucket[i]) {
			struct entry *e = g->bucket[i];

			g->bucket[i] = e->next;
			explicit_bzero(e->reply, e->n);
			free(e);
		}
	g->octets = 0;
}

void replay_free(struct replay *r)
{
	if (!r)
		return;
	generation_empty(r->now);
	generation_empty(r->before);
	free(r->now);
	free(r->before);
	free(r);
}

static void turn(struct replay *r, uint64_t now_ms)
{
	struct generation *g = r->before;

	if (now_ms - r->since_ms < REPLAY_MS)
		return;
	generation_empty(g);
	r->before = r->now;
	r->now = g;
	if (now_ms - r->since_ms >= 2 * REPLAY_MS)
		generation_empty(r->before);
	r->since_ms = now_ms;
}

static uint64_t key_of(struct slice source, struct slice cookie)
{
	uint64_t v[2] = {siphash_slice(source), siphash_slice(cookie)};

	return siphash(v, sizeof(v));
}

enum replay_found replay_find(struct replay *r, uint64_t now_ms,
			      struct slice source, struct slice cookie,
			      struct slice request, struct slice *reply)
{
	struct generation *g[2];
	uint64_t key = key_of(source, cookie);

	turn(r, now_ms);
	g[0] = r->now;
	g[1] = r->before;
	for (int i = 0; i < 2; i++)
		for (struct entry *e = g[i]->bucket[key % BUCKETS]; e;
		     e = e->next) {
			if (e->key != key)
				continue;
			if (e->request != siphash_slice(request))
				return REPLAY_OTHER;
			*reply = slice_of(e->reply, e->n);
			return REPLAY_AGAIN;
		}
	return REPLAY_NEW;
}

void replay_add(struct replay *r, uint64_t now_ms, struct slice source,
		struct slice cookie, struct slice request, struct slice reply)
{
	size_t size = sizeof(struct entry) + reply.n;
	struct entry *e;

	turn(r, now_ms);
	if (r->now->octets + size > REPLAY_OCTETS_MAX)
		return;
	e = malloc(size);
	if (!e)
		return;
	e->key = key_of(source, cookie);
	e->request = siphash_slice(request);
	e->n = reply.n;
	memcpy(e->reply, reply.p, reply.n);
	e->next = r->now->bucket[e->key % BUCKETS];
	r->now->bucket[e->key % BUCKETS] = e;
	r->now->octets += size;
}
