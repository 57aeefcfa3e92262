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

/* call->out as it will leave: the transaction puts its Via on top later, and
 * without one it is no message to those who read it. */
static int as_sent(const struct call *call, struct obuf *ob)
{
	const struct flow *flow = call->leg[REPORT_LEG_B]->flow;
	struct slice rest = obuf_as_slice(&call->out);
	struct slice start = slice_cut(&rest, '\n');

	obuf_slice(ob, start);
	obuf_fmt(ob, "\nVia: SIP/2.0/%s %s;branch=z9hG4bK-to-be\r\n",
		 flow_via_name(flow->kind), flow->sent_by);
	obuf_slice(ob, rest);
	return ob->err;
}

static void sign_own(struct call *call)
{
	const struct trunk *from = call->trunk[REPORT_LEG_A];
	struct sign_request req = {
		.owned = from->numbers.v,
		.n_owned = from->numbers.n,
		.customer = from->numbers.n > 0,
		.in = call->verdicts,
	};
	struct signer *s = core_signer(call->core,
				       call->trunk[REPORT_LEG_B]->signer);

	struct obuf ob = OBUF_INIT;

	call->signing = true;
	if (as_sent(call, &ob))
		call->signing = false;
	req.outgoing = obuf_as_slice(&ob);
	if (!call->signing || identity_sign(s, &req, on_signed, call)) {
		call->signing = false;
		call_end(call, CAUSE_FAILURE, CALL_BY_US, 0, SLICE_NONE);
	}
	obuf_fini(&ob);
}

static const char *change_reason(const struct call *call)
{
	return call->trunk[REPORT_LEG_B]->hide
		       ? "topology hiding, media anchored"
		       : "media anchored";
}

static int kept_check(struct call *call, struct identity_kept *kept)
{
	struct obuf ob = OBUF_INIT;
	int err = as_sent(call, &ob);

	if (!err)
		err = identity_keep(call->core->identity, call->verdicts,
				    obuf_as_slice(&ob), kept);
	if (!err)
		report_kept(call->report, kept, change_reason(call));
	obuf_fini(&ob);
	return err;
}

static int outgoing_make(struct call *call, struct plan *plan)
{
	struct identity_kept kept = {0};
	int err = outgoing_invite(call, true, &call->out);

	if (!err && call->verdicts && call->verdicts->n)
		err = kept_check(call, &kept);
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
