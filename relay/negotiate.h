/* negotiate: what the legs of one m-line become (RFC 3264, 4568, 5763, 5761).
 * Decides only: opens no port, tells no worker.
 *
 * Thread: control thread only. */
#ifndef RELAY_NEGOTIATE_H
#define RELAY_NEGOTIATE_H

#include "relay/session.h"

/* Fills sm->next from an m-line of an offer by `side`. dtls: we have a
 * certificate. */
enum refusal negotiate_offer(struct session_media *sm, enum media_side side,
			     const struct sdpv_media *m,
			     const struct options *o, bool dtls);

/* Both legs by the answer to sm->offer. *reject: the answer has port 0. conf
 * is per side and may hold keys. */
enum refusal negotiate_answer(const struct session_media *sm,
			      const struct sdpv_media *m,
			      const struct options *o, struct leg_conf conf[2],
			      bool *reject);

/* How sm->next must be written in the offer that we send on. */
void negotiate_write_offer(const struct session_media *sm,
			   const struct options *o, const char *fingerprint,
			   struct rewrite_media *rm);
/* How the answer to sm->offer must be written; conf: the offerer's leg as
 * negotiate_answer() had it. */
void negotiate_write_answer(const struct session_media *sm,
			    const struct sdpv_media *m,
			    const struct options *o, const char *fingerprint,
			    const struct leg_conf *conf, bool reject,
			    struct rewrite_media *rm);

#endif
