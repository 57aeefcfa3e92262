#include <assert.h>

#include "b2bua/call/steps.h"
#include "lib/base/log.h"

/* A call's way. Whatever ends it (a CANCEL, a BYE, a refusal, the operator)
 * sets the cause, and the way goes on at clear. */
static const struct {
	const char *name;
	enum step_result (*run)(struct call *call);
} steps[] = {
	{"admit", step_admit},	     /* limits, form, what we can carry */
	{"verify", step_verify},     /* who is calling, by whose word */
	{"route", step_route},	     /* which trunks may take it */
	{"offer", step_offer},	     /* the relay anchors the caller's SDP */
	{"sign", step_sign},	     /* keep, re-sign or drop the Identity */
	{"dial", step_dial},	     /* INVITE, ringing, or the next trunk */
	{"answer", step_answer},     /* the relay anchors the called SDP */
	{"connect", step_connect},   /* 200 to the caller, both ACKs */
	{"talk", step_talk},	     /* until somebody hangs up */
	{"clear", step_clear},	     /* both legs and the relay let go */
	{"record", step_record},     /* one line, and the report */
};

enum {
	STEP_OFFER = 3,
	STEP_DIAL = 5,
	STEP_CLEAR = 9,
	STEPS = sizeof(steps) / sizeof(steps[0]),
};

const char *steps_name(unsigned step)
{
	return step < STEPS ? steps[step].name : "ended";
}

static void step_enter(struct call *call, unsigned step)
{
	log_debug("call %s: %s -> %s", call->id, steps_name(call->step),
		  steps_name(step));
	call->step = step;
}

void steps_run(struct call *call)
{
	enum step_result result = STEP_NEXT;

	if (call->running)
		return;
	call->running = true;
	while (result != STEP_WAIT && result != STEP_DONE) {
		if (call->cause && call->step < STEP_CLEAR)
			step_enter(call, STEP_CLEAR);
		result = steps[call->step].run(call);
		if (call->cause && call->step < STEP_CLEAR)
			result = STEP_NEXT; /* the loop sends it to clear */
		else if (result == STEP_NEXT)
			step_enter(call, call->step + 1);
		if (result == STEP_RETRY) {
			assert(call->step == STEP_DIAL);
			step_enter(call, STEP_OFFER);
		}
	}
	call->running = false;
	if (result == STEP_DONE)
		call->step = STEPS;
}
