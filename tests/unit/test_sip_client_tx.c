/* test_sip_client_tx.c: client transactions (RFC 3261 17.1, RFC 6026). */
#include "unit.h"

#include "tests/unit/sip_tx.h"

static void on_response(void *arg, struct client_tx *tx, struct flow *flow,
			const struct message *resp)
{
	struct fixture *f = arg;
	(void)flow;

	assert_ptr_equal(tx, f->client);
	f->responses++;
	f->last_status = resp->status;
}

static void on_client_failed(void *arg, struct client_tx *tx, int err)
{
	struct fixture *f = arg;
	(void)tx;

	f->client_failed++;
	f->client_err = err;
}

static const struct client_tx_ops client_ops = {
	.response = on_response, .failed = on_client_failed,
};


#define OUT(method) \
	method " sip:b@peer.test SIP/2.0\r\nMax-Forwards: 70\r\n" \
	"From: <sip:a@us>;tag=mine\r\nTo: <sip:b@peer>\r\n" \
	"Call-ID: out\r\nCSeq: 5 " method "\r\nContent-Length: 0\r\n\r\n"

static const struct message *start(struct fixture *f, struct mock_flow *flow,
				   const char *text)
{
	struct client_tx_conf conf = {.flow = &flow->flow,
		.octets = slice_str(text), .ops = &client_ops, .arg = f};

	assert_int_equal(client_tx_start(&f->client, f->t, &conf), 0);
	return mock_next(flow);
}

static void respond(struct fixture *f, struct mock_flow *from,
		    const struct message *req, unsigned status,
		    const char *tag)
{
	char text[2048];

	snprintf(text, sizeof(text), "SIP/2.0 %u X\r\nVia: %.*s\r\n"
		 "From: <sip:a@us>;tag=mine\r\nTo: <sip:b@peer>%s%s\r\n"
		 "Call-ID: out\r\nCSeq: %u %.*s\r\nContent-Length: 0\r\n\r\n",
		 status, SLICE(req->via.octets), *tag ? ";tag=" : "", tag,
		 req->cseq, SLICE(req->method_name));
	receive(f, from, text);
}

/* Timers A and B */
static void invite_repeated_and_given_up(void **state)
{
	static const unsigned at[] = {500, 1000, 2000, 4000, 8000, 16000};
	struct fixture *f = *state;
	const struct message *m = start(f, f->udp, OUT("INVITE"));

	assert_true(via_is_3261(&m->via));
	assert_true(m->via.rport);
	assert_true(slice_eq_str(m->via.host, "us.test"));
	assert_int_equal(m->via.port, 5060);
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		wheel_advance(f->wheel, at[i] - 1);
		mock_silent(f->udp);
		wheel_advance(f->wheel, 1);
		assert_true(slice_eq(mock_request(f->udp, "INVITE")->octets,
				     m->octets));
	}
	wheel_advance(f->wheel, 499);
	assert_int_equal(f->client_failed, 0);
	wheel_advance(f->wheel, 1);
	assert_int_equal(f->client_failed, 1);
	assert_int_equal(f->client_err, ETIMEDOUT);
	wheel_advance(f->wheel, 100000);
	mock_silent(f->udp);
}

static void invite_over_tcp_is_sent_once(void **state)
{
	struct fixture *f = *state;
	const struct message *m = start(f, f->tcp, OUT("INVITE"));

	assert_true(slice_eq_str(m->via.transport, "TCP"));
	wheel_advance(f->wheel, 31999);
	mock_silent(f->tcp);
	wheel_advance(f->wheel, 1);
	assert_int_equal(f->client_failed, 1);
}

static void short_timer_b(void **state)
{
	struct fixture *f = *state;
	struct client_tx_conf conf = {.flow = &f->udp->flow,
		.octets = SLICE_LIT(OUT("INVITE")), .ops = &client_ops,
		.arg = f, .timer_b_ms = 3000};

	assert_int_equal(client_tx_start(&f->client, f->t, &conf), 0);
	wheel_advance(f->wheel, 3000);
	assert_int_equal(f->client_failed, 1);
}

/* Timers E and F */
static void other_repeated_and_given_up(void **state)
{
	static const unsigned at[] = {500, 1000, 2000, 4000, 4000, 4000, 4000,
				      4000, 4000, 4000};
	struct fixture *f = *state;

	start(f, f->udp, OUT("BYE"));
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		wheel_advance(f->wheel, at[i] - 1);
		mock_silent(f->udp);
		wheel_advance(f->wheel, 1);
		mock_request(f->udp, "BYE");
	}
	wheel_advance(f->wheel, 500);
	assert_int_equal(f->client_err, ETIMEDOUT);
}

static void other_provisional_slows_down(void **state)
{
	struct fixture *f = *state;
	const struct message *m = start(f, f->udp, OUT("OPTIONS"));

	respond(f, f->udp, m, 100, "");
	assert_int_equal(f->last_status, 100);
	wheel_advance(f->wheel, 500);
	mock_request(f->udp, "OPTIONS");
	wheel_advance(f->wheel, 3999);
	mock_silent(f->udp);
	wheel_advance(f->wheel, 1);
	mock_request(f->udp, "OPTIONS");
	respond(f, f->udp, m, 200, "t");
	assert_int_equal(f->responses, 2);
	respond(f, f->udp, m, 200, "t"); /* Timer K absorbs */
	assert_int_equal(f->responses, 2);
	assert_int_equal(f->stray_responses, 0);
	wheel_advance(f->wheel, 5000);
	respond(f, f->udp, m, 200, "t");
	assert_int_equal(f->stray_responses, 1);
	mock_silent(f->udp);
}

/* Timer D: each repetition of the failure has its ACK again. */
static void failure_is_acked(void **state)
{
	struct fixture *f = *state;
	const struct message *m = start(f, f->udp, OUT("INVITE")), *ack;

	respond(f, f->udp, m, 180, "t");
	respond(f, f->udp, m, 486, "t");
	ack = mock_request(f->udp, "ACK");
	assert_true(slice_eq(ack->via.octets, m->via.octets));
	assert_true(slice_eq_str(ack->to.tag, "t"));
	assert_int_equal(f->responses, 2);
	wheel_advance(f->wheel, 31999);
	respond(f, f->udp, m, 486, "t");
	mock_request(f->udp, "ACK");
	assert_int_equal(f->responses, 2);
	wheel_advance(f->wheel, 1);
	respond(f, f->udp, m, 486, "t");
	mock_silent(f->udp);
	assert_int_equal(f->stray_responses, 1);
}

/* RFC 6026: forks and repetitions reach the TU for 64 T1, then as strays. */
static void every_success_is_told(void **state)
{
	struct fixture *f = *state;
	const struct message *m = start(f, f->udp, OUT("INVITE"));

	respond(f, f->udp, m, 200, "one");
	respond(f, f->udp, m, 200, "one");
	respond(f, f->udp, m, 200, "two");
	assert_int_equal(f->responses, 3);
	respond(f, f->udp, m, 486, "three");
	respond(f, f->udp, m, 180, "three");
	assert_int_equal(f->responses, 3);
	mock_silent(f->udp); /* the ACK is the TU's */
	wheel_advance(f->wheel, 32000);
	respond(f, f->udp, m, 200, "one");
	assert_int_equal(f->responses, 3);
	assert_int_equal(f->stray_responses, 1);
}

static void released_success_is_stray(void **state)
{
	struct fixture *f = *state;
	const struct message *m = start(f, f->udp, OUT("INVITE"));

	client_tx_release(f->client);
	f->client = NULL;
	respond(f, f->udp, m, 180, "t");
	assert_int_equal(f->stray_responses, 0);
	respond(f, f->udp, m, 200, "t");
	assert_int_equal(f->stray_responses, 1);
	assert_int_equal(f->responses, 0);
}

static void cancel_waits_for_the_provisional(void **state)
{
	struct fixture *f = *state;
	const struct message *m = start(f, f->udp, OUT("INVITE")), *cancel;

	assert_int_equal(client_tx_cancel(f->client,
		SLICE_LIT("Reason: SIP;cause=200\r\n")), 0);
	mock_silent(f->udp);
	assert_int_equal(client_tx_cancel(f->client, SLICE_NONE), EALREADY);
	respond(f, f->udp, m, 100, "");
	cancel = mock_request(f->udp, "CANCEL");
	assert_true(slice_eq(cancel->via.octets, m->via.octets));
	assert_non_null(message_header(cancel, HEADER_REASON));
	respond(f, f->udp, cancel, 200, "t"); /* nobody's business */
	assert_int_equal(f->responses, 1);
	respond(f, f->udp, m, 487, "t");
	mock_request(f->udp, "ACK");
	assert_int_equal(f->last_status, 487);
	assert_int_equal(f->stray_responses, 0);
}

static void cancel_crossed_by_success(void **state)
{
	struct fixture *f = *state;
	const struct message *m = start(f, f->udp, OUT("INVITE"));

	client_tx_cancel(f->client, SLICE_NONE);
	respond(f, f->udp, m, 200, "t");
	assert_int_equal(f->last_status, 200);
	wheel_advance(f->wheel, 20000);
	mock_silent(f->udp); /* no CANCEL after a final response */
}

/* RFC 3261 9.1: no final response in 64 T1 after the CANCEL. */
static void cancel_ignored(void **state)
{
	struct fixture *f = *state;
	const struct message *m = start(f, f->udp, OUT("INVITE"));

	respond(f, f->udp, m, 180, "t");
	client_tx_cancel(f->client, SLICE_NONE);
	wheel_advance(f->wheel, 31999);
	assert_int_equal(f->client_failed, 0);
	wheel_advance(f->wheel, 1);
	assert_int_equal(f->client_failed, 1);
}

/* Timer C: rings three minutes, is cancelled; each provisional starts anew. */
static void timer_c(void **state)
{
	struct fixture *f = *state;
	const struct message *m = start(f, f->tcp, OUT("INVITE"));

	respond(f, f->tcp, m, 180, "t");
	wheel_advance(f->wheel, 179999);
	respond(f, f->tcp, m, 183, "t");
	wheel_advance(f->wheel, 179999);
	mock_silent(f->tcp);
	wheel_advance(f->wheel, 1);
	mock_request(f->tcp, "CANCEL");
	respond(f, f->tcp, m, 487, "t");
	mock_request(f->tcp, "ACK");
	assert_int_equal(f->client_failed, 0);
}

/* A response that only nearly belongs here belongs to nobody. */
static void near_responses(void **state)
{
	static const char *const v[] = {
		"SIP/2.0 200 OK\r\nVia: %s\r\nVia: SIP/2.0/UDP x\r\n"
		"From: <sip:a@us>;tag=mine\r\nTo: <sip:b@p>;tag=t\r\n"
		"Call-ID: out\r\nCSeq: 5 INVITE\r\nContent-Length: 0\r\n\r\n",
		"SIP/2.0 200 OK\r\nVia: %s\r\n"
		"From: <sip:a@us>;tag=your\r\nTo: <sip:b@p>;tag=t\r\n"
		"Call-ID: out\r\nCSeq: 5 INVITE\r\nContent-Length: 0\r\n\r\n",
		"SIP/2.0 200 OK\r\nVia: %s\r\n"
		"From: <sip:a@us>;tag=mine\r\nTo: <sip:b@p>;tag=t\r\n"
		"Call-ID: out2\r\nCSeq: 5 INVITE\r\nContent-Length: 0\r\n\r\n",
		"SIP/2.0 200 OK\r\nVia: %s\r\n"
		"From: <sip:a@us>;tag=mine\r\nTo: <sip:b@p>;tag=t\r\n"
		"Call-ID: out\r\nCSeq: 6 INVITE\r\nContent-Length: 0\r\n\r\n",
		"SIP/2.0 200 OK\r\nVia: %s\r\n"
		"From: <sip:a@us>;tag=mine\r\nTo: <sip:b@p>;tag=t\r\n"
		"Call-ID: out\r\nCSeq: 5 BYE\r\nContent-Length: 0\r\n\r\n",
	};
	struct fixture *f = *state;
	const struct message *m = start(f, f->udp, OUT("INVITE"));
	char via[256], text[1024];

	snprintf(via, sizeof(via), "%.*s", SLICE(m->via.octets));
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, sizeof(text), v[i], via);
#pragma GCC diagnostic pop
		receive(f, f->udp, text);
	}
	assert_int_equal(f->responses, 0);
}

static void sending_fails(void **state)
{
	struct fixture *f = *state;

	f->tcp->err = ECONNREFUSED;
	start(f, f->tcp, OUT("INVITE"));
	assert_int_equal(f->client_failed, 0); /* not from inside start */
	wheel_advance(f->wheel, 1);
	assert_int_equal(f->client_failed, 1);
	assert_int_equal(f->client_err, ECONNREFUSED);
}

/* The connection goes: before any answer that is the end, after one the peer
 * may still come back by a connection of its own. */
static void connection_lost(void **state)
{
	struct fixture *f = *state;
	struct mock_flow *other = mock_flow(FLOW_TCP, "192.0.2.1", 40001);
	const struct message *m = start(f, f->tcp, OUT("INVITE"));

	respond(f, f->tcp, m, 180, "t");
	flow_fail(&f->tcp->flow, ECONNRESET);
	assert_int_equal(f->client_failed, 0);
	respond(f, other, m, 200, "t");
	assert_int_equal(f->last_status, 200);
	client_tx_release(f->client);
	f->client = NULL;
	start(f, other, OUT("INVITE"));
	flow_fail(&other->flow, ECONNRESET);
	assert_int_equal(f->client_err, ECONNRESET);
	mem_deref(other);
}

static void no_request_no_transaction(void **state)
{
	struct fixture *f = *state;
	struct client_tx_conf conf = {.flow = &f->udp->flow,
		.ops = &client_ops, .arg = f};

	conf.octets = SLICE_LIT("INVITE sip:b@peer SIP/2.0\r\n\r\n");
	assert_int_equal(client_tx_start(&f->client, f->t, &conf), EBADMSG);
	conf.octets = SLICE_LIT("no line end");
	assert_int_equal(client_tx_start(&f->client, f->t, &conf), EBADMSG);
	assert_null(f->client);
	mock_silent(f->udp);
}

static void too_many_clients(void **state)
{
	struct fixture *f = *state;
	struct client_tx_conf conf = {.flow = &f->udp->flow,
		.octets = SLICE_LIT(OUT("BYE")), .ops = &client_ops, .arg = f};
	struct client_tx *v[3], *more;

	for (int i = 0; i < 3; i++)
		assert_int_equal(client_tx_start(&v[i], f->t, &conf), 0);
	assert_int_equal(client_tx_start(&more, f->t, &conf), ENFILE);
	for (int i = 0; i < 3; i++)
		client_tx_release(v[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(invite_repeated_and_given_up),
		TEST(invite_over_tcp_is_sent_once),
		TEST(short_timer_b),
		TEST(other_repeated_and_given_up),
		TEST(other_provisional_slows_down),
		TEST(failure_is_acked),
		TEST(every_success_is_told),
		TEST(released_success_is_stray),
		TEST(cancel_waits_for_the_provisional),
		TEST(cancel_crossed_by_success),
		TEST(cancel_ignored),
		TEST(timer_c),
		TEST(near_responses),
		TEST(sending_fails),
		TEST(connection_lost),
		TEST(no_request_no_transaction),
		TEST(too_many_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
