/* outgoing: what of a message of one leg goes on to the other. All that is not
 * named here passes octet for octet. By the topology of the trunk it goes to:
 *   hide  Call-ID, CSeq, tags, Contact and the hosts in From and To are ours
 *   keep  they stay as they came; we stay in the path by Record-Route
 * Via, Route, Record-Route, credentials and what needs an extension that we do
 * not carry never pass. Thread: the SIP thread. */
#ifndef CALL_OUTGOING_H
#define CALL_OUTGOING_H

#include "b2bua/call/call.h"

/* Methods we take and carry: the value of our Allow. */
#define OUTGOING_ALLOW "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, MESSAGE"

/* Which of the Identity headers that came in go on. */
struct outgoing_identity {
	bool all; /* as they came, octet for octet */
	bool keep[IDENTITY_MAX]; /* else: these, in their order, unfolded */
	bool info; /* and Identity-Info, which belongs to the one of RFC 4474 */
};

/* The INVITE for the called leg, with the SDP in call->offer, into ob (without
 * Via). 0 or errno. */
int outgoing_invite(const struct call *call,
		    const struct outgoing_identity *identity,
		    struct obuf *ob);

/* The header lines of a response of leg `from` that its other leg may see, as
 * struct reply wants them; with our Contact if contact. */
int outgoing_reply(const struct call *call, enum report_leg from,
		   const struct message *resp, bool contact, struct obuf *ob);

/* In-dialog: drops from the draft of a request of leg `from` what must not
 * pass, and puts our Contact if contact. text: scratch, lives until
 * draft_write(). */
void outgoing_indialog(const struct call *call, enum report_leg from,
		       struct draft *d, bool contact, struct obuf *text);

/* A Reason value of ours for that cause: SIP;cause=408;text="No answer" */
void outgoing_reason(struct obuf *ob, unsigned code, const char *text);

#endif
