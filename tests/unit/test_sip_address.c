/* test_sip_address.c: URIs, addresses and Vias: what is taken, what is refused,
 * what is equal. */
#include "unit.h"

#include "b2bua/sip/message.h"

#define N(v) (sizeof(v) / sizeof((v)[0]))

struct uri_case {
	const char *text;
	enum address_scheme scheme;
	const char *user, *host;
	unsigned port;
};

static void uris_taken(void **state)
{
	static const struct uri_case v[] = {
		{"sip:alice@example.org", SCHEME_SIP, "alice", "example.org", 0},
		{"SIPS:a:pw@h:5061;transport=tls?a=b", SCHEME_SIPS, "a", "h",
		 5061},
		{"sip:h", SCHEME_SIP, NULL, "h", 0},
		{"sip:[2001:db8::1]:5070;lr", SCHEME_SIP, NULL,
		 "[2001:db8::1]", 5070},
		{"sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@x.y",
		 SCHEME_SIP, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
		 "x.y", 0},
		{"sip:+12155551212;npdi@1.2.3.4", SCHEME_SIP,
		 "+12155551212;npdi", "1.2.3.4", 0},
		{"sip:%00@h", SCHEME_SIP, "%00", "h", 0},
		{"sip:a@h.", SCHEME_SIP, "a", "h.", 0},
		{"sip:a@h;transport=udp;Transport=UDP", SCHEME_SIP, "a", "h",
		 0},
		{"tel:+1-215-555-1212;ext=7", SCHEME_TEL, "+1-215-555-1212",
		 NULL, 0},
		{"tel:911", SCHEME_TEL, "911", NULL, 0},
		{"urn:service:sos", SCHEME_OTHER, NULL, NULL, 0},
		{"soap.beep://192.0.2.103:3002", SCHEME_OTHER, NULL, NULL, 0},
	};
	(void)state;

	for (size_t i = 0; i < N(v); i++) {
		struct address_uri u;

		if (address_uri_parse(&u, slice_str(v[i].text)))
			fail_msg("refused: %s", v[i].text);
		assert_int_equal(u.scheme, v[i].scheme);
		if (v[i].user)
			assert_true(slice_eq_str(u.user, v[i].user));
		else
			assert_null(u.user.p);
		if (v[i].host)
			assert_true(slice_eq_str(u.host, v[i].host));
		assert_int_equal(u.port, v[i].port);
		assert_true(slice_eq_str(u.octets, v[i].text));
	}
}

static void uris_refused(void **state)
{
	static const char *const v[] = {
		"", "sip", "sip:", ":a", "sip:@h", "sip:a@", "sip:a@h:0",
		"sip:a@h:65536", "sip:a@h:5o", "sip:a@h;", "sip:a@h;;lr",
		"sip:a@h;=x", "sip:a@h;x=", "sip:a@h?", "sip:a@h?x",
		"sip:a b@h", "sip:a@h ", "sip:a@[::1", "sip:a@::1",
		"sip:a@[1.2.3.4]", "sip:a@1.2.3", "sip:a@1.2.3.256",
		"sip:a@-h", "sip:a@h-", "sip:a@h..h", "sip:a%4@h", "sip:a%zz@h",
		"sip:a\"@h", "sip:a@h;x=\"y\"", "sip:a@b@h", "<sip:a@h>",
		"tel:", "tel:+", "tel:+1a", "tel:alice", "1sip:x", "foo:a b",
		"sip:a@h;x=y z", "sip:a@h\r\n", "sip:a@h;x;X=1",
	};
	(void)state;

	for (size_t i = 0; i < N(v); i++) {
		struct address_uri u;

		if (!address_uri_parse(&u, slice_str(v[i])))
			fail_msg("taken: %s", v[i]);
	}
}

/* RFC 3261 19.1.4 */
static void uris_compared(void **state)
{
	static const struct {
		const char *a, *b;
		bool eq;
	} v[] = {
		{"sip:%61lice@atlanta.com;transport=TCP",
		 "sip:alice@AtLanTa.CoM;Transport=tcp", true},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5",
		 true},
		{"sip:carol@chicago.com;newparam=5",
		 "sip:carol@chicago.com;security=on", true},
		{"SIP:ALICE@AtLanTa.CoM", "sip:alice@atlanta.com", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp",
		 false},
		{"sip:carol@chicago.com;security=off",
		 "sip:carol@chicago.com;security=on", false},
		{"sip:a@h", "sips:a@h", false},
		{"sip:a%40b@h", "sip:a%40b@h", true},
		{"tel:+1(215)555", "tel:+1215-555", true},
		{"tel:+1215", "tel:+1216", false},
	};
	(void)state;

	for (size_t i = 0; i < N(v); i++) {
		struct address_uri a, b;

		assert_int_equal(address_uri_parse(&a, slice_str(v[i].a)), 0);
		assert_int_equal(address_uri_parse(&b, slice_str(v[i].b)), 0);
		if (address_uri_eq(&a, &b) != v[i].eq ||
		    address_uri_eq(&b, &a) != v[i].eq)
			fail_msg("%s and %s", v[i].a, v[i].b);
	}
}

static void phone_numbers(void **state)
{
	static const char *const v[][2] = {
		{"tel:+1-(215)-555.1212", "+12155551212"},
		{"sip:+12155551212;npdi@h;user=phone", "+12155551212"},
		{"sip:911@h", "911"},
		{"sip:%2B1(215)%35551212;x=%3B@h", "+12155551212"},
		{"sip:%64ad@h", NULL},
		{"sip:*31#@h", NULL}, /* '#' is no user octet */
		{"sip:alice@h", NULL},
		{"sip:dad@h", NULL}, /* hexadecimal, but a name */
		{"sip:h", NULL},
	};
	(void)state;

	for (size_t i = 0; i < N(v); i++) {
		struct obuf ob = OBUF_INIT;
		struct address_uri u;

		if (address_uri_parse(&u, slice_str(v[i][0]))) {
			assert_null(v[i][1]);
			continue;
		}
		if (v[i][1]) {
			assert_int_equal(address_uri_phone(&u, &ob), 0);
			assert_true(slice_eq_str(obuf_as_slice(&ob), v[i][1]));
		} else {
			assert_int_equal(address_uri_phone(&u, &ob), ENOENT);
		}
		obuf_fini(&ob);
	}
}

static void addresses_taken(void **state)
{
	static const char *const v[][4] = { /* text, display, uri, tag */
		{"sip:a@h", NULL, "sip:a@h", NULL},
		{"sip:a@h;tag=1;x", NULL, "sip:a@h", "1"},
		{"<sip:a@h;lr>;tag=1", NULL, "sip:a@h;lr", "1"},
		{"\"A \\\" <b>\" <sip:a@h> ; tag = x ", "\"A \\\" <b>\"",
		 "sip:a@h", "x"},
		{"Alice Liddell <sip:a@h>", "Alice Liddell", "sip:a@h", NULL},
		{"caller<sip:a@h>;tag=323", "caller", "sip:a@h", "323"},
		{"<tel:+1215>", NULL, "tel:+1215", NULL},
		{"\"\" <sip:a,b@h>", "\"\"", "sip:a,b@h", NULL},
		{"isbn:2983792873", NULL, "isbn:2983792873", NULL},
		{"<sip:a@h>;p=\"a;tag=2\";tag=1", NULL, "sip:a@h", "1"},
	};
	(void)state;

	for (size_t i = 0; i < N(v); i++) {
		struct address a;

		if (address_parse(&a, slice_str(v[i][0])))
			fail_msg("refused: %s", v[i][0]);
		assert_true(slice_eq_str(a.uri.octets, v[i][2]));
		if (v[i][1])
			assert_true(slice_eq_str(a.display, v[i][1]));
		else
			assert_null(a.display.p);
		if (v[i][3])
			assert_true(slice_eq_str(a.tag, v[i][3]));
		else
			assert_null(a.tag.p);
	}
}

static void addresses_refused(void **state)
{
	static const char *const v[] = {
		"", "*", "<>", "<sip:a@h", "\"A <sip:a@h>", "\"A\" sip:a@h",
		"A. <sip:a@h> x", "Bell, A <sip:a@h>", "< sip:a@h >",
		"<sip:a@h>;tag=", "<sip:a@h>;tag=1;tag=2", "<sip:a@h>;;",
		"<sip:a@h>;x y", "<sip:a@h>,", "sip:a@h?x=y", "sip:a,b@h",
		"<sip:a@h>;tag=\"q\"", "<sip:a@h><sip:b@h>", "sip:a@h <x>",
		"A \"B\" <sip:a@h>", "<sip:a@h>;x=\"never closed",
	};
	(void)state;

	for (size_t i = 0; i < N(v); i++) {
		struct address a;

		if (!address_parse(&a, slice_str(v[i])))
			fail_msg("taken: %s", v[i]);
	}
}

static void vias(void **state)
{
	static const char *const good[] = {
		"SIP/2.0/UDP h", "SIP / 2.0 / TCP  h : 5070 ; branch = z9hG4bKa",
		"SIP/2.0/UDP [::1]:5060;received=1.2.3.4;rport=7",
		"sip/2.0/TLS-SCTP h;x;y=\"a;b\"", "SIP/2.0\r\n /UDP\r\n h;rport",
		"SIP/2.0/UDP h;received=2001:db8::9:255",
	};
	static const char *const bad[] = {
		"", "SIP/2.0/UDP", "SIP/2.0/UDP ", "SIP/2.0 UDP h",
		"SIP/3.0/UDP h", "HTTP/2.0/UDP h", "SIP/2.0/UDP h:0",
		"SIP/2.0/UDP h:x", "SIP/2.0/UDP h;;", "SIP/2.0/UDP h;branch=",
		"SIP/2.0/UDP h;branch=a;branch=b", "SIP/2.0/UDP ::1",
		"SIP/2.0/UDP h;rport;rport", "SIP/2.0/UDP h x",
		"SIP/2.0/UDP h;branch=\"q\"",
	};
	struct via via;
	(void)state;

	for (size_t i = 0; i < N(good); i++)
		if (via_parse(&via, slice_str(good[i])))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < N(bad); i++)
		if (!via_parse(&via, slice_str(bad[i])))
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(via_parse(&via, slice_str(good[1])), 0);
	assert_int_equal(via.port, 5070);
	assert_true(slice_eq_str(via.branch, "z9hG4bKa"));
	assert_true(via_is_3261(&via));
	assert_int_equal(via_parse(&via, SLICE_LIT("SIP/2.0/UDP h;branch="
						   "z9hG4bK")), 0);
	assert_false(via_is_3261(&via));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uris_taken),
		cmocka_unit_test(uris_refused),
		cmocka_unit_test(uris_compared),
		cmocka_unit_test(phone_numbers),
		cmocka_unit_test(addresses_taken),
		cmocka_unit_test(addresses_refused),
		cmocka_unit_test(vias),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
