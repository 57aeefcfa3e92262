/* test_sip_transport.c: real sockets on the loopback, libre's loop: datagrams,
 * connections, limits, deadlines. The test's own peers are plain sockets. */
#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <re_types.h>
#include <re_fmt.h>
#include <re_main.h>
#include <re_mem.h>
#include <re_list.h>
#include <re_tmr.h>

#include "b2bua/sip/message.h"
#include "b2bua/sip/transport.h"

struct fixture {
	struct wheel *wheel;
	struct transport *t;
	struct flow *flow; /* of the last message */
	char last[70000];
	size_t last_n;
	unsigned messages, garbage, downs;
	int down_err;
	unsigned want; /* messages to wait for */
	struct wheel_timer stop;
	struct flow_watch watch;
};

static int realm;

static void on_receive(void *arg, struct flow *flow, struct slice octets)
{
	struct fixture *f = arg;

	mem_deref(f->flow);
	f->flow = mem_ref(flow);
	assert_true(octets.n < sizeof(f->last));
	memcpy(f->last, octets.p, octets.n);
	f->last_n = octets.n;
	if (++f->messages >= f->want)
		re_cancel();
}

static void on_garbage(void *arg, struct flow *flow, struct slice head)
{
	struct fixture *f = arg;
	(void)head;

	f->garbage++;
	assert_int_equal(flow_send(flow, SLICE_LIT("SIP/2.0 400 X\r\n\r\n")),
			 0);
}

static const struct transport_ops ops = {.receive = on_receive,
					 .garbage = on_garbage};

static void on_stop(void *arg)
{
	(void)arg;
	re_cancel();
}

/* Runs the loop until `want` messages came, or for ms. */
static void run(struct fixture *f, unsigned want, unsigned ms)
{
	f->want = f->messages + (want ? want : 1000000);
	wheel_start(f->wheel, &f->stop, ms, on_stop, f);
	assert_int_equal(re_main(NULL), 0);
	wheel_stop(f->wheel, &f->stop);
}

static int setup(void **state)
{
	struct transport_conf conf = {.per_source_max = 5,
		.connections_max = 12, .message_ms = 150, .first_ms = 200,
		.idle_ms = 400, .connect_ms = 200};
	struct fixture *f = calloc(1, sizeof(*f));

	assert_int_equal(libre_init(), 0);
	assert_int_equal(wheel_new(&f->wheel, false), 0);
	assert_int_equal(transport_new(&f->t, f->wheel, &conf, &ops, f), 0);
	assert_int_equal(transport_listen(f->t, &realm, "udp:127.0.0.1:0",
					  NULL), 0);
	assert_int_equal(transport_listen(f->t, &realm, "tcp:127.0.0.1:0",
					  "sbc.example:5099"), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	transport_free(f->t);
	mem_deref(f->flow); /* may outlive the transport */
	wheel_free(f->wheel);
	libre_close();
	free(f);
	return 0;
}

/* A peer's socket on 127.0.0.`host`, connected to our n-th listener. */
static int peer_open(struct fixture *f, int type, unsigned n, int host)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	int fd = socket(AF_INET, type, 0);

	assert_true(fd >= 0);
	a.sin_addr.s_addr = htonl(0x7f000000 + (unsigned)host);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	a.sin_addr.s_addr = htonl(0x7f000001);
	a.sin_port = htons(transport_port(f->t, n));
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static int udp_open(struct fixture *f)
{
	return peer_open(f, SOCK_DGRAM, 0, 1);
}

static int tcp_open(struct fixture *f)
{
	return peer_open(f, SOCK_STREAM, 1, 1);
}

static void say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* -1: nothing; 0: closed */
static ssize_t hear(int fd, char *to, size_t size)
{
	ssize_t n = read(fd, to, size - 1);

	if (n >= 0)
		to[n] = 0;
	return n < 0 && errno == ECONNRESET ? 0 : n;
}

#define MESSAGE \
	"OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/TCP h\r\n" \
	"Content-Length: 2\r\n\r\nab"

static void datagrams(void **state)
{
	struct fixture *f = *state;
	int fd = udp_open(f);
	char buf[100];

	say(fd, MESSAGE);
	run(f, 1, 1000);
	assert_int_equal(f->messages, 1);
	assert_int_equal(f->flow->kind, FLOW_UDP);
	assert_ptr_equal(f->flow->realm, &realm);
	snprintf(buf, sizeof(buf), "127.0.0.1:%u", transport_port(f->t, 0));
	assert_string_equal(f->flow->sent_by, buf);
	assert_int_equal(flow_send(f->flow, SLICE_LIT("answer")), 0);
	run(f, 0, 20);
	assert_int_equal(hear(fd, buf, sizeof(buf)), 6);
	close(fd);
}

/* PASSporTs make long messages: nothing is cut. */
static void long_datagram(void **state)
{
	struct fixture *f = *state;
	int fd = udp_open(f), size = 1 << 20;
	char *big = malloc(65507);

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	memset(big, 'x', 65507);
	assert_int_equal(write(fd, big, 65507), 65507);
	run(f, 1, 1000);
	assert_int_equal(f->last_n, 65507);
	free(big);
	close(fd);
}

static void stream(void **state)
{
	struct fixture *f = *state;
	int fd = tcp_open(f);
	char buf[100];

	say(fd, MESSAGE MESSAGE);
	say(fd, "OPTIONS sip:h SIP/2.0\r\nContent-Le");
	run(f, 2, 1000);
	assert_int_equal(f->messages, 2);
	say(fd, "ngth: 0\r\n\r\n");
	run(f, 1, 1000);
	assert_int_equal(f->messages, 3);
	assert_int_equal(f->flow->kind, FLOW_TCP);
	assert_string_equal(f->flow->sent_by, "sbc.example:5099");
	assert_int_equal(flow_send(f->flow, SLICE_LIT("answer")), 0);
	say(fd, "\r\n\r\n"); /* RFC 5626 ping */
	run(f, 0, 50);
	assert_int_equal(hear(fd, buf, sizeof(buf)), 8);
	assert_string_equal(buf, "answer\r\n");
	close(fd);
}

/* The five of the threat table, over a real connection: 400, closed, and the
 * request behind it is never seen. */
static void smuggling(void **state)
{
	static const char *const length[] = {
		"Content-Length: 4294967296\r\n", "Content-Length: 174x\r\n",
		"Content-Length: -174\r\n",
		"Content-Length: 174\r\nContent-Length: 0\r\n",
		"Content-Length:\r\n",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(length) / sizeof(length[0]); i++) {
		int fd = tcp_open(f);
		char text[1024], buf[100];

		snprintf(text, sizeof(text), "OPTIONS sip:h SIP/2.0\r\n"
			 "Via: SIP/2.0/TCP h\r\n%s\r\n" MESSAGE, length[i]);
		say(fd, text);
		run(f, 0, 50);
		assert_int_equal(f->garbage, i + 1);
		assert_true(hear(fd, buf, sizeof(buf)) > 0);
		assert_true(strncmp(buf, "SIP/2.0 400", 11) == 0);
		assert_int_equal(hear(fd, buf, sizeof(buf)), 0);
		say(fd, MESSAGE);
		run(f, 0, 20);
		close(fd);
	}
	assert_int_equal(f->messages, 0);
}

static void deadlines(void **state)
{
	struct fixture *f = *state;
	int silent = tcp_open(f), slow = tcp_open(f), idle = tcp_open(f);
	struct transport_stats st;
	char buf[16];

	say(idle, MESSAGE);
	say(slow, MESSAGE);
	run(f, 2, 1000);
	for (int i = 0; i < 10; i++) { /* an octet now and then */
		(void)!write(slow, "O", 1);
		run(f, 0, 30);
	}
	assert_int_equal(hear(silent, buf, sizeof(buf)), 0);
	assert_int_equal(hear(slow, buf, sizeof(buf)), 0);
	assert_int_equal(hear(idle, buf, sizeof(buf)), -1);
	transport_stats_get(f->t, &st);
	assert_int_equal(st.deadline, 2);
	assert_int_equal(st.connections, 1);
	run(f, 0, 300);
	assert_int_equal(hear(idle, buf, sizeof(buf)), 0);
	close(silent);
	close(slow);
	close(idle);
}

static void caps(void **state)
{
	struct fixture *f = *state;
	struct transport_stats st;
	int fd[17], good = tcp_open(f);
	char buf[16];
	unsigned n = 0;

	say(good, MESSAGE);
	run(f, 1, 1000);
	/* Of one source: five, the first of them included. */
	for (int i = 0; i < 6; i++)
		fd[n++] = tcp_open(f);
	run(f, 0, 30);
	transport_stats_get(f->t, &st);
	assert_int_equal(st.connections, 5);
	assert_int_equal(st.refused_source, 2);
	/* In all: twelve; a new one pushes out a silent one. */
	for (int i = 0; i < 10; i++)
		fd[n++] = peer_open(f, SOCK_STREAM, 1, 2 + i / 4);
	run(f, 0, 30);
	transport_stats_get(f->t, &st);
	assert_int_equal(st.connections, 12);
	assert_true(st.refused_total > 0);
	assert_int_equal(hear(good, buf, sizeof(buf)), -1);
	fd[n] = peer_open(f, SOCK_STREAM, 1, 9);
	say(fd[n++], MESSAGE);
	run(f, 1, 1000);
	assert_int_equal(f->messages, 2);
	while (n)
		close(fd[--n]);
	close(good);
	run(f, 0, 30);
	transport_stats_get(f->t, &st);
	assert_int_equal(st.connections, 0);
}

static void on_down(void *arg, int err)
{
	struct fixture *f = arg;

	f->downs++;
	f->down_err = err;
}

/* Flow and connection live and die apart. */
static void peer_goes_away(void **state)
{
	struct fixture *f = *state;
	struct linger hard = {1, 0};
	int fd = tcp_open(f);

	say(fd, MESSAGE);
	run(f, 1, 1000);
	flow_watch_add(f->flow, &f->watch, on_down, f);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd); /* RST */
	run(f, 0, 30);
	assert_int_equal(f->downs, 1);
	assert_int_equal(f->down_err, ECONNRESET);
	assert_int_equal(flow_send(f->flow, SLICE_LIT("x")), ENOTCONN);
}

/* Between two of our own sockets: connect, send before it is done, reuse by
 * both sides. */
static void connects_and_reuses(void **state)
{
	struct fixture *f = *state;
	struct flow *a, *b, *back;
	struct sa to;

	sa_set_str(&to, "127.0.0.1", transport_port(f->t, 1));
	assert_int_equal(transport_flow(f->t, &realm, FLOW_TCP, &to, &a), 0);
	assert_int_equal(flow_send(a, SLICE_LIT(MESSAGE)), 0);
	run(f, 1, 1000);
	assert_int_equal(f->messages, 1);
	assert_int_equal(transport_flow(f->t, &realm, FLOW_TCP, &to, &b), 0);
	assert_ptr_equal(a, b);
	/* The accepted end, found by the peer's address. */
	assert_int_equal(transport_flow(f->t, &realm, FLOW_TCP,
					&f->flow->peer, &back), 0);
	assert_ptr_equal(back, f->flow);
	assert_int_equal(transport_flow(f->t, f, FLOW_TCP, &to, &b), ENOENT);
	mem_deref(a);
	mem_deref(b);
	mem_deref(back);
}

static void connection_refused(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct flow *flow;
	struct sa to;

	a.sin_addr.s_addr = htonl(0x7f000001);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	sa_set_str(&to, "127.0.0.1", ntohs(a.sin_port)); /* nobody listens */
	assert_int_equal(transport_flow(f->t, &realm, FLOW_TCP, &to, &flow), 0);
	flow_watch_add(flow, &f->watch, on_down, f);
	run(f, 0, 50);
	assert_int_equal(f->downs, 1);
	assert_int_equal(f->down_err, ECONNREFUSED);
	mem_deref(flow);
	close(fd);
}

/* A peer that never reads: the queue has an end, and nothing is lost before. */
static void slow_reader(void **state)
{
	struct fixture *f = *state;
	int fd = tcp_open(f), err = 0;
	static char block[65536];
	size_t sent = 0, got = 0;

	say(fd, MESSAGE);
	run(f, 1, 1000);
	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 1000 && !err; i++) {
		err = flow_send(f->flow, slice_of(block, sizeof(block)));
		sent += err ? 0 : sizeof(block);
	}
	assert_int_equal(err, ENOBUFS);
	for (int i = 0; i < 200 && got < sent; i++) {
		ssize_t n;

		while ((n = read(fd, block, sizeof(block))) > 0)
			got += (size_t)n;
		run(f, 0, 2);
	}
	assert_int_equal(got, sent);
	close(fd);
}

/* RFC 3261 18.2.2, RFC 3581; maddr is ignored. */
static void where_replies_go(void **state)
{
	struct fixture *f = *state;
	struct flow *to;
	struct via via;
	int fd = udp_open(f);

	say(fd, MESSAGE);
	run(f, 1, 1000);
	via_parse(&via, SLICE_LIT("SIP/2.0/UDP h:7777;rport;maddr=9.9.9.9"));
	assert_int_equal(transport_reply_flow(f->t, f->flow, &via, &to), 0);
	assert_ptr_equal(to, f->flow);
	mem_deref(to);
	via_parse(&via, SLICE_LIT("SIP/2.0/UDP h:7777;maddr=9.9.9.9"));
	assert_int_equal(transport_reply_flow(f->t, f->flow, &via, &to), 0);
	assert_int_equal(sa_port(&to->peer), 7777);
	assert_true(sa_cmp(&to->peer, &f->flow->peer, SA_ADDR));
	mem_deref(to);
	via_parse(&via, SLICE_LIT("SIP/2.0/UDP h"));
	assert_int_equal(transport_reply_flow(f->t, f->flow, &via, &to), 0);
	assert_int_equal(sa_port(&to->peer), 5060);
	mem_deref(to);
	close(fd);
}

static void addresses_refused(void **state)
{
	static const struct {
		const char *address, *advertise;
		int want;
	} v[] = {
		{"127.0.0.1:5060", NULL, EINVAL},
		{"sctp:127.0.0.1:0", NULL, EINVAL},
		{"udp:127.0.0.1", NULL, EINVAL},
		{"udp:127.0.0.1:65536", NULL, EINVAL},
		{"udp:name:0", NULL, EINVAL},
		{"udp:0.0.0.0:0", NULL, EADDRNOTAVAIL},
		{"udp:0.0.0.0:0", "sbc.example", 0},
		{"udp:127.0.0.1:0", "a b", EINVAL},
		{"udp:127.0.0.1:0", "h:0", EINVAL},
		{"udp:[::1]:0", NULL, 0},
		{"tcp:[::1]:0", "[2001:db8::1]:5061", 0},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (transport_listen(f->t, &realm, v[i].address,
				     v[i].advertise) != v[i].want)
			fail_msg("%s", v[i].address);
}

/* Freed with everything open: what others hold stays, and is down. */
static void freed_under_flows(void **state)
{
	struct fixture *f = *state;
	struct flow *tcp;
	int a = tcp_open(f), b = udp_open(f);

	say(a, MESSAGE);
	run(f, 1, 1000);
	tcp = mem_ref(f->flow);
	say(b, MESSAGE);
	run(f, 1, 1000);
	transport_free(f->t);
	f->t = NULL;
	assert_int_equal(flow_send(tcp, SLICE_LIT("x")), ENOTCONN);
	assert_int_equal(flow_send(f->flow, SLICE_LIT("x")), ENOTCONN);
	mem_deref(tcp);
	close(a);
	close(b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(datagrams),
		TEST(long_datagram),
		TEST(stream),
		TEST(smuggling),
		TEST(deadlines),
		TEST(caps),
		TEST(peer_goes_away),
		TEST(connects_and_reuses),
		TEST(connection_refused),
		TEST(slow_reader),
		TEST(where_replies_go),
		TEST(addresses_refused),
		TEST(freed_under_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
