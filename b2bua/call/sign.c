#include <errno.h>

#include "b2bua/call/outgoing.h"
#include "b2bua/call/sign.h"
#include "b2bua/call/steps.h"
#include "lib/base/log.h"

/* What happens to the Identity headers that came in, and to ours. */
struct plan {
	struct outgoing_identity identity;
	bool sign; /* ours is added */
	const char *dropped; /* why some do not go on; literal, NULL: all do */
};

static const char dropped_broken[] = "what it signs was changed here";
static const char dropped_own[] = "policy: own signature only";
static const char dropped_wrong[] =
	"what it signs was changed here, or it never verified";

/* Whether one of the headers goes on. What was changed here never does. What
 * holds does by the policy keep whatever we think of it: the next one may know
 * more (RFC 8224 section 6.2.1). */
static bool header_stays(const struct call *call, size_t i,
			 const struct identity_kept *kept)
{
	const struct trunk *to = call->trunk[REPORT_LEG_B];

	if (!kept->holds[i] || to->sign == SIGN_OWN)
		return false;
	if (to->sign == SIGN_KEEP || kept->any_valid_holds)
		return true;
	/* we sign in its place; RFC 4474 knows but one signature */
	return call->verdicts->v[i].result != IDENTITY_INVALID &&
	       to->signer->method != SIGNER_RFC4474;
}

static struct plan plan_make(const struct call *call,
			     const struct identity_kept *kept)
{
	enum trunk_sign policy = call->trunk[REPORT_LEG_B]->sign;
	const struct verdicts *vs = call->verdicts;
	struct plan plan = {.identity = {.all = true}};

	plan.sign = policy == SIGN_OWN ||
		    (policy == SIGN_RESIGN && !kept->any_valid_holds);
	if (!vs) {
		/* not looked at: it goes on, or ours takes its place */
		plan.identity.all = !plan.sign;
		return plan;
	}
	/* whether what we change is signed in one not looked at: unknown */
	plan.identity.all = !vs->unjudged;
	for (size_t i = 0; i < vs->n; i++) {
		bool stays = header_stays(call, i, kept);

		plan.identity.keep[i] = stays;
		plan.identity.all &= stays;
		plan.identity.info |=
			stays && vs->v[i].method == IDENTITY_RFC4474;
	}
	if (!plan.identity.all)
		plan.dropped = policy == SIGN_OWN      ? dropped_own
			       : policy == SIGN_RESIGN ? dropped_wrong
						       : dropped_broken;
	return plan;
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

static bool any_stays(const struct plan *plan)
{
	for (size_t i = 0; i < IDENTITY_MAX; i++)
		if (plan->identity.keep[i])
			return true;
	return plan->identity.all;
}

static int outgoing_make(struct call *call, struct plan *plan)
{
	static const struct outgoing_identity all = {.all = true};
	struct identity_kept kept = {0};
	int err = outgoing_invite(call, &all, &call->out);

	if (!err && call->verdicts && call->verdicts->n)
		err = kept_check(call, &kept);
	if (err)
		return err;
	*plan = plan_make(call, &kept);
	if (kept.any_valid_holds && any_stays(plan))
		core_count(call->core, COUNTER_KEPT);
	if (plan->identity.all)
		return 0;
	if (plan->dropped && !any_stays(plan))
		report_dropped(call->report, plan->dropped);
	obuf_reset(&call->out);
	return outgoing_invite(call, &plan->identity, &call->out);
}

void sign_outgoing(struct call *call)
{
	struct plan plan;
	int err;

	obuf_reset(&call->out);
	report_outgoing(call->report);
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
