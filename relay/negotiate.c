#include "relay/negotiate.h"

#include <openssl/crypto.h>

#include "lib/base/b64.h"
#include "lib/base/rnd.h"

/* ---- where the peer is -------------------------------------------------- */

static bool is_many(const union addr *a)
{
	if (a->sa.sa_family == AF_INET6)
		return IN6_IS_ADDR_MULTICAST(&a->v6.sin6_addr);
	return IN_MULTICAST(ntohl(a->v4.sin_addr.s_addr)) ||
	       a->v4.sin_addr.s_addr == htonl(INADDR_BROADCAST);
}

/* 0.0.0.0 is the old way to say "do not send": no address. */
static enum refusal conn_addr(const struct sdpv_conn *conn, uint16_t port,
			      const struct options *o, union addr *to)
{
	union addr a;

	if (o->sip_source && addr_is_set(&o->received)) {
		a = o->received;
		addr_set_port(&a, port);
	} else if (!conn->set) {
		return REFUSAL_INCOMPLETE;
	} else if (addr_parse(conn->address, port, &a) ||
		   (a.sa.sa_family == AF_INET6) != conn->ip6) {
		return REFUSAL_ADDRESS;
	}
	if (is_many(&a))
		return REFUSAL_ADDRESS;
	*to = addr_is_any(&a) ? ADDR_NONE : a;
	return REFUSAL_NONE;
}

static enum refusal peer_place(struct leg_conf *c, const struct sdpv_media *m,
			       const struct options *o)
{
	const struct sdpv_conn *conn = &m->conn;
	uint32_t port = m->port + 1u;
	enum refusal why = conn_addr(conn, m->port, o, &c->rtp);

	if (why)
		return why;
	c->latch = o->strict	   ? LEG_LATCH_STRICT
		   : o->asymmetric ? LEG_LATCH_ASYMMETRIC
		   : o->handover   ? LEG_LATCH_FOLLOW
				   : LEG_LATCH_HOST;
	c->rtcp = ADDR_NONE;
	if (m->rtcp_port) {
		port = m->rtcp_port;
		if (m->rtcp_conn.set)
			conn = &m->rtcp_conn;
	}
	if (port > 65535)
		return REFUSAL_NONE;
	return conn_addr(conn, (uint16_t)port, o, &c->rtcp);
}

/* ---- SDES --------------------------------------------------------------- */

/* Session parameters that we could not honour forbid the line, all but the
 * replay window and those marked optional (RFC 4568 section 6.3). */
static bool params_ok(struct slice params)
{
	while (params.p) {
		struct slice word = slice_cut(&params, ' ');

		if (word.n && word.p[0] != '-' && !slice_starts(word, "WSH="))
			return false;
	}
	return true;
}

/* The value must go into its octets. */
static bool mki_ok(const struct sdpv_crypto *c)
{
	return c->mki_n >= sizeof(c->mki) || c->mki >> 8 * c->mki_n == 0;
}

static bool crypto_key(const struct sdpv_crypto *c, struct leg_key *key)
{
	enum suite suite = suite_find(c->suite);
	struct leg_key k = {
		.suite = suite, .mki_n = (uint8_t)c->mki_n, .mki = c->mki,
	};
	size_t n = 0;
	bool ok;

	if (suite == SUITE_NONE || !mki_ok(c) || !params_ok(c->params))
		return false;
	ok = b64_parse(c->key_salt, k.key_salt, sizeof(k.key_salt), &n) == 0 &&
	     n == suite_key_salt(suite);
	k.n = (uint8_t)n;
	if (ok)
		*key = k;
	OPENSSL_cleanse(&k, sizeof(k));
	return ok;
}

static bool key_eq(const struct leg_key *a, const struct leg_key *b)
{
	return a->suite == b->suite && a->n == b->n &&
	       a->mki_n == b->mki_n && a->mki == b->mki &&
	       CRYPTO_memcmp(a->key_salt, b->key_salt, a->n) == 0;
}

static void key_of(struct leg_key *key, const struct sdes_key *ours)
{
	key->suite = ours->suite;
	key->n = (uint8_t)suite_key_salt(ours->suite);
	memcpy(key->key_salt, ours->key_salt, key->n);
	key->mki_n = ours->mki_n;
	key->mki = ours->mki;
}

static void key_fresh(struct sdes_key *key, uint32_t tag, enum suite suite)
{
	key->tag = tag;
	key->suite = suite;
	key->mki_n = 0;
	key->mki = 0;
	rnd_fill(key->key_salt, suite_key_salt(suite));
}

/* Bits of enum suite that the other side shall be offered. */
static uint32_t suites_wanted(const struct options_sdes *sdes,
			      const struct sdpv_media *m)
{
	uint32_t offered = 0, bits = 0;

	for (unsigned i = 0; i < m->crypto_count; i++)
		offered |= 1u << suite_find(m->crypto[i].suite);
	for (unsigned i = 0; i < SUITE_COUNT - 1; i++) {
		uint32_t bit = 1u << suite_ranked(i);

		if (i < SUITE_DEFAULTS || offered & bit || sdes->only)
			bits |= bit;
	}
	if (sdes->nonew)
		return bits & offered;
	return sdes->only ? bits & sdes->only : bits & ~sdes->without;
}

/* Lines we wrote to that side before stay, with their keys, as long as all of
 * them are still wanted: the same offer again must not start a new key. */
static bool keys_stay(const struct session_leg *leg, uint32_t wanted)
{
	for (unsigned i = 0; i < leg->ours.n; i++)
		if (!(wanted & 1u << leg->ours.v[i].suite))
			return false;
	return leg->ours.n > 0;
}

/* Of those, only the key in use goes on. One that was left for another begins
 * with a new index, which its old packets have had (RFC 3711 section 9.1). */
static void keys_again(struct sdes_keys *keys, const struct session_leg *leg)
{
	*keys = leg->ours;
	for (unsigned i = 0; leg->set && i < keys->n; i++) {
		struct sdes_key *key = &keys->v[i];

		if (leg->conf.security != LEG_SDES ||
		    leg->conf.tx.suite != key->suite ||
		    CRYPTO_memcmp(leg->conf.tx.key_salt, key->key_salt,
				  suite_key_salt(key->suite)))
			rnd_fill(key->key_salt, suite_key_salt(key->suite));
	}
}

static void key_add(struct sdes_keys *keys, uint32_t *wanted,
		    enum suite suite)
{
	if (!(*wanted & 1u << suite))
		return;
	key_fresh(&keys->v[keys->n], keys->n + 1, suite);
	keys->n++;
	*wanted &= ~(1u << suite);
}

/* Those of "order:" first. */
static void keys_offer(struct sdes_keys *keys, uint32_t wanted,
		       const struct options_sdes *sdes)
{
	keys->n = 0;
	for (unsigned i = 0; i < sdes->order_n; i++)
		key_add(keys, &wanted, sdes->order[i]);
	for (unsigned i = 0; i < SUITE_COUNT - 1; i++)
		key_add(keys, &wanted, suite_ranked(i));
}

/* The offerer's line that we take: the first we can (RFC 4568 5.1.2), unless
 * one is to be preferred. */
static const struct sdpv_crypto *line_choose(const struct sdpv_media *m,
					     const struct options_sdes *sdes,
					     struct leg_key *key)
{
	for (unsigned k = 0; k < sdes->prefer_n; k++)
		for (unsigned i = 0; i < m->crypto_count; i++)
			if (suite_find(m->crypto[i].suite) == sdes->prefer[k] &&
			    crypto_key(&m->crypto[i], key))
				return &m->crypto[i];
	for (unsigned i = 0; i < m->crypto_count; i++)
		if (crypto_key(&m->crypto[i], key))
			return &m->crypto[i];
	return NULL;
}

/* ... and our line for the answer. The key it had before goes with the key we
 * had. */
static enum refusal sdes_take(struct proposal *p, const struct sdpv_media *m,
			      const struct session_leg *leg,
			      const struct options_sdes *sdes)
{
	struct leg_conf *c = &p->conf;
	struct sdes_key *ours = &p->answer.v[0];
	const struct sdpv_crypto *line = line_choose(m, sdes, &c->rx);

	if (!line)
		return REFUSAL_CRYPTO;
	c->security = LEG_SDES;
	p->answer.n = 1;
	key_fresh(ours, line->tag, c->rx.suite);
	/* Who uses an MKI expects one, and the same value does. */
	ours->mki_n = c->rx.mki_n;
	ours->mki = c->rx.mki;
	if (leg->set && leg->conf.security == LEG_SDES &&
	    leg->conf.tx.suite == c->rx.suite &&
	    key_eq(&leg->conf.rx, &c->rx))
		memcpy(ours->key_salt, leg->conf.tx.key_salt,
		       leg->conf.tx.n);
	key_of(&c->tx, ours);
	return REFUSAL_NONE;
}

/* The answer must take one of the lines of our offer, by tag and suite. */
static enum refusal sdes_taken(struct leg_conf *c, const struct sdpv_media *m,
			       const struct sdes_keys *offer)
{
	for (unsigned i = 0; i < m->crypto_count; i++)
		for (unsigned k = 0; k < offer->n; k++) {
			if (m->crypto[i].tag != offer->v[k].tag ||
			    suite_find(m->crypto[i].suite) !=
				    offer->v[k].suite ||
			    !crypto_key(&m->crypto[i], &c->rx))
				continue;
			key_of(&c->tx, &offer->v[k]);
			return REFUSAL_NONE;
		}
	return REFUSAL_CRYPTO;
}

/* ---- DTLS --------------------------------------------------------------- */

static enum refusal fingerprints_take(struct leg_conf *c,
				      const struct sdpv_media *m)
{
	c->security = LEG_DTLS;
	c->fingerprints = 0;
	for (unsigned i = 0;
	     i < m->fingerprint_count && c->fingerprints < LEG_FINGERPRINTS;
	     i++)
		if (fingerprint_parse(m->fingerprint[i].hash,
				      m->fingerprint[i].value,
				      &c->fingerprint[c->fingerprints]) == 0)
			c->fingerprints++;
	return c->fingerprints ? REFUSAL_NONE : REFUSAL_FINGERPRINT;
}

static bool fingerprints_same(const struct leg_conf *a,
			      const struct leg_conf *b)
{
	if (a->fingerprints != b->fingerprints)
		return false;
	for (unsigned i = 0; i < a->fingerprints; i++)
		if (a->fingerprint[i].hash != b->fingerprint[i].hash ||
		    a->fingerprint[i].n != b->fingerprint[i].n ||
		    memcmp(a->fingerprint[i].octets, b->fingerprint[i].octets,
			   a->fingerprint[i].n))
			return false;
	return true;
}

/* Our role by the offerer's a=setup; without one it is `active` (RFC 4145
 * section 4). An association that stands keeps its roles (RFC 8842 5.3). */
static void role_offered(struct proposal *p, const struct sdpv_media *m,
			 const struct session_leg *leg,
			 const struct options *o)
{
	struct leg_conf *c = &p->conf;

	switch (m->setup) {
	case SDPV_SETUP_PASSIVE:
		c->role = HANDSHAKE_ACTIVE;
		return;
	case SDPV_SETUP_ACTPASS:
	case SDPV_SETUP_HOLDCONN:
		if (leg->set && leg->conf.security == LEG_DTLS &&
		    fingerprints_same(&leg->conf, c)) {
			c->role = leg->conf.role;
			return;
		}
		p->role_free = true;
		c->role = o->dtls == OPTIONS_DTLS_PASSIVE ? HANDSHAKE_PASSIVE
							  : HANDSHAKE_ACTIVE;
		return;
	default:
		c->role = HANDSHAKE_PASSIVE;
	}
}

/* By the answer to our actpass; without a=setup it is `passive`. */
static enum handshake_role role_answered(const struct sdpv_media *m)
{
	return m->setup == SDPV_SETUP_ACTIVE ? HANDSHAKE_PASSIVE
					     : HANDSHAKE_ACTIVE;
}

/* ---- the offer ---------------------------------------------------------- */

/* RFC 8643 section 3: what of SRTP can be taken is taken; else it is RTP. */
static enum refusal osrtp_take(struct proposal *p,
			       const struct session_leg *leg,
			       const struct sdpv_media *m,
			       const struct options *o, bool dtls)
{
	if (sdes_take(p, m, leg, &o->sdes) == REFUSAL_NONE)
		return REFUSAL_NONE;
	if (dtls && fingerprints_take(&p->conf, m) == REFUSAL_NONE)
		role_offered(p, m, leg, o);
	else
		p->conf.security = LEG_RTP;
	return REFUSAL_NONE;
}

/* RTP/SAVP(F) with a fingerprint and no a=crypto is DTLS-SRTP too: so it was
 * written before RFC 5764 was. */
static enum refusal offerer_security(struct proposal *p,
				     const struct session_leg *leg,
				     const struct sdpv_media *m,
				     const struct options *o, bool dtls)
{
	enum refusal why;

	p->conf.security = LEG_RTP;
	if (!sdpv_proto_is_dtls(m->proto) && !sdpv_proto_is_sdes(m->proto))
		return o->osrtp.accept ? osrtp_take(p, leg, m, o, dtls)
				       : REFUSAL_NONE;
	if (sdpv_proto_is_sdes(m->proto)) {
		why = sdes_take(p, m, leg, &o->sdes);
		if (!why || !m->fingerprint_count)
			return why;
	}
	if (!dtls)
		return REFUSAL_OPTIONS;
	why = fingerprints_take(&p->conf, m);
	if (!why)
		role_offered(p, m, leg, o);
	return why;
}

static enum refusal other_security(struct proposal *p,
				   const struct session_media *sm,
				   const struct sdpv_media *m,
				   const struct options *o, bool dtls)
{
	enum media_side side = p->offerer, other = media_other(side);
	uint32_t wanted = suites_wanted(&o->sdes, m);
	enum sdpv_proto proto = p->proto[other];
	const struct session_leg *leg = &sm->leg[other];
	const struct leg_conf *was = &sm->leg[side].conf;
	bool new_key = sm->leg[side].set && was->security == LEG_SDES &&
		       !key_eq(&was->rx, &p->conf.rx);

	p->security = LEG_RTP;
	p->osrtp = o->osrtp.offer && !sdpv_proto_is_dtls(proto) &&
		   !sdpv_proto_is_sdes(proto);
	if (!p->osrtp && !sdpv_proto_is_dtls(proto) &&
	    !sdpv_proto_is_sdes(proto))
		return REFUSAL_NONE;
	if (sdpv_proto_is_dtls(proto) || (o->sdes.off && !p->osrtp)) {
		p->security = LEG_DTLS;
		return dtls && o->dtls != OPTIONS_DTLS_OFF ? REFUSAL_NONE
							   : REFUSAL_OPTIONS;
	}
	p->security = LEG_SDES;
	/* Without a to-tag this may be another branch of a fork: a key that
	 * one callee knows is none for the next. */
	if (!new_key && o->to_tag.n && keys_stay(leg, wanted))
		keys_again(&p->offer, leg);
	else
		keys_offer(&p->offer, wanted, &o->sdes);
	return p->offer.n ? REFUSAL_NONE : REFUSAL_OPTIONS;
}

static void mux_offered(struct proposal *p, const struct sdpv_media *m,
			const struct options_mux *mux)
{
	p->mux_offered = m->rtcp_mux;
	p->mux_offer = mux->offer || mux->require ||
		       (m->rtcp_mux && !mux->demux);
	p->mux_accept = mux->accept || mux->demux;
	p->mux_refuse = mux->reject;
}

enum refusal negotiate_offer(struct session_media *sm, enum media_side side,
			     const struct sdpv_media *m,
			     const struct options *o, bool dtls, bool pass)
{
	struct proposal *p = &sm->next;
	enum media_side other = media_other(side);
	enum refusal why;

	*p = (struct proposal){.offerer = side, .direction = m->direction};
	(void)slice_copy(m->mid, p->mid, sizeof(p->mid));
	p->mid_none = !m->mid.n;
	p->proto[side] = m->proto;
	p->proto[other] = o->proto == SDPV_OTHER || m->proto == SDPV_OTHER
				  ? m->proto
				  : o->proto;
	p->reject = m->port == 0 ||
		    (m->proto == SDPV_OTHER && !negotiate_is_opaque(m));
	if (p->reject)
		return REFUSAL_NONE;
	why = peer_place(&p->conf, m, o);
	if (!why && (pass || m->proto == SDPV_OTHER)) {
		negotiate_offer_passed(p, m);
		negotiate_offer_ice(sm, m, o);
		return REFUSAL_NONE;
	}
	if (!why)
		why = offerer_security(p, &sm->leg[side], m, o, dtls);
	if (!why)
		why = other_security(p, sm, m, o, dtls);
	mux_offered(p, m, &o->mux);
	negotiate_extensions(&p->conf.extensions, m, o);
	if (!why)
		negotiate_offer_ice(sm, m, o);
	return why;
}

static void rtcp_write(struct rewrite_media *rm, const struct options *o)
{
	rm->rtcp_add = true;
	rm->rtcp_full = o->full_rtcp_attribute;
	if (o->no_rtcp_attribute)
		rm->rtcp_port = 0;
	rm->lifetime = o->sdes.lifetime;
}

static void passed_write(struct rewrite_media *rm, const struct proposal *p)
{
	rm->keep_keys = leg_is_passed(p->security);
	if (p->security != LEG_OPAQUE)
		return;
	rm->rtcp_mux = rm->rtcp_mux_only = false;
	rm->rtcp_port = 0;
}

void negotiate_write_offer(const struct session_media *sm,
			   const struct options *o, const char *fingerprint,
			   struct rewrite_media *rm)
{
	const struct proposal *p = &sm->next;
	enum media_side to = media_other(p->offerer);
	bool only = o->mux.require;

	*rm = (struct rewrite_media){.reject = p->reject,
				     .proto = p->proto[to]};
	if (p->reject)
		return;
	only |= media_shared(sm->media, to);
	rm->port = media_port(sm->media, to, false);
	rm->rtcp_port = media_port(sm->media, to, !only);
	rtcp_write(rm, o);
	rm->rtcp_mux = p->mux_offer || only;
	rm->rtcp_mux_only = only;
	passed_write(rm, p);
	negotiate_write_ice(rm, sm, to, &p->ice);
	if (p->security == LEG_DTLS) {
		rm->setup = SDPV_SETUP_ACTPASS;
		rm->fingerprint = fingerprint;
	}
	if (p->security == LEG_SDES)
		rm->keys = &p->offer;
}

/* ---- the answer --------------------------------------------------------- */

/* Of what we offered: SRTP stays SRTP, and of its kind. */
static enum refusal answered_security(struct leg_conf *c,
				      const struct proposal *p,
				      const struct sdpv_media *m)
{
	bool secure = sdpv_proto_is_dtls(m->proto) ||
		      sdpv_proto_is_sdes(m->proto);
	enum refusal why;

	c->security = p->security;
	if (leg_is_passed(p->security))
		return negotiate_answer_passed(c, p, m);
	if (p->osrtp && !secure) {
		if (m->proto == SDPV_OTHER)
			return REFUSAL_ANSWER;
		if (sdes_taken(c, m, &p->offer))
			c->security = LEG_RTP;
		return REFUSAL_NONE;
	}
	if (p->security == LEG_RTP)
		return secure || m->proto == SDPV_OTHER ? REFUSAL_ANSWER
							: REFUSAL_NONE;
	if (!secure)
		return REFUSAL_DOWNGRADE;
	if (p->security == LEG_SDES)
		return sdpv_proto_is_dtls(m->proto) ? REFUSAL_ANSWER
						    : sdes_taken(c, m, &p->offer);
	why = fingerprints_take(c, m);
	c->role = role_answered(m);
	return why;
}

static void directions(struct leg_conf conf[2], enum media_side offerer,
		       enum sdpv_direction offered,
		       enum sdpv_direction answered)
{
	struct leg_conf *x = &conf[offerer], *y = &conf[media_other(offerer)];

	x->recv = y->send = (offered & SDPV_SENDONLY) &&
			    (answered & SDPV_RECVONLY);
	y->recv = x->send = (answered & SDPV_SENDONLY) &&
			    (offered & SDPV_RECVONLY);
}

/* Agreed on is what both have (RFC 8285 section 7). */
static void extensions(struct leg_conf *x, struct leg_conf *y,
		       const struct sdpv_media *m, const struct options *o)
{
	negotiate_extensions(&y->extensions, m, o);
	for (unsigned i = 0; i < 8; i++)
		y->extensions.bits[i] &= x->extensions.bits[i];
	x->extensions = y->extensions;
}

static bool shared(const struct session_media *sm, enum media_side side)
{
	return sm->media && media_shared(sm->media, side);
}

enum refusal negotiate_answer(const struct session_media *sm,
			      const struct sdpv_media *m,
			      const struct options *o, struct leg_conf conf[2],
			      bool *reject)
{
	const struct proposal *p = &sm->offer;
	struct leg_conf *x = &conf[p->offerer];
	struct leg_conf *y = &conf[media_other(p->offerer)];
	enum refusal why;

	*reject = p->reject || m->port == 0;
	if (*reject)
		return REFUSAL_NONE;
	*x = p->conf;
	*y = (struct leg_conf){0};
	why = peer_place(y, m, o);
	if (!why)
		why = answered_security(y, p, m);
	if (why)
		return why;
	if (p->role_free && o->dtls == OPTIONS_DTLS_PASSIVE)
		x->role = HANDSHAKE_PASSIVE;
	y->rtcp_mux = (p->mux_offer || shared(sm, media_other(p->offerer))) &&
		      m->rtcp_mux;
	x->rtcp_mux = p->mux_offered && !p->mux_refuse && !o->mux.reject &&
		      (p->mux_accept || o->mux.accept || y->rtcp_mux ||
		       shared(sm, p->offerer));
	directions(conf, p->offerer, p->direction, m->direction);
	extensions(x, y, m, o);
	return negotiate_answer_ice(sm, m, o, conf);
}

static bool same_security(enum sdpv_proto a, enum sdpv_proto b)
{
	return sdpv_proto_is_dtls(a) == sdpv_proto_is_dtls(b) &&
	       sdpv_proto_is_sdes(a) == sdpv_proto_is_sdes(b);
}

/* What was offered; or as the answer has it, if asked for and no less. */
static enum sdpv_proto proto_answered(const struct proposal *p,
				      const struct sdpv_media *m,
				      const struct options *o)
{
	enum sdpv_proto was = p->proto[p->offerer];

	return o->proto_accept && m->proto != SDPV_OTHER &&
			       same_security(was, m->proto)
		       ? m->proto
		       : was;
}

void negotiate_write_answer(const struct session_media *sm,
			    const struct sdpv_media *m,
			    const struct options *o, const char *fingerprint,
			    const struct leg_conf *conf, bool reject,
			    struct rewrite_media *rm)
{
	const struct proposal *p = &sm->offer;

	*rm = (struct rewrite_media){.reject = reject,
				     .mid_back = p->mid,
				     .mid_none = p->mid_none,
				     .proto = proto_answered(p, m, o)};
	if (reject)
		return;
	rm->port = media_port(sm->media, p->offerer, false);
	rm->rtcp_port = media_port(sm->media, p->offerer, !conf->rtcp_mux);
	rtcp_write(rm, o);
	rm->rtcp_mux = conf->rtcp_mux;
	passed_write(rm, p);
	negotiate_write_ice(rm, sm, p->offerer, &conf->ice);
	if (conf->rtcp_mux)
		rm->ice_rtcp = 0;
	if (conf->security == LEG_DTLS) {
		rm->setup = conf->role == HANDSHAKE_ACTIVE
				    ? SDPV_SETUP_ACTIVE
				    : SDPV_SETUP_PASSIVE;
		rm->fingerprint = fingerprint;
	}
	if (conf->security == LEG_SDES)
		rm->keys = &p->answer;
}
