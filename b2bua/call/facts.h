/* facts: what is known about a call, put into its report and its record. No
 * verdict is guessed: each comes from something seen, said or configured.
 * Thread: the SIP thread. */
#ifndef CALL_FACTS_H
#define CALL_FACTS_H

#include "b2bua/call/call.h"

/* How a leg's signalling goes. */
void facts_signalling(struct call *call, enum report_leg leg);
/* The INVITE has left: the called leg's Call-ID and signalling. */
void facts_dialled(struct call *call);
/* What came in as identity, or that the trunk is configured for it. */
void facts_caller(struct call *call);
/* The media transport that a description for or from a leg names, and how
 * private its weakest stream is. */
void facts_protocol(struct call *call, enum report_leg leg, struct slice sdp);
/* Who answered, and the media of both legs as agreed. */
void facts_answered(struct call *call);
/* What a leg sent as its own description later than in its first message. */
void facts_keys(struct call *call, enum report_leg leg, struct slice sdp);
/* Both legs agreed anew. The report keeps the weakest there was. */
void facts_renegotiated(struct call *call);
/* What the relay saw: suites, handshakes. */
void facts_media(struct call *call, const struct media_stats *stats);
/* The whole record: one JSON object, no line break. */
void facts_write_record(struct obuf *ob, const struct call *call);

#endif
