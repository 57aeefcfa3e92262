/* negotiate: what the legs of one m-line become (RFC 3264, 4568, 5763, 5761).
 * Decides only: opens no port, tells no worker.
 *
 * Thread: control thread only. */
#ifndef RELAY_NEGOTIATE_H
#define RELAY_NEGOTIATE_H

#include "relay/session.h"

/* Fills sm->next from an m-line of an offer by `side`. dtls: we have a
 * certificate; pass: as negotiate_passes() said. */
enum refusal negotiate_offer(struct session_media *sm, enum media_side side,
			     const struct sdpv_media *m,
			     const struct options *o, bool dtls, bool pass);

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

/* negotiate_ext.c: the header extensions of a description, without those that
 * are to be stripped. */
void negotiate_extensions(struct rtp_ext_set *set, const struct sdpv_media *m,
			  const struct options *o);

/* ---- negotiate_pass.c: legs whose octets are relayed unread ---- */

/* Shall the keys of this offer's m-lines stay with the ends? All or none of
 * them: asked for, no change of transport, and each m-line with a port has
 * DTLS, ZRTP, or, if asked for, SDES keys; or is no RTP anyway. */
bool negotiate_passes(const struct sdp_view *view, const struct options *o);
/* Can it be relayed though it is no RTP: does it go over UDP? */
bool negotiate_is_opaque(const struct sdpv_media *m);
/* sm->next of an m-line of an offer that is passed, or opaque. */
void negotiate_offer_passed(struct proposal *p, const struct sdpv_media *m);
/* The answerer's leg of such a one. */
enum refusal negotiate_answer_passed(struct leg_conf *c,
				     const struct proposal *p,
				     const struct sdpv_media *m);

/* ---- negotiate_ice.c ---- */

/* What sm->next says of ICE, after all else of it. */
void negotiate_offer_ice(struct session_media *sm, const struct sdpv_media *m,
			 const struct options *o);
/* Both legs by the answer; rtcp_mux of conf is decided. */
enum refusal negotiate_answer_ice(const struct session_media *sm,
				  const struct sdpv_media *m,
				  const struct options *o,
				  struct leg_conf conf[2]);
/* The lines for a side, whose rtcp-mux is written. */
void negotiate_write_ice(struct rewrite_media *rm,
			 const struct session_media *sm, enum media_side side,
			 const struct ice_creds *creds);

#endif
