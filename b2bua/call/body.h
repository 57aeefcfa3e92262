/* body: what the body of a message is, and whether an answer fits its offer.
 */
#ifndef CALL_BODY_H
#define CALL_BODY_H

#include "b2bua/sip/message.h"

/* One application/sdp, not encoded. */
bool body_is_sdp(const struct message *m);

/* RFC 3264 section 6: as many m-lines as the offer, each of its transport (or
 * refused with port 0). An answer that falls from SRTP back to RTP does not. */
bool body_answers(struct slice offer, struct slice answer);

/* The keys that a description names by a=fingerprint, of all its m-lines: a
 * number that is the same for the same keys, 0 if it names none. first: the
 * first of them, "" if none. */
enum { BODY_FINGERPRINT = 256 };
uint64_t body_keys(struct slice sdp, char first[BODY_FINGERPRINT]);

#endif
