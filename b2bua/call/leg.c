#include <errno.h>

#include "b2bua/call/leg.h"
#include "lib/base/log.h"
#include "lib/base/rnd.h"

static void leg_destroy(void *arg)
{
	struct leg *leg = arg;

	if (leg->invited) {
		server_tx_watch(leg->invited, NULL, NULL);
		mem_deref(leg->invited);
	}
	if (leg->inviting)
		client_tx_release(leg->inviting);
	if (leg->byeing)
		client_tx_release(leg->byeing);
	if (leg->dialog)
		dialog_close(leg->dialog);
	mem_deref(leg->answer);
	mem_deref(leg->flow);
	obuf_fini(&leg->reason);
	list_unlink(&leg->le);
}

static struct leg *leg_alloc(struct core *core, struct trunk *trunk,
			     const struct leg_ops *ops, void *arg)
{
	struct leg *leg = mem_zalloc(sizeof(*leg), leg_destroy);

	if (!leg)
		return NULL;
	leg->core = core;
	leg->trunk = trunk;
	leg->ops = ops;
	leg->arg = arg;
	list_append(&core->legs, &leg->le, leg);
	return leg;
}

/* The last thing that happens to a leg that was closed. */
static void leg_end(struct leg *leg)
{
	if (leg->gone)
		return;
	leg->gone = true;
	mem_deref(leg);
}

bool leg_is_from(const struct leg *leg, const struct flow *flow)
{
	return flow_same(leg->flow, flow) ||
	       (flow_same_host(leg->flow, flow) &&
		core_trunk(leg->core, flow) == leg->trunk);
}

const char *leg_transport(const struct leg *leg)
{
	return flow_uri_name(leg->flow->kind);
}

void leg_contact(const struct leg *leg, struct obuf *ob)
{
	obuf_fmt(ob, "<sip:%s", leg->flow->sent_by);
	if (leg->flow->kind != FLOW_UDP)
		obuf_fmt(ob, ";transport=%s", leg_transport(leg));
	obuf_chr(ob, '>');
}

/* The address a URI names, if it names one. */
static int uri_sockaddr(struct slice text, struct sa *sa)
{
	struct address a;
	struct slice host;
	char name[64];

	if (address_parse(&a, text))
		return EBADMSG;
	host = a.uri.host;
	if (host.n > 2 && host.p[0] == '[')
		host = slice_of(host.p + 1, host.n - 2);
	if (slice_copy(host, name, sizeof(name)))
		return EBADMSG;
	return sa_set_str(sa, name, a.uri.port ? a.uri.port : 5060);
}

static int next_hop(const struct leg *leg, struct sa *sa)
{
	struct slice routes = leg->dialog->routes, first;

	if (header_item_next(&routes, &first))
		return uri_sockaddr(first, sa);
	return uri_sockaddr(leg->dialog->target, sa);
}

struct flow *leg_request_flow(struct leg *leg)
{
	struct dialog *d = leg->dialog;
	const struct realm *realm = leg->trunk->realm;
	struct flow *flow;
	struct sa sa;

	if (!d->flow->down || next_hop(leg, &sa) ||
	    config_trunk_match(leg->core->config, realm, &sa.u.sa) !=
		    leg->trunk ||
	    transport_flow(leg->core->transport, (void *)realm,
			   d->flow->kind, &sa, &flow))
		return d->flow;
	mem_deref(d->flow);
	mem_deref(leg->flow);
	d->flow = flow;
	leg->flow = mem_ref(flow);
	return flow;
}

/* ---- BYE --------------------------------------------------------------- */

static void on_bye_response(void *arg, struct client_tx *tx, struct flow *flow,
			    const struct message *resp)
{
	(void)tx;
	(void)flow;
	if (resp->status >= 200)
		leg_end(arg);
}

static void on_bye_failed(void *arg, struct client_tx *tx, int err)
{
	(void)tx;
	(void)err;
	leg_end(arg);
}

static const struct client_tx_ops bye_ops = {
	.response = on_bye_response,
	.failed = on_bye_failed,
};

static int bye_write(struct leg *leg, struct obuf *ob)
{
	struct obuf scratch = OBUF_INIT;
	struct draft d;
	int err;

	draft_init(&d, NULL);
	dialog_draft(leg->dialog, &d, "BYE", 0, &scratch);
	if (leg->reason.n)
		draft_append(&d, SLICE_LIT("Reason"),
			     obuf_as_slice(&leg->reason));
	err = scratch.err ? scratch.err : draft_write(&d, ob);
	obuf_fini(&scratch);
	return err;
}

static void bye_send(struct leg *leg)
{
	struct obuf ob = OBUF_INIT;
	struct client_tx_conf conf = {
		.flow = leg_request_flow(leg),
		.ops = &bye_ops,
		.arg = leg,
	};
	int err = bye_write(leg, &ob);

	if (!err) {
		conf.octets = obuf_as_slice(&ob);
		err = client_tx_start(&leg->byeing, leg->core->transactions,
				      &conf);
	}
	obuf_fini(&ob);
	if (err) {
		log_warn("leg %s: no BYE (%s)", leg->trunk->name,
			 strerror(err));
		leg_end(leg);
	}
}

/* ---- A: we were called ------------------------------------------------- */

static void on_cancel(void *arg, struct server_tx *tx,
		      const struct message *cancel)
{
	struct leg *leg = arg;

	(void)tx;
	if (leg->ops)
		leg->ops->cancelled(leg->arg, cancel);
}

static bool on_ack(void *arg, struct server_tx *tx, struct flow *flow,
		   const struct message *ack)
{
	struct leg *leg = arg;

	(void)tx;
	if (!leg_is_from(leg, flow)) {
		core_count(leg->core, COUNTER_WRONG_FLOW);
		return false;
	}
	leg->acked = true;
	if (leg->closing)
		bye_send(leg);
	else
		leg->ops->acked(leg->arg, ack);
	return true;
}

static void on_invited_failed(void *arg, struct server_tx *tx, int err)
{
	struct leg *leg = arg;

	(void)tx;
	leg->acked = true; /* RFC 3261 15: now a BYE is allowed */
	if (leg->closing && !leg->peer_left)
		bye_send(leg);
	else if (leg->closing)
		leg_end(leg);
	else
		leg->ops->lost(leg->arg, err);
}

static const struct server_tx_ops invited_ops = {
	.cancel = on_cancel,
	.ack = on_ack,
	.failed = on_invited_failed,
};

int leg_new_uas(struct leg **lp, struct core *core, struct trunk *trunk,
		struct server_tx *tx, const struct leg_ops *ops, void *arg)
{
	struct leg *leg = leg_alloc(core, trunk, ops, arg);
	int err;

	if (!leg)
		return ENOMEM;
	leg->flow = mem_ref(server_tx_flow(tx));
	err = dialog_new_uas(&leg->dialog, core->dialogs,
			     server_tx_request(tx), server_tx_tag(tx),
			     leg->flow, leg);
	if (err) {
		mem_deref(leg);
		return err;
	}
	leg->invited = mem_ref(tx);
	server_tx_watch(tx, &invited_ops, leg);
	*lp = leg;
	return 0;
}

int leg_reply(struct leg *leg, const struct reply *r)
{
	int err = server_tx_reply(leg->invited, r);

	if (!err && r->status / 100 == 2)
		leg->dialog->early = false;
	return err;
}

/* ---- B: we call -------------------------------------------------------- */

static int answer_ack(struct leg *leg, const struct message *resp,
		      struct slice sdp)
{
	leg->acked = true;
	return dialog_ack(leg->dialog, leg->core->transactions, resp,
			  sdp.n ? SLICE_LIT("application/sdp") : SLICE_NONE,
			  sdp);
}

/* RFC 3261 13.2.2.4: a second branch of a fork answered. We have the first:
 * this one is acknowledged and ended, by a leg of its own. */
static void fork_end(struct leg *leg, const struct message *resp)
{
	struct leg *other =
		leg_alloc(leg->core, leg->trunk, NULL, NULL);

	if (!other)
		return;
	other->flow = mem_ref(leg->flow);
	other->closing = true;
	if (dialog_new_uac(&other->dialog, leg->core->dialogs,
			   client_tx_request(leg->inviting), resp, leg->flow,
			   other)) {
		mem_deref(other);
		return;
	}
	answer_ack(other, resp, SLICE_NONE);
	bye_send(other);
}

static void on_2xx(struct leg *leg, const struct message *resp)
{
	int err;

	if (leg->dialog) {
		if (dialog_find(leg->core->dialogs, resp) != leg->dialog)
			fork_end(leg, resp);
		else if (leg->acked)
			dialog_ack_again(leg->dialog, resp);
		return;
	}
	err = dialog_new_uac(&leg->dialog, leg->core->dialogs,
			     client_tx_request(leg->inviting), resp,
			     leg->flow, leg);
	if (leg->closing) {
		if (err) {
			leg_end(leg);
			return;
		}
		answer_ack(leg, resp, SLICE_NONE);
		bye_send(leg);
	} else if (err) {
		client_tx_release(leg->inviting);
		leg->inviting = NULL;
		leg->ops->refused(leg->arg, NULL);
	} else {
		leg->answer = mem_ref((void *)resp);
		leg->ops->answered(leg->arg, resp);
	}
}

static void on_response(void *arg, struct client_tx *tx, struct flow *flow,
			const struct message *resp)
{
	struct leg *leg = arg;

	(void)tx;
	(void)flow;
	if (resp->status < 101)
		return;
	if (resp->status >= 200 && resp->status < 300) {
		on_2xx(leg, resp);
		return;
	}
	if (resp->status < 200) {
		if (!leg->closing && !leg->dialog)
			leg->ops->progress(leg->arg, resp);
		return;
	}
	client_tx_release(leg->inviting);
	leg->inviting = NULL;
	if (leg->closing)
		leg_end(leg);
	else
		leg->ops->refused(leg->arg, resp);
}

static void on_inviting_failed(void *arg, struct client_tx *tx, int err)
{
	struct leg *leg = arg;

	(void)tx;
	client_tx_release(leg->inviting);
	leg->inviting = NULL;
	if (leg->dialog)
		return; /* answered long ago: only the transaction's end */
	if (leg->closing)
		leg_end(leg);
	else
		leg->ops->lost(leg->arg, err);
}

static const struct client_tx_ops inviting_ops = {
	.response = on_response,
	.failed = on_inviting_failed,
};

int leg_new_uac(struct leg **lp, struct core *core, struct trunk *trunk,
		const struct leg_ops *ops, void *arg)
{
	struct leg *leg = leg_alloc(core, trunk, ops, arg);
	struct sa peer;
	int err;

	if (!leg)
		return ENOMEM;
	rnd_hex(leg->tag, 16);
	err = sa_set_sa(&peer, (const struct sockaddr *)&trunk->address);
	if (!err)
		err = transport_flow(core->transport, (void *)trunk->realm,
				     trunk->tcp ? FLOW_TCP : FLOW_UDP, &peer,
				     &leg->flow);
	if (err) {
		mem_deref(leg);
		return err;
	}
	*lp = leg;
	return 0;
}

int leg_invite(struct leg *leg, struct slice octets)
{
	struct client_tx_conf conf = {
		.flow = leg->flow,
		.octets = octets,
		.timer_b_ms = leg->trunk->try_ms,
		.timer_c_ms = leg->trunk->answer_ms,
		.ops = &inviting_ops,
		.arg = leg,
	};

	return client_tx_start(&leg->inviting, leg->core->transactions, &conf);
}

int leg_ack(struct leg *leg, struct slice sdp)
{
	int err = answer_ack(leg, leg->answer, sdp);

	leg->answer = mem_deref(leg->answer);
	return err;
}

/* ---- the end ----------------------------------------------------------- */

static void uas_close(struct leg *leg)
{
	if (leg->dialog->early || leg->peer_left)
		leg_end(leg);
	else if (leg->acked)
		bye_send(leg);
	/* else the ACK, or its absence, sends the BYE */
}

static void uac_close(struct leg *leg)
{
	struct obuf line = OBUF_INIT;

	if (leg->dialog) {
		if (!leg->acked)
			leg_ack(leg, SLICE_NONE);
		if (leg->peer_left)
			leg_end(leg);
		else
			bye_send(leg);
		return;
	}
	if (!leg->inviting) {
		leg_end(leg);
		return;
	}
	if (leg->reason.n)
		obuf_fmt(&line, "Reason: %.*s\r\n",
			 SLICE(obuf_as_slice(&leg->reason)));
	client_tx_cancel(leg->inviting, obuf_as_slice(&line));
	obuf_fini(&line);
}

void leg_close(struct leg *leg, struct slice reason)
{
	if (!leg)
		return;
	leg->ops = NULL;
	leg->closing = true;
	obuf_slice(&leg->reason, reason);
	if (leg->invited)
		uas_close(leg);
	else
		uac_close(leg);
}

/* ---- requests in the dialog -------------------------------------------- */

static void bye_receive(struct leg *leg, struct server_tx *tx)
{
	bool again = leg->peer_left;

	leg->peer_left = true;
	server_tx_reply_plain(tx, 200, NULL);
	if (!again && leg->ops)
		leg->ops->bye(leg->arg, server_tx_request(tx));
	else if (leg->closing && !leg->byeing)
		leg_end(leg);
}

void leg_receive(struct leg *leg, struct server_tx *tx)
{
	const struct message *req = server_tx_request(tx);
	int status;

	if (!leg_is_from(leg, server_tx_flow(tx))) {
		core_count(leg->core, COUNTER_WRONG_FLOW);
		server_tx_reply_plain(tx, 403, NULL);
		return;
	}
	status = dialog_check(leg->dialog, req);
	if (status) {
		core_count(leg->core, COUNTER_WRONG_CSEQ);
		server_tx_reply_plain(tx, (unsigned)status, NULL);
		return;
	}
	if (req->method == METHOD_BYE)
		bye_receive(leg, tx);
	else if (leg->ops)
		leg->ops->request(leg->arg, tx);
	else
		server_tx_reply_plain(tx, 481, NULL);
}
