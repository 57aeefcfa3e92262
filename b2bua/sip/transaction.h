/* transaction: RFC 3261 17 as corrected by RFC 6026, over transport.h: takes
 * octets in, hands requests and responses to the call layer (the TU), and
 * looks after everything that is no decision: retransmissions, 100 Trying
 * after 200 ms, the 200 to a CANCEL, ACKs of failures, answers to messages that
 * are none (400, 505, 513), 482, 481 to an orphan CANCEL, 503 when full.
 *
 * Tables are keyed by siphash; counts are capped. Handlers run on the SIP
 * thread and may call anything here. Thread: the SIP thread. */
#ifndef SIP_TRANSACTION_H
#define SIP_TRANSACTION_H

#include "b2bua/sip/message.h"
#include "b2bua/sip/message_write.h"
#include "b2bua/sip/transport.h"
#include "b2bua/sip/wheel.h"

struct transactions;
struct server_tx;
struct client_tx;

struct transaction_conf {
	unsigned t1_ms; /* 0: 500 */
	unsigned t2_ms; /* 0: 4000 */
	unsigned t4_ms; /* 0: 5000 */
	unsigned trying_ms; /* 0: 200 */
	unsigned servers_max; /* 0: 100000 */
	size_t octets_max; /* of the requests they hold; 0: 256 MiB */
	unsigned clients_max; /* 0: 100000 */
	const char *server; /* value of Server in answers we make by
			     * ourselves; NULL: none */
};

struct transaction_ops {
	/* Before a new server transaction costs anything (admission, rate):
	 * 0 go on; 300..699: answer so, without state; -1: not a word. req
	 * NULL: what came is malformed, too much, an orphan CANCEL or no more
	 * than a connection, and an answer without state is due: 0 answer,
	 * -1 not a word to this source.
	 * NULL: all go on. Not called for ACK, retransmissions, and CANCELs
	 * that match. */
	int (*admit)(void *arg, struct flow *flow, const struct message *req);
	/* A new request, not ACK or CANCEL. Answer now or later, at least once
	 * with a final response. tx lives until then; mem_ref() to keep it. */
	void (*request)(void *arg, struct server_tx *tx);
	/* An ACK that belongs to no transaction of ours. May be NULL. */
	void (*stray_ack)(void *arg, struct flow *flow,
			  const struct message *ack);
	/* A response that belongs to no client transaction, or whose owner let
	 * it go: a 2xx repeated by a peer that lost our ACK, a late fork.
	 * Look up the dialog and ACK (dialog.h). May be NULL. */
	void (*stray_response)(void *arg, struct flow *flow,
			       const struct message *resp);
};

struct transaction_stats {
	uint64_t requests, responses; /* well-formed, received */
	uint64_t malformed; /* answered or dropped */
	uint64_t retransmitted_in, retransmitted_out;
	uint64_t full; /* 503 without state */
	uint64_t merged; /* 482 */
	uint64_t stray;
	unsigned servers, clients; /* now */
	size_t octets; /* of the servers' requests, now */
};

int transactions_new(struct transactions **tp, struct wheel *wheel,
		     const struct transaction_conf *conf,
		     const struct transaction_ops *ops, void *arg);
/* Ends all transactions without a word; no handler is called any more. */
void transactions_free(struct transactions *t);
/* Where a response goes that may not simply go back by its flow (RFC 3261
 * 18.2.2) is the transport's knowledge. Without: always back by the flow. */
void transactions_attach(struct transactions *t, struct transport *transport);
/* The ops to give to transport_new(), with t as its arg. */
const struct transport_ops *transactions_transport_ops(void);
/* One message from flow; what the transport calls. */
void transactions_receive(struct transactions *t, struct flow *flow,
			  struct slice octets);
void transactions_stats_get(const struct transactions *t,
			    struct transaction_stats *st);

/* ---- server ------------------------------------------------------------ */

/* All may be NULL. */
struct server_tx_ops {
	/* A CANCEL for this INVITE came by the same flow and was answered 200.
	 * Answer the INVITE with 487, unless it has been answered. reason:
	 * the CANCEL, for its Reason header. */
	void (*cancel)(void *arg, struct server_tx *tx,
		       const struct message *cancel);
	/* The ACK of our 2xx, first time. false: not from whom it must come
	 * (wrong flow): counts as not received. Later ones are swallowed. */
	bool (*ack)(void *arg, struct server_tx *tx, struct flow *flow,
		    const struct message *ack);
	/* No ACK in 64*T1 (ETIMEDOUT), or the peer cannot be reached. The
	 * transaction is over. RFC 3261 13.3.1.4: after a 2xx send BYE. */
	void (*failed)(void *arg, struct server_tx *tx, int err);
};

/* ops stays the caller's; arg for all its calls. NULL ops: no more calls. */
void server_tx_watch(struct server_tx *tx, const struct server_tx_ops *ops,
		     void *arg);
/* Sends a response. 1xx any number of times before the final one. A 2xx to
 * INVITE is repeated at T1, 2*T1 ... T2 until its ACK comes (13.3.1.4); that
 * is done here, on every transport. 0, EALREADY (final response sent before),
 * EMSGSIZE, ENOMEM; over a stream also what the transport says (the transaction
 * is over then, failed() is not called).
 * To-tag: r->to_tag, or server_tx_tag(); each early dialog may have its own. */
int server_tx_reply(struct server_tx *tx, const struct reply *r);
/* server_tx_reply() without headers and body */
int server_tx_reply_plain(struct server_tx *tx, unsigned status,
			  const char *reason);
const struct message *server_tx_request(const struct server_tx *tx);
struct flow *server_tx_flow(const struct server_tx *tx);
/* The To-tag that replies carry: the request's own, or one drawn when the
 * transaction began, or that of the final reply; use it for the dialog. Lives
 * as long as tx, or until the final reply. */
struct slice server_tx_tag(const struct server_tx *tx);
bool server_tx_answered(const struct server_tx *tx); /* finally */
bool server_tx_cancelled(const struct server_tx *tx);

/* ---- client ------------------------------------------------------------ */

struct client_tx_ops {
	/* Every provisional response (also 100), the final one once, and every
	 * 2xx to an INVITE for 64*T1 more (forks, repetitions). Failures are
	 * ACKed by the transaction; 2xx by the TU (dialog_ack()). */
	void (*response)(void *arg, struct client_tx *tx, struct flow *flow,
			 const struct message *resp);
	/* No final response: ETIMEDOUT (Timer B, F, C; after CANCEL 64*T1), or
	 * ECONNREFUSED, ENOTCONN ... The transaction is over. Never called
	 * from inside client_tx_start(). */
	void (*failed)(void *arg, struct client_tx *tx, int err);
};

struct client_tx_conf {
	struct flow *flow;
	struct slice octets; /* whole request without our Via; copied */
	unsigned timer_b_ms; /* until the first response (INVITE), or the
			      * final one (others); 0: 64*T1 */
	unsigned timer_c_ms; /* INVITE: after each provisional (101..199)
			      * until the final one, then CANCEL; 0: 180000 */
	const struct client_tx_ops *ops;
	void *arg;
};

/* Puts Via (with a new branch and rport) on top, sends, repeats. The caller
 * owns one reference: client_tx_release() when it wants no more calls.
 * 0; EBADMSG (octets are no valid request); ENFILE (too many); ENOMEM. */
int client_tx_start(struct client_tx **txp, struct transactions *t,
		    const struct client_tx_conf *conf);
/* INVITE: sends CANCEL as soon as a provisional response is there, and not at
 * all if a final one comes first (RFC 3261 9.1). headers: whole lines
 * ("Reason: ...\r\n") or absent. The final response (487, or a 200 that crossed)
 * is still reported. 0; EALREADY; EINVAL: not an INVITE. */
int client_tx_cancel(struct client_tx *tx, struct slice headers);
/* No more calls for tx; it goes on by itself to its end (ACKs a failure). A
 * 2xx that comes later is a stray_response. tx is not the caller's any more. */
void client_tx_release(struct client_tx *tx);
/* The request as it went out, our Via on top. Lives as long as tx. */
const struct message *client_tx_request(const struct client_tx *tx);
struct flow *client_tx_flow(const struct client_tx *tx);

/* Sends a request outside any transaction: the ACK to a 2xx (13.2.2.4). octets
 * without our Via; sent: the octets as sent (for repetition), or NULL. */
int transactions_send(struct transactions *t, struct flow *flow,
		      struct slice octets, struct obuf *sent);

#endif
