/* session_priv: what session.c and session_sdp.c share. */
#ifndef RELAY_SESSION_PRIV_H
#define RELAY_SESSION_PRIV_H

#include "relay/session.h"

#define SESSION_LOOP_ATTR "countersign-relay"

struct sessions {
	struct sessions_conf conf;
	struct sessions_stats stats;
	struct session **bucket;
	size_t buckets; /* power of two */
	size_t count;
	struct sdp_view view; /* of the description being looked at */
	struct obuf plain; /* one before it is edited; may hold keys */
	char loop[48]; /* our mark in SDP: "NAME:VALUE" */
};

/* Not found yet. ENOMEM. */
int session_new(struct sessions *ss, struct slice call_id,
		struct session **sp);
/* One more branch of the call. ENOMEM, ENOSPC (SESSION_BRANCHES). */
int session_branch_new(struct session *s, struct session **sp);
/* A new m-line, rejected so far. ENOMEM. */
int session_media_add(struct session *s);
/* Ports back, keys wiped; the m-line stays, rejected. */
void session_media_close(struct session_media *sm);
/* The last m-line. */
void session_media_del(struct session *s);
/* *to becomes a copy of text; nothing happens if text is absent or the same.
 * ENOMEM. */
int session_text_set(char **to, struct slice text);

/* ---- session_write.c ---- */

/* ss->view as `to` must see it. rw->media is filled; the rest is done here. */
enum refusal session_write(struct sessions *ss, struct session *s,
			   enum media_side to, const struct options *o,
			   struct rewrite *rw, struct obuf *ob);

/* Whether m-lines of that type shall not be shown to the other side. */
bool session_absent_wanted(const struct options *o, struct slice type);
/* ... and this one, offered by `side`, is not: next becomes a rejection. One
 * that the other side has seen cannot vanish any more (RFC 3264 section 8): it
 * is rejected only. */
enum refusal session_absent_make(struct session_media *sm,
				 enum media_side side,
				 const struct sdpv_media *m);
/* What `side` does not know of is put where the session has it. */
enum refusal session_absent_insert(struct sdp_view *view,
				   const struct session *s,
				   enum media_side side);
static inline bool session_media_absent(const struct session_media *sm,
					enum media_side side)
{
	return sm->absent && sm->absent_for == side;
}

/* ---- session_pick.c ---- */

/* Which branch of a call an offer is about, and which side of it the offerer
 * is. *sp = NULL: one that does not exist yet. s: the call's first. */
enum refusal session_pick_offer(struct session *s, const struct options *o,
				struct session **sp, enum media_side *side);
/* The same for an answer; side: the offerer. */
enum refusal session_pick_answer(struct session *s, const struct options *o,
				 struct session **sp, enum media_side *side);
/* What an offer or an answer by `from` says of tags: a tag that replaces
 * another becomes one more name of the same side. ENOMEM. */
int session_tags_set(struct session *s, enum media_side from,
		     const struct options *o);

#endif
