/* path: the way of a packet (path.h).
 *
 * Cheap checks come before dear ones, and nothing but the batch itself changes
 * before `account`: what a stranger sends costs a lookup, and on a secured leg
 * whose peer has not been heard yet one tag. */
#include "relay/path.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/clk.h"
#include "relay/record.h"
#include "relay/hub.h"

static void unprotect_batch(struct path *path);
static void protect_batch(struct path *path);
static void send_batch(struct path *path);
static enum drop record_packet(struct path *path, struct path_packet *pkt);

static const struct stage {
	/* one of the two */
	enum drop (*one)(struct path *path, struct path_packet *pkt);
	void (*batch)(struct path *path);
} stages[] = {
	{.one = demux_packet}, /* RFC 7983; DTLS leaves here */
	{.one = latch_check}, /* may it come from there? */
	{.batch = unprotect_batch}, /* tag and replay window */
	{.one = latch_account}, /* authentic: learn, count, time */
	{.one = record_packet}, /* a copy, if somebody wants one */
	{.one = rewrite_packet}, /* the way out */
	{.batch = protect_batch}, /* under the other leg's key */
	{.batch = send_batch},
};

int path_new(struct path **path, struct io *io, struct counters *counters)
{
	struct path *p = calloc(1, sizeof(*p));

	if (!p)
		return ENOMEM;
	p->io = io;
	p->counters = counters;
	for (unsigned i = 0; i < IO_BATCH; i++)
		p->packet[i].io.p = p->octets[i];
	*path = p;
	return 0;
}

void path_free(struct path *path)
{
	free(path);
}

static void packet_begin(struct path_packet *pkt, struct component *at)
{
	pkt->at = at;
	pkt->stream = at ? &at->leg->bridge->stream[at->leg->side] : NULL;
	pkt->to = NULL;
	pkt->drop = at ? DROP_NONE : DROP_HUB;
}

/* Whose is it? A check says so; all else by its source. */
static struct component *hub_lookup(const struct hub *hub,
				    const struct path_packet *pkt)
{
	const struct ice_pair *pair;
	const struct ice *ice;

	if (demux_datagram(pkt->io.p, pkt->io.n) == DEMUX_STUN) {
		ice = ice_of(hub, pkt->io.p, pkt->io.n);
		return ice ? &ice->leg->component[COMPONENT_RTP] : NULL;
	}
	pair = hub_pair_find(hub, &pkt->io.peer);
	return pair ? pair->at : NULL;
}

/* What waits at fd; at: whose all of it is, or the hub that knows. */
static void receive(struct path *path, int fd, struct component *at,
		    const struct hub *hub)
{
	struct io_packet *v[IO_BATCH];
	unsigned room = IO_BATCH - path->n;
	unsigned got;

	for (unsigned i = 0; i < room; i++)
		v[i] = &path->packet[path->n + i].io;
	got = io_recv(path->io, fd, v, room);
	for (unsigned i = 0; i < got; i++) {
		struct path_packet *pkt = &path->packet[path->n++];

		packet_begin(pkt, hub ? hub_lookup(hub, pkt) : at);
		counter_add(&path->counters->v[COUNTER_OCTETS_IN], pkt->io.n);
	}
	counter_add(&path->counters->v[COUNTER_DATAGRAMS_IN], got);
	if (path->n == IO_BATCH)
		path_run(path);
}

void path_receive(struct path *path, struct component *at)
{
	receive(path, at->fd, at, NULL);
}

void path_receive_hub(struct path *path, const struct hub *hub)
{
	receive(path, hub->fd, NULL, hub);
}

/* Leaves the dropped and the taken behind. */
static void sweep(struct path *path)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < path->live; i++) {
		struct path_packet *pkt = path->way[i];

		if (pkt->drop == DROP_NONE) {
			path->way[kept++] = pkt;
		} else if (pkt->drop != PATH_TAKEN) {
			counter_add(&path->counters->drops[pkt->drop], 1);
			if (pkt->stream)
				counter_add(&pkt->stream->cells.drops
						     [pkt->drop], 1);
		}
	}
	path->live = kept;
}

void path_run(struct path *path)
{
	if (!path->n)
		return;
	path->now_us = clk_us();
	path->now_ms = path->now_us / 1000;
	path->live = path->n;
	for (unsigned i = 0; i < path->n; i++)
		path->way[i] = &path->packet[i];
	sweep(path); /* those that nobody knows */
	for (size_t s = 0; s < sizeof(stages) / sizeof(stages[0]); s++) {
		if (stages[s].batch)
			stages[s].batch(path);
		for (unsigned i = 0; stages[s].one && i < path->live; i++)
			path->way[i]->drop = stages[s].one(path, path->way[i]);
		sweep(path);
	}
	counter_add(&path->counters->v[COUNTER_BATCHES], 1);
	path->n = 0;
}

/* One direction of crypto over the batch. The jobs of packets that need none
 * are not made: `maker` gives each packet its crypt, or says why it must go. */
static void crypt_batch(struct path *path,
			enum drop (*maker)(const struct path_packet *pkt,
					   struct crypt **crypt),
			void (*engine)(struct crypt_job *v, unsigned n))
{
	struct path_packet *of[IO_BATCH];
	unsigned n = 0;

	for (unsigned i = 0; i < path->live; i++) {
		struct path_packet *pkt = path->way[i];
		struct crypt *crypt = NULL;

		pkt->drop = maker(pkt, &crypt);
		if (!crypt)
			continue;
		path->job[n] = (struct crypt_job){
			.crypt = crypt,
			.p = pkt->io.p,
			.n = pkt->io.n,
			.room = IO_OCTETS,
			.rtcp = pkt->rtcp,
		};
		of[n++] = pkt;
	}
	if (n)
		engine(path->job, n);
	for (unsigned i = 0; i < n; i++) {
		of[i]->drop = path->job[i].drop;
		of[i]->io.n = (uint32_t)path->job[i].n;
	}
}

static enum drop key_in(const struct path_packet *pkt, struct crypt **crypt)
{
	if (!leg_is_keyed(pkt->stream->in->facts.security))
		return DROP_NONE;
	*crypt = pkt->stream->unprotect[pkt->at->kind];
	return *crypt ? DROP_NONE : DROP_NO_KEY_IN;
}

static enum drop key_fading(const struct path_packet *pkt, struct crypt **crypt)
{
	if (pkt->drop == DROP_AUTH && pkt->at->learned &&
	    addr_eq(&pkt->at->source, &pkt->io.peer))
		*crypt = pkt->stream->fading;
	return pkt->drop;
}

static void unprotect_batch(struct path *path)
{
	crypt_batch(path, key_in, crypt_unprotect);
	crypt_batch(path, key_fading, crypt_unprotect);
}

static enum drop key_out(const struct path_packet *pkt, struct crypt **crypt)
{
	if (!leg_is_keyed(pkt->stream->out->facts.security))
		return DROP_NONE;
	*crypt = pkt->stream->protect[pkt->to->kind];
	return *crypt ? DROP_NONE : DROP_NO_KEY_OUT;
}

/* An index that was used already is no attack here: the sender of a plain leg
 * has repeated a packet, or gone back in its sequence numbers. */
static void protect_batch(struct path *path)
{
	crypt_batch(path, key_out, crypt_protect);
	for (unsigned i = 0; i < path->live; i++)
		if (path->way[i]->drop == DROP_REPLAY)
			path->way[i]->drop = DROP_PROTECT;
}

static enum drop record_packet(struct path *path, struct path_packet *pkt)
{
	uint32_t id = atomic_load_explicit(&pkt->stream->record,
					   memory_order_relaxed);
	bool put;

	if (!id || !path->ring)
		return DROP_NONE;
	put = record_put(path->ring, id, &pkt->io.peer, &pkt->at->local,
			 pkt->io.p, pkt->io.n);
	counter_add(&path->counters->v[put ? COUNTER_RECORDED
					   : COUNTER_RECORD_LOST], 1);
	return DROP_NONE;
}

static void sent_count(struct path *path, const struct path_packet *pkt)
{
	struct stream_cells *cells = &pkt->stream->cells;

	counter_add(pkt->rtcp ? &cells->rtcp_out : &cells->packets_out, 1);
	counter_add(&cells->octets_out, pkt->io.n);
	counter_add(&path->counters->v[COUNTER_DATAGRAMS_OUT], 1);
	counter_add(&path->counters->v[COUNTER_OCTETS_OUT], pkt->io.n);
}

static void send_batch(struct path *path)
{
	struct io_packet *v[IO_BATCH];

	for (unsigned i = 0; i < path->live; i++)
		v[i] = &path->way[i]->io;
	io_send(path->io, v, path->live);
	for (unsigned i = 0; i < path->live; i++) {
		struct path_packet *pkt = path->way[i];

		if (!pkt->io.err) {
			sent_count(path, pkt);
			continue;
		}
		pkt->drop = DROP_SEND;
		counter_add(&pkt->stream->cells.errors_out, 1);
	}
}
