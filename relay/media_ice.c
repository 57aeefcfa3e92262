/* media_ice: ICE of a media's legs, control side (ice.h). */
#include "relay/media_priv.h"

union addr media_agent_addr(const struct media *m, enum media_side side,
			    unsigned kind)
{
	uint64_t peer = m->conf[side].ice_peer;
	union addr a;

	addr_cell_get(&m->bridge.leg[side].component[kind].shown, &a);
	return peer && addr_is_set(&a) ? ice_agent_addr(peer) : ADDR_NONE;
}

/* As DTLS client we start when ICE says where the peer is. */
static void report_done(struct order *order)
{
	struct report *r = (struct report *)(void *)order;
	struct media *m = r->media;
	struct assoc *assoc = m->assoc[r->side][r->kind];
	union addr peer;

	atomic_store(&r->posted, false);
	if (m->closed || !assoc)
		return;
	peer = media_agent_addr(m, r->side, r->kind);
	(void)assoc_peer(assoc, &peer, &m->conf[r->side]);
}

/* Worker thread. What is under way will see the newest address. */
static void on_selected(struct component *c)
{
	struct media *m = (struct media *)(void *)((char *)c->leg->bridge -
				offsetof(struct media, bridge));
	struct report *r = &m->report[c->leg->side][c->kind];

	if (!atomic_exchange(&r->posted, true))
		worker_report(m->worker, &r->order);
}

void media_ice_init(struct media *m)
{
	for (unsigned side = 0; side < 2; side++)
		for (unsigned k = 0; k < COMPONENTS; k++) {
			m->report[side][k] = (struct report){
				.order = {.done = report_done},
				.media = m, .side = side, .kind = k};
			m->bridge.leg[side].component[k].selected = on_selected;
		}
}

int media_change_ice(struct media *m, struct leg_change *c,
		     const struct leg_conf *now)
{
	const struct leg_conf *was = &m->conf[c->side];

	c->ice_peer = now->ice_peer;
	c->new_ice = !m->set[c->side] || strcmp(was->ice.ufrag, now->ice.ufrag);
	if (!c->new_ice || !media_has_ice(now))
		return 0;
	return ice_new(&c->ice, &now->ice, now->ice_peer, m->hub[c->side]);
}
