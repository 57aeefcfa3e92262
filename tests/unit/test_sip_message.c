/* test_sip_message.c: headers and messages: what is taken, what is refused and
 * how, and the torture messages of RFC 4475, each with its verdict. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include <re_types.h>
#include <re_mem.h>

#include "b2bua/sip/message.h"

#define N(v) (sizeof(v) / sizeof((v)[0]))

static const char *header_names[] = {
#define X(id, name, compact, many) name,
#include "b2bua/sip/header.def"
#undef X
};

/* header_id_find() is a binary search. */
static void names_are_sorted(void **state)
{
	(void)state;
	for (size_t i = 1; i < N(header_names); i++)
		if (strcasecmp(header_names[i - 1], header_names[i]) >= 0)
			fail_msg("%s is out of order", header_names[i]);
	for (size_t i = 0; i < N(header_names); i++) {
		assert_int_equal(header_id_find(slice_str(header_names[i])),
				 i + 1);
		assert_string_equal(header_name(i + 1), header_names[i]);
	}
}

/* libre takes Zakg for From and Zajm for Content-Length. */
static void names_are_whole(void **state)
{
	(void)state;
	assert_int_equal(header_id_find(SLICE_LIT("Zakg")), HEADER_OTHER);
	assert_int_equal(header_id_find(SLICE_LIT("Zajm")), HEADER_OTHER);
	assert_int_equal(header_id_find(SLICE_LIT("Fro")), HEADER_OTHER);
	assert_int_equal(header_id_find(SLICE_LIT("Froms")), HEADER_OTHER);
	assert_int_equal(header_id_find(SLICE_LIT("")), HEADER_OTHER);
	assert_int_equal(header_id_find(SLICE_LIT("fRoM")), HEADER_FROM);
	assert_int_equal(header_id_find(SLICE_LIT("F")), HEADER_FROM);
	assert_int_equal(header_id_find(SLICE_LIT("y")), HEADER_IDENTITY);
	assert_int_equal(header_id_find(SLICE_LIT("z")), HEADER_OTHER);
}

static void items(const char *list, const char *const want[])
{
	struct slice rest = slice_str(list), item;

	for (; *want; want++) {
		assert_true(header_item_next(&rest, &item));
		if (!slice_eq_str(item, *want))
			fail_msg("%.*s for %s", SLICE(item), *want);
	}
	assert_false(header_item_next(&rest, &item));
}

static void lists_split_at_commas_only(void **state)
{
	(void)state;
	items("a, b ,c", (const char *const[]){"a", "b", "c", NULL});
	items("\"a, \\\" b\" <sip:x,y@h>, c",
	      (const char *const[]){"\"a, \\\" b\" <sip:x,y@h>", "c", NULL});
	items(" , ,x", (const char *const[]){"x", NULL});
	items("", (const char *const[]){NULL});
	items("\"never closed, a", (const char *const[]){
					   "\"never closed, a", NULL});
	items("\"ends in \\", (const char *const[]){"\"ends in \\", NULL});
}

/* ---- whole messages ---------------------------------------------------- */

#define REQUIRED \
	"Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n" \
	"From: <sip:a@h>;tag=1\r\n" \
	"To: <sip:b@h>\r\n" \
	"Call-ID: c\r\n" \
	"CSeq: 1 INVITE\r\n"
#define START "INVITE sip:b@h SIP/2.0\r\n"

/* 0, or the flaw's status; -1: nothing to be answered */
static int verdict(const char *p, size_t n, bool stream)
{
	struct message *m;
	struct flaw flaw;
	char *copy = malloc(n ? n : 1);
	int err, status;

	memcpy(copy, p, n); /* so that one octet too far is seen */
	err = message_parse(&m, copy, n, stream, &flaw);
	free(copy);
	if (!err) {
		mem_deref(m);
		return 0;
	}
	status = flaw.answerable ? flaw.status : -1;
	assert_non_null(flaw.reason);
	mem_deref(flaw.answerable);
	return status;
}

static void expect(const char *text, bool stream, int want)
{
	int got = verdict(text, strlen(text), stream);

	if (got != want)
		fail_msg("%d for %d: %.300s", got, want, text);
}

static void messages_taken(void **state)
{
	static const char *const v[] = {
		START REQUIRED "\r\n",
		"\r\n\r\n" START REQUIRED "\r\n",
		START REQUIRED "Content-Length: 0\r\n\r\n",
		START REQUIRED "l: 3\r\n\r\nabcd",
		START REQUIRED "X-Any: \"a\\\x07\"\r\n\r\n",
		START REQUIRED "X-Empty:\r\n\r\n",
		START REQUIRED "Subject: a\r\n\tb\r\n\r\n",
		START REQUIRED "Contact: *\r\n\r\n",
		"SIP/2.0 200\r\n" REQUIRED "\r\n",
		"SIP/2.0 699 \xd0\xb0\r\n" REQUIRED "\r\n",
	};
	(void)state;

	for (size_t i = 0; i < N(v); i++)
		expect(v[i], false, 0);
}

static void messages_refused(void **state)
{
	static const char *const v[] = {
		START REQUIRED "From: <sip:x@h>\r\n\r\n",
		START REQUIRED "f: <sip:x@h>\r\n\r\n",
		START REQUIRED "Call-ID: d\r\n\r\n",
		START REQUIRED "Max-Forwards: 70\r\nMax-Forwards: 70\r\n\r\n",
		START REQUIRED "Max-Forwards: 256\r\n\r\n",
		START REQUIRED "Max-Forwards: x\r\n\r\n",
		START REQUIRED "Content-Length: 1\r\n\r\n",
		START REQUIRED "Content-Length: -1\r\n\r\na",
		START REQUIRED "Content-Length: 1x\r\n\r\na",
		START REQUIRED "Content-Length:\r\n\r\na",
		START REQUIRED "Content-Length: 4294967296\r\n\r\na",
		START REQUIRED "Content-Length: 0\r\nl: 0\r\n\r\n",
		START REQUIRED "No colon\r\n\r\n",
		START REQUIRED ": empty name\r\n\r\n",
		START REQUIRED "X: a\nb\r\n\r\n",
		START REQUIRED "X: a\rb\r\n\r\n",
		START REQUIRED "X: a\r\n \r\n b\r\n\r\n",
		START REQUIRED "X: \x01\r\n\r\n",
		START REQUIRED "X: \x7f\r\n\r\n",
		START REQUIRED "X\x01: a\r\n\r\n",
		START REQUIRED "X\x0b: a\r\n\r\n",
		START REQUIRED "Contact: <sip:a@h>;;\r\n\r\n",
		START REQUIRED "Route: sip:a@h\r\n\r\n",
		START REQUIRED "Record-Route: <sip:a@h\r\n\r\n",
		START REQUIRED "Via: SIP/2.0/UDP\r\n\r\n",
		START REQUIRED "Via: ,SIP/2.0/UDP h\r\n\r\n",
		START REQUIRED, /* no empty line */
		"INVITE  sip:b@h SIP/2.0\r\n" REQUIRED "\r\n",
		"INVITE sip:b@h?a=b SIP/2.0\r\n" REQUIRED "\r\n",
		"invite sip:b@h SIP/2.0\r\n" REQUIRED "\r\n",
	};
	(void)state;

	for (size_t i = 0; i < N(v); i++)
		expect(v[i], false, 400);
	expect("INVITE sip:b@h SIP/3.0\r\n" REQUIRED "\r\n", false, 505);
	expect("INVITE sip:b@h\r\n" REQUIRED "\r\n", false, -1);
	expect("GET / HTTP/1.1\r\nHost: h\r\n\r\n", false, -1);
	expect("SIP/2.0 99 x\r\n" REQUIRED "\r\n", false, -1);
	expect("SIP/2.0 0200 x\r\n" REQUIRED "\r\n", false, -1);
	expect("SIP/2.0 700 x\r\n" REQUIRED "\r\n", false, -1);
	expect("SIP/1.0 200 OK\r\n" REQUIRED "\r\n", false, -1);
	expect("", false, -1);
	expect(START REQUIRED "\r\n", true, 400); /* no length on a stream */
	expect(START REQUIRED "l: 1\r\n\r\nab", true, 400);
	expect(START REQUIRED "l: 2\r\n\r\nab", true, 0);
}

/* Each of the headers that must be there, missing in turn. */
static void messages_complete(void **state)
{
	static const char *const line[] = {
		"Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n",
		"From: <sip:a@h>;tag=1\r\n", "To: <sip:b@h>\r\n",
		"Call-ID: c\r\n", "CSeq: 1 INVITE\r\n",
	};
	(void)state;

	for (size_t skip = 0; skip < N(line); skip++) {
		char text[512] = START;

		for (size_t i = 0; i < N(line); i++)
			if (i != skip)
				strcat(text, line[i]);
		strcat(text, "\r\n");
		expect(text, false, skip == 0 ? -1 : 400);
	}
}

static void cseq_bounds(void **state)
{
	static const struct {
		const char *cseq;
		int want;
	} v[] = {
		{"0 INVITE", 0}, {"2147483647 INVITE", 0},
		{"0009\r\n\tINVITE", 0}, {"2147483648 INVITE", 400},
		{"-1 INVITE", 400}, {"1INVITE", 400}, {"INVITE", 400},
		{"1 invite", 400}, {"1 ACK", 400}, {"1", 400},
		{"1 INVITE x", 400},
	};
	(void)state;

	for (size_t i = 0; i < N(v); i++) {
		char text[512];

		snprintf(text, sizeof(text), START
			 "Via: SIP/2.0/UDP h\r\nFrom: <sip:a@h>;tag=1\r\n"
			 "To: <sip:b@h>\r\nCall-ID: c\r\nCSeq: %s\r\n\r\n",
			 v[i].cseq);
		expect(text, false, v[i].want);
	}
}

static char *repeated(const char *what, unsigned times, const char *end)
{
	size_t n = strlen(what), at = strlen(START REQUIRED);
	char *s = malloc(at + n * times + strlen(end) + 1);

	memcpy(s, START REQUIRED, at);
	for (unsigned i = 0; i < times; i++, at += n)
		memcpy(s + at, what, n);
	strcpy(s + at, end);
	return s;
}

static void limits(void **state)
{
	static const struct {
		const char *what;
		unsigned times;
		const char *end;
		int want;
	} v[] = {
		{"Xx: y\r\n", 251, "\r\n", 0},
		{"Xx: y\r\n", 252, "\r\n", 400},
		{"Via: SIP/2.0/UDP h\r\n", 63, "\r\n", 0},
		{"Via: SIP/2.0/UDP h\r\n", 64, "\r\n", 400},
	};
	char *s;
	(void)state;

	for (size_t i = 0; i < N(v); i++) {
		s = repeated(v[i].what, v[i].times, v[i].end);
		expect(s, false, v[i].want);
		free(s);
	}
	/* One field of 8,192 octets is the longest. */
	s = repeated("a", 8192, "\r\n\r\n");
	memcpy(s + strlen(START REQUIRED), "X:", 2);
	s[strlen(START REQUIRED) + 8190] = '\r';
	s[strlen(START REQUIRED) + 8191] = '\n';
	strcpy(s + strlen(START REQUIRED) + 8192, "\r\n");
	expect(s, false, 0);
	free(s);
	s = repeated("a", 8193, "\r\n\r\n");
	memcpy(s + strlen(START REQUIRED), "X:", 2);
	expect(s, false, 400);
	free(s);
	/* 64 parameters are the most. */
	s = repeated("Contact: <sip:a@h>", 1, "");
	for (unsigned n = 64; n <= 65; n++) {
		char *t = malloc(strlen(s) + 3 * n + 8), *p = stpcpy(t, s);

		for (unsigned i = 0; i < n; i++)
			p = stpcpy(p, ";p");
		strcpy(p, "\r\n\r\n");
		expect(t, false, n == 64 ? 0 : 400);
		free(t);
	}
	free(s);
	/* 64 kB are a message, one more is none. */
	s = calloc(1, 65538);
	memset(s, 'a', 65537);
	assert_int_equal(verdict(s, 65537, false), -1);
	free(s);
}

/* Every octet at every place around the colon: either the header has the name
 * it seems to have, or the message is refused (CVE-2020-28361, CVE-2016-9938).
 */
static void smuggled_names(void **state)
{
	char text[512];
	(void)state;

	for (int c = 0; c < 256; c++) {
		for (int where = 0; where < 3; where++) {
			char line[32] = "Identity: x\r\n\r\n";
			size_t at = where == 0 ? 0 : where == 1 ? 8 : 4;
			struct message *m;
			struct flaw flaw;
			size_t n = strlen(START REQUIRED);

			memmove(line + at + 1, line + at, strlen(line + at));
			line[at] = (char)c;
			memcpy(text, START REQUIRED, n);
			memcpy(text + n, line, 16);
			if (message_parse(&m, text, n + 16, false, &flaw)) {
				mem_deref(flaw.answerable);
				continue;
			}
			/* Taken: then a token, or known for what it is. */
			if (!ascii_alpha((char)c) && !ascii_digit((char)c) &&
			    !strchr("-.!%*_+`'~:", c) &&
			    !message_header(m, HEADER_IDENTITY) &&
			    !(where == 0 && (c == ' ' || c == '\t')))
				fail_msg("octet %02x at %d", c, where);
			mem_deref(m);
		}
	}
}

static void values_over_all_lines(void **state)
{
	static const char text[] = START REQUIRED
		"Route: <sip:a@h;lr>, <sip:b@h;lr>\r\nX: 1\r\n"
		"Route: <sip:c@h;lr>\r\nRequire: a, B\r\nRequire: c\r\n"
		"Identity: t;info=<http://h/a,b>, x\r\n\r\n";
	static const char *const want[] = {"<sip:a@h;lr>", "<sip:b@h;lr>",
					   "<sip:c@h;lr>"};
	struct obuf ob = OBUF_INIT;
	struct message_values it = {.id = HEADER_ROUTE};
	struct message *m;
	struct flaw flaw;
	struct slice v;
	(void)state;

	assert_int_equal(message_parse(&m, text, sizeof(text) - 1, false,
				       &flaw), 0);
	it.message = m;
	for (size_t i = 0; i < N(want); i++) {
		assert_true(message_values_next(&it, &v));
		assert_true(slice_eq_str(v, want[i]));
	}
	assert_false(message_values_next(&it, &v));
	it = (struct message_values){.message = m, .id = HEADER_IDENTITY};
	assert_true(message_values_next(&it, &v));
	assert_true(slice_eq_str(v, "t;info=<http://h/a,b>, x"));
	assert_false(message_values_next(&it, &v));
	assert_true(message_has_token(m, HEADER_REQUIRE, "C"));
	assert_false(message_has_token(m, HEADER_REQUIRE, "d"));
	assert_int_equal(message_unsupported(m, HEADER_REQUIRE,
				(const char *const[]){"b", NULL}, &ob), 2);
	assert_true(slice_eq_str(obuf_as_slice(&ob), "a, c"));
	assert_int_equal(message_unsupported(m, HEADER_REQUIRE,
				(const char *const[]){NULL}, NULL), 3);
	assert_non_null(message_header_named(m, SLICE_LIT("x")));
	assert_null(message_header_named(m, SLICE_LIT("xx")));
	obuf_fini(&ob);
	mem_deref(m);
}

/* ---- RFC 4475 ---------------------------------------------------------- */

/* 0 taken; a status: answered so; -1: dropped. The rest of a verdict (416,
 * 420, 415, 405 ...) is the call layer's. */
static const struct {
	const char *name;
	int want;
} torture[] = {
	{"wsinv", 0}, {"intmeth", 0}, {"esc01", 0}, {"escnull", 0},
	{"esc02", 0}, {"lwsdisp", 0}, {"longreq", 0}, {"dblreq", 0},
	{"semiuri", 0}, {"transports", 0}, {"mpart01", 0}, {"unreason", 0},
	{"noreason", 0}, {"badinv01", 400}, {"clerr", 400}, {"ncl", 400},
	{"scalar02", 400}, {"scalarlg", -1}, {"quotbal", 400},
	{"ltgtruri", 400}, {"lwsruri", 400}, {"lwsstart", 400},
	{"trws", 400}, {"escruri", 400}, {"baddate", 0}, {"regbadct", 400},
	{"badaspec", 400}, {"baddn", 400}, {"badvers", 505},
	{"mismatch01", 400}, {"mismatch02", 400}, {"bigcode", -1},
	{"badbranch", 0}, {"insuf", 400}, {"unkscm", 0}, {"novelsc", 0},
	{"unksm2", 0}, {"bext01", 0}, {"invut", 0}, {"regaut01", 0},
	{"multi01", 400}, {"mcl01", 400}, {"bcast", 0}, {"zeromf", 0},
	{"cparam01", 0}, {"cparam02", 0}, {"regescrt", 0}, {"sdp01", 0},
	{"inv2543", 0},
};

static size_t torture_read(const char *name, char *to, size_t size)
{
	const char *src = getenv("srcdir");
	char path[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/data/rfc4475/%s.dat",
		 src ? src : ".", name);
	f = fopen(path, "rb");
	if (!f)
		fail_msg("%s: cannot be read", path);
	n = fread(to, 1, size, f);
	fclose(f);
	return n;
}

static void torture_verdicts(void **state)
{
	char buf[65536];
	(void)state;

	assert_int_equal(N(torture), 49);
	for (size_t i = 0; i < N(torture); i++) {
		size_t n = torture_read(torture[i].name, buf, sizeof(buf));
		int got = verdict(buf, n, false);

		if (got != torture[i].want)
			fail_msg("%s: %d for %d", torture[i].name, got,
				 torture[i].want);
		/* Cut anywhere, it is something else, and no crash. */
		for (size_t cut = 0; cut < n; cut++)
			verdict(buf, cut, cut & 1);
	}
}

static struct message *torture_parse(const char *name)
{
	char buf[65536];
	struct message *m;
	struct flaw flaw;
	size_t n = torture_read(name, buf, sizeof(buf));

	assert_int_equal(message_parse(&m, buf, n, false, &flaw), 0);
	return m;
}

static void torture_meaning(void **state)
{
	struct message *m = torture_parse("wsinv");
	struct address a;
	(void)state;

	assert_true(slice_eq_str(m->to.tag, "1918181833n"));
	assert_true(slice_eq_str(m->from.tag, "98asjd8"));
	assert_true(slice_eq_str(m->via.branch, "390skdjuw"));
	assert_true(slice_eq_str(m->via.host, "192.0.2.2"));
	assert_int_equal(m->vias, 3);
	assert_int_equal(m->cseq, 9);
	assert_int_equal(m->max_forwards, 68);
	assert_int_equal(m->body.n, 150);
	mem_deref(m);

	m = torture_parse("esc02"); /* C%6Fntact is no Contact */
	assert_int_equal(m->method, METHOD_OTHER);
	struct message_values it = {.message = m, .id = HEADER_CONTACT};
	struct slice v;
	unsigned n = 0;
	while (message_values_next(&it, &v))
		n++;
	assert_int_equal(n, 2);
	mem_deref(m);

	m = torture_parse("dblreq"); /* the second request is cut off */
	assert_int_equal(m->method, METHOD_REGISTER);
	assert_int_equal(m->body.n, 0);
	assert_int_equal(m->octets.n, m->head.n);
	mem_deref(m);

	m = torture_parse("cparam01");
	assert_int_equal(address_parse(&a, message_value(m, HEADER_CONTACT)),
			 0);
	assert_true(param_find(a.params, "unknownparam", NULL));
	assert_false(param_find(a.uri.params, "unknownparam", NULL));
	mem_deref(m);

	m = torture_parse("cparam02");
	assert_int_equal(address_parse(&a, message_value(m, HEADER_CONTACT)),
			 0);
	assert_true(param_find(a.uri.params, "unknownparam", NULL));
	mem_deref(m);

	m = torture_parse("inv2543");
	assert_null(m->via.branch.p);
	assert_null(m->from.tag.p);
	assert_int_equal(m->max_forwards, 70);
	assert_true(m->body.n > 0);
	mem_deref(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_sorted),
		cmocka_unit_test(names_are_whole),
		cmocka_unit_test(lists_split_at_commas_only),
		cmocka_unit_test(messages_taken),
		cmocka_unit_test(messages_refused),
		cmocka_unit_test(messages_complete),
		cmocka_unit_test(cseq_bounds),
		cmocka_unit_test(limits),
		cmocka_unit_test(smuggled_names),
		cmocka_unit_test(values_over_all_lines),
		cmocka_unit_test(torture_verdicts),
		cmocka_unit_test(torture_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
