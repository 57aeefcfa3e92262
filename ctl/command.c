#include "ctl/command.h"

#include "ctl/report.h"
#include "ctl/streams.h"

/* Asks for `name`, with one more key unless key is NULL. */
static enum command_exit ask(struct client *c, struct answer *a,
			     const char *name, const char *key,
			     struct slice value)
{
	struct value_pool pool = VALUE_POOL_INIT;
	struct value *request = value_new_dict(&pool);
	struct slice why;
	int err;

	value_put_cstr(request, "command", name);
	if (key)
		value_put_str(request, key, value);
	err = client_ask(c, request, a);
	value_pool_fini(&pool);
	if (err)
		return COMMAND_UNREACHABLE;
	if (!slice_eq_str(value_get_str(a->v, "result"), "error"))
		return COMMAND_OK;
	why = value_get_str(a->v, "error-reason");
	fprintf(stderr, "countersignctl: %s: ", c->name);
	show_line(&(struct show){.to = stderr}, 0, "",
		  why.n ? why : SLICE_LIT("refused, without a reason"));
	return COMMAND_REFUSED;
}

/* One question to one daemon, shown by `print`; raw with --json. */
static enum command_exit
ask_and_show(struct command_context *ctx, struct client *c, const char *name,
	     const char *key, const char *value,
	     void (*print)(const struct show *, const struct value *))
{
	struct answer a;
	enum command_exit rc = ask(c, &a, name, key, slice_str(value));

	if (rc == COMMAND_OK && ctx->json)
		show_json(&ctx->show, a.v);
	else if (rc == COMMAND_OK)
		print(&ctx->show, a.v);
	answer_fini(&a);
	return rc;
}

/* Both daemons; with --json one line {"relay": reply, "b2bua": reply}. */
static enum command_exit
ask_both(struct command_context *ctx, const char *names[2],
	 void (*print)(struct command_context *, const struct client *,
		       const struct value *))
{
	struct client *clients[] = {&ctx->relay, &ctx->b2bua};
	enum command_exit worst = COMMAND_OK;
	const char *between = "{";

	for (int i = 0; i < 2; i++) {
		struct answer a;
		enum command_exit rc = ask(clients[i], &a, names[i], NULL,
					   SLICE_NONE);

		worst = rc > worst ? rc : worst;
		if (rc == COMMAND_OK && ctx->json) {
			struct obuf ob = {.limit = 16 << 20};

			value_write(&ob, a.v, VALUE_JSON);
			fprintf(ctx->show.to, "%s\"%s\":%.*s", between,
				clients[i]->name, SLICE(obuf_as_slice(&ob)));
			between = ",";
			obuf_fini(&ob);
		} else if (rc == COMMAND_OK) {
			print(ctx, clients[i], a.v);
		}
		answer_fini(&a);
	}
	if (ctx->json)
		fprintf(ctx->show.to, "%s}\n", *between == '{' ? "{" : "");
	return worst;
}

static void print_pong(struct command_context *ctx, const struct client *c,
		       const struct value *reply)
{
	fprintf(ctx->show.to, "%-6s ", c->name);
	show_line(&ctx->show, 0, "", value_get_str(reply, "result"));
}

static enum command_exit run_ping(struct command_context *ctx, char **args)
{
	const char *names[] = {"ping", "ping"};

	(void)args;
	return ask_both(ctx, names, print_pong);
}

static void print_stats(struct command_context *ctx, const struct client *c,
			const struct value *reply)
{
	const struct value *stats = value_get(reply, "statistics");

	fprintf(ctx->show.to, "%s\n", c->name);
	if (!stats)
		stats = value_get(reply, "stats");
	show_dict(&ctx->show, stats ? stats : reply);
	fputc('\n', ctx->show.to);
}

static enum command_exit run_stats(struct command_context *ctx, char **args)
{
	const char *names[] = {"statistics", "stats"};

	(void)args;
	return ask_both(ctx, names, print_stats);
}

static void print_calls(const struct show *s, const struct value *reply)
{
	const struct value *calls = value_get(reply, "calls");

	if (value_count(calls) == 0)
		fprintf(s->to, "no calls\n");
	else
		show_member(s, "calls", calls, 0);
}

static enum command_exit run_calls(struct command_context *ctx, char **args)
{
	(void)args;
	return ask_and_show(ctx, &ctx->b2bua, "calls", NULL, NULL,
			    print_calls);
}

static enum command_exit run_why(struct command_context *ctx, char **args)
{
	/* Canonical forms are octets, compared octet by octet. */
	if (!ctx->json)
		ctx->b2bua.form = VALUE_BENCODE;
	return ask_and_show(ctx, &ctx->b2bua, "why", "id", args[0], report_show_why);
}

static enum command_exit query(struct command_context *ctx, struct slice call)
{
	struct answer a;
	enum command_exit rc = ask(&ctx->relay, &a, "query", "call-id", call);

	if (rc == COMMAND_OK && ctx->json) {
		show_json(&ctx->show, a.v);
	} else if (rc == COMMAND_OK) {
		show_line(&ctx->show, 0, "media streams of ", call);
		streams_show(&ctx->show, a.v);
	}
	answer_fini(&a);
	return rc;
}

static enum command_exit query_all(struct command_context *ctx)
{
	struct answer a;
	enum command_exit rc = ask(&ctx->relay, &a, "list", "limit",
				   SLICE_LIT("1000"));
	const struct value *m = value_first(value_get(a.v, "calls"));

	if (rc == COMMAND_OK && !m && !ctx->json)
		fprintf(ctx->show.to, "no streams\n");
	/* A call may end between the list and its query: that is no error. */
	for (; rc == COMMAND_OK && m; m = value_next(m))
		if (query(ctx, value_as_str(m)) == COMMAND_UNREACHABLE)
			rc = COMMAND_UNREACHABLE;
	answer_fini(&a);
	return rc;
}

static enum command_exit run_streams(struct command_context *ctx, char **args)
{
	return args[0] ? query(ctx, slice_str(args[0])) : query_all(ctx);
}

/* The call with all but the two parts that have a picture of their own. */
static void print_call(const struct show *s, const struct value *reply)
{
	const struct value *call = value_get(reply, "call");
	struct value_pool pool = VALUE_POOL_INIT;
	struct value *plain = value_new_dict(&pool);
	struct obuf ob = OBUF_INIT;
	const struct value *m;

	for (m = value_first(call); m; m = value_next(m))
		if (value_count(m) == 0 && !slice_eq_str(value_key(m), "up"))
			value_put_slice(plain, value_key(m),
					value_new_str(&pool,
						      show_text(&ob, m)));
	show_dict(s, plain);
	show_member(s, "legs", value_get(call, "legs"), 0);
	report_show(s, value_get(call, "report"));
	obuf_fini(&ob);
	value_pool_fini(&pool);
}

static enum command_exit run_call(struct command_context *ctx, char **args)
{
	struct answer a;
	enum command_exit rc = ask(&ctx->b2bua, &a, "call", "id",
				   slice_str(args[0]));
	struct slice media;

	if (rc == COMMAND_OK && ctx->json)
		show_json(&ctx->show, a.v);
	else if (rc == COMMAND_OK)
		print_call(&ctx->show, a.v);
	media = value_get_str(value_get(a.v, "call"), "relay-call-id");
	/* Streams are there only while the call is up: the report is not
	 * worth less without them. */
	if (rc == COMMAND_OK && !ctx->json && media.n &&
	    value_get_bool(value_get(a.v, "call"), "up", true))
		query(ctx, media);
	answer_fini(&a);
	return rc;
}

const struct command command_table[] = {
#define COMMAND(name, args, least, most, help) \
	{#name, args, help, least, most, run_##name},
#include "ctl/command.def"
	{0},
};

const struct command *command_find(const char *name)
{
	for (const struct command *c = command_table; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}
