/* test_canon.c: SIP dates and canonical identities. */
#include "unit.h"

#include "b2bua/identity/canon.h"
#include "b2bua/identity/date.h"

static void dates(void **state)
{
	static const struct {
		const char *text;
		int64_t t;
	} v[] = {
		{"Thu, 01 Jan 1970 00:00:00 GMT", 0},
		{"Thu, 21 Feb 2002 13:02:03 GMT", 1014296523},
		{"Tue, 29 Feb 2000 23:59:59 GMT", 951868799},
		{"Tue, 19 Jan 2038 03:14:08 GMT", 2147483648},
		{"Sun, 07 Feb 2106 06:28:16 GMT", 4294967296},
		{"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
	};
	char text[DATE_SIZE];
	int64_t t;
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		assert_int_equal(date_parse(slice_str(v[i].text), &t), 0);
		assert_int_equal(t, v[i].t);
		assert_int_equal(date_write(text, t), 0);
		assert_string_equal(text, v[i].text);
	}
	/* a leap second is the next minute */
	assert_int_equal(date_parse(
		slice_str("Sat, 31 Dec 2016 23:59:60 GMT"), &t), 0);
	assert_int_equal(t, 1483228800);
	assert_int_equal(date_write(text, -1), EINVAL);
	assert_int_equal(date_write(text, 253402300800), EINVAL);
}

static void dates_refused(void **state)
{
	static const char *const bad[] = {
		"", "now", "Thu, 21 Feb 2002 13:02:03 UTC",
		"Thu, 21 Feb 2002 13:02:03 gmt",
		"thu, 21 Feb 2002 13:02:03 GMT",
		"Thu, 21 FEB 2002 13:02:03 GMT",
		"Thu,  1 Feb 2002 13:02:03 GMT",
		"Thu, 1 Feb 2002 13:02:03 GMT ",
		"Thu, 30 Feb 2002 13:02:03 GMT",
		"Thu, 29 Feb 2100 13:02:03 GMT",
		"Thu, 00 Feb 2002 13:02:03 GMT",
		"Thu, 21 Feb 2002 24:02:03 GMT",
		"Thu, 21 Feb 2002 13:60:03 GMT",
		"Thu, 21 Feb 2002 13:02:61 GMT",
		"Thu, 21 Feb 1969 13:02:03 GMT",
		"Thu, 21 Feb 2002 13:02:03 GMTx",
		"Thu, 21 Feb 2002 13:02:0\0 GMT",
		"Thursday, 21-Feb-02 13:02:03 GMT",
	};
	int64_t t = 7;
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(date_parse(slice_str(bad[i]), &t), EINVAL);
	assert_int_equal(t, 7);
}

struct spelling {
	const char *uri, *want; /* want: "tn:..", "uri:..", NULL: refused */
};

static void expect(const struct canon_rules *r, enum canon_role role,
		   const struct spelling *s)
{
	struct canon c;
	int err = canon_identity(&c, r, role, slice_str(s->uri));

	if (!s->want) {
		assert_int_not_equal(err, 0);
		return;
	}
	assert_int_equal(err, 0);
	assert_int_equal(c.tn, strncmp(s->want, "tn:", 3) == 0);
	assert_string_equal(c.text, strchr(s->want, ':') + 1);
}

/* RFC 8224 sections 8.1, 8.3 */
static void numbers(void **state)
{
	static const struct spelling v[] = {
		{"tel:+1-215-555-1212", "tn:12155551212"},
		{"tel:+1(215)555.1212", "tn:12155551212"},
		{"TEL:+12155551212;npdi;rn=+12155550000", "tn:12155551212"},
		{"sip:+12155551212@example.com", "tn:12155551212"},
		{"sip:+12155551212@example.com;user=phone", "tn:12155551212"},
		{"sips:12155551212@h;transport=tls;User=Phone",
		 "tn:12155551212"},
		{"sip:+1-215-555-1212@example.com:5080;user=phone",
		 "tn:12155551212"},
		{"sip:%2B12155551212@example.com", "tn:12155551212"},
		{"sip:+1%32155551212@example.com", "tn:12155551212"},
		{"sip:+12155551212;tgrp=a;trunk-context=b@h",
		 "tn:12155551212"},
		{"sip:+12155551212;verstat=TN-Validation-Passed@h;user=phone",
		 "tn:12155551212"},
		{"sip:5551212;phone-context=+1-215@h;user=phone",
		 "tn:12155551212"},
		{"tel:5551212;phone-context=+1215", "tn:12155551212"},
		{"tel:911;phone-context=example.com", "tn:911"},
		{"sip:*67@h;user=phone", "tn:*67"},
		/* no sign that it is a number */
		{"sip:12155551212@example.com",
		 "uri:sip:12155551212@example.com"},
		{"sip:+alice@example.com", "uri:sip:+alice@example.com"},
		{"sip:+1215555x@example.com;user=phone",
		 "uri:sip:+1215555x@example.com"},
		{"tel:alice", NULL},
		{"tel:", NULL},
	};
	static const struct canon_rules none;
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		expect(&none, CANON_DEST, &v[i]);
}

/* Section 8.5 */
static void uris(void **state)
{
	static const struct spelling v[] = {
		{"sip:Alice@Example.COM", "uri:sip:alice@example.com"},
		{"SIPS:Alice@Example.COM:5061", "uri:sips:alice@example.com"},
		{"sip:alice:secret@example.com", "uri:sip:alice@example.com"},
		{"sip:alice@example.com;transport=tcp;lr?Subject=x",
		 "uri:sip:alice@example.com"},
		{"sip:%61li%43e@example.com", "uri:sip:alice@example.com"},
		{"sip:a%2fb@example.com", "uri:sip:a%2Fb@example.com"},
		{"sip:alice@[2001:DB8::1]:5060",
		 "uri:sip:alice@[2001:db8::1]"},
		{"sip:example.com", "uri:sip:example.com"},
		{"sip:a@b@example.com", NULL},
		{"sip:alice@", NULL},
		{"sip:@example.com", NULL},
		{"sip:al%ice@example.com", NULL},
		{"sip:al ice@example.com", NULL},
		{"http://example.com", NULL},
		{"mailto:alice@example.com", NULL},
		{"alice@example.com", NULL},
		{"", NULL},
	};
	static const struct canon_rules none;
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		expect(&none, CANON_DEST, &v[i]);
}

static void numbering_plan(void **state)
{
	static const struct canon_rules germany = {
		.bare_numbers = true, .intl_prefix = "00",
		.trunk_prefix = "0", .country_code = "49"};
	static const struct spelling v[] = {
		{"sip:030123456@h", "tn:4930123456"},
		{"sip:0012155551212@h", "tn:12155551212"},
		{"sip:+4930123456@h", "tn:4930123456"},
		{"sip:(030) 123456@h", NULL}, /* a blank is no URI octet */
		{"sip:(030)123456@h", "tn:4930123456"},
		{"sip:110@h", "tn:110"},
		{"sip:bob@h", "uri:sip:bob@h"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		expect(&germany, CANON_DEST, &v[i]);
}

/* A caller that is no E.164 number is a URI (section 8.1, last part). */
static void caller_must_be_global(void **state)
{
	static const struct canon_rules none;
	static const struct spelling v[] = {
		{"sip:*67@h;user=phone", "uri:sip:*67@h"},
		{"sip:0123@h;user=phone", "uri:sip:0123@h"},
		{"sip:1234567890123456@h;user=phone",
		 "uri:sip:1234567890123456@h"},
		{"sip:123456789012345@h;user=phone", "tn:123456789012345"},
		{"tel:*67;phone-context=h", NULL},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		expect(&none, CANON_ORIG, &v[i]);
}

static void too_long(void **state)
{
	static const struct canon_rules none;
	char uri[1024];
	struct canon c;
	(void)state;

	strcpy(uri, "sip:");
	memset(uri + 4, 'a', 600);
	strcpy(uri + 604, "@h");
	assert_int_equal(canon_identity(&c, &none, CANON_ORIG,
					slice_str(uri)), ENOSPC);
	memset(uri + 4, '1', 600);
	assert_int_not_equal(canon_identity(&c, &none, CANON_DEST,
					    slice_str(uri)), 0);
}

static void prefixes(void **state)
{
	(void)state;
	assert_true(canon_tn_has_prefix("12155551212", "+1215555"));
	assert_true(canon_tn_has_prefix("12155551212", "1215555"));
	assert_false(canon_tn_has_prefix("12155551212", "+1216"));
	assert_false(canon_tn_has_prefix("1215", "+12155"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates),
		cmocka_unit_test(dates_refused),
		cmocka_unit_test(numbers),
		cmocka_unit_test(uris),
		cmocka_unit_test(numbering_plan),
		cmocka_unit_test(caller_must_be_global),
		cmocka_unit_test(too_long),
		cmocka_unit_test(prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
