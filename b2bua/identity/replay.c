/* replay.c: a ring in order of arrival, and a hash table of chains over it.
 * All entries live equally long, so the ring's oldest is the first to go. */
#include "b2bua/identity/replay.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/siphash.h"

enum { FIRST_SIZE = 1024 };

struct entry {
	uint8_t key[REPLAY_KEY];
	int64_t until;
	uint32_t order;
	uint32_t next; /* in its chain: index + 1, 0: end */
};

struct replay {
	struct entry *ring;
	uint32_t *heads; /* as many as the ring has places */
	uint32_t size, max, first, n;
	uint32_t keep;
	uint64_t forgotten;
};

static uint32_t *head_of(const struct replay *r, const uint8_t *key)
{
	return &r->heads[siphash(key, REPLAY_KEY) % r->size];
}

static void link_in(struct replay *r, uint32_t at)
{
	uint32_t *head = head_of(r, r->ring[at].key);

	r->ring[at].next = *head;
	*head = at + 1;
}

static void oldest_del(struct replay *r)
{
	struct entry *e = &r->ring[r->first];
	uint32_t *link = head_of(r, e->key);

	while (*link != r->first + 1)
		link = &r->ring[*link - 1].next;
	*link = e->next;
	r->first = (r->first + 1) % r->size;
	r->n--;
}

static int grow(struct replay *r)
{
	uint32_t size = r->size ? r->size * 2 : FIRST_SIZE;
	struct entry *ring;
	uint32_t *heads;

	if (size > r->max)
		size = r->max;
	ring = calloc(size, sizeof(*ring));
	heads = calloc(size, sizeof(*heads));
	if (!ring || !heads) {
		free(ring);
		free(heads);
		return ENOMEM;
	}
	for (uint32_t i = 0; i < r->n; i++)
		ring[i] = r->ring[(r->first + i) % r->size];
	free(r->ring);
	free(r->heads);
	r->ring = ring;
	r->heads = heads;
	r->size = size;
	r->first = 0;
	for (uint32_t i = 0; i < r->n; i++)
		link_in(r, i);
	return 0;
}

int replay_new(struct replay **rp, uint32_t max, uint32_t keep)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (!r)
		return ENOMEM;
	r->max = max < 16 ? 16 : max;
	r->keep = keep;
	*rp = r;
	return 0;
}

void replay_free(struct replay *r)
{
	if (!r)
		return;
	free(r->ring);
	free(r->heads);
	free(r);
}

static struct entry *find(const struct replay *r, const uint8_t *key)
{
	uint32_t at = r->size ? *head_of(r, key) : 0;

	while (at && memcmp(r->ring[at - 1].key, key, REPLAY_KEY) != 0)
		at = r->ring[at - 1].next;
	return at ? &r->ring[at - 1] : NULL;
}

/* A place for one more; false only when there is no memory at all. */
static bool room_make(struct replay *r)
{
	if (r->n < r->size)
		return true;
	if (r->size < r->max && !grow(r))
		return true;
	if (!r->n)
		return false;
	oldest_del(r);
	r->forgotten++;
	return true;
}

bool replay_add(struct replay *r, const uint8_t key[REPLAY_KEY],
		uint32_t order, int64_t now)
{
	struct entry *e;
	uint32_t at;

	while (r->n && r->ring[r->first].until < now)
		oldest_del(r);
	e = find(r, key);
	if (e && e->order >= order)
		return false;
	/* A higher order is a new entry in front of the old one, which keeps
	 * the ring in order of time. */
	if (!room_make(r))
		return true;
	at = (r->first + r->n) % r->size;
	e = &r->ring[at];
	memcpy(e->key, key, REPLAY_KEY);
	e->until = now + r->keep;
	e->order = order;
	r->n++;
	link_in(r, at);
	return true;
}

uint64_t replay_forgotten(const struct replay *r)
{
	return r->forgotten;
}
