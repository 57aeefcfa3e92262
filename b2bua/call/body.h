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

#endif
