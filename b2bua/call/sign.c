#include <errno.h>

#include "b2bua/call/outgoing.h"
#include "b2bua/call/sign.h"
#include "b2bua/call/steps.h"
#include "lib/base/log.h"

/* What happens to the Identity headers that came in, and to ours. */
struct plan {
	bool keep; /* those that came go on */
	bool sign; /* ours is added */
	const char *dropped; /* why they do not go on; literal */
};

static struct plan plan_make(const struct call *call,
			     const struct identity_kept *kept)
{
	enum trunk_sign policy = call->trunk[REPORT_LEG_B]->sign;
	size_t n = call->verdicts ? call->verdicts->n : 0;
	bool holds = false;

	for (size_t i = 0; i < n; i++)
		holds |= kept->holds[i];
	if (policy == SIGN_OWN)
		return (struct plan){false, true, "policy: own signature only"};
	if (policy == SIGN_RESIGN && !kept->any_valid_holds)
		return (struct plan){false, true,
				     "what it signs was changed here, or it "
				     "never verified"};
	if (n && !holds)
		return (struct plan){false, false,
				     "what it signs was changed here"};
	return (struct plan){true, false, NULL};
}

/* The lines go behind the last header, before the empty line. */
static int lines_insert(struct obuf *out, struct slice lines)
{
	struct obuf whole = OBUF_INIT;
	ptrdiff_t end = slice_find(obuf_as_slice(out),
				   SLICE_LIT("\r\n\r\n"));

	if (end < 0)
		return EBADMSG;
	obuf_put(&whole, out->p, (size_t)end + 2);
	obuf_slice(&whole, lines);
	obuf_put(&whole, out->p + end + 2, out->n - (size_t)end - 2);
	if (whole.err) {
		obuf_fini(&whole);
		return ENOMEM;
	}
	obuf_fini(out);
	*out = whole;
	return 0;
}

static void on_signed(void *arg, const struct sign_result *res)
{
	struct call *call = arg;

	call->signing = false;
	call->signed_ = true;
	report_signed(call->report, res);
	if (!res->err && !lines_insert(&call->out, res->lines)) {
		core_count(call->core, COUNTER_SIGNED);
	} else {
		core_count(call->core, COUNTER_NOT_SIGNED);
		log_info("call %s: not signed (%s)", call->id, res->why);
	}
	steps_run(call);
}

static void sign_own(struct call *call)
{
	const struct trunk *from = call->trunk[REPORT_LEG_A];
	struct sign_request req = {
		.outgoing = obuf_as_slice(&call->out),
		.owned = from->numbers.v,
		.n_owned = from->numbers.n,
		.customer = from->numbers.n > 0,
		.in = call->verdicts,
	};
	struct signer *s = core_signer(call->core,
				       call->trunk[REPORT_LEG_B]->signer);

	call->signing = true;
	if (identity_sign(s, &req, on_signed, call)) {
		call->signing = false;
		call_end(call, CAUSE_FAILURE, CALL_BY_US, 0, SLICE_NONE);
	}
}

static const char *change_reason(const struct call *call)
{
	return call->trunk[REPORT_LEG_B]->hide
		       ? "topology hiding, media anchored"
		       : "media anchored";
}

static int outgoing_make(struct call *call, struct plan *plan)
{
	struct identity_kept kept = {0};
	int err = outgoing_invite(call, true, &call->out);

	if (!err && call->verdicts && call->verdicts->n) {
		err = identity_keep(call->core->identity, call->verdicts,
				    obuf_as_slice(&call->out), &kept);
		if (!err)
			report_kept(call->report, &kept, change_reason(call));
	}
	if (err)
		return err;
	*plan = plan_make(call, &kept);
	if (kept.any_valid_holds && plan->keep)
		core_count(call->core, COUNTER_KEPT);
	if (plan->keep)
		return 0;
	if (call->verdicts && call->verdicts->n)
		report_dropped(call->report, plan->dropped);
	obuf_reset(&call->out);
	return outgoing_invite(call, false, &call->out);
}

void sign_outgoing(struct call *call)
{
	struct plan plan;
	int err;

	obuf_reset(&call->out);
	err = outgoing_make(call, &plan);
	if (err) {
		log_warn("call %s: no INVITE (%s)", call->id, strerror(err));
		call_end(call, CAUSE_FAILURE, CALL_BY_US, 0, SLICE_NONE);
		return;
	}
	if (plan.sign)
		sign_own(call);
	else
		call->signed_ = true;
}
