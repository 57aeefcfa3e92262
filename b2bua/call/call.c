#include <errno.h>
#include <stdlib.h>

#include "b2bua/call/facts.h"
#include "b2bua/call/indialog.h"
#include "b2bua/call/outgoing.h"
#include "b2bua/call/steps.h"
#include "lib/base/clk.h"
#include "lib/base/log.h"
#include "lib/base/rnd.h"

const char *call_by_name(enum call_by by)
{
	static const char *const names[] = {"us", "caller", "called"};

	return names[by];
}

void call_text_take(char to[CALL_TEXT], struct slice s)
{
	size_t n = s.n < CALL_TEXT - 1 ? s.n : CALL_TEXT - 1;

	if (n)
		memcpy(to, s.p, n);
	to[n] = '\0';
}

static bool id_is_taken(const struct core *core, const char *id)
{
	for (struct le *le = core->calls.head; le; le = le->next)
		if (!strcmp(((struct call *)le->data)->id, id))
			return true;
	return false;
}

static int call_new(struct call **cp, struct core *core, struct trunk *trunk,
		    struct server_tx *tx)
{
	struct call *call = calloc(1, sizeof(*call));
	const struct message *invite = server_tx_request(tx);

	if (!call)
		return ENOMEM;
	if (report_new(&call->report)) {
		free(call);
		return ENOMEM;
	}
	call->core = core;
	call->trunk[REPORT_LEG_A] = trunk;
	call->tx = mem_ref(tx);
	call->invite = invite;
	call->started_us = clk_wall_us();
	do
		rnd_hex(call->id, sizeof(call->id) - 1);
	while (id_is_taken(core, call->id));
	call_text_take(call->from, invite->from.uri.octets);
	call_text_take(call->to, invite->to.uri.octets);
	call_text_take(call->called, invite->uri_text);
	call_text_take(call->call_id[REPORT_LEG_A], invite->call_id);
	list_append(&core->calls, &call->le, call);
	core->ncalls++;
	trunk->calls++;
	core_count(core, COUNTER_CALLS);
	*cp = call;
	return 0;
}

void call_open(struct core *core, struct trunk *trunk, struct server_tx *tx)
{
	struct call *call;

	if (call_new(&call, core, trunk, tx)) {
		server_tx_reply_plain(tx, 503, NULL);
		return;
	}
	server_tx_reply_plain(tx, 100, NULL);
	steps_run(call);
}

/* A value that came folded goes on in one line. */
static void reason_take(struct call *call, struct slice reason)
{
	for (size_t i = 0; i < reason.n; i++) {
		char c = reason.p[i];

		obuf_chr(&call->reason, c == '\r' || c == '\n' ? ' ' : c);
	}
}

void call_end(struct call *call, enum cause cause, enum call_by by,
	      unsigned code, struct slice reason)
{
	if (call->cause)
		return;
	call->cause = cause;
	call->by = by;
	if (!call->answered_us)
		call->code = code ? code : cause_row(cause)->code;
	call->ended_us = clk_wall_us();
	if (reason.n)
		reason_take(call, reason);
	else if (by == CALL_BY_US && cause_row(cause)->code)
		outgoing_reason(&call->reason, cause_row(cause)->code,
				cause_row(cause)->text);
	steps_run(call);
}

void call_abort(struct call *call)
{
	call_end(call, CAUSE_STOPPED, CALL_BY_US, 0, SLICE_NONE);
	if (call->closing)
		media_stats_forget(call->closing);
	call->closing = NULL;
	call->cleared = true;
	steps_run(call);
}

void call_free(struct call *call)
{
	list_unlink(&call->le);
	mem_deref(call->verdicts);
	mem_deref(call->report);
	obuf_fini(&call->offer);
	obuf_fini(&call->answer);
	obuf_fini(&call->out);
	obuf_fini(&call->reason);
	free(call);
}

static bool call_is(const struct call *call, struct slice id)
{
	return slice_caseeq_str(id, call->id) ||
	       slice_eq_str(id, call->call_id[REPORT_LEG_A]) ||
	       slice_eq_str(id, call->call_id[REPORT_LEG_B]);
}

static struct call *list_seek(struct list *list, struct slice id)
{
	for (struct le *le = list->tail; le; le = le->prev)
		if (call_is(le->data, id))
			return le->data;
	return NULL;
}

struct call *call_find(struct core *core, struct slice id)
{
	struct call *call = id.n ? list_seek(&core->calls, id) : NULL;

	return call || !id.n ? call : list_seek(&core->history, id);
}

const char *call_state(const struct call *call)
{
	return steps_name(call->step);
}

uint64_t call_seconds(const struct call *call)
{
	uint64_t now = call->ended_us ? call->ended_us : clk_wall_us();

	return now > call->started_us ? (now - call->started_us) / 1000000 : 0;
}
