/* answer, connect, talk: ringing and the answer go to the caller, its media
 * through the relay, until somebody hangs up. */
#include <errno.h>

#include "b2bua/call/answer.h"
#include "b2bua/call/body.h"
#include "b2bua/call/facts.h"
#include "b2bua/call/indialog.h"
#include "b2bua/call/outgoing.h"
#include "b2bua/call/policy.h"
#include "b2bua/call/steps.h"
#include "lib/base/clk.h"
#include "lib/base/log.h"

/* resp of the called leg as a response to the caller, with the SDP the relay
 * made of it if sdp. */
static int reply_carry(struct call *call, const struct message *resp, bool sdp)
{
	struct obuf lines = OBUF_INIT, reason = OBUF_INIT;
	struct reply r = {.status = resp->status};
	int err = outgoing_reply(call, REPORT_LEG_B, resp, resp->status < 300,
				 &lines);

	obuf_slice(&reason, resp->reason);
	obuf_chr(&reason, '\0');
	r.reason = reason.err ? NULL : reason.p;
	r.headers = obuf_as_slice(&lines);
	if (sdp) {
		r.body_type = SLICE_LIT("application/sdp");
		r.body = obuf_as_slice(&call->answer);
	}
	if (!err)
		err = leg_reply(call->leg[REPORT_LEG_A], &r);
	obuf_fini(&lines);
	obuf_fini(&reason);
	return err;
}

/* ---- ringing and early media ------------------------------------------- */

static void on_early(void *arg, int err, struct slice sdp, const char *why)
{
	struct call *call = arg;
	struct message *resp = call->early;

	(void)why;
	call->early = NULL;
	if (!err) {
		obuf_reset(&call->answer);
		obuf_slice(&call->answer, sdp);
		call->early_sent = true;
		facts_protocol(call, REPORT_LEG_A, sdp);
	}
	/* without its SDP it still says that it rings */
	reply_carry(call, resp, !err);
	mem_deref(resp);
	steps_run(call);
}

void answer_progress(void *arg, const struct message *resp)
{
	struct call *call = arg;

	if (!call->ringing_us)
		call->ringing_us = clk_wall_us();
	/* RFC 3261 13.2.1: an offer does not come unreliably */
	if (!body_is_sdp(resp) || call->late ||
	    !body_answers(obuf_as_slice(&call->offer), resp->body)) {
		reply_carry(call, resp, false);
		return;
	}
	if (call->early)
		return; /* the same SDP again, most likely; the answer counts */
	if (!media_answer(call->media, REPORT_LEG_B, resp->body, on_early,
			  call))
		call->early = mem_ref((void *)resp);
}

/* ---- answer ------------------------------------------------------------ */

static void answer_failed(struct call *call, int err, const char *why)
{
	slice_copy(slice_str(why), call->why, sizeof(call->why));
	call_end(call, err == EREMOTEIO ? CAUSE_RELAY_REFUSED
					: CAUSE_RELAY_DOWN,
		 CALL_BY_US, 0, SLICE_NONE);
}

static void on_answer(void *arg, int err, struct slice sdp, const char *why)
{
	struct call *call = arg;
	enum cause cause = CAUSE_NONE;

	if (err) {
		answer_failed(call, err, why);
		return;
	}
	if (call->late)
		cause = policy_offer(call->trunk[REPORT_LEG_A], sdp);
	if (cause) {
		call_end(call, cause, CALL_BY_US, 0, SLICE_NONE);
		return;
	}
	obuf_reset(&call->answer);
	obuf_slice(&call->answer, sdp);
	call->answer_ready = true;
	facts_protocol(call, REPORT_LEG_A, sdp);
	steps_run(call);
}

static enum cause answer_ask(struct call *call, struct slice sdp)
{
	enum cause cause = CAUSE_NONE;
	int err;

	if (call->late)
		cause = policy_offer(call->trunk[REPORT_LEG_B], sdp);
	if (cause)
		return cause;
	if (call->late)
		err = media_offer(call->media, REPORT_LEG_B, sdp,
				  trunk_media_transport(
					  call->trunk[REPORT_LEG_A]->media),
				  on_answer, call);
	else if (!body_answers(obuf_as_slice(&call->offer), sdp))
		return CAUSE_MEDIA_POLICY;
	else
		err = media_answer(call->media, REPORT_LEG_B, sdp, on_answer,
				   call);
	if (!err)
		facts_protocol(call, REPORT_LEG_B, sdp);
	return err ? CAUSE_FAILURE : CAUSE_NONE;
}

enum step_result step_answer(struct call *call)
{
	const struct message *resp = call->answered;
	enum cause cause = CAUSE_NONE;

	wheel_stop(call->core->wheel, &call->timer);
	if (call->answer_ready)
		return STEP_NEXT;
	if (media_busy(call->media))
		return STEP_WAIT; /* early media first, or this answer */
	if (body_is_sdp(resp))
		cause = answer_ask(call, resp->body);
	else if (!call->answer.n)
		cause = CAUSE_NO_ANSWER_SDP;
	if (cause)
		call_end(call, cause, CALL_BY_US, 0, SLICE_NONE);
	return cause || !media_busy(call->media) ? STEP_NEXT : STEP_WAIT;
}

/* ---- connect and talk -------------------------------------------------- */

/* A handshake takes a moment: the report of a call that is up tells it too. */
enum { LOOK_MS = 1500 };

static void on_look(void *arg, const struct media_stats *stats)
{
	if (stats)
		facts_media(arg, stats);
}

static void on_look_time(void *arg)
{
	struct call *call = arg;

	media_query(call->media, on_look, call);
}

enum step_result step_connect(struct call *call)
{
	int err = 0;

	if (!call->late)
		err = leg_ack(call->leg[REPORT_LEG_B], SLICE_NONE);
	if (!err)
		err = reply_carry(call, call->answered, true);
	if (err) {
		log_warn("call %s: not connected (%s)", call->id,
			 strerror(err));
		call_end(call, CAUSE_FAILURE, CALL_BY_US, 0, SLICE_NONE);
		return STEP_NEXT;
	}
	call->code = 200;
	call->answered_us = clk_wall_us();
	core_count(call->core, COUNTER_ANSWERED);
	facts_answered(call);
	wheel_start(call->core->wheel, &call->timer, LOOK_MS, on_look_time,
		    call);
	return STEP_NEXT;
}

enum step_result step_talk(struct call *call)
{
	(void)call;
	return STEP_WAIT; /* every way out is an end, with its cause */
}

/* ---- the caller's leg -------------------------------------------------- */

static void on_cancelled(void *arg, const struct message *cancel)
{
	call_end(arg, CAUSE_CANCELLED, CALL_BY_CALLER, 0,
		 message_value(cancel, HEADER_REASON));
}

/* A late offer: what the caller answered in its ACK goes on in ours. */
static void on_late_answer(void *arg, int err, struct slice sdp,
			   const char *why)
{
	struct call *call = arg;

	if (err)
		answer_failed(call, err, why);
	else
		leg_ack(call->leg[REPORT_LEG_B], sdp);
}

static void on_acked(void *arg, const struct message *ack)
{
	struct call *call = arg;

	if (!call->late)
		return;
	call->late = false;
	if (!body_is_sdp(ack) ||
	    !body_answers(obuf_as_slice(&call->answer), ack->body) ||
	    media_answer(call->media, REPORT_LEG_A, ack->body, on_late_answer,
			 call))
		call_end(call, CAUSE_NO_ANSWER_SDP, CALL_BY_US, 0, SLICE_NONE);
}

static void on_caller_lost(void *arg, int err)
{
	(void)err;
	call_end(arg, CAUSE_ACK_TIMEOUT, CALL_BY_US, 0, SLICE_NONE);
}

static void on_caller_bye(void *arg, const struct message *bye)
{
	/* 487 if it comes before the answer (RFC 3261 15.1.2) */
	call_end(arg, CAUSE_CALLER_BYE, CALL_BY_CALLER, 487,
		 message_value(bye, HEADER_REASON));
}

const struct leg_ops caller_ops = {
	.cancelled = on_cancelled,
	.acked = on_acked,
	.lost = on_caller_lost,
	.bye = on_caller_bye,
	.request = indialog_from_caller,
};
