/* media: one m-line of a call, control side (media.h). Turns what SDP says into
 * orders: everything that allocates, compares keys or may wait is done here, so
 * that a worker only swaps pointers. */
#include "relay/media.h"

#include <errno.h>
#include <stdlib.h>

#include <openssl/crypto.h>

#include "lib/base/log.h"
#include "relay/media_priv.h"

struct leg_order {
	struct order order;
	struct media *media;
	struct leg_change change;
};

/* Ends what fades on both legs. */
struct fade_order {
	struct order order;
	struct media *media;
	struct crypt *faded[2];
};

const char *leg_security_name(enum leg_security security)
{
	static const char *const names[] = {
		[LEG_RTP] = "none",
		[LEG_SDES] = "sdes",
		[LEG_DTLS] = "dtls-srtp",
		[LEG_PASS] = "pass",
		[LEG_OPAQUE] = "opaque",
	};

	return names[security];
}

/* ---- opening and closing ---- */

static void attach_apply(struct worker *w, struct order *order)
{
	struct media *m = (struct media *)(void *)((char *)order -
				offsetof(struct media, attach));

	for (unsigned side = 0; side < 2; side++)
		for (unsigned k = 0; k < COMPONENTS; k++) {
			struct component *c = &m->bridge.leg[side].component[k];

			c->worker = w;
			if (!m->hub[side])
				worker_watch(w, c);
		}
}

static void detach_apply(struct worker *w, struct order *order)
{
	struct media *m = (struct media *)(void *)((char *)order -
				offsetof(struct media, detach));

	for (unsigned side = 0; side < 2; side++) {
		struct leg_change *left = &m->left[side];

		*left = (struct leg_change){.side = side};
		for (unsigned k = 0; k < COMPONENTS; k++) {
			if (!m->hub[side])
				worker_unwatch(w, &m->bridge.leg[side]
							   .component[k]);
			left->new_rx[k] = true;
			left->new_tx[k] = true;
			left->new_assoc[k] = true;
		}
		left->new_ice = true;
		bridge_leg_apply(&m->bridge, left);
	}
}

/* ---- keys that fade ---- */

static void fade_apply(struct worker *w, struct order *order)
{
	struct fade_order *o = (struct fade_order *)(void *)order;

	(void)w;
	for (unsigned side = 0; side < 2; side++)
		o->faded[side] = bridge_fade_end(&o->media->bridge, side);
}

static void fade_done(struct order *order)
{
	struct fade_order *o = (struct fade_order *)(void *)order;

	crypt_free(o->faded[MEDIA_A]);
	crypt_free(o->faded[MEDIA_B]);
	free(o);
}

static void on_fade(evutil_socket_t fd, short what, void *arg)
{
	struct media *m = arg;
	struct fade_order *o = calloc(1, sizeof(*o));

	(void)fd;
	(void)what;
	if (!o)
		return; /* it ends with the next key, or the call */
	o->order = (struct order){.apply = fade_apply, .done = fade_done};
	o->media = m;
	worker_post(m->worker, &o->order);
}

static void fade_start(struct media *m)
{
	const struct timeval after = {.tv_sec = STREAM_FADE_MS / 1000};

	if (!m->closed)
		evtimer_add(&m->fade, &after);
}

/* ---- the end ---- */

/* What a change holds: after it was applied, what was replaced. */
static void change_free(struct leg_change *c)
{
	for (unsigned k = COMPONENTS; k-- > 0;) {
		/* SDES: one crypt serves both components. */
		if (!k || c->rx[k] != c->rx[0])
			crypt_free(c->rx[k]);
		if (!k || c->tx[k] != c->tx[0])
			crypt_free(c->tx[k]);
		assoc_retire(c->assoc[k]);
	}
	crypt_free(c->faded);
	ice_free(c->ice);
}

static void detach_done(struct order *order)
{
	struct media *m = (struct media *)(void *)((char *)order -
				offsetof(struct media, detach));

	change_free(&m->left[MEDIA_A]);
	change_free(&m->left[MEDIA_B]);
	worker_post(m->worker, &m->fence);
}

static void media_free(struct media *m)
{
	for (unsigned side = 0; side < 2; side++)
		if (m->ports[side].port)
			port_pair_give(m->interface[side]->ports,
				       &m->ports[side]);
	certificate_release(m->certificate);
	OPENSSL_cleanse(m->conf, sizeof(m->conf));
	free(m);
}

/* Nothing of this media is in any mailbox now. */
static void fence_done(struct order *order)
{
	struct media *m = (struct media *)(void *)((char *)order -
				offsetof(struct media, fence));
	struct plane *plane = m->plane;

	media_free(m);
	plane_release(plane);
}

static int take_ports(struct media *m, const struct media_args *args)
{
	for (unsigned side = 0; side < 2; side++) {
		int err;

		m->interface[side] = plane_interface_find(
			m->plane, args->interface[side], args->family[side]);
		if (!m->interface[side])
			return ENOENT;
		if (args->ice[side])
			m->hub[side] = plane_hub(m->plane, m->interface[side],
						 args->hash);
		if (m->hub[side])
			continue;
		err = port_pair_take(m->interface[side]->ports,
				     &m->ports[side]);
		if (err)
			return err;
	}
	return 0;
}

static void locals_init(struct media *m)
{
	for (unsigned side = 0; side < 2; side++)
		for (unsigned k = 0; k < COMPONENTS; k++)
			addr_parse(slice_str(m->interface[side]->address),
				   media_port(m, side, k),
				   &m->bridge.leg[side].component[k].local);
}

int media_open(struct media **media, struct plane *plane,
	       const struct media_args *args)
{
	struct media *m = calloc(1, sizeof(*m));
	int fd[2][COMPONENTS];
	int err;

	if (!m)
		return ENOMEM;
	m->plane = plane;
	m->certificate = certificate_hold(args->certificate);
	m->worker = plane_worker(plane, args->hash);
	m->attach.apply = attach_apply;
	m->detach.apply = detach_apply;
	m->detach.done = detach_done;
	m->fence.done = fence_done;
	err = take_ports(m, args);
	if (err) {
		media_free(m);
		return err;
	}
	for (unsigned side = 0; side < 2; side++)
		for (unsigned k = 0; k < COMPONENTS; k++)
			fd[side][k] = m->hub[side] ? m->hub[side]->fd :
						     m->ports[side].fd[k];
	bridge_init(&m->bridge, fd);
	locals_init(m);
	media_ice_init(m);
	plane_hold(plane);
	worker_post(m->worker, &m->attach);
	evtimer_assign(&m->fade, plane_base(plane), on_fade, m);
	*media = m;
	return 0;
}

void media_close(struct media *m)
{
	if (!m)
		return;
	m->closed = true;
	evtimer_del(&m->fade);
	worker_post(m->worker, &m->detach);
}

/* ---- what an SDP changes ---- */

static void leg_order_apply(struct worker *w, struct order *order)
{
	struct leg_order *o = (struct leg_order *)(void *)order;

	(void)w;
	bridge_leg_apply(&o->media->bridge, &o->change);
}

static void leg_order_done(struct order *order)
{
	struct leg_order *o = (struct leg_order *)(void *)order;

	if (o->change.fading)
		fade_start(o->media);
	change_free(&o->change);
	free(o);
}

static union addr said(const union addr *a)
{
	return addr_is_any(a) || !addr_port(a) ? ADDR_NONE : *a;
}

static void change_facts(struct leg_change *c, const struct leg_conf *conf)
{
	union addr rtp = media_has_ice(conf) ? ADDR_NONE : said(&conf->rtp);
	union addr rtcp = media_has_ice(conf) || conf->rtcp_mux ? ADDR_NONE :
							    said(&conf->rtcp);

	c->facts = (struct leg_facts){
		.set = true,
		.mux = conf->rtcp_mux,
		.recv = conf->recv,
		.send = conf->send,
		.security = conf->security,
		.latch = conf->latch,
		.extensions = conf->extensions,
		.payloads = conf->payloads,
		.said[COMPONENT_RTP] = rtp,
		.said[COMPONENT_RTCP] = rtcp,
	};
}

static bool key_same(const struct leg_key *a, const struct leg_key *b)
{
	return a->suite == b->suite && a->n == b->n &&
	       a->mki_n == b->mki_n && a->mki == b->mki &&
	       !CRYPTO_memcmp(a->key_salt, b->key_salt, a->n);
}

static int key_mki(struct crypt *crypt, const struct leg_key *key)
{
	uint8_t mki[CRYPT_MKI_MAX] = {0};
	uint64_t v = key->mki;

	for (unsigned i = key->mki_n; v && i--; v >>= 8)
		mki[i] = (uint8_t)v;
	return crypt_mki_set(crypt, mki, key->mki_n);
}

static int key_crypt(struct crypt *crypt[COMPONENTS], const struct leg_key *key,
		     enum crypt_dir dir)
{
	int err = 0;

	if (key->n)
		err = crypt_new(&crypt[0], key->suite, key->key_salt, key->n,
				dir, CRYPT_WINDOW);
	if (!err && key->mki_n)
		err = key_mki(crypt[0], key);
	crypt[1] = crypt[0];
	return err;
}

/* A key that stays keeps its index; that is what makes it safe to keep. */
static int change_sdes(struct leg_change *c, const struct leg_conf *was,
		       const struct leg_conf *now)
{
	int err = 0;

	if (!was || !key_same(&was->rx, &now->rx)) {
		c->new_rx[0] = c->new_rx[1] = true;
		err = key_crypt(c->rx, &now->rx, CRYPT_UNPROTECT);
	}
	if (!err && (!was || !key_same(&was->tx, &now->tx))) {
		c->new_tx[0] = c->new_tx[1] = true;
		err = key_crypt(c->tx, &now->tx, CRYPT_PROTECT);
	}
	return err;
}

static bool fingerprint_listed(const struct leg_conf *conf,
			       const struct handshake_fingerprint *f)
{
	for (unsigned i = 0; i < conf->fingerprints; i++)
		if (conf->fingerprint[i].hash == f->hash &&
		    conf->fingerprint[i].n == f->n &&
		    !memcmp(conf->fingerprint[i].octets, f->octets, f->n))
			return true;
	return false;
}

/* RFC 8842 section 4: another certificate or another role is another
 * association. A peer that had no fingerprint yet is still the same. */
static bool association_ends(const struct leg_conf *was,
			     const struct leg_conf *now)
{
	if (!was || was->role != now->role ||
	    (was->latch == LEG_LATCH_STRICT) !=
		    (now->latch == LEG_LATCH_STRICT))
		return true;
	if (!was->fingerprints)
		return false;
	if (was->fingerprints != now->fingerprints)
		return true;
	for (unsigned i = 0; i < now->fingerprints; i++)
		if (!fingerprint_listed(was, &now->fingerprint[i]))
			return true;
	return false;
}

static int change_dtls(struct media *m, struct leg_change *c,
		       const struct leg_conf *was, const struct leg_conf *now)
{
	bool ends = association_ends(was, now);
	int err = plane_handshakes(m->plane) ? 0 : ENOTSUP;

	for (unsigned k = 0; k < COMPONENTS && !err; k++) {
		bool want = k == COMPONENT_RTP || !now->rtcp_mux;
		bool have = m->assoc[c->side][k] != NULL;

		if (want == have && !(want && ends))
			continue;
		c->new_rx[k] = c->new_tx[k] = c->new_assoc[k] = true;
		if (want)
			err = assoc_open(&c->assoc[k],
					 plane_handshakes(m->plane), m->worker,
					 &m->bridge.leg[c->side].component[k],
					 m->certificate, now);
	}
	return err;
}

/* was: NULL if nothing of the old security may stay. */
static int change_make(struct media *m, struct leg_change *c,
		       const struct leg_conf *was, const struct leg_conf *now)
{
	int err = media_change_ice(m, c, now);

	if (err)
		return err;
	change_facts(c, now);
	for (unsigned k = 0; !was && k < COMPONENTS; k++)
		c->new_rx[k] = c->new_tx[k] = c->new_assoc[k] = true;
	switch (now->security) {
	case LEG_SDES:
		return change_sdes(c, was, now);
	case LEG_DTLS:
		return change_dtls(m, c, was, now);
	default:
		return 0;
	}
}

static int conf_check(const struct leg_conf *conf)
{
	const struct leg_key *keys[] = {&conf->rx, &conf->tx};

	if (conf->security == LEG_DTLS)
		return conf->fingerprints > LEG_FINGERPRINTS ? EINVAL : 0;
	for (unsigned i = 0; conf->security == LEG_SDES && i < 2; i++) {
		const struct leg_key *key = keys[i];

		if (key->n && (key->suite <= SUITE_NONE ||
			       key->suite >= SUITE_COUNT ||
			       key->n != suite_key_salt(key->suite)))
			return EINVAL;
	}
	return 0;
}

/* The order is posted: it belongs to the worker, and keys that come from now
 * on are applied after it. */
static int leg_remember(struct media *m, enum media_side side,
			const struct leg_conf *conf,
			const struct leg_change *change)
{
	union addr peer;
	int err = 0;

	OPENSSL_cleanse(&m->conf[side], sizeof(m->conf[side]));
	m->conf[side] = *conf;
	m->set[side] = true;
	for (unsigned k = 0; k < COMPONENTS; k++) {
		if (change->new_assoc[k])
			m->assoc[side][k] = change->assoc[k];
		peer = change->facts.said[k];
		if (media_has_ice(conf))
			peer = media_agent_addr(m, side, k);
		if (!err && m->assoc[side][k])
			err = assoc_peer(m->assoc[side][k], &peer, conf);
	}
	return err;
}

int media_leg_set(struct media *m, enum media_side side,
		  const struct leg_conf *conf)
{
	bool keeps = m->set[side] && m->conf[side].security == conf->security;
	struct leg_change change = {.side = side};
	struct leg_order *o;
	int err = conf_check(conf);

	if (err)
		return err;
	o = calloc(1, sizeof(*o));
	if (!o)
		return ENOMEM;
	err = change_make(m, &change, keeps ? &m->conf[side] : NULL, conf);
	*o = (struct leg_order){
		.order = {.apply = leg_order_apply, .done = leg_order_done},
		.media = m,
		.change = change,
	};
	if (!err)
		err = worker_offer(m->worker, &o->order);
	if (err) {
		leg_order_done(&o->order);
		return err;
	}
	return leg_remember(m, side, conf, &change);
}

void media_gate_set(struct media *m, enum media_side side, unsigned gate)
{
	atomic_store_explicit(&m->bridge.stream[side].gate, gate,
			      memory_order_relaxed);
}

void media_record_set(struct media *m, uint32_t id)
{
	for (unsigned side = 0; side < 2; side++)
		atomic_store_explicit(&m->bridge.stream[side].record, id,
				      memory_order_relaxed);
}

/* ---- what others may see ---- */

uint16_t media_port(const struct media *m, enum media_side side, bool rtcp)
{
	if (m->hub[side])
		return m->hub[side]->port;
	return (uint16_t)(m->ports[side].port + rtcp);
}

void media_tos_set(struct media *m, uint8_t tos)
{
	const int value = tos;

	for (int i = 0; i < 2 * COMPONENTS; i++) {
		enum media_side side = i / COMPONENTS ? MEDIA_B : MEDIA_A;
		bool ip6 = media_family(m, side) == AF_INET6;

		if (m->hub[side])
			continue; /* other calls send from there too */
		if (setsockopt(m->ports[side].fd[i % COMPONENTS],
			       ip6 ? IPPROTO_IPV6 : IPPROTO_IP,
			       ip6 ? IPV6_TCLASS : IP_TOS, &value,
			       sizeof(value)))
			log_debug("media: TOS %d refused (%s)", value,
				  strerror(errno));
	}
}

bool media_shared(const struct media *m, enum media_side side)
{
	return m->hub[side] != NULL;
}

const char *media_address(const struct media *m, enum media_side side)
{
	return m->interface[side]->advertise;
}

int media_family(const struct media *m, enum media_side side)
{
	return m->interface[side]->family;
}

static void track_stats(struct media_stats *stats,
			const struct stream_cells *in)
{
	const struct track_cells *c =
		&in->track[counter_get(&in->newest) % STREAM_TRACKS];
	struct quality_sums sums;

	track_cells_read(c, &sums);
	stats->jitter_us = track_cells_jitter_us(c);
	stats->mos = quality_mean(&sums).mos;
	stats->rtt_us = (uint32_t)counter_get(&in->rtt_us);
}

unsigned media_tracks(const struct media *m, enum media_side side,
		      struct media_track v[MEDIA_TRACKS])
{
	const struct stream_cells *in = &m->bridge.stream[side].cells;
	unsigned n = 0;

	for (unsigned i = 0; i < STREAM_TRACKS; i++) {
		track_cells_show(&in->track[i], &v[n]);
		n += v[n].packets > 0;
	}
	return n;
}

void media_stats(const struct media *m, enum media_side side,
		 struct media_stats *stats)
{
	const struct stream_cells *in = &m->bridge.stream[side].cells;
	const struct stream_cells *out =
		&m->bridge.stream[media_other(side)].cells;
	const struct leg *leg = &m->bridge.leg[side];

	*stats = (struct media_stats){
		.packets_in = counter_get(&in->packets_in),
		.octets_in = counter_get(&in->octets_in),
		.rtcp_in = counter_get(&in->rtcp_in),
		.packets_out = counter_get(&out->packets_out),
		.octets_out = counter_get(&out->octets_out),
		.rtcp_out = counter_get(&out->rtcp_out),
		.errors_out = counter_get(&out->errors_out),
		.last_ms = counter_get(&in->last_ms),
		.ssrc = (uint32_t)counter_get(&in->ssrc),
		.ssrcs = (unsigned)counter_get(&in->ssrcs),
		.lost = (uint32_t)counter_get(&in->lost),
		.key_in = counter_get(&in->key_in),
		.key_out = counter_get(&out->key_out),
	};
	track_stats(stats, in);
	for (unsigned k = 0; k < COMPONENTS; k++)
		stats->checks += counter_get(&leg->component[k].checks);
	stats->check_ms = counter_get(&leg->component[0].check_ms);
	for (unsigned i = 0; i < DROP_COUNT; i++)
		stats->drops[i] = counter_get(&in->drops[i]);
	stats->learned = addr_cell_get(
		&m->bridge.leg[side].component[COMPONENT_RTP].shown,
		&stats->peer);
}

struct handshake *media_handshake(const struct media *m, enum media_side side,
				  bool rtcp)
{
	return assoc_handshake(m->assoc[side][rtcp ? COMPONENT_RTCP :
						     COMPONENT_RTP]);
}
