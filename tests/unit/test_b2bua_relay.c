/* What the B2BUA asks of the relay: cookies, repetitions, and that nothing is
 * left behind at the relay however a call ends. The relay here is a socket in
 * the same loop. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <re_types.h>
#include <re_fmt.h>
#include <re_main.h>

#include "b2bua/call/media.h"
#include "b2bua/relay.h"
#include "lib/base/siphash.h"
#include "lib/ctl/ng.h"

#include <re_tmr.h>

static char path[64];
static struct wheel *wheel;
static struct core core;

/* ---- the relay of the test --------------------------------------------- */

static struct {
	int listener, fd;
	char got[65536];
	size_t n;
	unsigned requests;
	char cookie[16][64];
	char command[16][16];
	bool mute; /* reads and says nothing */
} peer = {.listener = -1, .fd = -1};

static void peer_say(const char *cookie, const char *payload)
{
	char text[512];
	int n = snprintf(text, sizeof(text), "%s %s", cookie, payload);

	assert_int_equal(send(peer.fd, text, (size_t)n, 0), n);
}

static void peer_request(const struct ng_message *m)
{
	struct value_pool pool = VALUE_POOL_INIT;
	struct value *v;
	unsigned i = peer.requests++;

	assert_true(i < 16);
	assert_int_equal(value_parse(&pool, m->payload, NULL, &v), 0);
	slice_copy(m->cookie, peer.cookie[i], sizeof(peer.cookie[i]));
	slice_copy(value_get_str(v, "command"), peer.command[i],
		   sizeof(peer.command[i]));
	value_pool_fini(&pool);
	if (!peer.mute)
		peer_say(peer.cookie[i], "d6:result2:ok3:sdp3:SDPe");
}

static void peer_read(int flags, void *arg)
{
	struct ng_reader reader = {0};
	struct ng_message m;
	ssize_t n = recv(peer.fd, peer.got + peer.n,
			 sizeof(peer.got) - peer.n, 0);
	size_t used;

	(void)flags;
	(void)arg;
	if (n <= 0) {
		fd_close(peer.fd);
		close(peer.fd);
		peer.fd = -1;
		return;
	}
	peer.n += (size_t)n;
	while (!ng_read(&reader, slice_of(peer.got, peer.n), &m, &used)) {
		peer_request(&m);
		memmove(peer.got, peer.got + used, peer.n - used);
		peer.n -= used;
		memset(&reader, 0, sizeof(reader));
	}
}

static void peer_accept(int flags, void *arg)
{
	(void)flags;
	(void)arg;
	peer.fd = accept(peer.listener, NULL, NULL);
	peer.n = 0;
	assert_int_equal(fd_listen(peer.fd, FD_READ, peer_read, NULL), 0);
}

static void peer_open(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	memset(&peer, 0, sizeof(peer));
	peer.fd = -1;
	unlink(path);
	strcpy(un.sun_path, path);
	peer.listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(peer.listener, (struct sockaddr *)&un,
			      sizeof(un)), 0);
	assert_int_equal(listen(peer.listener, 4), 0);
	fd_listen(peer.listener, FD_READ, peer_accept, NULL);
}

static void peer_shut(void)
{
	if (peer.fd >= 0) {
		fd_close(peer.fd);
		close(peer.fd);
	}
	if (peer.listener >= 0) {
		fd_close(peer.listener);
		close(peer.listener);
	}
	peer.fd = peer.listener = -1;
	unlink(path);
}

/* ---- turning the loop -------------------------------------------------- */

static void on_enough(void *arg)
{
	(void)arg;
	re_cancel();
}

static void turn(void)
{
	struct tmr t;

	tmr_init(&t);
	tmr_start(&t, 20, on_enough, NULL);
	re_main(NULL);
	tmr_cancel(&t);
}

static void pass(unsigned ms)
{
	wheel_advance(wheel, ms);
	turn();
}

static int setup(void **state)
{
	char control[80];

	(void)state;
	siphash_init();
	snprintf(path, sizeof(path), "/tmp/test_relay.%d", (int)getpid());
	snprintf(control, sizeof(control), "unix:%s", path);
	assert_int_equal(libre_init(), 0);
	assert_int_equal(wheel_new(&wheel, true), 0);
	memset(&core, 0, sizeof(core));
	core.wheel = wheel;
	assert_int_equal(relay_open(&core.relay, control, wheel), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	relay_close(core.relay);
	wheel_free(wheel);
	peer_shut();
	libre_close();
	return 0;
}

/* ---- requests ---------------------------------------------------------- */

struct heard {
	unsigned times;
	int err;
	char result[16];
};

static void on_reply(void *arg, int err, const struct value *reply)
{
	struct heard *h = arg;

	h->times++;
	h->err = err;
	if (!err)
		slice_copy(value_get_str(reply, "result"), h->result,
			   sizeof(h->result));
}

static struct relay_ask *ask(struct heard *h)
{
	struct value_pool pool = VALUE_POOL_INIT;
	struct value *req = value_new_dict(&pool);
	struct relay_ask *a = NULL;

	value_put_cstr(req, "command", "ping");
	assert_int_equal(relay_ask(&a, core.relay, req, on_reply, h), 0);
	value_pool_fini(&pool);
	return a;
}

static void test_answers_find_their_request(void **state)
{
	struct heard a = {0}, b = {0};

	(void)state;
	peer_open();
	peer.mute = true;
	ask(&a);
	ask(&b);
	pass(1);
	turn();
	assert_int_equal(peer.requests, 2);
	peer_say(peer.cookie[1], "d6:result6:seconde");
	peer_say("00000000_1", "d6:result7:strangee");
	peer_say(peer.cookie[0], "{\"result\":\"first\"}");
	peer_say(peer.cookie[0], "d6:result5:againe");
	turn();
	assert_int_equal(a.times, 1);
	assert_string_equal(a.result, "first");
	assert_int_equal(b.times, 1);
	assert_int_equal(relay_pending(core.relay), 0);
}

static void test_silence_is_asked_five_times(void **state)
{
	struct heard a = {0};

	(void)state;
	peer_open();
	peer.mute = true;
	ask(&a);
	pass(1);
	for (int i = 0; i < 4; i++) {
		turn();
		pass(RELAY_TRY_MS);
	}
	turn();
	assert_int_equal(peer.requests, RELAY_TRIES);
	for (int i = 1; i < RELAY_TRIES; i++)
		assert_string_equal(peer.cookie[i], peer.cookie[0]);
	assert_int_equal(a.times, 0);
	pass(RELAY_TRY_MS);
	assert_int_equal(a.times, 1);
	assert_int_equal(a.err, ETIMEDOUT);
	assert_int_equal(relay_pending(core.relay), 0);
}

static void test_relay_comes_up_late(void **state)
{
	struct heard a = {0};

	(void)state;
	ask(&a);
	pass(1); /* nobody there */
	assert_int_equal(a.times, 0);
	peer_open();
	pass(RELAY_TRY_MS);
	turn();
	assert_int_equal(a.times, 1);
	assert_int_equal(a.err, 0);
}

static void test_relay_restarts(void **state)
{
	struct heard a = {0};

	(void)state;
	peer_open();
	peer.mute = true;
	ask(&a);
	pass(1);
	turn();
	assert_int_equal(peer.requests, 1);
	peer_shut();
	turn();
	peer_open();
	pass(RELAY_TRY_MS);
	turn();
	assert_int_equal(a.times, 1);
}

static void test_garbage_closes_the_connection(void **state)
{
	struct heard a = {0};

	(void)state;
	peer_open();
	peer.mute = true;
	ask(&a);
	pass(1);
	turn();
	assert_int_equal(send(peer.fd, "no ng at all\n", 13, 0), 13);
	turn();
	turn();
	assert_int_equal(peer.fd, -1);
	peer.mute = false;
	pass(RELAY_TRY_MS);
	turn();
	assert_int_equal(a.times, 1);
}

static void test_forgotten(void **state)
{
	struct heard a = {0};

	(void)state;
	peer_open();
	relay_forget(ask(&a));
	pass(1);
	turn();
	assert_int_equal(peer.requests, 1);
	assert_int_equal(a.times, 0);
	assert_int_equal(relay_pending(core.relay), 0);
}

/* ---- a call's media ---------------------------------------------------- */

static unsigned offered, closed;

static void on_sdp(void *arg, int err, struct slice sdp, const char *why)
{
	(void)arg;
	(void)why;
	offered++;
	assert_int_equal(err, 0);
	assert_true(slice_eq_str(sdp, "SDP"));
}

static void on_closed(void *arg, const struct media_stats *stats)
{
	(void)arg;
	(void)stats;
	closed++;
}

static struct media *media_make(void)
{
	const char *const interfaces[] = {"in", "out"};
	struct media *m;

	offered = closed = 0;
	assert_int_equal(media_new(&m, &core, interfaces), 0);
	return m;
}

static void test_offer_then_delete(void **state)
{
	struct media *m = media_make();

	(void)state;
	peer_open();
	assert_int_equal(media_offer(m, REPORT_LEG_A, SLICE_LIT("v=0"),
				     "RTP/AVP", on_sdp, NULL), 0);
	assert_int_equal(media_offer(m, REPORT_LEG_A, SLICE_LIT("v=0"), NULL,
				     on_sdp, NULL), EBUSY);
	pass(1);
	turn();
	assert_int_equal(offered, 1);
	media_close(m, on_closed, NULL);
	pass(1);
	turn();
	assert_int_equal(closed, 1);
	assert_string_equal(peer.command[0], "offer");
	assert_string_equal(peer.command[1], "delete");
	assert_true(list_isempty(&core.medias));
}

/* The call dies while the relay has not answered: a delete at once could
 * overtake the offer, and what the offer made would stay for ever. */
static void test_late_answer_is_deleted(void **state)
{
	struct media *m = media_make();

	(void)state;
	peer_open();
	peer.mute = true;
	assert_int_equal(media_offer(m, REPORT_LEG_A, SLICE_LIT("v=0"), NULL,
				     on_sdp, NULL), 0);
	pass(1);
	turn();
	media_close(m, on_closed, NULL);
	pass(1);
	turn();
	assert_int_equal(peer.requests, 1);
	peer.mute = false;
	peer_say(peer.cookie[0], "d6:result2:ok3:sdp3:SDPe");
	turn();
	pass(1);
	turn();
	assert_int_equal(offered, 0);
	assert_int_equal(closed, 1);
	assert_string_equal(peer.command[1], "delete");
}

static void test_nothing_asked_nothing_deleted(void **state)
{
	(void)state;
	peer_open();
	media_close(media_make(), on_closed, NULL);
	assert_int_equal(closed, 1);
	pass(1);
	assert_int_equal(peer.requests, 0);
}

static void on_refused(void *arg, int err, struct slice sdp, const char *why)
{
	(void)arg;
	(void)sdp;
	offered++;
	assert_int_equal(err, EREMOTEIO);
	assert_string_equal(why, "Ran out of\\u000aports");
}

static void test_relay_refuses(void **state)
{
	struct media *m = media_make();

	(void)state;
	peer_open();
	peer.mute = true;
	assert_int_equal(media_offer(m, REPORT_LEG_A, SLICE_LIT("v=0"), NULL,
				     on_refused, NULL), 0);
	pass(1);
	turn();
	peer_say(peer.cookie[0], "d6:result5:error12:error-reason"
				 "16:Ran out of\nportse");
	turn();
	assert_int_equal(offered, 1);
	assert_int_equal(core.counters[COUNTER_RELAY_ERRORS], 1);
	media_close(m, NULL, NULL);
	relay_close(core.relay);
	core.relay = NULL;
	media_free(m);
}

static void test_stats(void **state)
{
	static const char text[] =
		"{\"result\":\"ok\",\"tags\":{"
		"\"a\":{\"medias\":[{\"security\":\"dtls-srtp\",\"streams\":["
		"{\"crypto suite\":\"AEAD_AES_128_GCM\",\"DTLS\":{"
		"\"version\":\"DTLSv1.2\",\"cipher\":\"ECDHE\","
		"\"peer fingerprint\":\"sha-256 AB:CD\",\"verified\":true},"
		"\"stats\":{\"packets\":7,\"bytes\":700,\"errors\":1}},"
		"{\"stats\":{\"packets\":99}}]}]},"
		"\"b\":{\"medias\":[]}}}";
	struct value_pool pool = VALUE_POOL_INIT;
	struct media_stats stats;
	struct value *v;

	(void)state;
	assert_int_equal(value_parse(&pool, slice_str(text), NULL, &v), 0);
	media_stats_parse(v, &stats);
	assert_string_equal(stats.side[0].security, "dtls-srtp");
	assert_string_equal(stats.side[0].suite, "AEAD_AES_128_GCM");
	assert_string_equal(stats.side[0].dtls_version, "DTLSv1.2");
	assert_string_equal(stats.side[0].peer_fingerprint, "sha-256 AB:CD");
	assert_true(stats.side[0].dtls_verified);
	assert_int_equal(stats.side[0].packets, 7);
	assert_int_equal(stats.side[0].octets, 700);
	assert_int_equal(stats.side[1].packets, 0);
	assert_string_equal(stats.side[1].security, "");
	value_pool_fini(&pool);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answers_find_their_request),
		TEST(test_silence_is_asked_five_times),
		TEST(test_relay_comes_up_late),
		TEST(test_relay_restarts),
		TEST(test_garbage_closes_the_connection),
		TEST(test_forgotten),
		TEST(test_offer_then_delete),
		TEST(test_late_answer_is_deleted),
		TEST(test_nothing_asked_nothing_deleted),
		TEST(test_relay_refuses),
		TEST(test_stats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
