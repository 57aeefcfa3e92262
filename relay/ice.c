/* ice: the lite agent of RFC 8445 on one leg (ice.h). */
#include "relay/ice.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "lib/base/rnd.h"
#include "lib/base/siphash.h"
#include "lib/pkt/stun.h"
#include "relay/hub.h"
#include "relay/path.h"

void ice_creds_make(struct ice_creds *creds)
{
	rnd_hex(creds->ufrag, ICE_UFRAG);
	rnd_hex(creds->pwd, ICE_PWD);
}

uint32_t ice_priority(unsigned component)
{
	return 126u << 24 | 65535u << 8 | (256 - component);
}

uint64_t ice_peer_hash(struct slice ufrag)
{
	return siphash_slice(ufrag) | 1;
}

int ice_new(struct ice **icep, const struct ice_creds *creds, uint64_t peer,
	    struct hub *hub)
{
	struct ice *ice = calloc(1, sizeof(*ice));

	if (!ice)
		return ENOMEM;
	memcpy(ice->ufrag, creds->ufrag, sizeof(ice->ufrag));
	evp_hmac_init(&ice->mac, (const uint8_t *)creds->pwd, ICE_PWD);
	ice->peer = peer;
	ice->hub = hub;
	*icep = ice;
	return 0;
}

void ice_free(struct ice *ice)
{
	if (!ice)
		return;
	OPENSSL_cleanse(ice, sizeof(*ice));
	free(ice);
}

/* ---- validated sources ---- */

static struct ice_pair *pair_find(struct ice *ice, unsigned kind,
				  const union addr *addr)
{
	for (unsigned i = 0; i < ICE_PAIRS; i++) {
		struct ice_pair *pair = &ice->pair[kind][i];

		if (pair->at && addr_eq(&pair->addr, addr))
			return pair;
	}
	return NULL;
}

static void pair_del(struct ice *ice, struct ice_pair *pair)
{
	if (ice->hub)
		hub_pair_del(ice->hub, pair);
	pair->at = NULL;
}

/* A free row, or that of the source that was silent longest; never the
 * selected one's. */
static struct ice_pair *pair_room(struct ice *ice, const struct component *c)
{
	struct ice_pair *oldest = NULL;

	for (unsigned i = 0; i < ICE_PAIRS; i++) {
		struct ice_pair *pair = &ice->pair[c->kind][i];

		if (!pair->at)
			return pair;
		if (c->learned && addr_eq(&c->peer, &pair->addr))
			continue;
		if (!oldest || pair->seen_ms < oldest->seen_ms)
			oldest = pair;
	}
	pair_del(ice, oldest);
	return oldest;
}

static void pair_add(struct ice *ice, struct component *c,
		     const union addr *addr, uint64_t peer, uint64_t now_ms)
{
	struct ice_pair *pair = pair_room(ice, c);

	*pair = (struct ice_pair){
		.at = c, .addr = *addr, .peer = peer, .seen_ms = now_ms};
	if (ice->hub)
		hub_pair_add(ice->hub, pair);
}

/* At a shared port: is it another leg's, which is alive? A dead one's goes. */
static bool pair_taken(const struct ice *ice, const union addr *addr,
		       uint64_t now_ms)
{
	struct ice_pair *pair = ice->hub ? hub_pair_find(ice->hub, addr) : NULL;

	if (!pair)
		return false;
	if (now_ms - pair->seen_ms <= ICE_CONSENT_MS)
		return true;
	pair_del(pair->at->leg->ice, pair);
	return false;
}

bool ice_allows(const struct component *c, const union addr *from,
		uint64_t now_ms)
{
	const struct ice_pair *pair = pair_find(c->leg->ice, c->kind, from);

	if (!pair)
		return false;
	return now_ms - pair->seen_ms <= ICE_CONSENT_MS ||
	       (c->learned && addr_eq(&c->peer, from));
}

static const uint8_t agent_prefix[8] = {0x01};

union addr ice_agent_addr(uint64_t peer)
{
	union addr a = {.v6 = {.sin6_family = AF_INET6}};

	memcpy(a.v6.sin6_addr.s6_addr, agent_prefix, sizeof(agent_prefix));
	memcpy(a.v6.sin6_addr.s6_addr + 8, &peer, sizeof(peer));
	addr_set_port(&a, 1);
	return a;
}

bool ice_is_agent_addr(const union addr *a)
{
	return a->sa.sa_family == AF_INET6 &&
	       !memcmp(a->v6.sin6_addr.s6_addr, agent_prefix,
		       sizeof(agent_prefix));
}

bool ice_take_dtls(struct component *c, const union addr *from,
		   uint64_t now_ms, union addr *agent)
{
	if (!ice_allows(c, from, now_ms))
		return false;
	*agent = ice_agent_addr(pair_find(c->leg->ice, c->kind, from)->peer);
	addr_cell_set(&c->dtls_from, from, true);
	return true;
}

union addr ice_resolve(const struct component *c)
{
	union addr a;

	addr_cell_get(&c->shown, &a);
	if (!addr_is_set(&a))
		addr_cell_get(&c->dtls_from, &a);
	return a;
}

static void consent(struct component *c, const union addr *from,
		    uint64_t now_ms)
{
	if (c->learned && addr_eq(&c->peer, from))
		c->consent_ms = now_ms;
}

void ice_heard(struct component *c, const union addr *from, uint64_t now_ms)
{
	struct ice_pair *pair = pair_find(c->leg->ice, c->kind, from);

	if (pair)
		pair->seen_ms = now_ms;
	consent(c, from, now_ms);
}

bool ice_has_consent(const struct component *c, uint64_t now_ms)
{
	return now_ms - c->consent_ms <= ICE_CONSENT_MS;
}

/* ---- coming and going ---- */

void ice_attach(struct ice *ice, struct leg *leg)
{
	ice->leg = leg;
	leg->ice = ice;
	if (ice->hub)
		hub_agent_add(ice->hub, ice);
	for (unsigned k = 0; k < COMPONENTS; k++) {
		struct component *c = &leg->component[k];

		if (c->learned)
			pair_add(ice, c, &c->peer, ice->peer, c->consent_ms);
	}
}

void ice_detach(struct ice *ice)
{
	for (unsigned k = 0; k < COMPONENTS; k++)
		for (unsigned i = 0; i < ICE_PAIRS; i++)
			if (ice->pair[k][i].at)
				pair_del(ice, &ice->pair[k][i]);
	if (ice->hub)
		hub_agent_del(ice->hub, ice);
	ice->leg->ice = NULL;
	ice->leg = NULL;
}

void ice_peer_set(struct ice *ice, uint64_t peer)
{
	if (!peer || ice->peer == peer)
		return;
	ice->peer = peer;
	for (unsigned k = 0; k < COMPONENTS; k++)
		for (unsigned i = 0; i < ICE_PAIRS; i++) {
			struct ice_pair *pair = &ice->pair[k][i];
			struct component *c = pair->at;

			if (!c || pair->peer == peer)
				continue;
			if (c->learned && addr_eq(&c->peer, &pair->addr))
				component_forget(c);
			pair_del(ice, pair);
		}
}

/* ---- checks ---- */

/* USERNAME of a check is our ufrag, a colon, and the peer's (RFC 8445
 * 7.2.2). */
static struct slice username_ours(const struct stunv *m, struct slice *theirs)
{
	*theirs = m->username;
	return slice_cut(theirs, ':');
}

static void mac_of(struct ice *ice, const uint8_t *head, struct slice rest,
		   uint8_t mac[STUN_MAC])
{
	evp_hmac_start(&ice->mac);
	if (head)
		evp_hmac_add(&ice->mac, head, STUN_HEADER);
	evp_hmac_add(&ice->mac, (const uint8_t *)rest.p, rest.n);
	evp_hmac_end(&ice->mac, mac);
}

static bool is_authentic(struct ice *ice, const struct stunv *m)
{
	uint8_t head[STUN_HEADER], mac[STUN_MAC];
	struct slice rest;

	if (!m->integrity)
		return false;
	stunv_covered(m, head, &rest);
	mac_of(ice, head, rest, mac);
	return !CRYPTO_memcmp(mac, m->integrity, STUN_MAC);
}

/* Cheap before dear: name, then MAC. */
static enum drop check_verify(struct ice *ice, const struct stunv *m,
			      uint64_t *peer)
{
	struct slice theirs, ours;

	if (m->class != STUN_REQUEST || m->method != STUN_BINDING)
		return DROP_STUN;
	if (!m->fingerprint)
		return DROP_STUN_BAD;
	ours = username_ours(m, &theirs);
	if (!theirs.n || !slice_eq_str(ours, ice->ufrag))
		return DROP_ICE_USER;
	*peer = ice_peer_hash(theirs);
	if (ice->peer && ice->peer != *peer)
		return DROP_ICE_USER;
	return is_authentic(ice, m) ? DROP_NONE : DROP_ICE_AUTH;
}

static struct stunv_addr mapped(const union addr *a)
{
	struct stunv_addr to = {.port = addr_port(a)};

	to.ip6 = a->sa.sa_family == AF_INET6;
	if (to.ip6)
		memcpy(to.host, &a->v6.sin6_addr, 16);
	else
		memcpy(to.host, &a->v4.sin_addr, 4);
	return to;
}

/* Over the request, to where it came from. code 0: success. */
static void reply(struct path *path, struct path_packet *pkt,
		  const struct stunv *m, unsigned code)
{
	struct ice *ice = pkt->at->leg->ice;
	struct io_packet *v[] = {&pkt->io};
	const struct stunv was = *m;
	struct stunv_addr addr = mapped(&pkt->io.peer);
	struct stunv_writer w;
	struct slice covered;
	uint8_t *mac;

	stunv_begin(&w, pkt->io.p, IO_OCTETS, code ? STUN_ERROR : STUN_SUCCESS,
		    STUN_BINDING, was.id);
	if (code == STUN_ROLE_CONFLICT)
		stunv_put_error(&w, code, "Role Conflict");
	else if (code)
		stunv_put_error(&w, code, "Unknown Attribute");
	else
		stunv_put_mapped(&w, &addr);
	if (code == STUN_UNKNOWN_ATTRIBUTE)
		stunv_put_unknown(&w, was.unknown,
				  was.unknowns < STUN_UNKNOWN_MAX ?
					  was.unknowns : STUN_UNKNOWN_MAX);
	mac = stunv_put_integrity(&w, &covered);
	if (mac)
		mac_of(ice, NULL, covered, mac);
	stunv_put_fingerprint(&w);
	pkt->io.n = (uint32_t)w.n;
	pkt->io.fd = pkt->at->fd;
	if (w.err || !io_send(path->io, v, 1))
		return;
	counter_add(&path->counters->v[COUNTER_DATAGRAMS_OUT], 1);
	counter_add(&path->counters->v[COUNTER_OCTETS_OUT], pkt->io.n);
}

/* The last nomination counts: a full agent that has changed its mind says so
 * with another USE-CANDIDATE. */
static void select_source(struct path *path, struct component *c,
			  const union addr *from)
{
	if (c->learned && addr_eq(&c->peer, from))
		return;
	component_learn(c, from);
	counter_add(&path->counters->v[COUNTER_ICE_SELECTED], 1);
	if (c->selected)
		c->selected(c);
}

static enum drop check_take(struct path *path, struct component *c,
			    const union addr *from, const struct stunv *m,
			    uint64_t peer)
{
	struct ice *ice = c->leg->ice;
	struct ice_pair *pair = pair_find(ice, c->kind, from);

	if (pair) {
		pair->seen_ms = path->now_ms;
		pair->peer = peer;
	} else if (pair_taken(ice, from, path->now_ms)) {
		return DROP_ICE_TAKEN;
	} else {
		pair_add(ice, c, from, peer, path->now_ms);
	}
	if (m->use_candidate)
		select_source(path, c, from);
	consent(c, from, path->now_ms);
	counter_add(&c->checks, 1);
	counter_put(&c->check_ms, path->now_ms);
	counter_add(&path->counters->v[COUNTER_ICE_CHECKS], 1);
	return DROP_NONE;
}

enum drop ice_packet(struct path *path, struct path_packet *pkt)
{
	struct component *c = pkt->at;
	enum drop drop;
	uint64_t peer;
	struct stunv m;

	if (stunv_parse(&m, pkt->io.p, pkt->io.n))
		return DROP_STUN_BAD;
	drop = check_verify(c->leg->ice, &m, &peer);
	if (drop)
		return drop;
	if (m.unknowns) {
		reply(path, pkt, &m, STUN_UNKNOWN_ATTRIBUTE);
		return PATH_TAKEN;
	}
	/* A lite agent is controlled, always (RFC 8445 6.1.1). */
	if (m.controlled) {
		counter_add(&path->counters->v[COUNTER_ICE_CONFLICTS], 1);
		reply(path, pkt, &m, STUN_ROLE_CONFLICT);
		return PATH_TAKEN;
	}
	drop = check_take(path, c, &pkt->io.peer, &m, peer);
	if (drop)
		return drop;
	reply(path, pkt, &m, 0);
	return PATH_TAKEN;
}

struct ice *ice_of(const struct hub *hub, const uint8_t *p, size_t n)
{
	struct slice theirs;
	struct stunv m;

	if (stunv_parse(&m, p, n))
		return NULL;
	return hub_agent_find(hub, username_ours(&m, &theirs));
}
