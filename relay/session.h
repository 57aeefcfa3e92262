/* session: a call as the control protocol sees it: a call-id, two sides (A
 * sent the first offer, B answered it), m-lines with a leg on each side.
 *
 * A proxy that forks sends the offer of A once per branch: each branch is a
 * session of its own, with its own ports and keys, under one call-id. What one
 * callee is told is no other's business. A hears the branch that answered
 * last.
 *
 * An offer opens ports and says what could be; nothing that flows changes
 * until its answer has come, which may be never. So an m-line has what is
 * (`leg`, `media`) and what was proposed (`offer`). The first offer of two
 * counts until it is answered; an answer may come again (183, then 200, or
 * from another branch of a fork): the last one counts.
 *
 * Thread: control thread only. */
#ifndef RELAY_SESSION_H
#define RELAY_SESSION_H

#include "lib/ctl/value.h"
#include "lib/pkt/sdp.h"
#include "relay/media.h"
#include "relay/options.h"
#include "relay/plane.h"
#include "relay/refusal.h"
#include "relay/sdp_rewrite.h"

enum { SESSION_MID = 32 };

/* What an offer said of one m-line, and what we made of it. */
struct proposal {
	bool reject; /* port 0 came, or we cannot relay it */
	enum media_side offerer;
	enum sdpv_proto proto[2]; /* per side, as written in its SDP */
	enum sdpv_direction direction; /* of the offerer */
	/* The offerer's leg, as soon as there is an answer. */
	struct leg_conf conf;
	bool role_free; /* DTLS: it leaves to us who starts */
	struct sdes_keys answer; /* our a=crypto to it: one line, or none */
	char mid[SESSION_MID]; /* its a=mid; empty: none, or too long */
	bool mid_none;
	bool mux_offered; /* by the offerer */
	bool mux_offer; /* by us, to the other side */
	bool mux_accept; /* even if the other side does not */
	bool mux_refuse; /* even if the other side does */
	/* The other side's leg. */
	bool osrtp; /* keys are offered with RTP's name: RTP may come back */
	enum leg_security security;
	struct sdes_keys offer; /* our a=crypto lines to it */
	struct ice_creds ice; /* ours to it; empty: none */
	bool ice_must; /* it has to do ICE */
};

struct session_leg {
	enum sdpv_proto proto;
	enum sdpv_direction direction; /* its side's last word */
	bool set; /* conf is what the worker has */
	struct leg_conf conf;
	struct sdes_keys ours; /* a=crypto lines we wrote to it last */
};

enum { SESSION_TYPE = 16 };

struct session_media {
	char type[SESSION_TYPE]; /* "audio"; "other" if longer */
	struct media *media; /* NULL: rejected */
	struct session_leg leg[2];
	struct proposal offer; /* the last offer */
	struct proposal next; /* the one being looked at */
	bool fresh; /* media was opened for `next` */
	/* The m-line as a side has it to which it was never shown: rejected. */
	char *absent; /* NULL: both sides know of it */
	enum media_side absent_for;
};

enum { SESSION_ALIASES = 4, SESSION_BRANCHES = 32 };

/* What goes to one side must look as if one user agent had made it. */
struct session_side {
	char *tag; /* NULL: not known yet */
	/* Others that mean the same side, newest first: a branch that forked
	 * again behind us. */
	char *alias[SESSION_ALIASES];
	char *label; /* NULL: none */
	unsigned gate; /* enum media_gate, of what it sends */
	char *username, *session_name; /* NULL: not under our control */
	bool versioned; /* o='s version is ours */
	uint64_t version, body_hash;
};

struct session {
	struct session *next; /* same bucket; of a call's first branch only */
	struct session *branch; /* the call's next; NULL: no more */
	uint64_t hash;
	char *call_id;
	struct certificate *certificate; /* ours, in its SDP; NULL: no DTLS */
	char *via_branch; /* of the first offer; NULL: none */
	uint64_t created_us; /* wall */
	uint64_t signal_us; /* wall: last offer or answer */
	uint64_t signal_ms; /* clk_ms() of the same */
	uint64_t delete_ms; /* clk_ms() when to go; 0: not asked */
	uint64_t reported_ms; /* clk_ms() of the last report; see hep.h */
	struct session_side side[2];
	enum media_side offerer; /* of the last offer */
	struct recording *recording; /* NULL: none */
	int tos; /* of what we send; -1: the system's */
	bool answered; /* at least once */
	unsigned medias;
	struct session_media *media[SDPV_MEDIAS_MAX];
};

struct sessions_conf {
	struct plane *plane;
	struct recorder *recorder; /* NULL: nothing is recorded */
	unsigned sessions_max; /* 0: no limit */
	unsigned load_max; /* 100 x load average; 0: no limit */
	unsigned bandwidth_max; /* kbit/s, in and out; 0: no limit */
	unsigned offer_timeout; /* s, from an offer nobody answers */
	unsigned silence_timeout; /* s without an accepted packet */
	unsigned hold_timeout; /* the same, while nothing may flow */
	/* Before a session goes, however it ends; NULL: nobody cares. */
	void (*ended)(void *arg, const struct session *s);
	void *ended_arg;
};

struct sessions_stats {
	uint64_t created, offers, answers, deletes;
	uint64_t refused; /* offers and answers */
	uint64_t silent; /* closed by a timeout */
};

struct sessions;

int sessions_new(struct sessions **ss, const struct sessions_conf *conf);
/* Closes every session. */
void sessions_free(struct sessions *ss);

/* An offer or an answer; the description for the other side goes to sdp. After
 * a refusal everything is as before. */
enum refusal sessions_offer(struct sessions *ss, const struct options *o,
			    struct obuf *sdp);
enum refusal sessions_answer(struct sessions *ss, const struct options *o,
			     struct obuf *sdp);

/* The first branch; NULL: none */
struct session *sessions_find(const struct sessions *ss, struct slice call_id);
/* This branch alone, at once, whatever its delete_ms says. */
void sessions_del(struct sessions *ss, struct session *s);
/* Which side a tag is of; false: of none. */
bool session_side_of(const struct session *s, struct slice tag,
		     enum media_side *side);

/* What this side sends is held back so from now on, in m-lines to come too. */
void session_gate_set(struct session *s, enum media_side side, unsigned gate);

/* All that this branch's ends send is recorded from now on, in m-lines to come
 * too. Nothing happens if it is already. */
enum refusal session_record(const struct sessions *ss, struct session *s);
void session_record_stop(struct session *s);

/* Calls, whatever branches they have. */
size_t sessions_count(const struct sessions *ss);
void sessions_stats(const struct sessions *ss, struct sessions_stats *stats);
/* The first branch of each call, in no order, until fn returns false. fn must
 * not delete any. */
void sessions_each(struct sessions *ss,
		   bool (*fn)(struct session *s, void *arg), void *arg);
/* Deletes what is due, by delete_ms or silence. Call about once a second. */
void sessions_sweep(struct sessions *ss, uint64_t now_ms);

/* ---- session_query.c ---- */

/* rtpengine's structure, and what it does not say: per stream `crypto suite`,
 * `DTLS`, `drops`; per media `security`. v: n branches of a call, n >= 1; of a
 * tag that is in several, the last one's media. */
void session_query(const struct sessions *ss, struct session *const *v,
		   unsigned n, struct value *reply);

/* ---- session_pick.c ---- */

/* The branches of a call (its first) that a request is about, by what it says
 * of tags and via-branch; call-id alone: all. Returns how many. */
unsigned session_pick(struct session *s, const struct options *o,
		      struct session *v[SESSION_BRANCHES]);

#endif
