/* test_sip_dialog.c: RFC 3261 12: state from messages, requests from state. */
#include "unit.h"

#include "b2bua/sip/dialog.h"
#include "tests/unit/sip_mock.h"

struct fixture {
	struct dialogs *ds;
	struct wheel *wheel;
	struct transactions *t;
	struct mock_flow *flow;
};

static int setup(void **state)
{
	static const struct transaction_ops none;
	struct fixture *f = calloc(1, sizeof(*f));

	assert_int_equal(dialogs_new(&f->ds), 0);
	assert_int_equal(wheel_new(&f->wheel, true), 0);
	assert_int_equal(transactions_new(&f->t, f->wheel, NULL, &none, f), 0);
	f->flow = mock_flow(FLOW_UDP, "192.0.2.1", 5070);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	transactions_free(f->t);
	wheel_free(f->wheel);
	dialogs_free(f->ds);
	mem_deref(f->flow);
	free(f);
	return 0;
}

static struct message *parse(const char *text)
{
	struct message *m;
	struct flaw flaw;

	if (message_parse(&m, text, strlen(text), true, &flaw))
		fail_msg("%s: %s", flaw.reason, text);
	return m;
}

#define VIA "Via: SIP/2.0/UDP a.test;branch=z9hG4bKa\r\n"
#define EMPTY "Content-Length: 0\r\n\r\n"
#define INVITE(more) \
	"INVITE sip:b@us SIP/2.0\r\n" VIA more \
	"From: \"A\" <sip:a@h>;tag=theirs\r\nTo: <sip:b@h>\r\n" \
	"Call-ID: c\r\nCSeq: 7 INVITE\r\n" EMPTY
#define CONTACT "Contact: <sip:a@192.0.2.1;x=y>;expires=9\r\n"
#define IN_DIALOG(method, cseq, to, from) \
	method " sip:us SIP/2.0\r\n" VIA "From: <sip:a@h>;tag=" from "\r\n" \
	"To: <sip:b@h>;tag=" to "\r\nCall-ID: c\r\nCSeq: " cseq " " method \
	"\r\n" EMPTY

static struct dialog *uas(struct fixture *f, const char *invite)
{
	struct message *m = parse(invite);
	struct dialog *d;

	assert_int_equal(dialog_new_uas(&d, f->ds, m, SLICE_LIT("ours"),
					&f->flow->flow, f), 0);
	mem_deref(m);
	return d;
}

/* What d would send, with a Via so that it is a message. */
static struct message *drawn(struct dialog *d, const struct message *in,
			     const char *method, uint32_t cseq)
{
	struct obuf scratch = OBUF_INIT, ob = OBUF_INIT;
	struct draft draft;
	struct message *m;
	struct flaw flaw;

	draft_init(&draft, in);
	dialog_draft(d, &draft, method, cseq, &scratch);
	draft_insert(&draft, SLICE_LIT("Via"), SLICE_LIT("SIP/2.0/UDP us"));
	assert_int_equal(draft_write(&draft, &ob), 0);
	if (message_parse(&m, ob.p, ob.n, true, &flaw))
		fail_msg("%s: %.*s", flaw.reason, SLICE(obuf_as_slice(&ob)));
	obuf_fini(&ob);
	obuf_fini(&scratch);
	return m;
}

static void called(void **state)
{
	struct fixture *f = *state;
	struct dialog *d = uas(f, INVITE(CONTACT
		"Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n"
		"Record-Route: <sip:p3;lr>\r\n"));
	struct message *bye;

	assert_true(d->early);
	assert_int_equal(d->remote_cseq, 7);
	assert_true(slice_eq_str(d->target, "sip:a@192.0.2.1;x=y"));
	bye = drawn(d, NULL, "BYE", 0);
	assert_true(slice_eq_str(bye->uri_text, "sip:a@192.0.2.1;x=y"));
	assert_true(slice_eq_str(message_value(bye, HEADER_ROUTE),
		"<sip:p1;lr>, <sip:p2;lr>, <sip:p3;lr>"));
	assert_true(slice_eq_str(bye->from.octets, "<sip:b@h>;tag=ours"));
	assert_true(slice_eq_str(bye->to.octets, "\"A\" <sip:a@h>;tag=theirs"));
	assert_true(slice_eq_str(bye->call_id, "c"));
	assert_int_equal(bye->cseq, d->local_cseq);
	assert_int_equal(bye->max_forwards, 70);
	mem_deref(bye);
	dialog_close(d);
}

static void called_without_contact(void **state)
{
	static const char *const v[] = {
		INVITE(""), INVITE("Contact: *\r\n"),
		INVITE(CONTACT CONTACT), INVITE("Contact: <tel:+1>\r\n"),
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct message *m = parse(v[i]);
		struct dialog *d;

		assert_int_equal(dialog_new_uas(&d, f->ds, m, SLICE_LIT("t"),
						&f->flow->flow, f), EBADMSG);
		mem_deref(m);
	}
}

static void found_by_all_three(void **state)
{
	struct fixture *f = *state;
	struct dialog *d = uas(f, INVITE(CONTACT)), *again;
	static const struct {
		const char *text;
		bool found;
	} v[] = {
		{IN_DIALOG("BYE", "8", "ours", "theirs"), true},
		{IN_DIALOG("BYE", "8", "theirs", "ours"), false},
		{IN_DIALOG("BYE", "8", "our", "theirs"), false},
		{IN_DIALOG("BYE", "8", "ours", "their"), false},
		{IN_DIALOG("BYE", "8", "OURS", "theirs"), false},
		{INVITE(CONTACT), false},
		{"SIP/2.0 200 OK\r\n" VIA "From: <sip:b@h>;tag=ours\r\n"
		 "To: <sip:a@h>;tag=theirs\r\nCall-ID: c\r\nCSeq: 1 BYE\r\n"
		 EMPTY, true},
	};
	struct message *m;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		m = parse(v[i].text);
		assert_ptr_equal(dialog_find(f->ds, m), v[i].found ? d : NULL);
		mem_deref(m);
	}
	m = parse(INVITE(CONTACT));
	assert_int_equal(dialog_new_uas(&again, f->ds, m, SLICE_LIT("ours"),
					&f->flow->flow, f), EEXIST);
	mem_deref(m);
	dialog_close(d);
	m = parse(v[0].text);
	assert_null(dialog_find(f->ds, m));
	mem_deref(m);
}

static void order_of_requests(void **state)
{
	static const struct {
		const char *text;
		int want;
	} v[] = {
		{IN_DIALOG("INFO", "7", "ours", "theirs"), 500},
		{IN_DIALOG("INFO", "6", "ours", "theirs"), 500},
		{IN_DIALOG("ACK", "7", "ours", "theirs"), 0},
		{IN_DIALOG("INFO", "9", "ours", "theirs"), 0},
		{IN_DIALOG("INFO", "8", "ours", "theirs"), 500},
		{IN_DIALOG("BYE", "2147483647", "ours", "theirs"), 0},
	};
	struct fixture *f = *state;
	struct dialog *d = uas(f, INVITE(CONTACT));

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct message *m = parse(v[i].text);

		assert_int_equal(dialog_check(d, m), v[i].want);
		mem_deref(m);
	}
	dialog_close(d);
}

static const char sent[] =
	"INVITE sip:b@peer SIP/2.0\r\n"
	"Via: SIP/2.0/UDP us;branch=z9hG4bKo\r\n"
	"From: <sip:a@us>;tag=mine\r\nTo: <sip:b@peer>\r\n"
	"Call-ID: out\r\nCSeq: 5 INVITE\r\n" EMPTY;
#define RESPONSE(status, tag, more) \
	"SIP/2.0 " status " X\r\nVia: SIP/2.0/UDP us;branch=z9hG4bKo\r\n" \
	"From: <sip:a@us>;tag=mine\r\nTo: <sip:b@peer>" tag "\r\n" more \
	"Call-ID: out\r\nCSeq: 5 INVITE\r\n" EMPTY

static int uac(struct fixture *f, struct dialog **dp, const char *text)
{
	struct message *req = parse(sent), *resp = parse(text);
	int err = dialog_new_uac(dp, f->ds, req, resp, &f->flow->flow, f);

	mem_deref(req);
	mem_deref(resp);
	return err;
}

/* Early by a 180, confirmed by a 2xx with another route set (13.2.2.4). */
static void calling(void **state)
{
	struct fixture *f = *state;
	struct dialog *d, *fork, *no;
	struct message *m;

	assert_int_equal(uac(f, &no, RESPONSE("180", "", "")), EBADMSG);
	assert_int_equal(uac(f, &no, RESPONSE("200", ";tag=x", "")), EBADMSG);
	assert_int_equal(uac(f, &d, RESPONSE("180", ";tag=t1",
			     "Record-Route: <sip:r1;lr>\r\n")), 0);
	assert_int_equal(uac(f, &fork, RESPONSE("180", ";tag=t2", "")), 0);
	assert_true(d->early);
	assert_true(slice_eq_str(d->target, "sip:b@peer"));

	m = parse(RESPONSE("200", ";tag=t1", "Contact: <sip:b@1.2.3.4>\r\n"
			   "Record-Route: <sip:r1;lr>,<sip:r2;lr>\r\n"));
	assert_ptr_equal(dialog_find(f->ds, m), d);
	assert_int_equal(dialog_confirm(d, m), 0);
	assert_false(d->early);
	assert_true(fork->early);
	mem_deref(m);

	m = drawn(d, NULL, "ACK", 5);
	assert_int_equal(m->cseq, 5);
	assert_true(slice_eq_str(m->uri_text, "sip:b@1.2.3.4"));
	assert_true(slice_eq_str(message_value(m, HEADER_ROUTE),
				 "<sip:r2;lr>, <sip:r1;lr>"));
	mem_deref(m);
	m = drawn(d, NULL, "BYE", 0);
	assert_int_equal(m->cseq, 6);
	mem_deref(m);
	dialog_close(d);
	dialog_close(fork);
}

static void strict_router(void **state)
{
	struct fixture *f = *state;
	struct dialog *d = uas(f, INVITE(CONTACT
		"Record-Route: <sip:strict>, <sip:p2;lr>\r\n"));
	struct message *m = drawn(d, NULL, "BYE", 0);

	assert_true(slice_eq_str(m->uri_text, "sip:strict"));
	assert_true(slice_eq_str(message_value(m, HEADER_ROUTE),
				 "<sip:p2;lr>, <sip:a@192.0.2.1;x=y>"));
	mem_deref(m);
	dialog_close(d);
}

/* A request of the other leg: its routing and identifiers stay there, the rest
 * goes on. */
static void from_the_other_leg(void **state)
{
	struct fixture *f = *state;
	struct dialog *d = uas(f, INVITE(CONTACT));
	struct message *in = parse(
		"INFO sip:us SIP/2.0\r\n" VIA "Max-Forwards: 12\r\n"
		"Route: <sip:theirs;lr>\r\nRecord-Route: <sip:rr;lr>\r\n"
		"Contact: <sip:them>\r\nFrom: <sip:x@y>;tag=1\r\n"
		"To: <sip:z@y>;tag=2\r\nCall-ID: other\r\nCSeq: 99 INFO\r\n"
		"X-Kept: yes\r\nContent-Type: text/plain\r\n"
		"Content-Length: 2\r\n\r\nhi");
	struct message *m = drawn(d, in, NULL, 0);

	assert_int_equal(m->method, METHOD_INFO);
	assert_int_equal(m->max_forwards, 11);
	assert_null(message_header(m, HEADER_ROUTE));
	assert_null(message_header(m, HEADER_RECORD_ROUTE));
	assert_null(message_header(m, HEADER_CONTACT));
	assert_true(slice_eq_str(m->call_id, "c"));
	assert_true(slice_eq_str(m->from.tag, "ours"));
	assert_true(slice_eq_str(m->body, "hi"));
	assert_non_null(message_header_named(m, SLICE_LIT("X-Kept")));
	mem_deref(m);
	mem_deref(in);
	dialog_close(d);
}

static void target_refresh(void **state)
{
	struct fixture *f = *state;
	struct dialog *d = uas(f, INVITE(CONTACT));
	struct message *m = parse(INVITE("Contact: <sip:new@h>\r\n"));

	assert_int_equal(dialog_refresh(d, m), 0);
	assert_true(slice_eq_str(d->target, "sip:new@h"));
	mem_deref(m);
	m = parse(INVITE(""));
	assert_int_equal(dialog_refresh(d, m), 0);
	mem_deref(m);
	m = parse(INVITE("Contact: <mailto:a@h>\r\n"));
	assert_int_equal(dialog_refresh(d, m), EBADMSG);
	assert_true(slice_eq_str(d->target, "sip:new@h"));
	mem_deref(m);
	dialog_close(d);
}

static void success_acked_again(void **state)
{
	static const char ok[] = RESPONSE("200", ";tag=t1",
					  "Contact: <sip:b@1.2.3.4>\r\n");
	struct fixture *f = *state;
	struct message *resp = parse(ok);
	const struct message *ack, *again;
	struct dialog *d;

	assert_int_equal(uac(f, &d, ok), 0);
	assert_false(d->early);
	assert_false(dialog_ack_again(d, resp));
	assert_int_equal(dialog_ack(d, f->t, resp, SLICE_LIT("text/plain"),
				    SLICE_LIT("hi")), 0);
	ack = mock_request(f->flow, "ACK");
	assert_int_equal(ack->cseq, 5);
	assert_true(slice_eq_str(ack->body, "hi"));
	assert_true(slice_eq_str(ack->to.tag, "t1"));
	assert_true(via_is_3261(&ack->via));
	assert_true(dialog_ack_again(d, resp));
	again = mock_request(f->flow, "ACK");
	assert_true(slice_eq(ack->octets, again->octets));
	mem_deref(resp);
	dialog_close(d);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(called),
		TEST(called_without_contact),
		TEST(found_by_all_three),
		TEST(order_of_requests),
		TEST(calling),
		TEST(strict_router),
		TEST(from_the_other_leg),
		TEST(target_refresh),
		TEST(success_acked_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
