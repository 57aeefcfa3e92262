/* offer, sign, dial: one candidate after the other, until one rings. */
#include <errno.h>

#include "b2bua/call/answer.h"
#include "b2bua/call/facts.h"
#include "b2bua/call/indialog.h"
#include "b2bua/call/outgoing.h"
#include "b2bua/call/policy.h"
#include "b2bua/call/sign.h"
#include "b2bua/call/steps.h"
#include "lib/base/clk.h"
#include "lib/base/log.h"

/* ---- offer ------------------------------------------------------------- */

static void relay_failed(struct call *call, int err, const char *why)
{
	slice_copy(slice_str(why), call->why, sizeof(call->why));
	call_end(call, err == EREMOTEIO ? CAUSE_RELAY_REFUSED
					: CAUSE_RELAY_DOWN,
		 CALL_BY_US, 0, SLICE_NONE);
}

static void on_offered(void *arg, int err, struct slice sdp, const char *why)
{
	struct call *call = arg;

	if (err) {
		relay_failed(call, err, why);
		return;
	}
	obuf_reset(&call->offer);
	obuf_slice(&call->offer, sdp);
	call->offered = true;
	steps_run(call);
}

static int candidate_begin(struct call *call)
{
	const char *interfaces[REPORT_LEGS];
	struct trunk *to = route_next(&call->route);
	int err;

	call->trunk[REPORT_LEG_B] = to;
	for (size_t i = 0; i < REPORT_LEGS; i++)
		interfaces[i] = call->trunk[i]->realm->media_interface;
	err = media_new(&call->media, call->core, interfaces);
	if (err)
		return err;
	if (trunk_media_passes(call->trunk[REPORT_LEG_A], to))
		media_pass(call->media);
	call->offered = call->late;
	slice_copy(slice_str(media_id(call->media)), call->media_call_id,
		   sizeof(call->media_call_id));
	if (call->late)
		return 0;
	return media_offer(call->media, REPORT_LEG_A, call->invite->body,
			   trunk_media_transport(to->media), on_offered, call);
}

enum step_result step_offer(struct call *call)
{
	enum cause cause = CAUSE_NONE;

	if (!call->media && candidate_begin(call)) {
		call_end(call, CAUSE_FAILURE, CALL_BY_US, 0, SLICE_NONE);
		return STEP_NEXT;
	}
	if (!call->offered)
		return STEP_WAIT;
	if (!call->late)
		cause = policy_offer(call->trunk[REPORT_LEG_B],
				     obuf_as_slice(&call->offer));
	if (cause)
		call_end(call, cause, CALL_BY_US, 0, SLICE_NONE);
	facts_protocol(call, REPORT_LEG_B, obuf_as_slice(&call->offer));
	return STEP_NEXT;
}

/* ---- sign -------------------------------------------------------------- */

enum step_result step_sign(struct call *call)
{
	int err = 0;

	if (!call->leg[REPORT_LEG_B])
		err = leg_new_uac(&call->leg[REPORT_LEG_B], call->core,
				  call->trunk[REPORT_LEG_B], &called_ops,
				  call);
	if (err) {
		log_warn("call %s: trunk %s: %s", call->id,
			 call->trunk[REPORT_LEG_B]->name, strerror(err));
		call->retry = true;
		return STEP_NEXT;
	}
	if (!call->signed_ && !call->signing)
		sign_outgoing(call);
	return call->signed_ || call->cause ? STEP_NEXT : STEP_WAIT;
}

/* ---- dial -------------------------------------------------------------- */

/* What the caller hears when no candidate is left. */
static void candidates_end(struct call *call, int err)
{
	const struct message *resp = call->refusal;

	if (!resp)
		call_end(call, err == ETIMEDOUT ? CAUSE_TRY_TIMEOUT
						: CAUSE_UNREACHABLE,
			 CALL_BY_US, 0, SLICE_NONE);
	else if (resp->status == 401 || resp->status == 407)
		call_end(call, CAUSE_CHALLENGED, CALL_BY_CALLED, 0,
			 SLICE_NONE);
	else if (resp->status < 400)
		call_end(call, CAUSE_REDIRECTED, CALL_BY_CALLED, 0,
			 SLICE_NONE);
	else
		call_end(call, CAUSE_REJECTED, CALL_BY_CALLED, resp->status,
			 SLICE_NONE);
}

/* This candidate does not take the call: the next one if that makes sense,
 * otherwise the end. resp NULL: err says why. */
static void candidate_failed(struct call *call, const struct message *resp,
			     int err)
{
	mem_deref(call->refusal);
	call->refusal = mem_ref((void *)resp);
	if (!call->early_sent && call->route.next < call->route.n &&
	    (!resp || resp->status == 503)) {
		call->retry = true;
		steps_run(call);
		return;
	}
	candidates_end(call, err);
}

static void candidate_drop(struct call *call)
{
	core_count(call->core, COUNTER_FAILOVERS);
	log_info("call %s: trunk %s given up", call->id,
		 call->trunk[REPORT_LEG_B]->name);
	wheel_stop(call->core->wheel, &call->timer);
	leg_close(call->leg[REPORT_LEG_B], SLICE_NONE);
	media_close(call->media, NULL, NULL);
	call->leg[REPORT_LEG_B] = NULL;
	call->media = NULL;
	call->early = mem_deref(call->early);
	call->offered = call->signed_ = call->dialled = call->retry = false;
	obuf_reset(&call->answer);
}

static void on_ring_timeout(void *arg)
{
	call_end(arg, CAUSE_NO_ANSWER, CALL_BY_US, 0, SLICE_NONE);
}

static void on_answered(void *arg, const struct message *resp)
{
	struct call *call = arg;

	call->answered = mem_ref((void *)resp);
	steps_run(call);
}

static void on_refused(void *arg, const struct message *resp)
{
	candidate_failed(arg, resp, EBADMSG);
}

static void on_called_lost(void *arg, int err)
{
	struct call *call = arg;

	if (call->ringing_us)
		call_end(call, CAUSE_NO_ANSWER, CALL_BY_US, 0, SLICE_NONE);
	else
		candidate_failed(call, NULL, err);
}

static void on_called_bye(void *arg, const struct message *bye)
{
	/* 480 if its 200 has not reached the caller yet */
	call_end(arg, CAUSE_CALLED_BYE, CALL_BY_CALLED, 480,
		 message_value(bye, HEADER_REASON));
}

const struct leg_ops called_ops = {
	.progress = answer_progress,
	.answered = on_answered,
	.refused = on_refused,
	.lost = on_called_lost,
	.bye = on_called_bye,
	.request = indialog_from_called,
};

enum step_result step_dial(struct call *call)
{
	int err = 0;

	if (!call->dialled && !call->retry) {
		call->dialled = true;
		wheel_start(call->core->wheel, &call->timer,
			    call->trunk[REPORT_LEG_B]->answer_ms,
			    on_ring_timeout, call);
		err = leg_invite(call->leg[REPORT_LEG_B],
				 obuf_as_slice(&call->out));
		facts_dialled(call);
	}
	if (err) {
		log_warn("call %s: trunk %s: %s", call->id,
			 call->trunk[REPORT_LEG_B]->name, strerror(err));
		call->retry = true;
	}
	if (call->retry && call->route.next >= call->route.n) {
		candidates_end(call, err ? err : EHOSTUNREACH);
		return STEP_NEXT;
	}
	if (call->retry) {
		candidate_drop(call);
		return STEP_RETRY;
	}
	return call->answered ? STEP_NEXT : STEP_WAIT;
}
