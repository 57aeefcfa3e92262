/* transaction_priv: what transaction.c, server_tx.c and client_tx.c share. For
 * nobody else. Thread: the SIP thread. */
#ifndef SIP_TRANSACTION_PRIV_H
#define SIP_TRANSACTION_PRIV_H

#include "b2bua/sip/transaction.h"

enum { TX_BUCKETS = 16384, TX_BRANCH = 7 + 20 };

/* A place in a hash table. */
struct tx_link {
	struct tx_link *next, **prev; /* prev NULL: in none */
	uint64_t hash;
};

struct transactions {
	struct wheel *wheel;
	struct transport *transport; /* or NULL */
	struct transaction_conf conf;
	struct transaction_ops ops;
	void *arg;
	struct transaction_stats stats;
	struct tx_link *servers[TX_BUCKETS]; /* by branch (17.2.3) */
	struct tx_link *requests[TX_BUCKETS]; /* by Call-ID, From-tag, CSeq */
	struct tx_link *clients[TX_BUCKETS]; /* by branch and method */
};

enum server_state {
	SERVER_TRYING, /* nothing sent */
	SERVER_PROCEEDING, /* 1xx sent */
	SERVER_COMPLETED, /* final sent; not a 2xx to INVITE */
	SERVER_CONFIRMED, /* and ACKed */
	SERVER_ACCEPTED, /* 2xx to INVITE sent (RFC 6026) */
	SERVER_OVER,
};

struct server_tx {
	struct tx_link by_branch; /* first */
	struct tx_link by_request;
	struct transactions *layer;
	enum server_state state;
	struct message *req;
	struct flow *flow;
	const struct server_tx_ops *ops;
	void *arg;
	struct obuf tag;
	struct obuf last; /* the last response, as sent */
	struct wheel_timer repeat; /* 100 Trying, then G or the 2xx's */
	struct wheel_timer end; /* H, I, J, L */
	unsigned interval;
	bool cancelled;
	bool acked;
};

enum client_state {
	CLIENT_CALLING, /* or Trying: nothing received */
	CLIENT_PROCEEDING, /* 1xx received */
	CLIENT_COMPLETED, /* final received; not a 2xx to INVITE */
	CLIENT_ACCEPTED, /* 2xx to INVITE received (RFC 6026) */
	CLIENT_OVER,
};

struct client_tx {
	struct tx_link by_branch; /* first */
	struct transactions *layer;
	enum client_state state;
	struct message *req; /* as sent */
	struct flow *flow;
	struct flow_watch watch;
	const struct client_tx_ops *ops; /* NULL: released */
	void *arg;
	struct wheel_timer repeat; /* A, E */
	struct wheel_timer end; /* B, F, C, D, K, M */
	unsigned interval;
	unsigned timer_c_ms;
	int err; /* why it fails */
	bool cancel_wanted;
	bool cancel_sent;
	struct obuf cancel_headers;
	struct obuf ack; /* of a failure, for its repetitions */
};

void tx_link_add(struct tx_link **table, struct tx_link *l, uint64_t hash);
void tx_link_del(struct tx_link *l);
/* One hash of several texts, none of which can be mistaken for another. */
uint64_t tx_hash(const struct slice v[], unsigned n, uint64_t number);

/* An answer that leaves no state behind. Errors are not told: the peer asks
 * again. */
void transactions_answer(struct transactions *t, struct flow *flow,
			 const struct message *req, const struct reply *r);

/* The server transaction that a request belongs to (17.2.3), looked up as if it
 * were of `method`; same source host only. */
struct server_tx *server_tx_find(struct transactions *t,
				 const struct flow *flow,
				 const struct message *req,
				 enum method method);
/* One with the same Call-ID, From-tag, CSeq; with a To-tag only if it is
 * tx's. */
struct server_tx *server_tx_find_request(struct transactions *t,
					 const struct message *req,
					 enum method method);
int server_tx_new(struct server_tx **txp, struct transactions *t,
		  struct flow *flow, struct message *req);
void server_tx_repeated(struct server_tx *tx);
void server_tx_ack(struct server_tx *tx, struct flow *flow,
		   const struct message *ack);
void server_tx_cancel(struct server_tx *tx, const struct message *cancel);
void server_tx_drop(struct server_tx *tx);

struct client_tx *client_tx_find(struct transactions *t,
				 const struct flow *flow,
				 const struct message *resp);
/* false: nobody wants it any more (stray) */
bool client_tx_response(struct client_tx *tx, struct flow *flow,
			const struct message *resp);
void client_tx_drop(struct client_tx *tx);
/* The octets with a Via of ours under the start line. */
int client_via_insert(struct obuf *ob, const struct flow *flow,
		      struct slice octets);

#endif
