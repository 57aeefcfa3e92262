/* transaction.c: what arrives, and which transaction it belongs to; answers
 * that need none. Thread: the SIP thread. */
#include <errno.h>
#include <stdlib.h>

#include <re_types.h>
#include <re_mem.h>

#include "b2bua/sip/transaction_priv.h"
#include "lib/base/log.h"
#include "lib/base/siphash.h"

static unsigned or_default(unsigned v, unsigned dflt)
{
	return v ? v : dflt;
}

int transactions_new(struct transactions **tp, struct wheel *wheel,
		     const struct transaction_conf *conf,
		     const struct transaction_ops *ops, void *arg)
{
	struct transactions *t = calloc(1, sizeof(*t));

	if (!t)
		return ENOMEM;
	t->wheel = wheel;
	if (conf)
		t->conf = *conf;
	t->conf.t1_ms = or_default(t->conf.t1_ms, 500);
	t->conf.t2_ms = or_default(t->conf.t2_ms, 4000);
	t->conf.t4_ms = or_default(t->conf.t4_ms, 5000);
	t->conf.trying_ms = or_default(t->conf.trying_ms, 200);
	t->conf.servers_max = or_default(t->conf.servers_max, 100000);
	t->conf.clients_max = or_default(t->conf.clients_max, 100000);
	if (!t->conf.octets_max)
		t->conf.octets_max = 256 << 20;
	t->ops = *ops;
	t->arg = arg;
	*tp = t;
	return 0;
}

void transactions_free(struct transactions *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < TX_BUCKETS; i++) {
		while (t->servers[i])
			server_tx_drop((struct server_tx *)t->servers[i]);
		while (t->clients[i])
			client_tx_drop((struct client_tx *)t->clients[i]);
	}
	free(t);
}

void transactions_attach(struct transactions *t, struct transport *transport)
{
	t->transport = transport;
}

void transactions_stats_get(const struct transactions *t,
			    struct transaction_stats *st)
{
	*st = t->stats;
}

void tx_link_add(struct tx_link **table, struct tx_link *l, uint64_t hash)
{
	struct tx_link **head = &table[hash % TX_BUCKETS];

	l->hash = hash;
	l->next = *head;
	l->prev = head;
	if (l->next)
		l->next->prev = &l->next;
	*head = l;
}

void tx_link_del(struct tx_link *l)
{
	if (!l->prev)
		return;
	*l->prev = l->next;
	if (l->next)
		l->next->prev = l->prev;
	l->prev = NULL;
}

uint64_t tx_hash(const struct slice v[], unsigned n, uint64_t number)
{
	uint64_t h[8] = {number};

	for (unsigned i = 0; i < n && i < 7; i++)
		h[i + 1] = siphash_slice(v[i]);
	return siphash(h, sizeof(h));
}

void transactions_answer(struct transactions *t, struct flow *flow,
			 const struct message *req, const struct reply *r)
{
	struct obuf ob = OBUF_INIT;
	struct reply with = *r;
	struct obuf lines = OBUF_INIT;
	struct flow *to = NULL;

	obuf_slice(&lines, r->headers);
	if (t->conf.server)
		obuf_fmt(&lines, "Server: %s\r\n", t->conf.server);
	with.headers = obuf_as_slice(&lines);
	if (lines.err || message_write_reply(&ob, req, flow, &with))
		goto out;
	if (!t->transport)
		flow_send(flow, obuf_as_slice(&ob));
	else if (!transport_reply_flow(t->transport, flow, &req->via, &to))
		flow_send(to, obuf_as_slice(&ob));
out:
	mem_deref(to);
	obuf_fini(&lines);
	obuf_fini(&ob);
}

/* An answer nobody above decides about, if this source gets one at all. */
static void answer(struct transactions *t, struct flow *flow,
		   const struct message *req, unsigned status,
		   const char *headers)
{
	struct reply r = {.status = status, .headers = slice_str(headers)};

	if (!t->ops.admit || t->ops.admit(t->arg, flow, NULL) == 0)
		transactions_answer(t, flow, req, &r);
}

static void malformed(struct transactions *t, struct flow *flow,
		      const struct flaw *flaw)
{
	struct reply r = {.status = (unsigned)flaw->status,
			  .reason = flaw->reason};
	static struct log_limit limit;

	t->stats.malformed++;
	if (log_enabled(LOG_LEVEL_INFO) && log_limit_pass(&limit)) {
		struct obuf ob = OBUF_INIT;

		flow_write(&ob, flow);
		log_info("flow %.*s: malformed message (%s; %u kept back)",
			 SLICE(obuf_as_slice(&ob)), flaw->reason, limit.last);
		obuf_fini(&ob);
	}
	if (!flaw->answerable)
		return;
	if (!t->ops.admit || t->ops.admit(t->arg, flow, NULL) == 0)
		transactions_answer(t, flow, flaw->answerable, &r);
	mem_deref(flaw->answerable);
}

static void ack_receive(struct transactions *t, struct flow *flow,
			const struct message *ack)
{
	struct server_tx *tx = server_tx_find(t, flow, ack, METHOD_INVITE);

	if (!tx)
		tx = server_tx_find_request(t, ack, METHOD_INVITE);
	if (tx && tx->state >= SERVER_COMPLETED) {
		server_tx_ack(tx, flow, ack);
		return;
	}
	t->stats.stray++;
	if (t->ops.stray_ack)
		t->ops.stray_ack(t->arg, flow, ack);
}

/* Who may cancel is who called: same flow, not only the same branch, which can
 * be seen or guessed (threats S9). */
static void cancel_receive(struct transactions *t, struct flow *flow,
			   const struct message *cancel)
{
	struct server_tx *tx = server_tx_find(t, flow, cancel, METHOD_INVITE);

	if (!tx || !flow_same(tx->flow, flow)) {
		t->stats.stray++;
		answer(t, flow, cancel, 481, "");
		return;
	}
	mem_ref(tx);
	transactions_answer(t, flow, cancel,
			    &(struct reply){.status = 200,
					    .to_tag = server_tx_tag(tx)});
	server_tx_cancel(tx, cancel);
	mem_deref(tx);
}

/* The checks of RFC 3261 8.2 and 16.3 that need no policy. 0: go on. */
static unsigned refusal(struct transactions *t, const struct message *req,
			const char **headers)
{
	bool outside = !req->to.tag.p;

	if (outside && req->from.tag.p &&
	    server_tx_find_request(t, req, req->method)) {
		t->stats.merged++;
		return 482;
	}
	if (outside && req->has_max_forwards && req->max_forwards == 0 &&
	    req->method != METHOD_OPTIONS)
		return 483;
	if (t->stats.servers >= t->conf.servers_max ||
	    t->stats.octets >= t->conf.octets_max) {
		t->stats.full++;
		*headers = "Retry-After: 10\r\n";
		return 503;
	}
	return 0;
}

static void request_new(struct transactions *t, struct flow *flow,
			struct message *req)
{
	const char *headers = "";
	unsigned status = refusal(t, req, &headers);
	struct server_tx *tx;
	int verdict;

	if (status) {
		answer(t, flow, req, status, headers);
		return;
	}
	verdict = t->ops.admit ? t->ops.admit(t->arg, flow, req) : 0;
	if (verdict > 0)
		transactions_answer(t, flow, req, &(struct reply){
			.status = (unsigned)verdict});
	if (verdict || server_tx_new(&tx, t, flow, req))
		return;
	mem_ref(tx);
	t->ops.request(t->arg, tx);
	mem_deref(tx);
}

static void request_receive(struct transactions *t, struct flow *flow,
			    struct message *req)
{
	struct server_tx *tx;

	if (req->method == METHOD_ACK) {
		ack_receive(t, flow, req);
	} else if (req->method == METHOD_CANCEL) {
		cancel_receive(t, flow, req);
	} else if ((tx = server_tx_find(t, flow, req, req->method))) {
		t->stats.retransmitted_in++;
		server_tx_repeated(tx);
	} else {
		request_new(t, flow, req);
	}
}

/* One Via, ours; more: not for us, or a trap (RFC 4475 3.3.10). */
static void response_receive(struct transactions *t, struct flow *flow,
			     const struct message *resp)
{
	struct client_tx *tx;

	if (resp->vias != 1)
		return;
	tx = client_tx_find(t, flow, resp);
	if (tx && client_tx_response(tx, flow, resp))
		return;
	t->stats.stray++;
	if (t->ops.stray_response)
		t->ops.stray_response(t->arg, flow, resp);
}

void transactions_receive(struct transactions *t, struct flow *flow,
			  struct slice octets)
{
	struct message *m;
	struct flaw flaw;
	int err;

	err = message_parse(&m, octets.p, octets.n, flow_reliable(flow), &flaw);
	if (err) {
		if (flaw.reason)
			malformed(t, flow, &flaw);
		return;
	}
	if (m->request) {
		t->stats.requests++;
		request_receive(t, flow, m);
	} else {
		t->stats.responses++;
		response_receive(t, flow, m);
	}
	mem_deref(m);
}

static void on_receive(void *arg, struct flow *flow, struct slice octets)
{
	transactions_receive(arg, flow, octets);
}

static void on_garbage(void *arg, struct flow *flow, struct slice head)
{
	struct message *m;
	struct flaw flaw;

	if (!message_parse(&m, head.p, head.n, true, &flaw))
		mem_deref(m);
	else if (flaw.reason)
		malformed(arg, flow, &flaw);
}

/* Who would get 403 for whatever it says may not fill the table of
 * connections either (threats S6). */
static bool on_welcome(void *arg, struct flow *flow)
{
	struct transactions *t = arg;

	return !t->ops.admit || t->ops.admit(t->arg, flow, NULL) == 0;
}

const struct transport_ops *transactions_transport_ops(void)
{
	static const struct transport_ops ops = {
		.welcome = on_welcome,
		.receive = on_receive,
		.garbage = on_garbage,
	};

	return &ops;
}

int transactions_send(struct transactions *t, struct flow *flow,
		      struct slice octets, struct obuf *sent)
{
	struct obuf ob = OBUF_INIT;
	int err;
	(void)t;

	err = client_via_insert(&ob, flow, octets);
	if (!err && sent) {
		obuf_reset(sent);
		obuf_slice(sent, obuf_as_slice(&ob));
		err = sent->err;
	}
	if (!err)
		err = flow_send(flow, obuf_as_slice(&ob));
	obuf_fini(&ob);
	return err;
}
