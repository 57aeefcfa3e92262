#include "b2bua/call/call.h"
#include "b2bua/cmd.h"
#include "lib/base/clk.h"

void cmd_refuse(struct value *reply, const char *why)
{
	value_put_cstr(reply, "result", "error");
	value_put_cstr(reply, "error-reason", why);
}

/* What a command is handed; pool is the reply's. */
struct cmd {
	struct core *core;
	struct value_pool *pool;
	const struct value *request;
	struct value *reply;
};

static void time_put(struct value *to, const char *key, uint64_t us)
{
	char text[25];

	if (!us)
		return;
	clk_iso(us, text);
	value_put_cstr(to, key, text);
}

/* ---- calls and call ---------------------------------------------------- */

static void call_put(struct value *to, const struct call *call)
{
	const struct trunk *const *t =
		(const struct trunk *const *)call->trunk;

	value_put_cstr(to, "id", call->id);
	value_put_cstr(to, "state", call_state(call));
	value_put_cstr(to, "from", call->from);
	value_put_cstr(to, "to", call->called);
	value_put_cstr(to, "trunk-in", t[REPORT_LEG_A]->name);
	value_put_cstr(to, "trunk-out",
		       t[REPORT_LEG_B] ? t[REPORT_LEG_B]->name : "");
	value_put_int(to, "seconds", (int64_t)call_seconds(call));
}

static void cmd_calls(struct cmd *c)
{
	struct value *list = value_put_list(c->reply, "calls");

	for (struct le *le = c->core->calls.head; le; le = le->next)
		call_put(value_append_dict(list), le->data);
	value_put_cstr(c->reply, "result", "ok");
}

static struct call *call_asked(struct cmd *c)
{
	struct slice id = value_get_str(c->request, "id");
	struct call *call;

	if (!id.p)
		id = value_get_str(c->request, "call-id");
	call = call_find(c->core, id);
	if (!call)
		cmd_refuse(c->reply, "no such call");
	return call;
}

static void leg_put(struct value *to, const struct call *call,
		    enum report_leg leg)
{
	const struct media_side *side = &call->stats.side[leg];
	const struct trunk *t = call->trunk[leg];

	value_put_cstr(to, "leg", leg == REPORT_LEG_A ? "a" : "b");
	value_put_cstr(to, "trunk", t ? t->name : "");
	value_put_cstr(to, "transport", call->transport[leg]);
	value_put_cstr(to, "call-id", call->call_id[leg]);
	value_put_cstr(to, "media", call->protocol[leg]);
	if (!call->has_stats)
		return;
	value_put_cstr(to, "security", side->security);
	value_put_cstr(to, "suite", side->suite);
	value_put_int(to, "packets", (int64_t)side->packets);
}

static void report_put(struct cmd *c, struct value *to,
		       const struct call *call)
{
	struct obuf ob = OBUF_INIT;
	struct value *v;

	report_write_json(&ob, call->report);
	if (!ob.err && !value_parse(c->pool, obuf_as_slice(&ob), NULL, &v))
		value_put(to, "report", v);
	obuf_fini(&ob);
}

static void cmd_call(struct cmd *c)
{
	const struct call *call = call_asked(c);
	struct value *to, *legs;

	if (!call)
		return;
	to = value_put_dict(c->reply, "call");
	call_put(to, call);
	value_put_bool(to, "up", !call->cause);
	time_put(to, "started", call->started_us);
	time_put(to, "ringing", call->ringing_us);
	time_put(to, "answered", call->answered_us);
	time_put(to, "ended", call->ended_us);
	value_put_cstr(to, "cause", cause_row(call->cause)->token);
	value_put_int(to, "code", call->code);
	value_put_cstr(to, "by", call->cause ? call_by_name(call->by) : "");
	value_put_cstr(to, "why", call->why);
	value_put_cstr(to, "relay-call-id", call->media_call_id);
	legs = value_put_list(to, "legs");
	leg_put(value_append_dict(legs), call, REPORT_LEG_A);
	leg_put(value_append_dict(legs), call, REPORT_LEG_B);
	report_put(c, to, call);
	value_put_cstr(c->reply, "result", "ok");
}

/* ---- why --------------------------------------------------------------- */

static void cstr_put(struct value *to, const char *key, const char *text)
{
	if (text && text[0])
		value_put_cstr(to, key, text);
}

static void verdict_put(struct value *to, const struct verdict *v)
{
	value_put_cstr(to, "method", identity_method_name(v->method));
	value_put_cstr(to, "ppt", v->ppt);
	value_put_cstr(to, "result", identity_result_name(v->result));
	value_put_int(to, "code", v->code);
	value_put_cstr(to, "reason", v->why);
	cstr_put(to, "signer", v->signer);
	cstr_put(to, "issuer", v->issuer);
	cstr_put(to, "authority", v->authority);
	cstr_put(to, "info", v->info);
	cstr_put(to, "ours", v->canonical_ours);
	cstr_put(to, "theirs", v->canonical_signers);
	value_put_int(to, "differs-at", v->differ);
}

static void cmd_why(struct cmd *c)
{
	const struct call *call = call_asked(c);
	struct value *list;

	if (!call)
		return;
	list = value_put_list(c->reply, "why");
	for (size_t i = 0; call->verdicts && i < call->verdicts->n; i++)
		verdict_put(value_append_dict(list), &call->verdicts->v[i]);
	report_put(c, c->reply, call);
	value_put_cstr(c->reply, "result", "ok");
}

/* ---- the rest ---------------------------------------------------------- */

static void cmd_stats(struct cmd *c)
{
	const struct core *core = c->core;
	struct value *to = value_put_dict(c->reply, "stats");
	struct transaction_stats tx;
	struct transport_stats tp;

	for (int i = 0; i < COUNTERS; i++)
		value_put_int(to, counter_token((enum counter)i),
			      (int64_t)core->counters[i]);
	transactions_stats_get(core->transactions, &tx);
	transport_stats_get(core->transport, &tp);
	value_put_int(to, "calls-now", core->ncalls);
	value_put_int(to, "legs-now", list_count(&core->legs));
	value_put_int(to, "relay-requests-now", relay_pending(core->relay));
	value_put_int(to, "server-transactions-now", tx.servers);
	value_put_int(to, "client-transactions-now", tx.clients);
	value_put_int(to, "connections-now", tp.connections);
	value_put_int(to, "sip-requests", (int64_t)tx.requests);
	value_put_int(to, "sip-responses", (int64_t)tx.responses);
	value_put_int(to, "sip-malformed",
		      (int64_t)(tx.malformed + tp.framing));
	value_put_int(to, "sip-retransmitted-in",
		      (int64_t)tx.retransmitted_in);
	value_put_int(to, "sip-retransmitted-out",
		      (int64_t)tx.retransmitted_out);
	value_put_cstr(c->reply, "result", "ok");
}

static void cmd_ping(struct cmd *c)
{
	value_put_cstr(c->reply, "result", "pong");
}

static void cmd_commands(struct cmd *c);

static const struct {
	const char *name, *args, *help;
	void (*run)(struct cmd *c);
} commands[] = {
#define CMD(name, args, help) {#name, args, help, cmd_##name},
#include "b2bua/cmd.def"
#undef CMD
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void cmd_commands(struct cmd *c)
{
	struct value *list = value_put_list(c->reply, "commands");

	for (int i = 0; i < COMMANDS; i++) {
		struct value *row = value_append_dict(list);

		value_put_cstr(row, "command", commands[i].name);
		value_put_cstr(row, "args", commands[i].args);
		value_put_cstr(row, "help", commands[i].help);
	}
	value_put_cstr(c->reply, "result", "ok");
}

void cmd_run(struct core *core, struct value_pool *pool,
	     const struct value *request, struct value *reply)
{
	struct cmd c = {core, pool, request, reply};
	struct slice name = value_get_str(request, "command");

	for (int i = 0; i < COMMANDS; i++) {
		if (!slice_eq_str(name, commands[i].name))
			continue;
		commands[i].run(&c);
		return;
	}
	cmd_refuse(reply, name.p ? "Unrecognized command"
				 : "Dictionary contains no key \"command\"");
}
