/* admit, verify, route: may this call come in, who is calling, where may it
 * go. Nothing has left us yet. */
#include <errno.h>

#include "b2bua/call/body.h"
#include "b2bua/call/facts.h"
#include "b2bua/call/policy.h"
#include "b2bua/call/steps.h"
#include "lib/base/clk.h"

static const char *const extensions[] = {NULL}; /* none is carried yet */

static enum cause limits_check(struct call *call)
{
	struct trunk *t = call->trunk[REPORT_LEG_A];

	if (call->core->stopping)
		return CAUSE_STOPPED;
	if (call->core->ncalls > call->core->config->calls_max)
		return CAUSE_OVERLOAD;
	if (t->calls_max && t->calls > t->calls_max)
		return CAUSE_TRUNK_CALLS;
	if (t->calls_per_second &&
	    !bucket_take(&t->rate, t->calls_per_second, t->calls_per_second,
			 clk_us()))
		return CAUSE_TRUNK_RATE;
	return CAUSE_NONE;
}

static bool requires_unknown(const struct message *m)
{
	struct obuf tags = OBUF_INIT;
	unsigned n = message_unsupported(m, HEADER_REQUIRE, extensions, &tags);

	n += message_unsupported(m, HEADER_PROXY_REQUIRE, extensions, &tags);
	obuf_fini(&tags);
	return n > 0;
}

static enum cause form_check(const struct message *m)
{
	if (requires_unknown(m))
		return CAUSE_BAD_EXTENSION;
	/* sips: would promise TLS on every hop */
	if (m->uri.scheme != SCHEME_SIP && m->uri.scheme != SCHEME_TEL)
		return CAUSE_BAD_URI;
	if (m->body.n && !body_is_sdp(m))
		return CAUSE_BAD_BODY;
	return CAUSE_NONE;
}

static enum cause media_check(struct call *call)
{
	enum cause cause;

	call->late = !call->invite->body.n;
	if (call->late)
		return CAUSE_NONE;
	cause = policy_offer(call->trunk[REPORT_LEG_A], call->invite->body);
	if (!cause)
		facts_protocol(call, REPORT_LEG_A, call->invite->body);
	return cause;
}

enum step_result step_admit(struct call *call)
{
	enum cause cause = limits_check(call);

	if (!cause)
		cause = form_check(call->invite);
	if (!cause && leg_new_uas(&call->leg[REPORT_LEG_A], call->core,
				  call->trunk[REPORT_LEG_A], call->tx,
				  &caller_ops, call))
		cause = CAUSE_BAD_CONTACT;
	if (!cause)
		cause = media_check(call);
	if (cause)
		call_end(call, cause, CALL_BY_US, 0, SLICE_NONE);
	facts_signalling(call, REPORT_LEG_A);
	return STEP_NEXT;
}

/* ---- verify ------------------------------------------------------------ */

static void on_verdicts(void *arg, struct verdicts *vs)
{
	struct call *call = arg;

	call->verifying = NULL;
	call->verdicts = mem_ref(vs);
	steps_run(call);
}

static void verdicts_judge(struct call *call)
{
	const struct verdicts *vs = call->verdicts;

	facts_caller(call);
	if (vs->overall == IDENTITY_VALID)
		core_count(call->core, COUNTER_VERIFIED);
	else if (vs->n)
		core_count(call->core, COUNTER_NOT_VERIFIED);
	if (call->trunk[REPORT_LEG_A]->verify != VERIFY_REQUIRE ||
	    vs->overall == IDENTITY_VALID)
		return;
	slice_copy(slice_str(vs->n ? vs->v[0].why : "no Identity"), call->why,
		   sizeof(call->why));
	call_end(call, CAUSE_IDENTITY, CALL_BY_US,
		 vs->code ? (unsigned)vs->code : 428, SLICE_NONE);
}

enum step_result step_verify(struct call *call)
{
	const struct trunk *t = call->trunk[REPORT_LEG_A];
	struct verify_policy policy = {
		.require = t->verify == VERIFY_REQUIRE,
		.trust_pai = t->trusted,
	};

	if (t->verify == VERIFY_OFF) {
		facts_caller(call);
		return STEP_NEXT;
	}
	if (!call->verdicts && !call->verifying &&
	    identity_verify(&call->verifying, call->core->identity,
			    (struct message *)call->invite, &policy,
			    on_verdicts, call)) {
		call_end(call, CAUSE_FAILURE, CALL_BY_US, 0, SLICE_NONE);
		return STEP_NEXT;
	}
	if (!call->verdicts)
		return STEP_WAIT;
	verdicts_judge(call);
	return STEP_NEXT;
}

/* ---- route ------------------------------------------------------------- */

enum step_result step_route(struct call *call)
{
	struct obuf called = OBUF_INIT;

	address_uri_party(&call->invite->uri, &called);
	if (called.err ||
	    route_find(call->core->config, call->trunk[REPORT_LEG_A],
		       obuf_as_slice(&called), &call->route))
		call_end(call, CAUSE_NO_ROUTE, CALL_BY_US, 0, SLICE_NONE);
	obuf_fini(&called);
	return STEP_NEXT;
}
