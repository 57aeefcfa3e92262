/* test_sip_draft.c: what a policy does not change goes out as it came; replies,
 * ACK and CANCEL by the letter of RFC 3261. */
#include "unit.h"

#include <re_types.h>
#include <re_mem.h>

#include "b2bua/sip/draft.h"
#include "b2bua/sip/flow.h"
#include "b2bua/sip/message_write.h"

static const char invite[] =
	"INVITE sip:b@h SIP/2.0\r\n"
	"v: SIP/2.0/UDP first.example;branch=z9hG4bKa;received=6.6.6.6;rport,\r\n"
	" SIP/2.0/TCP second;branch=z9hG4bKb\r\n"
	"Via: SIP/2.0/TCP third;branch=z9hG4bKc\r\n"
	"Record-Route: <sip:p1;lr>,<sip:p2;lr>\r\n"
	"Max-Forwards: 70\r\n"
	"f: \"A\" <sip:a@h>;tag=1\r\n"
	"TO:  <sip:b@h>\r\n"
	"X-Unknown:  kept ,;; \r\n"
	"Subject: folded\r\n\t here\r\n"
	"Call-ID: c@d\r\n"
	"CSeq: 7 INVITE\r\n"
	"X-Bypass : sneaky\r\n"
	"Timestamp: 54\r\n"
	"m: <sip:a@1.2.3.4>\r\n"
	"Content-Type: application/sdp\r\n"
	"MIME-Version: 1.0\r\n"
	"l: 5\r\n"
	"\r\n"
	"v=0\r\n";

static struct message *parse(const char *text)
{
	struct message *m;
	struct flaw flaw;

	if (message_parse(&m, text, strlen(text), false, &flaw))
		fail_msg("%s: %s", flaw.reason, text);
	return m;
}

static void expect(struct obuf *ob, const char *want)
{
	if (!slice_eq_str(obuf_as_slice(ob), want))
		fail_msg("%.*s\nfor\n%s", SLICE(obuf_as_slice(ob)), want);
	obuf_fini(ob);
}

static void unchanged_octets_stay(void **state)
{
	struct message *m = parse(invite);
	struct obuf ob = OBUF_INIT;
	struct draft d;
	(void)state;

	draft_init(&d, m);
	assert_int_equal(draft_write(&d, &ob), 0);
	expect(&ob,
	       "INVITE sip:b@h SIP/2.0\r\n"
	       "Record-Route: <sip:p1;lr>,<sip:p2;lr>\r\n"
	       "Max-Forwards: 70\r\n"
	       "f: \"A\" <sip:a@h>;tag=1\r\n"
	       "TO:  <sip:b@h>\r\n"
	       "X-Unknown:  kept ,;; \r\n"
	       "Subject: folded\r\n\t here\r\n"
	       "Call-ID: c@d\r\n"
	       "CSeq: 7 INVITE\r\n"
	       "X-Bypass: sneaky\r\n"
	       "Timestamp: 54\r\n"
	       "m: <sip:a@1.2.3.4>\r\n"
	       "Content-Type: application/sdp\r\n"
	       "MIME-Version: 1.0\r\n"
	       "Content-Length: 5\r\n"
	       "\r\n"
	       "v=0\r\n");
	mem_deref(m);
}

static void edits(void **state)
{
	struct message *m = parse(invite);
	struct obuf ob = OBUF_INIT;
	struct draft d;
	(void)state;

	draft_init(&d, m);
	draft_request(&d, SLICE_LIT("INVITE"), SLICE_LIT("sip:+1@c"));
	draft_drop(&d, HEADER_RECORD_ROUTE);
	draft_drop(&d, HEADER_TIMESTAMP);
	draft_drop(&d, HEADER_SUBJECT);
	draft_replace(&d, HEADER_CONTACT, SLICE_LIT("<sip:us@9.9.9.9>"));
	draft_replace(&d, HEADER_DATE, SLICE_LIT("now"));
	draft_insert(&d, SLICE_LIT("Route"), SLICE_LIT("<sip:r;lr>"));
	draft_append(&d, SLICE_LIT("Identity"), SLICE_LIT("a.b.c"));
	draft_body(&d, SLICE_LIT("application/sdp"), SLICE_LIT("v=0\r\ns=\r\n"));
	assert_int_equal(draft_write(&d, &ob), 0);
	expect(&ob,
	       "INVITE sip:+1@c SIP/2.0\r\n"
	       "Route: <sip:r;lr>\r\n"
	       "Max-Forwards: 70\r\n"
	       "f: \"A\" <sip:a@h>;tag=1\r\n"
	       "TO:  <sip:b@h>\r\n"
	       "X-Unknown:  kept ,;; \r\n"
	       "Call-ID: c@d\r\n"
	       "CSeq: 7 INVITE\r\n"
	       "X-Bypass: sneaky\r\n"
	       "Contact: <sip:us@9.9.9.9>\r\n"
	       "Content-Type: application/sdp\r\n"
	       "MIME-Version: 1.0\r\n"
	       "Date: now\r\n"
	       "Identity: a.b.c\r\n"
	       "Content-Length: 9\r\n"
	       "\r\n"
	       "v=0\r\ns=\r\n");
	mem_deref(m);
}

static void body_removed(void **state)
{
	struct message *m = parse(invite);
	struct message *out;
	struct obuf ob = OBUF_INIT;
	struct flaw flaw;
	struct draft d;
	(void)state;

	draft_init(&d, m);
	draft_insert(&d, SLICE_LIT("Via"), SLICE_LIT("SIP/2.0/UDP u"));
	draft_body(&d, SLICE_NONE, SLICE_NONE);
	assert_int_equal(draft_write(&d, &ob), 0);
	assert_int_equal(message_parse(&out, ob.p, ob.n, true, &flaw), 0);
	assert_null(message_header(out, HEADER_CONTENT_TYPE));
	assert_null(message_header(out, HEADER_MIME_VERSION));
	assert_int_equal(out->body.n, 0);
	assert_int_equal(out->vias, 1);
	mem_deref(out);
	obuf_fini(&ob);
	mem_deref(m);
}

/* Nothing that a caller passes on can end a line. */
static void injection(void **state)
{
	static const struct slice bad[] = {
		{"a\r\nX: y", 7}, {"a\nb", 3}, {"a\rb", 3}, {"a\0b", 3},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (int where = 0; where < 5; where++) {
			struct obuf ob = OBUF_INIT;
			struct draft d;

			draft_init(&d, NULL);
			draft_request(&d, SLICE_LIT("BYE"),
				      where == 0 ? bad[i] : SLICE_LIT("sip:h"));
			if (where == 1)
				draft_insert(&d, SLICE_LIT("A"), bad[i]);
			if (where == 2)
				draft_append(&d, bad[i], SLICE_LIT("a"));
			if (where == 3)
				draft_replace(&d, HEADER_FROM, bad[i]);
			if (where == 4)
				draft_status(&d, 200, bad[i]);
			assert_int_equal(draft_write(&d, &ob), EBADMSG);
			obuf_fini(&ob);
		}
	}
}

static void too_many_edits(void **state)
{
	struct obuf ob = OBUF_INIT;
	struct draft d;
	(void)state;

	draft_init(&d, NULL);
	draft_request(&d, SLICE_LIT("BYE"), SLICE_LIT("sip:h"));
	for (int i = 0; i <= DRAFT_EDITS_MAX; i++)
		draft_append(&d, SLICE_LIT("A"), SLICE_LIT("b"));
	assert_int_equal(draft_write(&d, &ob), EMSGSIZE);
	obuf_fini(&ob);
}

static struct flow from_192(void)
{
	struct flow f = {.kind = FLOW_UDP};

	sa_set_str(&f.peer, "192.0.2.9", 5099);
	return f;
}

static void replies(void **state)
{
	struct message *m = parse(invite);
	struct flow f = from_192();
	struct obuf ob = OBUF_INIT;
	(void)state;

	assert_int_equal(message_write_reply(&ob, m, &f, &(struct reply){
		.status = 200, .to_tag = SLICE_LIT("t"),
		.headers = SLICE_LIT("Contact: <sip:us>\r\n"),
		.body_type = SLICE_LIT("application/sdp"),
		.body = SLICE_LIT("v=0\r\n")}), 0);
	expect(&ob,
	       "SIP/2.0 200 OK\r\n"
	       "Via: SIP/2.0/UDP first.example;branch=z9hG4bKa"
	       ";received=192.0.2.9;rport=5099, SIP/2.0/TCP second"
	       ";branch=z9hG4bKb\r\n"
	       "Via: SIP/2.0/TCP third;branch=z9hG4bKc\r\n"
	       "Record-Route: <sip:p1;lr>,<sip:p2;lr>\r\n"
	       "From: \"A\" <sip:a@h>;tag=1\r\n"
	       "To: <sip:b@h>;tag=t\r\n"
	       "Call-ID: c@d\r\n"
	       "CSeq: 7 INVITE\r\n"
	       "Contact: <sip:us>\r\n"
	       "Content-Type: application/sdp\r\n"
	       "Content-Length: 5\r\n"
	       "\r\n"
	       "v=0\r\n");
	ob = OBUF_INIT;
	assert_int_equal(message_write_reply(&ob, m, NULL, &(struct reply){
		.status = 100}), 0);
	expect(&ob,
	       "SIP/2.0 100 Trying\r\n"
	       "Via: SIP/2.0/UDP first.example;branch=z9hG4bKa;"
	       "received=6.6.6.6;rport,\r\n SIP/2.0/TCP second"
	       ";branch=z9hG4bKb\r\n"
	       "Via: SIP/2.0/TCP third;branch=z9hG4bKc\r\n"
	       "From: \"A\" <sip:a@h>;tag=1\r\n"
	       "To: <sip:b@h>\r\n"
	       "Call-ID: c@d\r\n"
	       "CSeq: 7 INVITE\r\n"
	       "Timestamp: 54\r\n"
	       "Content-Length: 0\r\n"
	       "\r\n");
	mem_deref(m);
}

/* A stateless answer has the same tag each time, and none is lent to others. */
static void derived_tags(void **state)
{
	struct message *m = parse(invite);
	struct obuf a = OBUF_INIT, b = OBUF_INIT;
	struct message *ra;
	struct flaw flaw;
	struct reply r = {.status = 404};
	(void)state;

	assert_int_equal(message_write_reply(&a, m, NULL, &r), 0);
	assert_int_equal(message_write_reply(&b, m, NULL, &r), 0);
	assert_true(slice_eq(obuf_as_slice(&a), obuf_as_slice(&b)));
	assert_int_equal(message_parse(&ra, a.p, a.n, true, &flaw), 0);
	assert_true(ra->to.tag.n >= 8);
	assert_true(slice_eq_str(ra->reason, "Not Found"));
	assert_null(message_header(ra, HEADER_RECORD_ROUTE));
	mem_deref(ra);
	obuf_fini(&a);
	obuf_fini(&b);
	mem_deref(m);
}

static const char sent[] =
	"INVITE sip:b@h SIP/2.0\r\n"
	"Via: SIP/2.0/UDP us:5060;branch=z9hG4bKx;rport\r\n"
	"Route: <sip:p1;lr>\r\n"
	"Route: <sip:p2;lr>\r\n"
	"From: <sip:a@h>;tag=1\r\n"
	"To: <sip:b@h>\r\n"
	"Call-ID: c@d\r\n"
	"CSeq: 7 INVITE\r\n"
	"Content-Length: 0\r\n\r\n";

static void acks_and_cancels(void **state)
{
	struct message *req = parse(sent);
	struct message *resp = parse(
		"SIP/2.0 486 Busy\r\nVia: SIP/2.0/UDP us:5060;branch=z9hG4bKx\r\n"
		"From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\n"
		"Call-ID: c@d\r\nCSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n");
	struct obuf ob = OBUF_INIT;
	(void)state;

	assert_int_equal(message_write_ack(&ob, req, resp), 0);
	expect(&ob,
	       "ACK sip:b@h SIP/2.0\r\n"
	       "Via: SIP/2.0/UDP us:5060;branch=z9hG4bKx;rport\r\n"
	       "Route: <sip:p1;lr>\r\n"
	       "Route: <sip:p2;lr>\r\n"
	       "Max-Forwards: 70\r\n"
	       "From: <sip:a@h>;tag=1\r\n"
	       "To: <sip:b@h>;tag=2\r\n"
	       "Call-ID: c@d\r\n"
	       "CSeq: 7 ACK\r\n"
	       "Content-Length: 0\r\n\r\n");
	ob = OBUF_INIT;
	assert_int_equal(message_write_cancel(&ob, req,
		SLICE_LIT("Reason: SIP;cause=200\r\n")), 0);
	expect(&ob,
	       "CANCEL sip:b@h SIP/2.0\r\n"
	       "Via: SIP/2.0/UDP us:5060;branch=z9hG4bKx;rport\r\n"
	       "Route: <sip:p1;lr>\r\n"
	       "Route: <sip:p2;lr>\r\n"
	       "Max-Forwards: 70\r\n"
	       "From: <sip:a@h>;tag=1\r\n"
	       "To: <sip:b@h>\r\n"
	       "Call-ID: c@d\r\n"
	       "CSeq: 7 CANCEL\r\n"
	       "Reason: SIP;cause=200\r\n"
	       "Content-Length: 0\r\n\r\n");
	mem_deref(req);
	mem_deref(resp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unchanged_octets_stay),
		cmocka_unit_test(edits),
		cmocka_unit_test(body_removed),
		cmocka_unit_test(injection),
		cmocka_unit_test(too_many_edits),
		cmocka_unit_test(replies),
		cmocka_unit_test(derived_tags),
		cmocka_unit_test(acks_and_cancels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
