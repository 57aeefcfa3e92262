#include "relay/cmd.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/clk.h"
#include "lib/base/log.h"
#include "relay/record.h"
#include "relay/replay.h"

/* What a command cannot do without. */
enum need {
	NEED_CALL_ID = 1,
	NEED_FROM_TAG = 2,
	NEED_TO_TAG = 4,
	NEED_SDP = 8,
};

enum { DELETE_DELAY_MAX = 3600, LIST_MAX = 100000 };

struct cmd {
	struct cmd_conf conf;
	struct replay *replay;
	struct value_pool pool; /* of the request being answered */
	struct obuf sdp, body;
	uint64_t since_ms;
	uint64_t requests, repeated, malformed;
};

static enum refusal do_ping(struct cmd *c, const struct options *o,
			    struct value *reply)
{
	(void)c;
	(void)o;
	(void)reply;
	return REFUSAL_NONE;
}

static enum refusal do_offer(struct cmd *c, const struct options *o,
			     struct value *reply)
{
	enum refusal why;

	/* Trickled candidates are of no use to a lite agent (ice.h). */
	if (o->fragment)
		return sessions_find(c->conf.sessions, o->call_id)
			       ? REFUSAL_NONE
			       : REFUSAL_UNKNOWN_CALL;
	why = sessions_offer(c->conf.sessions, o, &c->sdp);
	if (!why)
		value_put_str(reply, "sdp", obuf_as_slice(&c->sdp));
	return why;
}

static enum refusal do_answer(struct cmd *c, const struct options *o,
			      struct value *reply)
{
	enum refusal why = sessions_answer(c->conf.sessions, o, &c->sdp);

	if (!why)
		value_put_str(reply, "sdp", obuf_as_slice(&c->sdp));
	return why;
}

static unsigned pick(struct cmd *c, const struct options *o,
		     struct session *v[SESSION_BRANCHES])
{
	return session_pick(sessions_find(c->conf.sessions, o->call_id), o, v);
}

static void delete_one(struct cmd *c, struct session *s, int64_t delay)
{
	if (delay > DELETE_DELAY_MAX)
		delay = DELETE_DELAY_MAX;
	if (delay > 0)
		s->delete_ms = clk_ms() + (uint64_t)delay * 1000;
	else
		sessions_del(c->conf.sessions, s);
}

static enum refusal do_delete(struct cmd *c, const struct options *o,
			      struct value *reply)
{
	struct session *v[SESSION_BRANCHES];
	unsigned n = pick(c, o, v);

	if (!n) {
		if (o->fatal)
			return REFUSAL_NOT_FOUND;
		value_put_cstr(reply, "warning",
			       refusal_row(REFUSAL_NOT_FOUND)->text);
		return REFUSAL_NONE;
	}
	if (!o->fast)
		session_query(c->conf.sessions, v, n, reply);
	for (unsigned i = 0; i < n; i++)
		delete_one(c, v[i], o->delete_delay);
	return REFUSAL_NONE;
}

static enum refusal do_query(struct cmd *c, const struct options *o,
			     struct value *reply)
{
	struct session *v[SESSION_BRANCHES];
	unsigned n = pick(c, o, v);

	if (!n)
		return REFUSAL_UNKNOWN_CALL;
	session_query(c->conf.sessions, v, n, reply);
	return REFUSAL_NONE;
}

struct listing {
	struct value *calls;
	int64_t left;
};

static bool list_one(struct session *s, void *arg)
{
	struct listing *l = arg;

	if (l->left-- <= 0)
		return false;
	value_append_str(l->calls, slice_str(s->call_id));
	return true;
}

static enum refusal do_list(struct cmd *c, const struct options *o,
			    struct value *reply)
{
	struct listing l = {.calls = value_put_list(reply, "calls"),
			    .left = o->limit};

	if (l.left < 0 || l.left > LIST_MAX)
		l.left = LIST_MAX;
	sessions_each(c->conf.sessions, list_one, &l);
	return REFUSAL_NONE;
}

/* ---- statistics --------------------------------------------------------- */

static void put_sessions(struct cmd *c, struct value *to)
{
	struct value *now = value_put_dict(to, "currentstatistics");
	struct value *all = value_put_dict(to, "totalstatistics");
	struct sessions_stats st;

	sessions_stats(c->conf.sessions, &st);
	value_put_int(now, "sessionstotal",
		      (int64_t)sessions_count(c->conf.sessions));
	value_put_int(now, "workers", plane_workers(c->conf.plane));
	value_put_int(all, "uptime",
		      (int64_t)((clk_ms() - c->since_ms) / 1000));
	value_put_int(all, "managedsessions", (int64_t)st.created);
	value_put_int(all, "silenttimeoutsessions", (int64_t)st.silent);
	value_put_int(all, "offers", (int64_t)st.offers);
	value_put_int(all, "answers", (int64_t)st.answers);
	value_put_int(all, "refused", (int64_t)st.refused);
	value_put_int(all, "requests", (int64_t)c->requests);
	value_put_int(all, "requestsrepeated", (int64_t)c->repeated);
	value_put_int(all, "requestsmalformed", (int64_t)c->malformed);
}

static void put_counters(struct cmd *c, struct value *to)
{
	struct value *counters = value_put_dict(to, "counters");
	struct value *drops = value_put_dict(to, "drops");
	struct counter_sums sums = {0};

	plane_counters(c->conf.plane, &sums);
	for (int i = 0; i < COUNTER_COUNT; i++)
		value_put_int(counters, counter_row((enum counter)i)->token,
			      (int64_t)sums.v[i]);
	for (int i = DROP_NONE + 1; i < DROP_COUNT; i++)
		value_put_int(drops, drop_row((enum drop)i)->token,
			      (int64_t)sums.drops[i]);
}

static void put_handshakes(struct cmd *c, struct value *to)
{
	struct value *v = value_put_dict(to, "handshakes");
	struct handshake_pool_stats st = {0};

	if (c->conf.handshakes)
		handshake_pool_stats(c->conf.handshakes, &st);
	value_put_int(v, "datagrams", (int64_t)st.datagrams);
	value_put_int(v, "refused", (int64_t)st.refused);
	value_put_int(v, "malformed", (int64_t)st.malformed);
	value_put_int(v, "cookies", (int64_t)st.cookies);
	value_put_int(v, "limited", (int64_t)st.limited);
	value_put_int(v, "attempts", (int64_t)st.attempts);
	value_put_int(v, "done", (int64_t)st.done);
	value_put_int(v, "failed", (int64_t)st.failed);
}

static void put_ports(struct cmd *c, struct value *to)
{
	struct value *list = value_put_list(to, "interfaces");
	struct plane_ports p;

	for (unsigned i = 0; plane_ports(c->conf.plane, i, &p) == 0; i++) {
		struct value *v = value_append_dict(list);

		value_put_cstr(v, "name", p.interface);
		value_put_cstr(v, "address", p.address);
		value_put_int(v, "pairs", p.pairs);
		value_put_int(v, "used", p.used);
	}
}

static enum refusal do_statistics(struct cmd *c, const struct options *o,
				  struct value *reply)
{
	struct value *to = value_put_dict(reply, "statistics");

	(void)o;
	put_sessions(c, to);
	put_counters(c, to);
	put_handshakes(c, to);
	put_ports(c, to);
	return REFUSAL_NONE;
}

static enum refusal do_help(struct cmd *c, const struct options *o,
			    struct value *reply)
{
	struct value *list = value_put_list(reply, "commands");
	const struct cmd_row *row;

	(void)c;
	(void)o;
	for (size_t i = 0; (row = cmd_row(i)); i++) {
		struct value *v = value_append_dict(list);

		value_put_cstr(v, "command", row->name);
		value_put_cstr(v, "args", row->args);
		value_put_cstr(v, "help", row->help);
	}
	return REFUSAL_NONE;
}

/* ---- what is held back --------------------------------------------------- */

/* Of the side that from-tag names; without one, of both. */
static enum refusal gate(struct cmd *c, const struct options *o,
			 enum media_gate bit, bool on)
{
	struct session *v[SESSION_BRANCHES];
	unsigned n = pick(c, o, v);
	enum media_side only;

	for (unsigned i = 0; i < n; i++)
		for (int k = MEDIA_A; k <= MEDIA_B; k++) {
			enum media_side side = (enum media_side)k;
			unsigned was = v[i]->side[side].gate;

			if (o->from_tag.n &&
			    session_side_of(v[i], o->from_tag, &only) &&
			    only != side)
				continue;
			session_gate_set(v[i], side,
					 on ? was | bit : was & ~bit);
		}
	return n ? REFUSAL_NONE : REFUSAL_UNKNOWN_CALL;
}

#define GATE(name, bit, on)                                                 \
	static enum refusal name(struct cmd *c, const struct options *o,    \
				 struct value *reply)                       \
	{                                                                   \
		(void)reply;                                                \
		return gate(c, o, bit, on);                                 \
	}
GATE(do_block_media, MEDIA_GATE_BLOCK, true)
GATE(do_unblock_media, MEDIA_GATE_BLOCK, false)
GATE(do_silence_media, MEDIA_GATE_SILENCE, true)
GATE(do_unsilence_media, MEDIA_GATE_SILENCE, false)
GATE(do_block_dtmf, MEDIA_GATE_DTMF, true)
GATE(do_unblock_dtmf, MEDIA_GATE_DTMF, false)
#undef GATE

/* ---- recordings --------------------------------------------------------- */

static enum refusal do_start_recording(struct cmd *c, const struct options *o,
				       struct value *reply)
{
	struct session *v[SESSION_BRANCHES];
	unsigned n = pick(c, o, v);
	enum refusal why = n ? REFUSAL_NONE : REFUSAL_UNKNOWN_CALL;
	struct value *list;

	for (unsigned i = 0; i < n && !why; i++)
		why = session_record(c->conf.sessions, v[i]);
	if (why)
		return why;
	list = value_put_list(reply, "recordings");
	for (unsigned i = 0; i < n; i++)
		value_append_str(list, slice_str(
					recording_name(v[i]->recording)));
	return REFUSAL_NONE;
}

static enum refusal do_stop_recording(struct cmd *c, const struct options *o,
				      struct value *reply)
{
	struct session *v[SESSION_BRANCHES];
	unsigned n = pick(c, o, v);

	(void)reply;
	for (unsigned i = 0; i < n; i++)
		session_record_stop(v[i]);
	return n ? REFUSAL_NONE : REFUSAL_UNKNOWN_CALL;
}

/* ---- the table ---------------------------------------------------------- */

static const struct command {
	struct cmd_row row;
	unsigned needs;
	bool kept; /* it changes something: the reply is kept for repeats */
	const char *result;
	enum refusal (*fn)(struct cmd *c, const struct options *o,
			   struct value *reply);
} commands[] = {
	{{"ping", "", "is the relay there"}, 0, false, "pong", do_ping},
	{{"offer", "sdp call-id from-tag [to-tag] [options]",
	  "an SDP offer: opens ports, gives the SDP for the other side"},
	 NEED_SDP | NEED_CALL_ID | NEED_FROM_TAG, true, "ok", do_offer},
	{{"answer", "sdp call-id from-tag to-tag [options]",
	  "its answer: media flows, gives the SDP for the offerer"},
	 NEED_SDP | NEED_CALL_ID | NEED_FROM_TAG | NEED_TO_TAG, true, "ok",
	 do_answer},
	{{"delete", "call-id [from-tag] [to-tag] [via-branch] [delete-delay] "
	  "[flags: fatal fast to-tag]",
	  "ends a session, or one branch of it; the reply is its last query"},
	 NEED_CALL_ID, true, "ok", do_delete},
	{{"query", "call-id [from-tag] [via-branch]",
	  "a session: legs, addresses, ciphers, packets, drops"},
	 NEED_CALL_ID, false, "ok", do_query},
	{{"block media", "call-id [from-tag]",
	  "RTP of that side, or of both, does not pass"},
	 NEED_CALL_ID, true, "ok", do_block_media},
	{{"unblock media", "call-id [from-tag]", "it passes again"},
	 NEED_CALL_ID, true, "ok", do_unblock_media},
	{{"silence media", "call-id [from-tag]",
	  "speech is replaced by silence; where its codec is not PCMU, PCMA "
	  "or G722, it does not pass"},
	 NEED_CALL_ID, true, "ok", do_silence_media},
	{{"unsilence media", "call-id [from-tag]", "it is heard again"},
	 NEED_CALL_ID, true, "ok", do_unsilence_media},
	{{"block DTMF", "call-id [from-tag]",
	  "RFC 4733 events of that side, or of both, do not pass"},
	 NEED_CALL_ID, true, "ok", do_block_dtmf},
	{{"unblock DTMF", "call-id [from-tag]", "they pass again"},
	 NEED_CALL_ID, true, "ok", do_unblock_dtmf},
	{{"start recording", "call-id",
	  "what all ends send is written to a pcap file, decrypted; the reply "
	  "names it"},
	 NEED_CALL_ID, true, "ok", do_start_recording},
	{{"stop recording", "call-id", "the file is closed"},
	 NEED_CALL_ID, true, "ok", do_stop_recording},
	{{"list", "[limit]", "call-ids of sessions"}, 0, false, "ok", do_list},
	{{"statistics", "", "every counter, drop, port range"},
	 0, false, "ok", do_statistics},
	{{"help", "", "this table"}, 0, false, "ok", do_help},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

const struct cmd_row *cmd_row(size_t i)
{
	return i < COMMANDS ? &commands[i].row : NULL;
}

static const struct command *command_find(struct slice name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (value_word_eq(name, slice_str(commands[i].row.name)))
			return &commands[i];
	return NULL;
}

/* ---- a request ---------------------------------------------------------- */

/* Names become strings here: a NUL would make two of one. */
static bool is_name(struct slice s)
{
	return s.n && !memchr(s.p, '\0', s.n);
}

static enum refusal missing(unsigned needs, const struct options *o)
{
	if ((needs & NEED_SDP) && !o->sdp.n)
		return REFUSAL_NO_SDP;
	if ((needs & NEED_CALL_ID) && !is_name(o->call_id))
		return REFUSAL_NO_CALL_ID;
	if ((needs & NEED_FROM_TAG) && !is_name(o->from_tag))
		return REFUSAL_NO_FROM_TAG;
	if ((needs & NEED_TO_TAG) && !is_name(o->to_tag))
		return REFUSAL_NO_TO_TAG;
	return REFUSAL_NONE;
}

static void put_refusal(struct value *reply, enum refusal why,
			const struct options *o)
{
	const char *text = refusal_row(why)->text;

	if (o->load_limit &&
	    (why == REFUSAL_SESSIONS || why == REFUSAL_LOAD ||
	     why == REFUSAL_BANDWIDTH)) {
		value_put_cstr(reply, "result", "load limit");
		value_put_cstr(reply, "message", text);
		return;
	}
	value_put_cstr(reply, "result", "error");
	value_put_cstr(reply, "error-reason", text);
}

static void log_refusal(const struct command *command,
			const struct options *o, enum refusal why)
{
	static struct log_limit lim;

	if (log_limit_pass(&lim))
		log_info("session %.*s: %s refused (%s; %u kept back)",
			 (int)(o->call_id.n > 128 ? 128 : o->call_id.n),
			 o->call_id.p ? o->call_id.p : "",
			 command ? command->row.name : "command",
			 refusal_row(why)->text, lim.last);
}

/* The reply's dictionary, and whether it is to be kept. */
static struct value *answer(struct cmd *c, const struct value *request,
			    bool *kept)
{
	struct value *reply = value_new_dict(&c->pool), *full = reply;
	struct slice name = value_get_str(request, "command");
	const struct command *command = name.p ? command_find(name) : NULL;
	const struct options_context context = {
		.pool = &c->pool,
		.templates = c->conf.templates,
		.ntemplates = c->conf.ntemplates,
	};
	struct options o;
	enum refusal why;

	options_parse(&o, &context, request);
	why = command ? missing(command->needs, &o)
	      : name.p ? REFUSAL_COMMAND
		       : REFUSAL_NO_COMMAND;
	if (!why) {
		value_put_cstr(reply, "result", command->result);
		why = command->fn(c, &o, reply);
	}
	if (why) {
		full = value_new_dict(&c->pool);
		put_refusal(full, why, &o);
		log_refusal(command, &o, why);
	}
	*kept = command && command->kept;
	return full;
}

static void refuse(struct cmd *c, const struct ng_message *m, enum refusal why)
{
	struct value *reply = value_new_dict(&c->pool);
	bool json = m->payload.n && m->payload.p[0] == '{';

	put_refusal(reply, why, &(struct options){0});
	value_write(&c->body, reply, json ? VALUE_JSON : VALUE_BENCODE);
}

/* The reply's payload into c->body. */
static bool reply_write(struct cmd *c, const struct ng_message *m)
{
	enum value_form form;
	struct value *request;
	bool kept = false;
	int err = value_parse(&c->pool, m->payload, &form, &request);

	if (err) {
		c->malformed++;
		refuse(c, m, err == EPROTONOSUPPORT ? REFUSAL_FORM
						    : REFUSAL_DECODE);
		return false;
	}
	value_write(&c->body, answer(c, request, &kept), form);
	return kept;
}

/* c->body is sent and wiped: SDP may hold keys. */
static void reply_send(struct cmd *c, struct slice cookie, struct obuf *ob)
{
	if (c->pool.err || c->body.err) {
		static struct log_limit lim;

		if (log_limit_pass(&lim))
			log_error("control: reply lost (%s; %u kept back)",
				  c->pool.err ? "no memory" : "too long",
				  lim.last);
	} else {
		ng_write_cookie(ob, cookie);
		obuf_slice(ob, obuf_as_slice(&c->body));
	}
	value_pool_reset(&c->pool);
	if (c->sdp.n)
		explicit_bzero(c->sdp.p, c->sdp.n);
	if (c->body.n)
		explicit_bzero(c->body.p, c->body.n);
	obuf_reset(&c->sdp);
	obuf_reset(&c->body);
}

void cmd_request(struct cmd *c, struct slice source,
		 const struct ng_message *m, struct obuf *ob)
{
	enum replay_found found = REPLAY_NEW;
	struct slice again;

	c->requests++;
	if (m->cookie.p)
		found = replay_find(c->replay, clk_ms(), source, m->cookie,
				    m->payload, &again);
	if (found == REPLAY_AGAIN) {
		c->repeated++;
		obuf_slice(&c->body, again);
	} else if (found == REPLAY_OTHER) {
		refuse(c, m, REFUSAL_COOKIE);
	} else if (reply_write(c, m) && m->cookie.p) {
		replay_add(c->replay, clk_ms(), source, m->cookie, m->payload,
			   obuf_as_slice(&c->body));
	}
	reply_send(c, m->cookie, ob);
}

int cmd_new(struct cmd **cp, const struct cmd_conf *conf)
{
	struct cmd *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return ENOMEM;
	c->conf = *conf;
	c->since_ms = clk_ms();
	err = replay_new(&c->replay);
	if (err) {
		free(c);
		return err;
	}
	*cp = c;
	return 0;
}

void cmd_free(struct cmd *c)
{
	if (!c)
		return;
	replay_free(c->replay);
	value_pool_fini(&c->pool);
	obuf_fini(&c->sdp);
	obuf_fini(&c->body);
	free(c);
}
