/* ice: the lite agent of RFC 8445 on one leg. It sends no checks and has one
 * candidate per component; it answers those who check it and know its password,
 * and so learns where the peer is: a leg with ICE has no other way.
 *
 *	a check that is authentic		makes its source *validated*
 *	one of those with USE-CANDIDATE		*selects* it: we send there
 *
 * DTLS and media are taken from validated sources only, and media is sent to
 * the selected one, as long as there is consent (RFC 7675): a full agent asks
 * for ours every few seconds, and those checks are its own, so ICE_CONSENT_MS
 * without an authentic one, or an authentic SRTP packet (an agent of RFC 5245
 * sends no checks when it is done), end our sending.
 *
 * Remote candidates are of no use to an agent that does not check: trickled
 * ones, TCP ones and names are all the same to it.
 *
 * Whoever does not know user name and password gets no octet.
 *
 * Thread: made and freed by the control thread, otherwise the worker's that
 * has the leg; it comes and goes in a leg_change. */
#ifndef RELAY_ICE_H
#define RELAY_ICE_H

#include "lib/io/addr.h"
#include "relay/drop.h"
#include "relay/evp.h"

struct component;
struct hub;
struct leg;
struct path;
struct path_packet;

enum {
	ICE_UFRAG = 12, /* characters of ours: 48 random bits */
	ICE_PWD = 32, /* 128 */
	ICE_PAIRS = 16, /* validated sources per component */
	ICE_CONSENT_MS = 30000, /* RFC 7675 5.1 */
};

/* a=ice-ufrag and a=ice-pwd of ours. Empty: no ICE. */
struct ice_creds {
	char ufrag[ICE_UFRAG + 1];
	char pwd[ICE_PWD + 1];
};

/* Fresh ones. */
void ice_creds_make(struct ice_creds *creds);
/* Our candidate's priority (RFC 8445 5.1.2.1): a host's, the only one.
 * component: 1 RTP, 2 RTCP. */
uint32_t ice_priority(unsigned component);

/* A source that has shown that it knows our password. */
struct ice_pair {
	struct ice_pair *next; /* in the hub's table of addresses */
	struct component *at; /* NULL: this row is free */
	union addr addr;
	uint64_t peer; /* hash of the user name it gave itself */
	uint64_t seen_ms;
};

struct ice {
	struct ice *next; /* in the hub's table of user names */
	struct leg *leg; /* NULL: not attached */
	struct hub *hub; /* shared port it is reached by; NULL: own ports */
	char ufrag[ICE_UFRAG + 1];
	struct evp_hmac mac; /* keyed with our password */
	uint64_t peer; /* hash of the peer's ufrag; 0: not known yet */
	struct ice_pair pair[2][ICE_PAIRS]; /* by component */
};

/* For a=ice-ufrag of the peer: what struct ice compares. Never 0. */
uint64_t ice_peer_hash(struct slice ufrag);

/* hub: NULL: own ports. 0, ENOMEM. Control thread. */
int ice_new(struct ice **ice, const struct ice_creds *creds, uint64_t peer,
	    struct hub *hub);
/* Wipes. Not attached. NULL is nothing. */
void ice_free(struct ice *ice);

/* The leg has this agent now (leg->ice): its selected address stays where media
 * goes until the peer has selected one again. Worker thread. */
void ice_attach(struct ice *ice, struct leg *leg);
/* It has it no more. */
void ice_detach(struct ice *ice);
/* The SDP says who the peer is: what others have validated goes, and what
 * they selected. */
void ice_peer_set(struct ice *ice, uint64_t peer);

/* A STUN message came at a component of a leg with ICE. An authentic check is
 * answered, PATH_TAKEN; everything else is dropped, and why. */
enum drop ice_packet(struct path *path, struct path_packet *pkt);
/* Which agent of the hub a STUN message is for, by its USERNAME; NULL: none. */
struct ice *ice_of(const struct hub *hub, const uint8_t *p, size_t n);

/* RFC 8842 5.1, RFC 5763 6.7.1: whatever pair its datagrams take, a DTLS
 * association is with the agent, not with an address. To a handshake the agent
 * of that ufrag has this address, which is nobody's (100::/64, RFC 6666). */
union addr ice_agent_addr(uint64_t peer);
bool ice_is_agent_addr(const union addr *a);
/* DTLS came from there: if the source is validated, *agent is its agent's
 * address. false: it is not. */
bool ice_take_dtls(struct component *c, const union addr *from,
		   uint64_t now_ms, union addr *agent);
/* Where datagrams to the agent go: the selected address, and before there is
 * one, where its DTLS came from last. Any thread. Not set: nowhere. */
union addr ice_resolve(const struct component *c);

/* Has this source been validated? */
bool ice_allows(const struct component *c, const union addr *from,
		uint64_t now_ms);
/* An authentic SRTP or SRTCP packet came from there. */
void ice_heard(struct component *c, const union addr *from, uint64_t now_ms);
/* May we send to the selected address? */
bool ice_has_consent(const struct component *c, uint64_t now_ms);

#endif
