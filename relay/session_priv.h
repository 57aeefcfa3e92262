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
/* A new m-line, rejected so far. ENOMEM. */
int session_media_add(struct session *s);
/* Ports back, keys wiped; the m-line stays, rejected. */
void session_media_close(struct session_media *sm);
/* The last m-line. */
void session_media_del(struct session *s);
/* *to becomes a copy of text; nothing happens if text is absent or the same.
 * ENOMEM. */
int session_text_set(char **to, struct slice text);

#endif
