/* test_sip_transaction.c: the state machines of RFC 3261 17 and RFC 6026, on
 * flows in memory and a clock that the test moves. */
#include "unit.h"

#include "b2bua/sip/transaction.h"
#include "tests/unit/sip_mock.h"

struct fixture {
	struct wheel *wheel;
	struct transactions *t;
	struct mock_flow *udp, *tcp, *stranger;
	struct server_tx *server;
	struct client_tx *client;
	unsigned requests, cancels, acks, stray_acks, stray_responses;
	unsigned server_failed, client_failed;
	unsigned responses, last_status;
	int admit, client_err, admit_null;
	bool refuse_ack;
};

static int on_admit(void *arg, struct flow *flow, const struct message *req)
{
	struct fixture *f = arg;
	(void)flow;

	return req ? f->admit : f->admit_null;
}

static void on_cancel(void *arg, struct server_tx *tx,
		      const struct message *cancel)
{
	struct fixture *f = arg;

	assert_int_equal(cancel->method, METHOD_CANCEL);
	f->cancels++;
	server_tx_reply_plain(tx, 487, NULL);
}

static bool on_ack(void *arg, struct server_tx *tx, struct flow *flow,
		   const struct message *ack)
{
	struct fixture *f = arg;
	(void)tx, (void)flow;

	assert_int_equal(ack->method, METHOD_ACK);
	if (f->refuse_ack)
		return false;
	f->acks++;
	return true;
}

static void on_server_failed(void *arg, struct server_tx *tx, int err)
{
	struct fixture *f = arg;
	(void)tx;

	assert_int_equal(err, ETIMEDOUT);
	f->server_failed++;
}

static const struct server_tx_ops server_ops = {
	.cancel = on_cancel, .ack = on_ack, .failed = on_server_failed,
};

static void on_request(void *arg, struct server_tx *tx)
{
	struct fixture *f = arg;

	f->requests++;
	mem_deref(f->server);
	f->server = mem_ref(tx);
	server_tx_watch(tx, &server_ops, f);
}

static void on_stray_ack(void *arg, struct flow *flow,
			 const struct message *ack)
{
	struct fixture *f = arg;
	(void)flow, (void)ack;

	f->stray_acks++;
}

static void on_stray_response(void *arg, struct flow *flow,
			      const struct message *resp)
{
	struct fixture *f = arg;
	(void)flow, (void)resp;

	f->stray_responses++;
}

static const struct transaction_ops ops = {
	.admit = on_admit, .request = on_request, .stray_ack = on_stray_ack,
	.stray_response = on_stray_response,
};

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

static int setup(void **state)
{
	struct transaction_conf conf = {.servers_max = 3, .clients_max = 3};
	struct fixture *f = calloc(1, sizeof(*f));

	assert_int_equal(wheel_new(&f->wheel, true), 0);
	assert_int_equal(transactions_new(&f->t, f->wheel, &conf, &ops, f), 0);
	f->udp = mock_flow(FLOW_UDP, "192.0.2.1", 5070);
	f->tcp = mock_flow(FLOW_TCP, "192.0.2.1", 40000);
	f->stranger = mock_flow(FLOW_UDP, "192.0.2.66", 5070);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_deref(f->server);
	if (f->client)
		client_tx_release(f->client);
	transactions_free(f->t);
	assert_int_equal(wheel_pending(f->wheel), 0);
	wheel_free(f->wheel);
	mem_deref(f->udp);
	mem_deref(f->tcp);
	mem_deref(f->stranger);
	free(f);
	return 0;
}

static void receive(struct fixture *f, struct mock_flow *from,
		    const char *text)
{
	transactions_receive(f->t, &from->flow, slice_str(text));
}

/* branch, To with tag, CSeq */
#define REQUEST(method, branch, to, cseq) \
	method " sip:b@us.test SIP/2.0\r\n" \
	"Via: SIP/2.0/UDP a.test;branch=" branch ";rport\r\n" \
	"Max-Forwards: 70\r\n" \
	"From: <sip:a@h>;tag=1\r\n" \
	"To: <sip:b@h>" to "\r\n" \
	"Call-ID: c\r\n" \
	"CSeq: " cseq " " method "\r\n" \
	"Content-Length: 0\r\n\r\n"
#define INVITE REQUEST("INVITE", "z9hG4bKa", "", "1")
#define OPTIONS REQUEST("OPTIONS", "z9hG4bKo", "", "1")

static void ack_of_server(struct fixture *f, struct mock_flow *from,
			  const char *branch, const char *tag)
{
	char text[1024];

	snprintf(text, sizeof(text), "ACK sip:b@us.test SIP/2.0\r\n"
		 "Via: SIP/2.0/UDP a.test;branch=%s;rport\r\n"
		 "From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=%s\r\n"
		 "Call-ID: c\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n",
		 branch, tag);
	receive(f, from, text);
}

static void trying_after_200_ms(void **state)
{
	struct fixture *f = *state;

	receive(f, f->udp, INVITE);
	assert_int_equal(f->requests, 1);
	wheel_advance(f->wheel, 199);
	mock_silent(f->udp);
	wheel_advance(f->wheel, 1);
	assert_null(mock_status(f->udp, 100)->to.tag.p);
	/* The INVITE again: the 100 again, and no second call. */
	receive(f, f->udp, INVITE);
	mock_status(f->udp, 100);
	assert_int_equal(f->requests, 1);
	server_tx_reply_plain(f->server, 180, NULL);
	assert_true(mock_status(f->udp, 180)->to.tag.n > 0);
	wheel_advance(f->wheel, 100000);
	mock_silent(f->udp);
}

static void no_trying_for_others(void **state)
{
	struct fixture *f = *state;

	receive(f, f->udp, OPTIONS);
	wheel_advance(f->wheel, 10000);
	mock_silent(f->udp);
	receive(f, f->udp, OPTIONS);
	mock_silent(f->udp);
}

/* Timer G: T1, 2 T1, ... T2; ACK; Timer I. */
static void failure_repeated_until_ack(void **state)
{
	static const unsigned at[] = {500, 1000, 2000, 4000, 4000, 4000};
	struct fixture *f = *state;
	struct slice tag;
	char text[64];

	receive(f, f->udp, INVITE);
	assert_int_equal(server_tx_reply_plain(f->server, 486, NULL), 0);
	mock_status(f->udp, 486);
	assert_int_equal(server_tx_reply_plain(f->server, 200, NULL), EALREADY);
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		wheel_advance(f->wheel, at[i] - 1);
		mock_silent(f->udp);
		wheel_advance(f->wheel, 1);
		mock_status(f->udp, 486);
	}
	receive(f, f->udp, INVITE);
	mock_status(f->udp, 486);
	tag = server_tx_tag(f->server);
	snprintf(text, sizeof(text), "%.*s", SLICE(tag));
	ack_of_server(f, f->udp, "z9hG4bKa", text);
	receive(f, f->udp, INVITE);
	wheel_advance(f->wheel, 4999);
	receive(f, f->udp, INVITE);
	ack_of_server(f, f->udp, "z9hG4bKa", text);
	mock_silent(f->udp);
	assert_int_equal(f->acks + f->stray_acks, 0);
	assert_int_equal(f->requests, 1);
	wheel_advance(f->wheel, 1);
	receive(f, f->udp, INVITE); /* Timer I is over: a new one */
	assert_int_equal(f->requests, 2);
	assert_int_equal(f->server_failed, 0);
}

static void failure_never_acked(void **state)
{
	struct fixture *f = *state;

	receive(f, f->udp, INVITE);
	server_tx_reply_plain(f->server, 404, NULL);
	wheel_advance(f->wheel, 31999);
	assert_int_equal(f->server_failed, 0);
	wheel_advance(f->wheel, 1);
	assert_int_equal(f->server_failed, 1);
	assert_int_equal(server_tx_reply_plain(f->server, 200, NULL),
			 ESHUTDOWN);
}

static void failure_over_tcp_is_sent_once(void **state)
{
	struct fixture *f = *state;

	receive(f, f->tcp, INVITE);
	server_tx_reply_plain(f->server, 404, NULL);
	mock_status(f->tcp, 404);
	wheel_advance(f->wheel, 31000);
	mock_silent(f->tcp);
}

/* The 2xx is repeated on any transport until its ACK, which has a branch of
 * its own; INVITEs that come late are absorbed (RFC 6026). */
static void success_repeated_until_ack(void **state)
{
	struct fixture *f = *state;
	struct transaction_stats st;
	struct mock_flow *const flow[] = {f->udp, f->tcp};

	for (int i = 0; i < 2; i++) {
		char tag[64];

		receive(f, flow[i], INVITE);
		server_tx_reply_plain(f->server, 200, NULL);
		mock_status(flow[i], 200);
		snprintf(tag, sizeof(tag), "%.*s",
			 SLICE(server_tx_tag(f->server)));
		wheel_advance(f->wheel, 500);
		mock_status(flow[i], 200);
		wheel_advance(f->wheel, 1000);
		mock_status(flow[i], 200);
		receive(f, flow[i], INVITE);
		mock_silent(flow[i]);
		/* Not from whom it must come. */
		f->refuse_ack = true;
		ack_of_server(f, f->stranger, "z9hG4bKack", tag);
		f->refuse_ack = false;
		wheel_advance(f->wheel, 2000);
		mock_status(flow[i], 200);
		ack_of_server(f, flow[i], "z9hG4bKack", "other");
		assert_int_equal(f->stray_acks, i + 1);
		ack_of_server(f, flow[i], "z9hG4bKack", tag);
		ack_of_server(f, flow[i], "z9hG4bKack", tag);
		assert_int_equal(f->acks, i + 1);
		wheel_advance(f->wheel, 20000);
		receive(f, flow[i], INVITE);
		mock_silent(flow[i]);
		assert_int_equal(f->requests, i + 1);
		wheel_advance(f->wheel, 20000); /* Timer L */
		transactions_stats_get(f->t, &st);
		assert_int_equal(st.servers, 0);
		assert_int_equal(f->server_failed, 0);
	}
}

static void success_never_acked(void **state)
{
	struct fixture *f = *state;

	receive(f, f->tcp, INVITE);
	server_tx_reply(f->server, &(struct reply){.status = 200,
		.to_tag = SLICE_LIT("chosen")});
	assert_true(slice_eq_str(mock_status(f->tcp, 200)->to.tag, "chosen"));
	wheel_advance(f->wheel, 32000);
	assert_int_equal(f->server_failed, 1);
}

/* Timer J */
static void other_final_is_remembered(void **state)
{
	struct fixture *f = *state;

	receive(f, f->udp, OPTIONS);
	server_tx_reply_plain(f->server, 200, NULL);
	mock_status(f->udp, 200);
	wheel_advance(f->wheel, 31999);
	mock_silent(f->udp);
	receive(f, f->udp, OPTIONS);
	mock_status(f->udp, 200);
	assert_int_equal(f->requests, 1);
	wheel_advance(f->wheel, 1);
	receive(f, f->udp, OPTIONS);
	assert_int_equal(f->requests, 2);
}

static void cancelled(void **state)
{
	struct fixture *f = *state;
	const struct message *ok, *end;

	receive(f, f->udp, INVITE);
	server_tx_reply_plain(f->server, 180, NULL);
	mock_status(f->udp, 180);
	receive(f, f->udp, REQUEST("CANCEL", "z9hG4bKa", "", "1"));
	ok = mock_status(f->udp, 200);
	assert_int_equal(ok->method, METHOD_CANCEL);
	end = mock_status(f->udp, 487);
	assert_int_equal(end->method, METHOD_INVITE);
	assert_true(slice_eq(ok->to.tag, end->to.tag));
	assert_true(server_tx_cancelled(f->server));
	receive(f, f->udp, REQUEST("CANCEL", "z9hG4bKa", "", "1"));
	mock_status(f->udp, 200);
	assert_int_equal(f->cancels, 1);
}

/* A CANCEL with all the right words from the wrong place ends nothing. */
static void cancel_by_a_stranger(void **state)
{
	struct fixture *f = *state;
	struct mock_flow *port = mock_flow(FLOW_UDP, "192.0.2.1", 5071);

	receive(f, f->udp, INVITE);
	receive(f, f->stranger, REQUEST("CANCEL", "z9hG4bKa", "", "1"));
	mock_status(f->stranger, 481);
	receive(f, port, REQUEST("CANCEL", "z9hG4bKa", "", "1"));
	mock_status(port, 481);
	receive(f, f->udp, REQUEST("CANCEL", "z9hG4bKb", "", "1"));
	mock_status(f->udp, 481);
	assert_int_equal(f->cancels, 0);
	f->admit_null = -1; /* no word to strangers */
	receive(f, f->stranger, REQUEST("CANCEL", "z9hG4bKa", "", "1"));
	mock_silent(f->stranger);
	mem_deref(port);
}

static void cancel_after_the_answer(void **state)
{
	struct fixture *f = *state;

	receive(f, f->udp, INVITE);
	server_tx_reply_plain(f->server, 200, NULL);
	mock_status(f->udp, 200);
	receive(f, f->udp, REQUEST("CANCEL", "z9hG4bKa", "", "1"));
	mock_status(f->udp, 200);
	assert_int_equal(f->cancels, 0);
}

/* The same branch from another host is another transaction. */
static void branch_of_another_host(void **state)
{
	struct fixture *f = *state;

	receive(f, f->udp, OPTIONS);
	receive(f, f->stranger,
		"OPTIONS sip:b@us.test SIP/2.0\r\n"
		"Via: SIP/2.0/UDP a.test;branch=z9hG4bKo;rport\r\n"
		"From: <sip:x@h>;tag=9\r\nTo: <sip:b@h>\r\nCall-ID: d\r\n"
		"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(f->requests, 2);
}

static void merged(void **state)
{
	struct fixture *f = *state;

	receive(f, f->udp, INVITE);
	receive(f, f->udp, REQUEST("INVITE", "z9hG4bKother", "", "1"));
	mock_status(f->udp, 482);
	assert_int_equal(f->requests, 1);
	receive(f, f->udp, REQUEST("INVITE", "z9hG4bKother", "", "2"));
	assert_int_equal(f->requests, 2);
}

static void hops_are_used_up(void **state)
{
	struct fixture *f = *state;

	receive(f, f->udp, "INVITE sip:b@us.test SIP/2.0\r\n"
		"Via: SIP/2.0/UDP a.test;branch=z9hG4bKa;rport\r\n"
		"Max-Forwards: 0\r\n"
		"From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\n"
		"CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n");
	mock_status(f->udp, 483);
	assert_int_equal(f->requests, 0);
}

/* RFC 2543: no branch; matched by all the rest. */
static void old_peer(void **state)
{
	static const char invite[] = "INVITE sip:b@us.test SIP/2.0\r\n"
		"Via: SIP/2.0/UDP a.test;rport\r\nFrom: <sip:a@h>\r\n"
		"To: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
		"Content-Length: 0\r\n\r\n";
	char ack[1024];
	struct fixture *f = *state;

	receive(f, f->udp, invite);
	receive(f, f->udp, invite);
	assert_int_equal(f->requests, 1);
	server_tx_reply_plain(f->server, 486, NULL);
	mock_status(f->udp, 486);
	snprintf(ack, sizeof(ack), "ACK sip:b@us.test SIP/2.0\r\n"
		 "Via: SIP/2.0/UDP a.test;rport\r\nFrom: <sip:a@h>\r\n"
		 "To: <sip:b@h>;tag=%.*s\r\nCall-ID: c\r\nCSeq: 1 ACK\r\n"
		 "Content-Length: 0\r\n\r\n", SLICE(server_tx_tag(f->server)));
	receive(f, f->udp, ack);
	wheel_advance(f->wheel, 4000);
	mock_silent(f->udp);
	assert_int_equal(f->stray_acks, 0);
}

#define BAD REQUEST("INVITE", "z9hG4bKa", "\r\nContact: <sip:a@h", "1")

static void malformed_is_answered_without_state(void **state)
{
	struct fixture *f = *state;
	struct transaction_stats st;
	const struct message *m;

	receive(f, f->udp, BAD);
	m = mock_status(f->udp, 400);
	assert_true(slice_eq_str(m->reason, "Bad Contact"));
	receive(f, f->udp, "ACK sip:b@us.test SIP/2.0\r\n"
		"Via: SIP/2.0/UDP a.test\r\n\r\n");
	receive(f, f->udp, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a\r\n\r\n");
	receive(f, f->udp, "x");
	mock_silent(f->udp);
	transactions_stats_get(f->t, &st);
	assert_int_equal(st.servers, 0);
	assert_int_equal(st.malformed, 4);
	f->admit_null = -1;
	receive(f, f->udp, BAD);
	mock_silent(f->udp);
}

static void admission(void **state)
{
	struct fixture *f = *state;

	f->admit = 403;
	receive(f, f->udp, INVITE);
	mock_status(f->udp, 403);
	f->admit = -1;
	receive(f, f->udp, INVITE);
	mock_silent(f->udp);
	assert_int_equal(f->requests, 0);
}

static void full(void **state)
{
	struct fixture *f = *state;
	char text[1024];
	const struct message *m;

	for (int i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "OPTIONS sip:b@us.test SIP/2.0\r\n"
			 "Via: SIP/2.0/UDP a.test;branch=z9hG4bK%d;rport\r\n"
			 "From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n"
			 "Call-ID: %d\r\nCSeq: 1 OPTIONS\r\n"
			 "Content-Length: 0\r\n\r\n", i, i);
		receive(f, f->udp, text);
	}
	assert_int_equal(f->requests, 3);
	m = mock_status(f->udp, 503);
	assert_non_null(message_header(m, HEADER_RETRY_AFTER));
}

/* ---- client ------------------------------------------------------------ */

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(trying_after_200_ms),
		TEST(no_trying_for_others),
		TEST(failure_repeated_until_ack),
		TEST(failure_never_acked),
		TEST(failure_over_tcp_is_sent_once),
		TEST(success_repeated_until_ack),
		TEST(success_never_acked),
		TEST(other_final_is_remembered),
		TEST(cancelled),
		TEST(cancel_by_a_stranger),
		TEST(cancel_after_the_answer),
		TEST(branch_of_another_host),
		TEST(merged),
		TEST(hops_are_used_up),
		TEST(old_peer),
		TEST(malformed_is_answered_without_state),
		TEST(admission),
		TEST(full),
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
