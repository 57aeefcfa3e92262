/* media: what a call asks of the relay: offer, answer, and at the end the
 * final statistics. One object is one call of the relay's, with a call-id of
 * its own; a new attempt of routing takes a new object.
 *
 * After media_close() it looks after itself: an offer still under way is
 * waited for, so that whatever the relay made for it is deleted.
 * Thread: the SIP thread. */
#ifndef CALL_MEDIA_H
#define CALL_MEDIA_H

#include "b2bua/core.h"
#include "b2bua/identity/report.h"

struct media;

/* What the relay said about one leg at the end. Texts are "" if unknown. */
struct media_side {
	char security[16]; /* none, sdes, dtls-srtp, pass */
	char suite[48];
	char dtls_version[16];
	char dtls_cipher[48];
	char peer_fingerprint[128];
	bool dtls; /* there are handshakes; the texts are of the last */
	bool dtls_verified; /* each one's certificate is the SDP's */
	uint64_t packets, octets; /* received from this leg */
	uint64_t errors;
};

struct media_stats {
	struct media_side side[REPORT_LEGS];
};

/* The sides' networks: interface names of the relay. 0 or ENOMEM. */
int media_new(struct media **mp, struct core *core,
	      const char *const interfaces[REPORT_LEGS]);
/* From now on the relay shall leave the keys to the ends where it can
 * (RFC 7879); whatever transport is asked for, it stays as it is. */
void media_pass(struct media *m);
/* Has it? By what it gave back: the last offer and its answer name the same
 * DTLS keys as what came. */
bool media_passed(const struct media *m);
/* The first key that the leg's last description named: "sha-256 AB:..", "". */
const char *media_fingerprint(const struct media *m, enum report_leg leg);
/* The call-id used at the relay. */
const char *media_id(const struct media *m);

/* err 0: sdp is the rewritten description, for the other leg, valid while the
 * handler runs. ETIMEDOUT: relay silent; EREMOTEIO: it refused (why: its
 * words, escaped). */
typedef void media_sdp_h(void *arg, int err, struct slice sdp,
			 const char *why);

/* An offer, or an answer, that came from leg `from`. transport: the protocol
 * that the other leg shall see ("RTP/AVP"), or NULL to leave it as it is.
 * One at a time: EBUSY. The handler is never called from inside. */
int media_offer(struct media *m, enum report_leg from, struct slice sdp,
		const char *transport, media_sdp_h *h, void *arg);
int media_answer(struct media *m, enum report_leg from, struct slice sdp,
		 media_sdp_h *h, void *arg);
bool media_busy(const struct media *m);
/* The pending handler is not called any more. */
void media_forget(struct media *m);

/* What the relay sees now. One at a time, beside offers and answers; h is
 * called with NULL if it gave nothing, and not at all after media_close(). */
typedef void media_stats_h(void *arg, const struct media_stats *stats);
int media_query(struct media *m, media_stats_h *h, void *arg);

/* Deletes it at the relay; m is not the caller's any more. h (may be NULL) is
 * called once, stats NULL if the relay gave none. NULL m: h is not called. */
void media_close(struct media *m, media_stats_h *h, void *arg);
/* At once and without a word, when the daemon goes: after relay_close() or
 * relay_forget() nobody will call for it. */
void media_free(struct media *m);
/* For the owner of h that must go before it was called. */
void media_stats_forget(struct media *m);

/* The legs in the relay's answer to query or delete. */
void media_stats_parse(const struct value *reply, struct media_stats *stats);

#endif
