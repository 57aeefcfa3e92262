/* stream: legs, streams, and how orders change them (stream.h). */
#include "relay/stream.h"

#include <string.h>

#include "relay/ice.h"

#define SHOWN_WORDS 4

void addr_cell_set(struct addr_cell *cell, const union addr *a, bool flag)
{
	uint64_t word[SHOWN_WORDS] = {0};
	uint32_t turn = atomic_load_explicit(&cell->turn, memory_order_relaxed);

	_Static_assert(sizeof(*a) + sizeof(flag) <= sizeof(word), "both fit");
	memcpy(word, a, sizeof(*a));
	memcpy((char *)word + sizeof(*a), &flag, sizeof(flag));
	/* A reader that sees one new word also sees the odd turn. */
	atomic_store_explicit(&cell->turn, turn + 1, memory_order_relaxed);
	for (unsigned i = 0; i < SHOWN_WORDS; i++)
		atomic_store_explicit(&cell->word[i], word[i],
				      memory_order_release);
	atomic_store_explicit(&cell->turn, turn + 2, memory_order_release);
}

bool addr_cell_get(const struct addr_cell *cell, union addr *a)
{
	uint64_t word[SHOWN_WORDS];
	uint32_t before;
	uint32_t after;
	bool flag;

	do {
		before = atomic_load_explicit(&cell->turn,
					      memory_order_acquire);
		for (unsigned i = 0; i < SHOWN_WORDS; i++)
			word[i] = atomic_load_explicit(&cell->word[i],
						       memory_order_acquire);
		after = atomic_load_explicit(&cell->turn,
					     memory_order_relaxed);
	} while (before != after || before & 1);
	memcpy(a, word, sizeof(*a));
	memcpy(&flag, (char *)word + sizeof(*a), sizeof(flag));
	return flag;
}

static void component_show(struct component *c)
{
	addr_cell_set(&c->shown, &c->peer, c->learned);
}

void component_learn(struct component *c, const union addr *a)
{
	c->source = *a;
	if (c->leg->facts.latch != LEG_LATCH_ASYMMETRIC || c->leg->ice ||
	    !addr_is_set(&c->said))
		c->peer = *a;
	c->learned = true;
	component_show(c);
}

void component_forget(struct component *c)
{
	c->peer = c->source = c->said;
	c->learned = false;
	component_show(c);
}

void bridge_init(struct bridge *b, int fd[2][COMPONENTS])
{
	memset(b, 0, sizeof(*b));
	for (unsigned side = 0; side < 2; side++) {
		struct leg *leg = &b->leg[side];

		leg->bridge = b;
		leg->side = side;
		b->stream[side].in = leg;
		b->stream[side].out = &b->leg[media_other(side)];
		for (unsigned k = 0; k < COMPONENTS; k++) {
			leg->component[k].leg = leg;
			leg->component[k].kind = k;
			leg->component[k].fd = fd[side][k];
		}
	}
}

/* The same SDP address again keeps what was learned; another one starts
 * anew. A leg that becomes secured forgets what plain RTP taught it. */
static void component_say(struct component *c, const union addr *said,
			  bool forget)
{
	if (!forget && addr_eq(&c->said, said))
		return;
	c->said = *said;
	component_forget(c);
}

static void swap_crypt(struct crypt **a, struct crypt **b)
{
	struct crypt *was = *a;

	*a = *b;
	*b = was;
}

struct crypt *bridge_fade_end(struct bridge *b, enum media_side side)
{
	struct crypt *was = b->stream[side].fading;

	b->stream[side].fading = NULL;
	return was;
}

/* A new SDES key for a peer that is where it was: what it sent before it had
 * our answer is under the old one, which is in change->rx now. Only while the
 * address is learned: the old key must not teach one. */
static void key_fade(struct bridge *b, struct leg_change *change,
		     enum leg_security before)
{
	const struct leg *leg = &b->leg[change->side];

	if (!change->new_rx[0])
		return;
	change->faded = bridge_fade_end(b, change->side);
	if (!change->rx[0] || before != LEG_SDES ||
	    leg->facts.security != LEG_SDES || !leg->component[0].learned)
		return;
	b->stream[change->side].fading = change->rx[0];
	change->rx[0] = change->rx[1] = NULL;
	change->fading = true;
}

static void cells_show_keys(struct bridge *b, enum media_side side)
{
	struct stream *from = &b->stream[side];
	struct stream *to = &b->stream[media_other(side)];

	counter_put(&from->cells.key_in, from->unprotect[0] != NULL);
	counter_put(&to->cells.key_out, to->protect[0] != NULL);
}

/* Addresses of a leg with ICE come by checks and stay as long as it does ICE;
 * what was learned in another way counts for nothing, and the reverse. */
static bool ice_stays(struct leg *leg, struct leg_change *change)
{
	struct ice *was = leg->ice;
	bool stays = was && (!change->new_ice || change->ice);

	if (stays && !change->new_ice)
		ice_peer_set(was, change->ice_peer);
	if (!change->new_ice)
		return stays;
	if (was)
		ice_detach(was);
	for (unsigned k = 0; !stays && k < COMPONENTS; k++)
		component_forget(&leg->component[k]);
	if (change->ice)
		ice_attach(change->ice, leg);
	change->ice = was;
	return stays;
}

void bridge_leg_apply(struct bridge *b, struct leg_change *change)
{
	struct leg *leg = &b->leg[change->side];
	struct stream *from = &b->stream[change->side];
	struct stream *to = &b->stream[media_other(change->side)];
	bool forget = !leg->facts.set || !change->facts.set ||
		      leg->facts.security != change->facts.security;
	bool by_ice = ice_stays(leg, change);
	enum leg_security before;

	for (unsigned k = 0; k < COMPONENTS; k++) {
		struct component *c = &leg->component[k];

		if (!by_ice)
			component_say(c, &change->facts.said[k],
				      forget || change->new_assoc[k]);
		if (change->new_rx[k])
			swap_crypt(&from->unprotect[k], &change->rx[k]);
		if (change->new_tx[k])
			swap_crypt(&to->protect[k], &change->tx[k]);
		if (change->new_assoc[k]) {
			struct assoc *was = c->assoc;

			c->assoc = change->assoc[k];
			change->assoc[k] = was;
		}
	}
	before = leg->facts.security;
	leg->facts = change->facts;
	key_fade(b, change, before);
	cells_show_keys(b, change->side);
}

bool bridge_keys_apply(struct component *c, const struct assoc *assoc,
		       const union addr *from, struct crypt **rx,
		       struct crypt **tx)
{
	struct bridge *b = c->leg->bridge;
	enum media_side side = c->leg->side;

	if (c->assoc != assoc)
		return false;
	swap_crypt(&b->stream[side].unprotect[c->kind], rx);
	swap_crypt(&b->stream[media_other(side)].protect[c->kind], tx);
	if (!c->leg->ice)
		component_learn(c, from);
	cells_show_keys(b, side);
	return true;
}

/* ---- sequence numbers ---- */

enum { DROPOUT_MAX = 3000, MISORDER_MAX = 100 };

static void track_restart(struct track *t, uint16_t seq)
{
	t->newest = seq;
	t->first = seq;
	t->cycles = 0;
	t->packets = 0;
}

struct stream *stream_back(const struct stream *s)
{
	return &s->out->bridge->stream[s->out->side];
}

struct track *stream_track_find(struct stream *s, uint32_t ssrc)
{
	for (unsigned i = 0; i < STREAM_TRACKS; i++)
		if (s->track[i].used && s->track[i].ssrc == ssrc)
			return &s->track[i];
	return NULL;
}

/* The one that was idle longest makes place. */
static struct track *track_add(struct stream *s, const struct rtp_view *v)
{
	struct track *oldest = &s->track[0];

	for (unsigned i = 0; i < STREAM_TRACKS && oldest->used; i++) {
		struct track *t = &s->track[i];

		if (!t->used || t->last_ms < oldest->last_ms)
			oldest = t;
	}
	*oldest = (struct track){.ssrc = v->ssrc, .used = true};
	track_restart(oldest, v->seq);
	name_track(s, oldest);
	counter_add(&s->cells.ssrcs, 1);
	return oldest;
}

void stream_track(struct stream *s, const struct rtp_view *v, uint64_t now_ms)
{
	struct track *t = stream_track_find(s, v->ssrc);
	uint16_t ahead;
	int64_t lost;

	if (!t)
		t = track_add(s, v);
	ahead = (uint16_t)(v->seq - t->newest);
	if (ahead < DROPOUT_MAX) {
		if (v->seq < t->newest)
			t->cycles += 1u << 16;
		t->newest = v->seq;
	} else if (ahead <= UINT16_MAX - MISORDER_MAX) {
		track_restart(t, v->seq);
	}
	t->packets++;
	t->last_ms = now_ms;
	lost = (int64_t)t->cycles + t->newest - t->first + 1 -
	       (int64_t)t->packets;
	counter_put(&s->cells.ssrc, v->ssrc);
	counter_put(&s->cells.lost, lost > 0 ? (uint64_t)lost : 0);
}
