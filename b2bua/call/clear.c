/* clear, record: both legs and the relay let go, then one line is written,
 * however the call ended. */
#include "b2bua/call/facts.h"
#include "b2bua/call/indialog.h"
#include "b2bua/call/outgoing.h"
#include "b2bua/call/steps.h"
#include "b2bua/identity/identity.h"
#include "lib/base/log.h"

/* What the codes of our own causes need besides (RFC 3261 21.4). */
static void refusal_lines(const struct call *call, struct obuf *ob)
{
	if (call->reason.n)
		obuf_fmt(ob, "Reason: %.*s\r\n",
			 SLICE(obuf_as_slice(&call->reason)));
	switch (call->cause) {
	case CAUSE_BAD_BODY:
		obuf_str(ob, "Accept: application/sdp\r\n");
		break;
	case CAUSE_BAD_EXTENSION: {
		static const char *const none[] = {NULL};
		struct obuf tags = OBUF_INIT;

		message_unsupported(call->invite, HEADER_REQUIRE, none, &tags);
		if (!tags.n)
			message_unsupported(call->invite, HEADER_PROXY_REQUIRE,
					    none, &tags);
		obuf_fmt(ob, "Unsupported: %.*s\r\n",
			 SLICE(obuf_as_slice(&tags)));
		obuf_fini(&tags);
		break;
	}
	case CAUSE_OVERLOAD:
	case CAUSE_TRUNK_CALLS:
	case CAUSE_TRUNK_RATE:
		obuf_str(ob, "Retry-After: 5\r\n");
		break;
	default:
		break;
	}
}

static const char *refusal_phrase(const struct call *call)
{
	if (call->cause == CAUSE_IDENTITY && call->verdicts &&
	    call->verdicts->phrase)
		return call->verdicts->phrase;
	return NULL; /* the registered one */
}

/* The caller was not answered: now it is, with a failure. */
static void caller_refuse(struct call *call)
{
	struct obuf lines = OBUF_INIT, phrase = OBUF_INIT;
	struct reply r = {
		.status = call->code >= 300 ? call->code : 500,
		.reason = refusal_phrase(call),
	};

	if (call->cause == CAUSE_REJECTED && call->refusal) {
		outgoing_reply(call, REPORT_LEG_B, call->refusal, false,
			       &lines);
		obuf_slice(&phrase, call->refusal->reason);
		obuf_chr(&phrase, '\0');
		r.reason = phrase.err ? NULL : phrase.p;
	} else {
		refusal_lines(call, &lines);
	}
	r.headers = obuf_as_slice(&lines);
	if (server_tx_reply(call->tx, &r))
		server_tx_reply_plain(call->tx, r.status, NULL);
	core_count(call->core, COUNTER_FAILED);
	obuf_fini(&lines);
	obuf_fini(&phrase);
}

static void on_stats(void *arg, const struct media_stats *stats)
{
	struct call *call = arg;

	call->closing = NULL;
	call->cleared = true;
	if (stats)
		facts_media(call, stats);
	steps_run(call);
}

static void legs_close(struct call *call)
{
	for (enum report_leg i = REPORT_LEG_A; i < REPORT_LEGS; i++) {
		struct leg *leg = call->leg[i];

		call->leg[i] = NULL;
		leg_close(leg, obuf_as_slice(&call->reason));
	}
}

static void clear_begin(struct call *call)
{
	struct media *media = call->media;

	wheel_stop(call->core->wheel, &call->timer);
	identity_cancel(call->verifying);
	call->verifying = NULL;
	if (!server_tx_answered(call->tx))
		caller_refuse(call);
	indialog_close(call);
	legs_close(call);
	call->media = NULL;
	call->closing = media;
	if (media)
		media_close(media, on_stats, call);
	else
		call->cleared = true;
}

enum step_result step_clear(struct call *call)
{
	if (!call->cleared && !call->closing)
		clear_begin(call);
	return call->cleared ? STEP_NEXT : STEP_WAIT;
}

/* ---- record ------------------------------------------------------------ */

static void record_write(struct call *call)
{
	struct obuf ob = OBUF_INIT;
	int err;

	facts_write_record(&ob, call);
	err = ob.err ? ob.err
		     : cdr_write(call->core->cdr, obuf_as_slice(&ob));
	core_count(call->core, err ? COUNTER_RECORDS_LOST : COUNTER_RECORDS);
	if (err)
		log_error("call %s: record lost (%s)", call->id,
			  strerror(err));
	obuf_fini(&ob);
}

static void history_add(struct call *call)
{
	struct core *core = call->core;

	list_unlink(&call->le);
	list_append(&core->history, &call->le, call);
	core->ncalls--;
	call->trunk[REPORT_LEG_A]->calls--;
	if (++core->nhistory > CORE_HISTORY) {
		core->nhistory--;
		call_free(list_ledata(list_head(&core->history)));
	}
}

enum step_result step_record(struct call *call)
{
	record_write(call);
	log_info("call %s: %s -> %s: %s, by %s, code %u", call->id,
		 call->from, call->called, cause_row(call->cause)->token,
		 call_by_name(call->by), call->code);
	call->invite = NULL;
	call->tx = mem_deref(call->tx);
	call->early = mem_deref(call->early);
	call->answered = mem_deref(call->answered);
	call->refusal = mem_deref(call->refusal);
	history_add(call);
	return STEP_DONE;
}
