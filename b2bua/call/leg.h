/* leg: one side of a call, as a SIP user agent: A answers the caller, B calls
 * the called party. A leg knows its transactions and its dialog, never the
 * other leg. Its end is its own affair: after leg_close() it sends what RFC
 * 3261 wants (CANCEL, ACK and BYE of a 200 that crossed it, BYE once the ACK
 * is in), calls nobody any more and frees itself.
 *
 * Counted (libre mem). Thread: the SIP thread. */
#ifndef CALL_LEG_H
#define CALL_LEG_H

#include "b2bua/core.h"

struct leg;

/* All are called with the arg of leg_new_*(), none from inside a leg_*()
 * function, except refused() from leg_invite()'s transaction only. */
struct leg_ops {
	/* A: the caller gave up; not answered yet. */
	void (*cancelled)(void *arg, const struct message *cancel);
	/* A: our 2xx was acknowledged. */
	void (*acked)(void *arg, const struct message *ack);
	/* B: 101..199 */
	void (*progress)(void *arg, const struct message *resp);
	/* B: the first 2xx. The dialog is up; leg_ack() is due. */
	void (*answered)(void *arg, const struct message *resp);
	/* B: 300..699, or a 2xx that makes no dialog (resp NULL). */
	void (*refused)(void *arg, const struct message *resp);
	/* A: no ACK came. B: nobody answers (ETIMEDOUT) or cannot be reached. */
	void (*lost)(void *arg, int err);
	/* The peer's BYE, answered already. */
	void (*bye)(void *arg, const struct message *bye);
	/* Any other request in the dialog, in order and from the right peer.
	 * To be answered; tx is kept by mem_ref(). */
	void (*request)(void *arg, struct server_tx *tx);
};

struct leg {
	struct le le; /* core->legs */
	struct core *core;
	struct trunk *trunk;
	struct flow *flow;
	const struct leg_ops *ops; /* NULL: closed */
	void *arg;
	struct dialog *dialog; /* B: NULL until the 2xx */
	struct server_tx *invited; /* A: the INVITE */
	struct client_tx *inviting; /* B: the INVITE */
	struct client_tx *byeing;
	struct message *answer; /* B: the 2xx, until it is acknowledged */
	struct obuf reason; /* value of Reason in CANCEL and BYE */
	char tag[20]; /* B: our From-tag (topology hide) */
	bool acked; /* the 2xx sent or received is acknowledged */
	bool closing;
	bool peer_left; /* it sent BYE */
	bool gone;
};

/* For an INVITE just received. 0; EBADMSG: no usable Contact; ENOMEM. */
int leg_new_uas(struct leg **lp, struct core *core, struct trunk *trunk,
		struct server_tx *tx, const struct leg_ops *ops, void *arg);
/* To call trunk. 0, or what transport_flow() says. */
int leg_new_uac(struct leg **lp, struct core *core, struct trunk *trunk,
		const struct leg_ops *ops, void *arg);

/* B: sends the INVITE, octets without Via. */
int leg_invite(struct leg *leg, struct slice octets);
/* A: a response to the INVITE; Contact is added by topology, not here. */
int leg_reply(struct leg *leg, const struct reply *r);
/* B: acknowledges the 2xx, once. sdp: the answer to an offer in it, or absent.
 */
int leg_ack(struct leg *leg, struct slice sdp);

/* Ends it: the caller's reference is gone. A leg A that was not answered must
 * have been, before. reason: value of a Reason header, or absent. NULL leg is
 * allowed. */
void leg_close(struct leg *leg, struct slice reason);

/* Our URI in its dialog, in angle brackets: the value of a Contact. */
void leg_contact(const struct leg *leg, struct obuf *ob);
/* Whether flow is the leg's peer: same address and the same trunk (S9). */
bool leg_is_from(const struct leg *leg, const struct flow *flow);
/* "udp", "tcp": how its signalling goes. */
const char *leg_transport(const struct leg *leg);

/* The flow for a request in the dialog. A connection that has gone is opened
 * anew to the remote target (RFC 3261 18.1.1), if that is an address of the
 * leg's trunk; otherwise the dead one is returned, and sending fails. */
struct flow *leg_request_flow(struct leg *leg);

/* core's: a request whose To-tag is of this leg's dialog. */
void leg_receive(struct leg *leg, struct server_tx *tx);

#endif
