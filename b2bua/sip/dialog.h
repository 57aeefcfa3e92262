/* dialog: RFC 3261 12: the state two user agents share, and the in-dialog
 * requests that follow from it. A leg of a call has one (or, while forks ring,
 * several early ones). Policy (glare, timers, offers) is the call layer's.
 * Counted (libre mem). Thread: the SIP thread. */
#ifndef SIP_DIALOG_H
#define SIP_DIALOG_H

#include "b2bua/sip/draft.h"
#include "b2bua/sip/flow.h"
#include "b2bua/sip/transaction.h"

struct dialogs; /* all dialogs, found by Call-ID and both tags */
int dialogs_new(struct dialogs **dp);
/* After all dialogs are gone. */
void dialogs_free(struct dialogs *ds);

struct dialog {
	struct slice call_id, local_tag, remote_tag;
	struct slice local; /* From value of our requests, with tag */
	struct slice remote; /* To value of our requests, with tag if known */
	struct slice target; /* URI of the remote Contact */
	struct slice routes; /* route set, in order, as a comma list */
	uint32_t local_cseq; /* last one used */
	uint32_t remote_cseq; /* last one seen */
	bool has_remote_cseq;
	bool early; /* no 2xx yet */
	struct flow *flow; /* where its requests come from and go to */
	void *owner; /* the leg; for the caller */
	/* private */
	struct dialog *next, **prev;
	uint64_t hash;
	struct obuf ack; /* the last ACK of a 2xx, as sent */
	uint32_t ack_cseq;
	bool acked;
};

/* We were called (12.1.1): from the INVITE, with the tag of our responses.
 * Early until dialog_confirm(). 0; EBADMSG: no Contact, or several, or not a
 * SIP(S) URI; EEXIST; ENOMEM. */
int dialog_new_uas(struct dialog **dp, struct dialogs *ds,
		   const struct message *req, struct slice local_tag,
		   struct flow *flow, void *owner);
/* We called (12.1.2): from the INVITE as sent and a 101..299 response with a
 * To-tag. 0; EBADMSG (no tag; a 2xx without usable Contact); EEXIST; ENOMEM. */
int dialog_new_uac(struct dialog **dp, struct dialogs *ds,
		   const struct message *req, const struct message *resp,
		   struct flow *flow, void *owner);
/* Out of the table, reference given back. */
void dialog_close(struct dialog *d);

/* The dialog a received request (its To-tag is ours) or response (its From-tag
 * is ours) belongs to; NULL: none. Does not look at the flow: the caller checks
 * flow_same(d->flow, flow) before anything changes (threats S9). */
struct dialog *dialog_find(const struct dialogs *ds, const struct message *m);

/* 2xx sent or received. UAC: takes the route set and target of the 2xx anew
 * (13.2.2.4). 0 or EBADMSG. */
int dialog_confirm(struct dialog *d, const struct message *m);
/* Target refresh (12.2): INVITE, UPDATE, and their 2xx: the new Contact. 0;
 * EBADMSG if there is one and it is unusable. */
int dialog_refresh(struct dialog *d, const struct message *m);

/* Is this in-dialog request in order (12.2.2)? 0 and remote_cseq moves on, or
 * the status to refuse with: 500 (CSeq not above the last). ACK and CANCEL are
 * not counted. */
int dialog_check(struct dialog *d, const struct message *req);

/* Start of an in-dialog request (12.2.1.1): start line, Route, From, To,
 * Call-ID, CSeq, Max-Forwards on a draft just made by draft_init() from a
 * request of the other leg or from nothing. Contact, Record-Route and the rest
 * of routing of the other side are dropped. method NULL: that of draft->in. A
 * new CSeq is taken, except for ACK (cseq: of the INVITE it belongs to; ignored
 * for others). scratch holds what is made up; it must live until
 * draft_write(), and nothing may be written to it until then. */
void dialog_draft(struct dialog *d, struct draft *draft, const char *method,
		  uint32_t cseq, struct obuf *scratch);

/* Sends the ACK of the 2xx resp (13.2.2.4), with a body (late offer) or absent
 * ones, and keeps it. 0 or errno. */
int dialog_ack(struct dialog *d, struct transactions *t,
	       const struct message *resp, struct slice type,
	       struct slice body);
/* resp is a repetition of a 2xx that was ACKed: the ACK is sent again. false:
 * it is not, the caller must act. */
bool dialog_ack_again(struct dialog *d, const struct message *resp);

#endif
