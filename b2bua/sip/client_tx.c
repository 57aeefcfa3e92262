/* client_tx.c: client transactions (RFC 3261 17.1, RFC 6026 7.2).
 *
 *	CALLING --1xx--> PROCEEDING --2xx--> ACCEPTED --M--> OVER     INVITE
 *	                            --3xx+-> COMPLETED --D--> OVER
 *	CALLING, PROCEEDING --final--> COMPLETED --K--> OVER          others
 * Thread: the SIP thread. */
#include <errno.h>

#include <re_types.h>
#include <re_mem.h>

#include "b2bua/sip/transaction_priv.h"
#include "lib/base/rnd.h"

enum { TIMER_C_MS = 180000, TIMER_D_MS = 32000 };

static bool is_invite(const struct client_tx *tx)
{
	return tx->req->method == METHOD_INVITE;
}

static unsigned t1(const struct client_tx *tx)
{
	return tx->layer->conf.t1_ms;
}

static uint64_t branch_hash(const struct message *m)
{
	return tx_hash((struct slice[]){m->via.branch, m->method_name}, 2, 0);
}

int client_via_insert(struct obuf *ob, const struct flow *flow,
		      struct slice octets)
{
	ptrdiff_t end = slice_find(octets, SLICE_LIT("\r\n"));
	char branch[21];

	if (end < 0)
		return EBADMSG;
	rnd_hex(branch, 20);
	obuf_put(ob, octets.p, (size_t)end + 2);
	obuf_fmt(ob, "Via: SIP/2.0/%s %s;branch=z9hG4bK%s;rport\r\n",
		 flow_via_name(flow->kind), flow->sent_by, branch);
	obuf_put(ob, octets.p + end + 2, octets.n - (size_t)end - 2);
	return ob->err;
}

/* 17.1.3, and what a peer that guesses branches would not know. */
struct client_tx *client_tx_find(struct transactions *t,
				 const struct flow *flow,
				 const struct message *resp)
{
	uint64_t hash = branch_hash(resp);
	struct tx_link *l = t->clients[hash % TX_BUCKETS];

	for (; l; l = l->next) {
		struct client_tx *tx = (struct client_tx *)l;
		const struct message *r = tx->req;

		if (l->hash == hash && tx->flow->realm == flow->realm &&
		    r->cseq == resp->cseq &&
		    slice_eq(r->via.branch, resp->via.branch) &&
		    slice_eq(r->method_name, resp->method_name) &&
		    slice_eq(r->call_id, resp->call_id) &&
		    slice_eq(r->from.tag, resp->from.tag))
			return tx;
	}
	return NULL;
}

void client_tx_drop(struct client_tx *tx)
{
	if (tx->state == CLIENT_OVER)
		return;
	tx->state = CLIENT_OVER;
	wheel_stop(tx->layer->wheel, &tx->repeat);
	wheel_stop(tx->layer->wheel, &tx->end);
	flow_watch_del(&tx->watch);
	tx_link_del(&tx->by_branch);
	tx->layer->stats.clients--;
	tx->layer = NULL;
	mem_deref(tx);
}

static void destroy(void *arg)
{
	struct client_tx *tx = arg;

	obuf_fini(&tx->cancel_headers);
	obuf_fini(&tx->ack);
	mem_deref(tx->req);
	mem_deref(tx->flow);
}

static void on_end(void *arg)
{
	client_tx_drop(arg);
}

static void fail(struct client_tx *tx, int err)
{
	mem_ref(tx);
	client_tx_drop(tx);
	if (tx->ops)
		tx->ops->failed(tx->arg, tx, err);
	mem_deref(tx);
}

static void on_failed(void *arg)
{
	struct client_tx *tx = arg;

	fail(tx, tx->err);
}

/* Timers B and F; after a CANCEL the 64*T1 of RFC 3261 9.1. */
static void on_late(void *arg)
{
	fail(arg, ETIMEDOUT);
}

static int request_send(struct client_tx *tx)
{
	return flow_send(tx->flow, tx->req->octets);
}

static void on_repeat(void *arg)
{
	struct client_tx *tx = arg;
	unsigned t2 = tx->layer->conf.t2_ms;

	tx->layer->stats.retransmitted_out++;
	tx->interval *= 2;
	if (!is_invite(tx) && (tx->interval > t2 ||
			       tx->state == CLIENT_PROCEEDING))
		tx->interval = t2;
	wheel_start(tx->layer->wheel, &tx->repeat, tx->interval, on_repeat, tx);
	request_send(tx);
}

static void on_flow_down(void *arg, int err)
{
	struct client_tx *tx = arg;

	/* Who has answered once can find us by a connection of its own
	 * (RFC 3261 18.2.2). */
	if (tx->state == CLIENT_CALLING)
		fail(tx, err);
}

/* octets: with our Via. */
static int tx_run(struct client_tx **txp, struct transactions *t,
		  const struct client_tx_conf *conf, struct slice octets)
{
	struct client_tx *tx;
	struct flaw flaw;
	int err;

	if (t->stats.clients >= t->conf.clients_max)
		return ENFILE;
	tx = mem_zalloc(sizeof(*tx), destroy);
	if (!tx)
		return ENOMEM;
	err = message_parse(&tx->req, octets.p, octets.n, true, &flaw);
	if (err || !tx->req->request) {
		if (err)
			mem_deref(flaw.answerable);
		mem_deref(tx);
		return err ? err : EBADMSG;
	}
	tx->layer = t;
	tx->flow = mem_ref(conf->flow);
	tx->ops = conf->ops;
	tx->arg = conf->arg;
	tx->timer_c_ms = conf->timer_c_ms ? conf->timer_c_ms : TIMER_C_MS;
	tx->interval = t->conf.t1_ms;
	tx_link_add(t->clients, &tx->by_branch, branch_hash(tx->req));
	t->stats.clients++;
	flow_watch_add(tx->flow, &tx->watch, on_flow_down, tx);
	tx->err = request_send(tx);
	if (tx->err) {
		wheel_start(t->wheel, &tx->end, 0, on_failed, tx);
	} else {
		wheel_start(t->wheel, &tx->end,
			    conf->timer_b_ms ? conf->timer_b_ms : 64 * t1(tx),
			    on_late, tx);
		if (!flow_reliable(tx->flow))
			wheel_start(t->wheel, &tx->repeat, tx->interval,
				    on_repeat, tx);
	}
	*txp = mem_ref(tx);
	return 0;
}

int client_tx_start(struct client_tx **txp, struct transactions *t,
		    const struct client_tx_conf *conf)
{
	struct obuf ob = OBUF_INIT;
	int err = client_via_insert(&ob, conf->flow, conf->octets);

	if (!err)
		err = tx_run(txp, t, conf, obuf_as_slice(&ob));
	obuf_fini(&ob);
	return err;
}

static void cancel_send(struct client_tx *tx)
{
	struct client_tx_conf conf = {.flow = tx->flow};
	struct obuf ob = OBUF_INIT;
	struct client_tx *cancel;

	tx->cancel_sent = true;
	if (!message_write_cancel(&ob, tx->req,
				  obuf_as_slice(&tx->cancel_headers)) &&
	    !tx_run(&cancel, tx->layer, &conf, obuf_as_slice(&ob)))
		client_tx_release(cancel);
	obuf_fini(&ob);
	wheel_start(tx->layer->wheel, &tx->end, 64 * t1(tx), on_late, tx);
}

int client_tx_cancel(struct client_tx *tx, struct slice headers)
{
	if (!is_invite(tx))
		return EINVAL;
	if (tx->cancel_wanted || tx->state > CLIENT_PROCEEDING)
		return EALREADY;
	tx->cancel_wanted = true;
	obuf_slice(&tx->cancel_headers, headers);
	if (tx->state == CLIENT_PROCEEDING)
		cancel_send(tx);
	return 0;
}

void client_tx_release(struct client_tx *tx)
{
	if (!tx)
		return;
	tx->ops = NULL;
	mem_deref(tx);
}

/* Timer C: the peer rings and rings. */
static void on_timer_c(void *arg)
{
	struct client_tx *tx = arg;

	tx->cancel_wanted = true;
	cancel_send(tx);
}

static void provisional(struct client_tx *tx, const struct message *resp)
{
	struct wheel *w = tx->layer->wheel;

	if (is_invite(tx)) {
		wheel_stop(w, &tx->repeat);
		if (!tx->cancel_sent && (resp->status > 100 ||
					 tx->state == CLIENT_CALLING))
			wheel_start(w, &tx->end, tx->timer_c_ms, on_timer_c,
				    tx);
	}
	tx->state = CLIENT_PROCEEDING;
	if (tx->cancel_wanted && !tx->cancel_sent)
		cancel_send(tx);
}

static void failure_ack(struct client_tx *tx, const struct message *resp)
{
	if (message_write_ack(&tx->ack, tx->req, resp))
		return;
	flow_send(tx->flow, obuf_as_slice(&tx->ack));
}

/* The final response. The transaction stays for its repetitions; over a stream
 * there are none. */
static void finally(struct client_tx *tx, const struct message *resp)
{
	struct wheel *w = tx->layer->wheel;
	unsigned wait = tx->layer->conf.t4_ms;

	wheel_stop(w, &tx->repeat);
	tx->state = CLIENT_COMPLETED;
	if (is_invite(tx) && resp->status < 300) {
		tx->state = CLIENT_ACCEPTED;
		wheel_start(w, &tx->end, 64 * t1(tx), on_end, tx);
		return;
	}
	if (is_invite(tx)) {
		failure_ack(tx, resp);
		wait = 64 * t1(tx) > TIMER_D_MS ? 64 * t1(tx) : TIMER_D_MS;
	}
	wheel_start(w, &tx->end, flow_reliable(tx->flow) ? 0 : wait, on_end,
		    tx);
}

static void report(struct client_tx *tx, struct flow *flow,
		   const struct message *resp)
{
	if (tx->ops)
		tx->ops->response(tx->arg, tx, flow, resp);
}

bool client_tx_response(struct client_tx *tx, struct flow *flow,
			const struct message *resp)
{
	bool accepting = is_invite(tx) && resp->status / 100 == 2;
	bool wanted = true;

	mem_ref(tx);
	switch (tx->state) {
	case CLIENT_CALLING:
	case CLIENT_PROCEEDING:
		if (resp->status < 200)
			provisional(tx, resp);
		else
			finally(tx, resp);
		wanted = tx->ops || !accepting;
		report(tx, flow, resp);
		break;
	case CLIENT_ACCEPTED:
		wanted = tx->ops || !accepting;
		if (accepting)
			report(tx, flow, resp);
		break;
	case CLIENT_COMPLETED:
		tx->layer->stats.retransmitted_in++;
		if (is_invite(tx) && tx->ack.n && resp->status >= 300)
			flow_send(tx->flow, obuf_as_slice(&tx->ack));
		break;
	case CLIENT_OVER:
		break;
	}
	mem_deref(tx);
	return wanted;
}

const struct message *client_tx_request(const struct client_tx *tx)
{
	return tx->req;
}

struct flow *client_tx_flow(const struct client_tx *tx)
{
	return tx->flow;
}
