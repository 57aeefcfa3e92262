#include <errno.h>
#include <stdlib.h>

#include "b2bua/call/body.h"
#include "b2bua/call/facts.h"
#include "b2bua/call/indialog.h"
#include "b2bua/call/outgoing.h"
#include "b2bua/call/policy.h"
#include "lib/base/log.h"

/* One request on its way from a leg to the other, until it is answered (and,
 * an INVITE, acknowledged). */
struct exchange {
	struct exchange *next;
	struct call *call;
	enum report_leg from;
	struct server_tx *in;
	struct client_tx *out;
	struct message *answer; /* INVITE: the 2xx, until it is acknowledged */
	struct obuf offer; /* SDP that an answer is awaited to */
	bool invite;
	bool late; /* the offer comes with the 2xx */
	bool media; /* the relay is asked for it now */
};

static void exchange_end(struct exchange *x)
{
	struct exchange **p = &x->call->exchanges;

	while (*p != x)
		p = &(*p)->next;
	*p = x->next;
	if (x->media)
		media_forget(x->call->media);
	if (x->out)
		client_tx_release(x->out);
	server_tx_watch(x->in, NULL, NULL);
	if (!server_tx_answered(x->in))
		server_tx_reply_plain(x->in, 487, NULL);
	mem_deref(x->in);
	mem_deref(x->answer);
	obuf_fini(&x->offer);
	free(x);
}

void indialog_close(struct call *call)
{
	while (call->exchanges)
		exchange_end(call->exchanges);
}

static struct leg *exchange_to(const struct exchange *x)
{
	return x->call->leg[leg_other(x->from)];
}

static void exchange_refuse(struct exchange *x, unsigned status)
{
	server_tx_reply_plain(x->in, status, NULL);
	exchange_end(x);
}

/* ---- answers ----------------------------------------------------------- */

/* resp of the other leg as the answer; sdp: NULL, or what the relay made of
 * its own. An SDP that the relay did not see never passes, not in a failure
 * either. */
static int answer_carry(struct exchange *x, const struct message *resp,
			const struct slice *sdp)
{
	struct obuf lines = OBUF_INIT, phrase = OBUF_INIT;
	bool contact = x->invite && resp->status < 300;
	struct reply r = {.status = resp->status};
	struct slice body = x->invite ? SLICE_NONE : resp->body;
	int err = outgoing_reply(x->call, leg_other(x->from), resp, contact,
				 &lines);

	obuf_slice(&phrase, resp->reason);
	obuf_chr(&phrase, '\0');
	r.reason = phrase.err ? NULL : phrase.p;
	r.headers = obuf_as_slice(&lines);
	r.body = sdp ? *sdp : body;
	if (sdp)
		r.body_type = SLICE_LIT("application/sdp");
	else if (body.n)
		r.body_type = message_value(resp, HEADER_CONTENT_TYPE);
	if (!err)
		err = server_tx_reply(x->in, &r);
	obuf_fini(&lines);
	obuf_fini(&phrase);
	return err;
}

static void answer_ack(struct exchange *x, struct slice sdp)
{
	dialog_ack(exchange_to(x)->dialog, x->call->core->transactions,
		   x->answer, sdp.n ? SLICE_LIT("application/sdp") : SLICE_NONE,
		   sdp);
	x->answer = mem_deref(x->answer);
}

/* The relay could not: the other leg's 2xx must be acknowledged all the same,
 * and the session goes on as it was. */
static void media_failed(struct exchange *x)
{
	if (x->answer)
		answer_ack(x, SLICE_NONE);
	if (!server_tx_answered(x->in))
		server_tx_reply_plain(x->in, 488, NULL);
	exchange_end(x);
}

/* Whether the SDP in the 2xx may go to the relay. */
static bool answer_fits(const struct exchange *x, enum report_leg to,
			const struct message *resp)
{
	if (!body_is_sdp(resp))
		return false;
	return x->late ? !policy_offer(x->call->trunk[to], resp->body)
		       : body_answers(obuf_as_slice(&x->offer), resp->body);
}

/* The 2xx's SDP has been through the relay. */
static void on_answer_sdp(void *arg, int err, struct slice sdp,
			  const char *why)
{
	struct exchange *x = arg;
	struct call *call = x->call;

	(void)why;
	x->media = false;
	if (err || (x->late && policy_offer(call->trunk[x->from], sdp))) {
		media_failed(x);
		return;
	}
	if (x->late)
		obuf_slice(&x->offer, sdp);
	facts_protocol(call, x->from, sdp);
	facts_renegotiated(call);
	answer_carry(x, x->answer, &sdp);
	if (!x->late)
		answer_ack(x, SLICE_NONE);
}

static void answer_take(struct exchange *x, const struct message *resp)
{
	enum report_leg to = leg_other(x->from);
	struct call *call = x->call;
	const char *transport = call->protocol[x->from];
	int err;

	dialog_refresh(exchange_to(x)->dialog, resp);
	x->answer = mem_ref((void *)resp);
	if (!answer_fits(x, to, resp))
		err = EBADMSG;
	else if (x->late)
		err = media_offer(call->media, to, resp->body,
				  transport[0] ? transport : NULL,
				  on_answer_sdp, x);
	else
		err = media_answer(call->media, to, resp->body, on_answer_sdp,
				   x);
	if (err) {
		media_failed(x);
		return;
	}
	x->media = true;
	facts_protocol(call, to, resp->body);
	facts_keys(call, to, resp->body);
	if (!x->late)
		facts_keys(call, x->from, server_tx_request(x->in)->body);
}

static void on_response(void *arg, struct client_tx *tx, struct flow *flow,
			const struct message *resp)
{
	struct exchange *x = arg;
	struct call *call = x->call;

	(void)tx;
	(void)flow;
	if (resp->status < 200)
		return;
	if (x->invite && resp->status < 300) {
		if (x->answer || server_tx_answered(x->in))
			dialog_ack_again(exchange_to(x)->dialog, resp);
		else
			answer_take(x, resp);
		return;
	}
	answer_carry(x, resp, NULL);
	if (resp->status == 481 || resp->status == 408) {
		/* RFC 3261 12.2.1.2: that dialog is gone */
		call_end(call, x->from == REPORT_LEG_A ? CAUSE_CALLED_BYE
						       : CAUSE_CALLER_BYE,
			 x->from == REPORT_LEG_A ? CALL_BY_CALLED
						 : CALL_BY_CALLER,
			 0, SLICE_NONE);
		return;
	}
	exchange_end(x);
}

static void on_failed(void *arg, struct client_tx *tx, int err)
{
	struct exchange *x = arg;

	(void)tx;
	if (server_tx_answered(x->in))
		return; /* the end of a transaction that was answered */
	log_info("call %s: in-dialog request not answered (%s)", x->call->id,
		 strerror(err));
	exchange_refuse(x, err == ETIMEDOUT ? 408 : 503);
}

static const struct client_tx_ops out_ops = {
	.response = on_response,
	.failed = on_failed,
};

/* ---- the sender -------------------------------------------------------- */

static void on_cancel(void *arg, struct server_tx *tx,
		      const struct message *cancel)
{
	struct exchange *x = arg;

	(void)tx;
	(void)cancel;
	if (x->out)
		client_tx_cancel(x->out, SLICE_NONE);
	else
		exchange_refuse(x, 487);
}

static void on_ack_sdp(void *arg, int err, struct slice sdp, const char *why)
{
	struct exchange *x = arg;

	(void)why;
	x->media = false;
	answer_ack(x, err ? SLICE_NONE : sdp);
	exchange_end(x);
}

static bool on_ack(void *arg, struct server_tx *tx, struct flow *flow,
		   const struct message *ack)
{
	struct exchange *x = arg;

	(void)tx;
	if (!leg_is_from(x->call->leg[x->from], flow))
		return false;
	if (!x->late) {
		exchange_end(x);
		return true;
	}
	if (body_is_sdp(ack) &&
	    body_answers(obuf_as_slice(&x->offer), ack->body) &&
	    !media_answer(x->call->media, x->from, ack->body, on_ack_sdp, x)) {
		x->media = true;
		facts_keys(x->call, x->from, ack->body);
		return true;
	}
	answer_ack(x, SLICE_NONE);
	exchange_end(x);
	return true;
}

static void on_in_failed(void *arg, struct server_tx *tx, int err)
{
	struct exchange *x = arg;

	(void)tx;
	(void)err;
	if (x->invite)
		call_end(x->call, CAUSE_ACK_TIMEOUT, CALL_BY_US, 0,
			 SLICE_NONE);
	else
		exchange_end(x);
}

static const struct server_tx_ops in_ops = {
	.cancel = on_cancel,
	.ack = on_ack,
	.failed = on_in_failed,
};

/* ---- the request ------------------------------------------------------- */

static int request_write(struct exchange *x, const struct slice *sdp,
			 struct obuf *ob)
{
	const struct message *req = server_tx_request(x->in);
	struct obuf scratch = OBUF_INIT, text = OBUF_INIT, hops = OBUF_INIT;
	struct draft d;
	int err;

	draft_init(&d, req);
	dialog_draft(exchange_to(x)->dialog, &d, NULL, 0, &scratch);
	outgoing_indialog(x->call, x->from, &d, x->invite, &text);
	obuf_fmt(&hops, "%u", req->max_forwards - 1);
	draft_replace(&d, HEADER_MAX_FORWARDS, obuf_as_slice(&hops));
	if (sdp)
		draft_body(&d, SLICE_LIT("application/sdp"), *sdp);
	err = scratch.err ? scratch.err : draft_write(&d, ob);
	obuf_fini(&scratch);
	obuf_fini(&text);
	obuf_fini(&hops);
	return err;
}

static int request_send(struct exchange *x, const struct slice *sdp)
{
	struct obuf ob = OBUF_INIT;
	struct client_tx_conf conf = {
		.flow = leg_request_flow(exchange_to(x)),
		.ops = &out_ops,
		.arg = x,
	};
	int err = request_write(x, sdp, &ob);

	if (!err) {
		conf.octets = obuf_as_slice(&ob);
		err = client_tx_start(&x->out, x->call->core->transactions,
				      &conf);
	}
	obuf_fini(&ob);
	return err;
}

static void on_offer_sdp(void *arg, int err, struct slice sdp, const char *why)
{
	struct exchange *x = arg;

	(void)why;
	x->media = false;
	if (!err &&
	    policy_offer(x->call->trunk[leg_other(x->from)], sdp))
		err = EREMOTEIO;
	if (!err)
		obuf_slice(&x->offer, sdp);
	if (err || request_send(x, &sdp))
		exchange_refuse(x, err == EREMOTEIO ? 488 : 503);
}

static bool invite_pending(const struct call *call)
{
	for (const struct exchange *x = call->exchanges; x; x = x->next)
		if (x->invite)
			return true;
	return media_busy(call->media);
}

static int exchange_new(struct exchange **xp, struct call *call,
			enum report_leg from, struct server_tx *tx)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return ENOMEM;
	x->call = call;
	x->from = from;
	x->in = mem_ref(tx);
	x->invite = server_tx_request(tx)->method == METHOD_INVITE;
	x->next = call->exchanges;
	call->exchanges = x;
	server_tx_watch(tx, &in_ops, x);
	*xp = x;
	return 0;
}

static void invite_take(struct call *call, enum report_leg from,
			struct server_tx *tx)
{
	const struct message *req = server_tx_request(tx);
	const char *transport = call->protocol[leg_other(from)];
	struct exchange *x;
	int err;

	if (invite_pending(call)) {
		server_tx_reply_plain(tx, 491, NULL); /* RFC 3261 14.1 */
		return;
	}
	if (dialog_refresh(call->leg[from]->dialog, req)) {
		server_tx_reply_plain(tx, 400, NULL);
		return;
	}
	if (req->body.n && !body_is_sdp(req)) {
		server_tx_reply_plain(tx, 415, NULL);
		return;
	}
	if (req->body.n && policy_offer(call->trunk[from], req->body)) {
		server_tx_reply_plain(tx, 488, NULL);
		return;
	}
	if (exchange_new(&x, call, from, tx)) {
		server_tx_reply_plain(tx, 500, NULL);
		return;
	}
	x->late = !req->body.n;
	if (x->late)
		err = request_send(x, NULL);
	else
		err = media_offer(call->media, from, req->body,
				  transport[0] ? transport : NULL,
				  on_offer_sdp, x);
	if (err)
		exchange_refuse(x, 503);
	else
		x->media = !x->late;
}

static void carry_take(struct call *call, enum report_leg from,
		       struct server_tx *tx)
{
	struct exchange *x;

	if (exchange_new(&x, call, from, tx))
		server_tx_reply_plain(tx, 500, NULL);
	else if (request_send(x, NULL))
		exchange_refuse(x, 503);
}

static void local_answer(struct server_tx *tx, unsigned status)
{
	struct reply r = {
		.status = status,
		.headers = SLICE_LIT("Allow: " OUTGOING_ALLOW "\r\n"),
	};

	server_tx_reply(tx, &r);
}

static void request_take(struct call *call, enum report_leg from,
			 struct server_tx *tx)
{
	const struct message *req = server_tx_request(tx);
	bool up = call->answered_us && !call->cause &&
		  call->leg[leg_other(from)];

	switch (req->method) {
	case METHOD_OPTIONS:
		local_answer(tx, 200);
		break;
	case METHOD_INVITE:
	case METHOD_INFO:
	case METHOD_MESSAGE:
		if (!up)
			server_tx_reply_plain(tx, 491, NULL);
		else if (!req->max_forwards)
			server_tx_reply_plain(tx, 483, NULL);
		else if (req->method == METHOD_INVITE)
			invite_take(call, from, tx);
		else
			carry_take(call, from, tx);
		break;
	case METHOD_OTHER:
		local_answer(tx, 501);
		break;
	default:
		local_answer(tx, 405);
		break;
	}
}

void indialog_from_caller(void *arg, struct server_tx *tx)
{
	request_take(arg, REPORT_LEG_A, tx);
}

void indialog_from_called(void *arg, struct server_tx *tx)
{
	request_take(arg, REPORT_LEG_B, tx);
}
