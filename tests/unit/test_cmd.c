/* test_cmd.c: requests in, replies out, over a plane with real ports: every
 * refusal, repeats, limits and timeouts. */
#include "unit.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/clk.h"
#include "lib/base/log.h"
#include "lib/base/siphash.h"
#include "relay/cmd.h"
#include "relay/crypt.h"
#include "relay/limit.h"

#define HEAD "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
#define AUDIO "m=audio 5004 RTP/AVP 0\r\n"
#define VIDEO "m=video 5006 RTP/AVP 96\r\n"

static struct event_base *base;
static struct plane *plane;
static struct sessions *sessions;
static struct cmd *cmd;
static struct obuf reply;
static struct value_pool pool;
static struct handshake_pool *handshakes;
static struct sessions_conf conf;

static int process(void **state)
{
	(void)state;
	log_init("test_cmd", LOG_LEVEL_ERROR);
	siphash_init();
	return crypt_init_process();
}

static int setup(void **state)
{
	struct plane_conf pc = {.workers = 1};
	struct cmd_conf cc;
	(void)state;

	base = event_base_new();
	pc.base = base;
	assert_int_equal(handshake_pool_open(&handshakes, 1), 0);
	pc.handshakes = handshakes;
	assert_int_equal(plane_new(&plane, &pc), 0);
	assert_int_equal(plane_interface_add(plane, "default", "127.0.0.1", "",
					     45000, 45199), 0);
	conf = (struct sessions_conf){.plane = plane,
				      .sessions_max = 3,
				      .offer_timeout = 300,
				      .silence_timeout = 60,
				      .hold_timeout = 3600};
	assert_int_equal(sessions_new(&sessions, &conf), 0);
	cc = (struct cmd_conf){.sessions = sessions, .plane = plane};
	assert_int_equal(cmd_new(&cmd, &cc), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cmd_free(cmd);
	sessions_free(sessions);
	plane_free(plane);
	handshake_pool_close(handshakes);
	event_base_free(base);
	value_pool_fini(&pool);
	obuf_fini(&reply);
	reply = OBUF_INIT;
	return 0;
}

/* The reply's dictionary, without its cookie. */
static const struct value *say_octets(const char *source,
				      struct slice datagram)
{
	struct ng_message m;
	struct value *v = NULL;

	obuf_reset(&reply);
	assert_int_equal(ng_split(datagram, &m), 0);
	cmd_request(cmd, slice_str(source), &m, &reply);
	assert_int_equal(ng_split(obuf_as_slice(&reply), &m), 0);
	assert_int_equal(value_parse(&pool, m.payload, NULL, &v), 0);
	return v;
}

static const struct value *say(const char *source, const char *datagram)
{
	return say_octets(source, slice_str(datagram));
}

static const struct value *ask(struct value *request)
{
	static unsigned serial;
	struct obuf ob = OBUF_INIT;
	const struct value *v;

	obuf_fmt(&ob, "c%u ", serial++);
	value_write(&ob, request, VALUE_BENCODE);
	assert_int_equal(ob.err, 0);
	v = say_octets("here", obuf_as_slice(&ob));
	obuf_fini(&ob);
	return v;
}

static struct value *request(const char *command, const char *call,
			     const char *from, const char *to, const char *sdp)
{
	struct value *d = value_new_dict(&pool);

	value_put_cstr(d, "command", command);
	if (call)
		value_put_cstr(d, "call-id", call);
	if (from)
		value_put_cstr(d, "from-tag", from);
	if (to)
		value_put_cstr(d, "to-tag", to);
	if (sdp)
		value_put_cstr(d, "sdp", sdp);
	return d;
}

static void is(const struct value *v, const char *result)
{
	if (!slice_eq_str(value_get_str(v, "result"), result))
		fail_msg("%.*s %.*s", SLICE(value_get_str(v, "result")),
			 SLICE(value_get_str(v, "error-reason")));
}

static void is_refused(const struct value *v, enum refusal why)
{
	struct slice reason = value_get_str(v, "error-reason");

	is(v, "error");
	if (!slice_eq_str(reason, refusal_row(why)->text))
		fail_msg("%.*s, not %s", SLICE(reason),
			 refusal_row(why)->text);
}

static void set_up(const char *call)
{
	is(ask(request("offer", call, "f", NULL, HEAD AUDIO)), "ok");
	is(ask(request("answer", call, "f", "t", HEAD AUDIO)), "ok");
}

static void what_is_missing(void **state)
{
	struct value *r;
	(void)state;

	is_refused(say("a", "1 hello"), REFUSAL_FORM);
	is_refused(say("a", "2 d3:abc"), REFUSAL_DECODE);
	is_refused(say("a", "3 {\"a\":}"), REFUSAL_DECODE);
	assert_int_equal(reply.p[2], '{'); /* as it was asked */
	is_refused(say("a", "4 de"), REFUSAL_NO_COMMAND);
	is_refused(say("a", "5 d7:command4:mixee"), REFUSAL_COMMAND);
	is_refused(ask(request("offer", "c", "f", NULL, NULL)),
		   REFUSAL_NO_SDP);
	is_refused(ask(request("offer", NULL, "f", NULL, HEAD AUDIO)),
		   REFUSAL_NO_CALL_ID);
	r = request("offer", NULL, "f", NULL, HEAD AUDIO);
	value_put_str(r, "call-id", SLICE_LIT("a\0b"));
	is_refused(ask(r), REFUSAL_NO_CALL_ID);
	is_refused(ask(request("offer", "c", NULL, NULL, HEAD AUDIO)),
		   REFUSAL_NO_FROM_TAG);
	is_refused(ask(request("answer", "c", "f", NULL, HEAD AUDIO)),
		   REFUSAL_NO_TO_TAG);
	is_refused(ask(request("offer", "c", "f", NULL, "v=\nv=0\r\n")),
		   REFUSAL_SDP);
	is_refused(ask(request("query", "c", NULL, NULL, NULL)),
		   REFUSAL_UNKNOWN_CALL);
	is(ask(request("ping", NULL, NULL, NULL, NULL)), "pong");
	assert_int_equal(sessions_count(sessions), 0);
}

static void dialogues(void **state)
{
	(void)state;

	set_up("c");
	is_refused(ask(request("answer", "c", "t", "f", HEAD AUDIO)),
		   REFUSAL_DIALOGUE);
	is_refused(ask(request("offer", "c", "x", "y", HEAD AUDIO)),
		   REFUSAL_DIALOGUE);
	is_refused(ask(request("answer", "c", "f", "t", HEAD AUDIO VIDEO)),
		   REFUSAL_MLINES);
	is_refused(ask(request("answer", "c", "f", "t", HEAD VIDEO)),
		   REFUSAL_MLINES);
	/* the callee's re-INVITE, and its answer */
	is(ask(request("offer", "c", "t", "f", HEAD AUDIO VIDEO)), "ok");
	is(ask(request("answer", "c", "t", "f", HEAD AUDIO VIDEO)), "ok");
	is_refused(ask(request("offer", "c", "f", "t", HEAD AUDIO)),
		   REFUSAL_MLINES);
	is(ask(request("offer", "c", "f", "t",
		       HEAD AUDIO "m=video 0 RTP/AVP 96\r\n")), "ok");
	is(ask(request("answer", "c", "f", "t",
		       HEAD AUDIO "m=video 0 RTP/AVP 96\r\n")), "ok");
	assert_null(sessions_find(sessions, SLICE_LIT("c"))->media[1]->media);
}

static unsigned ports_used(void)
{
	struct plane_ports p;

	assert_int_equal(plane_ports(plane, 0, &p), 0);
	return p.used;
}

static void a_refusal_changes_nothing(void **state)
{
	struct value *r;
	(void)state;

	r = request("offer", "c", "f", NULL, HEAD AUDIO);
	value_put_cstr(r, "interface", "moon");
	is_refused(ask(r), REFUSAL_INTERFACE);
	r = request("offer", "c", "f", NULL,
		    HEAD AUDIO "m=audio 1 RTP/SAVP 0\r\n");
	is_refused(ask(r), REFUSAL_CRYPTO);
	r = request("offer", "c", "f", NULL, HEAD AUDIO);
	value_put_cstr(r, "media-address", "x\r\na=evil");
	is_refused(ask(r), REFUSAL_ADDRESS);
	assert_int_equal(sessions_count(sessions), 0);
	set_up("c");
	r = request("offer", "c", "f", "t",
		    HEAD AUDIO VIDEO "m=audio 1 RTP/SAVP 0\r\n");
	is_refused(ask(r), REFUSAL_CRYPTO);
	assert_int_equal(sessions_find(sessions, SLICE_LIT("c"))->medias, 1);
}

static void an_answer_too_long_to_write(void **state)
{
	char mem[20];
	struct obuf small = OBUF_FIXED(mem, sizeof(mem));
	struct options o = {.call_id = SLICE_LIT("c"),
			    .from_tag = SLICE_LIT("f"),
			    .sdp = SLICE_LIT(HEAD AUDIO)};
	(void)state;

	assert_int_equal(sessions_offer(sessions, &o, &small),
			 REFUSAL_REWRITE);
	assert_int_equal(sessions_count(sessions), 0);
}

static void limits(void **state)
{
	static const char *const calls[] = {"1", "2", "3"};
	struct value *r;
	double load = 0;
	(void)state;

	for (int i = 0; i < 3; i++)
		is(ask(request("offer", calls[i], "f", NULL, HEAD AUDIO)),
		   "ok");
	r = request("offer", "4", "f", NULL, HEAD AUDIO);
	is_refused(ask(r), REFUSAL_SESSIONS);
	value_append_str(value_put_list(r, "supports"),
			 SLICE_LIT("load limit"));
	is(ask(r), "load limit");
	is(ask(request("offer", "3", "f", NULL, HEAD AUDIO)), "ok");
	is(ask(request("delete", "3", NULL, NULL, NULL)), "ok");
	is(ask(r), "ok");

	conf.load_max = 1;
	conf.sessions_max = 0;
	assert_int_equal(getloadavg(&load, 1), 1);
	limit_measure(1000, 1000);
	assert_int_equal(limit_refusal(&conf, 1000),
			 load >= 0.01 ? REFUSAL_LOAD : REFUSAL_NONE);
	conf.load_max = 0;
	conf.bandwidth_max = 7;
	assert_int_equal(limit_refusal(&conf, 1000), REFUSAL_NONE);
	limit_measure(2000, 2000);
	assert_int_equal(limit_bandwidth(), 8000);
	assert_int_equal(limit_refusal(&conf, 1000), REFUSAL_BANDWIDTH);
	conf.bandwidth_max = 9;
	assert_int_equal(limit_refusal(&conf, 1000), REFUSAL_NONE);
	assert_non_null(refusal_row(REFUSAL_INTERNAL)->text);
}

static void out_of_ports(void **state)
{
	struct value *r = NULL;
	(void)state;

	assert_int_equal(plane_interface_add(plane, "small", "127.0.0.1", "",
					     45300, 45303), 0);
	for (int i = 0; i < 2; i++) {
		r = request("offer", i ? "d" : "c", "f", NULL, HEAD AUDIO);
		value_put_cstr(r, "interface", "small");
		if (i == 0)
			is(ask(r), "ok");
	}
	is_refused(ask(r), REFUSAL_PORTS);
	assert_int_equal(sessions_count(sessions), 1);
}

static void a_repeat_is_not_done_twice(void **state)
{
	static const char offer[] =
		"K1 d7:command5:offer7:call-id1:c8:from-tag1:f3:sdp72:" HEAD
		AUDIO "e";
	char *first;
	(void)state;

	is(say("a", offer), "ok");
	first = slice_dup(obuf_as_slice(&reply));
	is(say("a", offer), "ok");
	assert_true(slice_eq_str(obuf_as_slice(&reply), first));
	free(first);
	is_refused(say("a", "K1 d7:command6:delete7:call-id1:ce"),
		   REFUSAL_COOKIE);
	assert_int_equal(sessions_count(sessions), 1);
	is(say("b", "K1 d7:command6:delete7:call-id1:ce"), "ok");
	assert_int_equal(sessions_count(sessions), 0);
	/* the lost reply to a delete says what it said */
	is(say("b", "K1 d7:command6:delete7:call-id1:ce"), "ok");
	assert_int_equal(sessions_count(sessions), 0);
}

static void deleting(void **state)
{
	struct value *r = request("delete", "c", NULL, NULL, NULL);
	(void)state;

	is(ask(r), "ok");
	assert_true(slice_eq_str(value_get_str(ask(r), "warning"),
				 refusal_row(REFUSAL_NOT_FOUND)->text));
	value_put_cstr(r, "flags", "fatal");
	is_refused(ask(r), REFUSAL_NOT_FOUND);

	set_up("c");
	r = request("delete", "c", "stranger", NULL, NULL);
	value_put_cstr(r, "flags", "fatal");
	is_refused(ask(r), REFUSAL_NOT_FOUND);
	r = request("delete", "c", "t", NULL, NULL);
	value_put_cstr(r, "delete delay", "5");
	assert_non_null(value_get(ask(r), "totals"));
	assert_int_equal(sessions_count(sessions), 1);
	sessions_sweep(sessions, clk_ms() + 4000);
	assert_int_equal(sessions_count(sessions), 1);
	sessions_sweep(sessions, clk_ms() + 6000);
	assert_int_equal(sessions_count(sessions), 0);
}

static void timeouts(void **state)
{
	uint64_t now = clk_ms();
	struct sessions_stats st;
	(void)state;

	is(ask(request("offer", "ringing", "f", NULL, HEAD AUDIO)), "ok");
	set_up("talking");
	is(ask(request("offer", "held", "f", NULL, HEAD AUDIO)), "ok");
	is(ask(request("answer", "held", "f", "t",
		       HEAD AUDIO "a=inactive\r\n")), "ok");
	sessions_sweep(sessions, now + 59000);
	assert_int_equal(sessions_count(sessions), 3);
	sessions_sweep(sessions, now + 62000);
	assert_null(sessions_find(sessions, SLICE_LIT("talking")));
	sessions_sweep(sessions, now + 303000);
	assert_null(sessions_find(sessions, SLICE_LIT("ringing")));
	assert_int_equal(sessions_count(sessions), 1);
	sessions_sweep(sessions, now + 3603000);
	assert_int_equal(sessions_count(sessions), 0);
	sessions_stats(sessions, &st);
	assert_int_equal(st.silent, 3);
}

static void what_operators_see(void **state)
{
	const struct value *v, *s, *list;
	(void)state;

	set_up("c");
	v = value_get(ask(request("query", "c", NULL, NULL, NULL)), "tags");
	v = value_first(value_get(value_get(v, "t"), "medias"));
	assert_true(slice_eq_str(value_get_str(v, "security"), "none"));
	assert_int_equal(value_count(value_get(v, "streams")), 2);
	s = value_get(ask(request("statistics", NULL, NULL, NULL, NULL)),
		      "statistics");
	assert_int_equal(value_count(value_get(s, "drops")), DROP_COUNT - 1);
	assert_int_equal(value_count(value_get(s, "counters")), COUNTER_COUNT);
	assert_int_equal(value_get_int(value_get(s, "currentstatistics"),
				       "sessionstotal", 0), 1);
	list = value_get(ask(request("list", NULL, NULL, NULL, NULL)),
			 "calls");
	assert_true(slice_eq_str(value_as_str(value_first(list)), "c"));
	list = value_get(ask(request("help", NULL, NULL, NULL, NULL)),
			 "commands");
	assert_true(value_count(list) >= 8);
	for (const struct value *c = value_first(list); c; c = value_next(c))
		assert_true(value_get_str(c, "help").n > 0);
	is(ask(request("delete", "c", NULL, NULL, NULL)), "ok");
	for (int i = 0; i < 200 && ports_used(); i++) {
		struct timeval tv = {0, 5000};

		event_base_loopexit(base, &tv);
		event_base_dispatch(base);
	}
	assert_int_equal(ports_used(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		TEST(what_is_missing),
		TEST(dialogues),
		TEST(a_refusal_changes_nothing),
		TEST(an_answer_too_long_to_write),
		TEST(limits),
		TEST(out_of_ports),
		TEST(a_repeat_is_not_done_twice),
		TEST(deleting),
		TEST(timeouts),
		TEST(what_operators_see),
	};

	return cmocka_run_group_tests(tests, process, NULL);
}
