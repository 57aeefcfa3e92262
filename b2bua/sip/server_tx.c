/* server_tx.c: server transactions (RFC 3261 17.2, RFC 6026 7.1).
 *
 *	TRYING --1xx--> PROCEEDING --2xx--> ACCEPTED --L--> OVER      INVITE
 *	                           --3xx+-> COMPLETED --ACK--> CONFIRMED --I-->
 *	TRYING, PROCEEDING --final--> COMPLETED --J--> OVER           others
 * Thread: the SIP thread. */
#include <errno.h>

#include <re_types.h>
#include <re_mem.h>

#include "b2bua/sip/transaction_priv.h"
#include "lib/base/rnd.h"

static bool is_invite(const struct server_tx *tx)
{
	return tx->req->method == METHOD_INVITE;
}

static unsigned t1(const struct server_tx *tx)
{
	return tx->layer->conf.t1_ms;
}

/* RFC 3261 17.2.3: by branch and sent-by, or for RFC 2543 by nearly all. */
static uint64_t branch_hash(const struct message *m)
{
	if (via_is_3261(&m->via))
		return tx_hash((struct slice[]){m->via.branch}, 1,
			       m->via.port);
	return tx_hash((struct slice[]){m->call_id, m->from.tag,
					m->via.octets}, 3, m->cseq);
}

static uint64_t request_hash(const struct message *m)
{
	return tx_hash((struct slice[]){m->call_id, m->from.tag}, 2, m->cseq);
}

/* m is of tx, if it is of the same method (ACK and CANCEL: of its INVITE). */
static bool branch_match(const struct server_tx *tx, const struct message *m)
{
	const struct message *r = tx->req;

	if (!slice_caseeq(r->via.host, m->via.host) ||
	    r->via.port != m->via.port)
		return false;
	if (via_is_3261(&m->via))
		return slice_eq(r->via.branch, m->via.branch);
	return r->cseq == m->cseq && slice_eq(r->call_id, m->call_id) &&
	       slice_eq(r->from.tag, m->from.tag) &&
	       slice_eq(r->via.octets, m->via.octets) &&
	       slice_eq(r->uri_text, m->uri_text) &&
	       (slice_eq(r->to.tag, m->to.tag) ||
		(m->method == METHOD_ACK &&
		 slice_eq(server_tx_tag(tx), m->to.tag)));
}

struct server_tx *server_tx_find(struct transactions *t,
				 const struct flow *flow,
				 const struct message *req,
				 enum method method)
{
	uint64_t hash = branch_hash(req);
	struct tx_link *l = t->servers[hash % TX_BUCKETS];

	for (; l; l = l->next) {
		struct server_tx *tx = (struct server_tx *)l;

		if (l->hash != hash || tx->req->method != method ||
		    !flow_same_host(tx->flow, flow) ||
		    !branch_match(tx, req))
			continue;
		if (method == METHOD_OTHER &&
		    !slice_eq(tx->req->method_name, req->method_name))
			continue;
		return tx;
	}
	return NULL;
}

struct server_tx *server_tx_find_request(struct transactions *t,
					 const struct message *req,
					 enum method method)
{
	uint64_t hash = request_hash(req);
	struct tx_link *l = t->requests[hash % TX_BUCKETS];

	for (; l; l = l->next) {
		struct server_tx *tx = (struct server_tx *)((char *)l -
				offsetof(struct server_tx, by_request));
		const struct message *r = tx->req;

		if (l->hash != hash || r->method != method ||
		    r->cseq != req->cseq ||
		    !slice_eq(r->call_id, req->call_id) ||
		    !slice_eq(r->from.tag, req->from.tag))
			continue;
		if (req->to.tag.p && !slice_eq(server_tx_tag(tx), req->to.tag))
			continue;
		return tx;
	}
	return NULL;
}

/* Out of the tables and silent; the last reference of the layer goes. */
void server_tx_drop(struct server_tx *tx)
{
	if (tx->state == SERVER_OVER)
		return;
	tx->state = SERVER_OVER;
	wheel_stop(tx->layer->wheel, &tx->repeat);
	wheel_stop(tx->layer->wheel, &tx->end);
	tx_link_del(&tx->by_branch);
	tx_link_del(&tx->by_request);
	tx->layer->stats.servers--;
	tx->layer->stats.octets -= tx->req->octets.n;
	tx->layer = NULL;
	mem_deref(tx);
}

static void on_end(void *arg)
{
	server_tx_drop(arg);
}

/* Timer H, or L with the 2xx never ACKed. */
static void on_no_ack(void *arg)
{
	struct server_tx *tx = mem_ref(arg);
	bool failed = !tx->acked;

	server_tx_drop(tx);
	if (failed && tx->ops && tx->ops->failed)
		tx->ops->failed(tx->arg, tx, ETIMEDOUT);
	mem_deref(tx);
}

static void destroy(void *arg)
{
	struct server_tx *tx = arg;

	obuf_fini(&tx->tag);
	obuf_fini(&tx->last);
	mem_deref(tx->req);
	mem_deref(tx->flow);
}

static void tag_set(struct server_tx *tx, struct slice tag)
{
	obuf_reset(&tx->tag);
	obuf_slice(&tx->tag, tag);
}

static void on_trying(void *arg)
{
	server_tx_reply_plain(arg, 100, NULL);
}

int server_tx_new(struct server_tx **txp, struct transactions *t,
		  struct flow *flow, struct message *req)
{
	struct server_tx *tx = mem_zalloc(sizeof(*tx), destroy);
	char tag[17];

	if (!tx)
		return ENOMEM;
	tx->layer = t;
	tx->req = mem_ref(req);
	tx->flow = mem_ref(flow);
	rnd_hex(tag, 16);
	tag_set(tx, req->to.tag.p ? req->to.tag : slice_str(tag));
	if (tx->tag.err) {
		mem_deref(tx);
		return ENOMEM;
	}
	tx_link_add(t->servers, &tx->by_branch, branch_hash(req));
	tx_link_add(t->requests, &tx->by_request, request_hash(req));
	t->stats.servers++;
	t->stats.octets += req->octets.n;
	if (is_invite(tx))
		wheel_start(t->wheel, &tx->repeat, t->conf.trying_ms,
			    on_trying, tx);
	*txp = tx;
	return 0;
}

static int last_send(struct server_tx *tx)
{
	struct transport *transport = tx->layer->transport;
	struct flow *to = NULL;
	int err;

	if (transport)
		err = transport_reply_flow(transport, tx->flow, &tx->req->via,
					   &to);
	else
		err = flow_send(tx->flow, obuf_as_slice(&tx->last));
	if (to)
		err = flow_send(to, obuf_as_slice(&tx->last));
	mem_deref(to);
	/* Datagrams get lost anyhow; the timers look after that. */
	return flow_reliable(tx->flow) ? err : 0;
}

static void on_repeat(void *arg)
{
	struct server_tx *tx = arg;
	unsigned t2 = tx->layer->conf.t2_ms;

	tx->layer->stats.retransmitted_out++;
	tx->interval = tx->interval * 2 < t2 ? tx->interval * 2 : t2;
	wheel_start(tx->layer->wheel, &tx->repeat, tx->interval, on_repeat, tx);
	last_send(tx);
}

static void repeat_start(struct server_tx *tx)
{
	tx->interval = t1(tx);
	wheel_start(tx->layer->wheel, &tx->repeat, tx->interval, on_repeat, tx);
}

/* A final response has been sent. */
static void finally(struct server_tx *tx, unsigned status)
{
	struct wheel *w = tx->layer->wheel;
	bool stream = flow_reliable(tx->flow);

	wheel_stop(w, &tx->repeat);
	if (!is_invite(tx)) {
		tx->state = SERVER_COMPLETED;
		wheel_start(w, &tx->end, stream ? 0 : 64 * t1(tx), on_end, tx);
		return;
	}
	tx->state = status < 300 ? SERVER_ACCEPTED : SERVER_COMPLETED;
	if (status < 300 || !stream)
		repeat_start(tx);
	wheel_start(w, &tx->end, 64 * t1(tx), on_no_ack, tx);
}

int server_tx_reply(struct server_tx *tx, const struct reply *r)
{
	struct obuf ob = OBUF_INIT;
	struct reply with = *r;
	int err;

	if (tx->state == SERVER_OVER)
		return ESHUTDOWN;
	if (tx->state > SERVER_PROCEEDING)
		return EALREADY;
	if (!r->to_tag.p)
		with.to_tag = server_tx_tag(tx);
	err = message_write_reply(&ob, tx->req, tx->flow, &with);
	if (err) {
		obuf_fini(&ob);
		return err;
	}
	obuf_fini(&tx->last);
	tx->last = ob;
	if (r->status >= 200 && r->to_tag.p && !tx->req->to.tag.p)
		tag_set(tx, r->to_tag);
	err = last_send(tx);
	if (err) {
		server_tx_drop(tx);
		return err;
	}
	if (r->status < 200) {
		tx->state = SERVER_PROCEEDING;
		wheel_stop(tx->layer->wheel, &tx->repeat);
	} else {
		finally(tx, r->status);
	}
	return 0;
}

int server_tx_reply_plain(struct server_tx *tx, unsigned status,
			  const char *reason)
{
	return server_tx_reply(tx, &(struct reply){.status = status,
						   .reason = reason});
}

/* The request again: what was said is said again. The 2xx of an INVITE has its
 * own clock (RFC 6026 7.1), an ACKed failure needs no more words. */
void server_tx_repeated(struct server_tx *tx)
{
	if (tx->state == SERVER_PROCEEDING || tx->state == SERVER_COMPLETED)
		last_send(tx);
}

static void accepted_ack(struct server_tx *tx, struct flow *flow,
			 const struct message *ack)
{
	if (tx->acked)
		return;
	if (tx->ops && tx->ops->ack &&
	    !tx->ops->ack(tx->arg, tx, flow, ack))
		return;
	tx->acked = true;
	if (tx->layer)
		wheel_stop(tx->layer->wheel, &tx->repeat);
}

void server_tx_ack(struct server_tx *tx, struct flow *flow,
		   const struct message *ack)
{
	mem_ref(tx);
	if (tx->state == SERVER_ACCEPTED) {
		accepted_ack(tx, flow, ack);
	} else if (tx->state == SERVER_COMPLETED) {
		tx->state = SERVER_CONFIRMED;
		tx->acked = true;
		wheel_stop(tx->layer->wheel, &tx->repeat);
		wheel_start(tx->layer->wheel, &tx->end,
			    flow_reliable(tx->flow) ? 0
						    : tx->layer->conf.t4_ms,
			    on_end, tx);
	}
	mem_deref(tx);
}

void server_tx_cancel(struct server_tx *tx, const struct message *cancel)
{
	if (tx->cancelled || server_tx_answered(tx))
		return;
	tx->cancelled = true;
	if (tx->ops && tx->ops->cancel)
		tx->ops->cancel(tx->arg, tx, cancel);
}

void server_tx_watch(struct server_tx *tx, const struct server_tx_ops *ops,
		     void *arg)
{
	tx->ops = ops;
	tx->arg = arg;
}

const struct message *server_tx_request(const struct server_tx *tx)
{
	return tx->req;
}

struct flow *server_tx_flow(const struct server_tx *tx)
{
	return tx->flow;
}

struct slice server_tx_tag(const struct server_tx *tx)
{
	return obuf_as_slice(&tx->tag);
}

bool server_tx_answered(const struct server_tx *tx)
{
	return tx->state > SERVER_PROCEEDING;
}

bool server_tx_cancelled(const struct server_tx *tx)
{
	return tx->cancelled;
}
