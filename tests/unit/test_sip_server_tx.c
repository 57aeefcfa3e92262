/* test_sip_server_tx.c: server transactions (RFC 3261 17.2, RFC 6026), and what
 * is answered without one. */
#include "unit.h"

#include "tests/unit/sip_tx.h"

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

/* Few requests, but large ones: memory has its own ceiling. */
static void full_of_octets(void **state)
{
	struct fixture *f = *state;
	static const char head[] =
		"OPTIONS sip:b@us.test SIP/2.0\r\n"
		"Via: SIP/2.0/UDP a.test;branch=z9hG4bK%d;rport\r\n"
		"From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n"
		"Call-ID: %d\r\nCSeq: 1 OPTIONS\r\n"
		"Content-Length: 8000\r\n\r\n%8000d";
	char text[9000];

	for (int i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), head, i, i, 0);
		receive(f, f->udp, text);
	}
	assert_int_equal(f->requests, 1);
	mock_status(f->udp, 503);
	server_tx_reply_plain(f->server, 200, NULL);
	wheel_advance(f->wheel, 32000);
	snprintf(text, sizeof(text), head, 3, 3, 0);
	receive(f, f->udp, text);
	assert_int_equal(f->requests, 2);
}

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
		TEST(full_of_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
