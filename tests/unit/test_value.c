/* test_value.c: dictionaries of the control sockets, in both encodings, and
 * what may not get in. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/ctl/ng.h"

static struct value_pool pool;

static int setup(void **state)
{
	(void)state;
	pool = VALUE_POOL_INIT;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	value_pool_fini(&pool);
	return 0;
}

static struct value *parse(const char *text)
{
	struct value *v = NULL;

	assert_int_equal(value_parse(&pool, slice_str(text), NULL, &v), 0);
	return v;
}

static void writes(const struct value *v, enum value_form form,
		   const char *want)
{
	struct obuf ob = OBUF_INIT;

	value_write(&ob, v, form);
	assert_int_equal(ob.err, 0);
	obuf_chr(&ob, '\0');
	assert_string_equal(ob.p, want);
	obuf_fini(&ob);
}

static void both_forms_say_the_same(void **state)
{
	static const char ben[] = "d1:ai-7e1:bl2:xy0:e1:cd1:d1:eee";
	static const char json[] =
		"{\"a\":-7,\"b\":[\"xy\",\"\"],\"c\":{\"d\":\"e\"}}";
	(void)state;

	writes(parse(ben), VALUE_JSON, json);
	writes(parse(json), VALUE_BENCODE, ben);
	writes(parse(ben), VALUE_BENCODE, ben);
	writes(parse("{\"t\":true,\"n\":null} \r\n"), VALUE_JSON,
	       "{\"t\":true,\"n\":null}");
	writes(parse("{\"t\":false,\"n\":null}"), VALUE_BENCODE,
	       "d1:ti0e1:n0:e");
}

static void strings_hold_any_octet(void **state)
{
	struct value *v = NULL;
	(void)state;

	assert_int_equal(
		value_parse(&pool, SLICE_LIT("d1:a3:\0\xff\"e"), NULL, &v), 0);
	assert_int_equal(value_get_str(v, "a").n, 3);
	writes(v, VALUE_JSON, "{\"a\":\"\\u0000\\u00ff\\\"\"}");
}

static void refused_bencode(void **state)
{
	static const char *const bad[] = {
		"d", "de ", "dee", "d1:a", "d1:ae", "d1:ai1e", "di1e1:ae",
		"d1:ai01ee", "d1:ai-0ee", "d1:aiee", "d1:ai-ee",
		"d1:ai9223372036854775808ee", "d1:ai-9223372036854775809ee",
		"d01:a1:be", "d-1:a1:be", "d1:a99999999999:be",
		"d1:a9223372036854775808:xe", "d1:a1:b1:a1:ce", "d1:ax1:be",
		"d1:al1:be", "d1:ai1 ee", "d1:a922368547",
		"d1:ai12345678901234567890123",
	};
	struct value *v = NULL;
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(value_parse(&pool, slice_str(bad[i]), NULL,
					     &v), EBADMSG);
	assert_null(v);
	assert_int_equal(value_parse(&pool, SLICE_LIT("l1:ae"), NULL, &v),
			 EPROTONOSUPPORT);
	assert_int_equal(value_parse(&pool, SLICE_LIT(""), NULL, &v),
			 EPROTONOSUPPORT);
	assert_int_equal(value_as_int(value_get(
		parse("d1:ai-9223372036854775808ee"), "a"), 0), INT64_MIN);
}

static void refused_json(void **state)
{
	static const char *const bad[] = {
		"{", "{]", "{\"a\"}", "{\"a\":1,}", "{\"a\":1}x", "{\"a\":01}",
		"{\"a\":1,\"a\":2}", "{\"a\":1.5}", "{\"a\":1e999}",
		"{\"a\":9223372036854775808}", "{\"a\":\"\\ud800\"}",
		"{\"a\":\"\\u0000\"}", "{\"a\":[1}", "{\"\xff\":1}", "{'a':1}",
	};
	struct value *v = NULL;
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(value_parse(&pool, slice_str(bad[i]), NULL,
					     &v), EBADMSG);
	assert_null(v);
}

/* depth levels of lists inside a dictionary */
static int nested(char *text, bool json, int depth)
{
	struct value *v = NULL;
	size_t n = 0;

	n += (size_t)sprintf(text, "%s", json ? "{\"a\":" : "d1:a");
	memset(text + n, json ? '[' : 'l', (size_t)depth);
	n += (size_t)depth;
	memset(text + n, json ? ']' : 'e', (size_t)depth);
	n += (size_t)depth;
	text[n++] = json ? '}' : 'e';
	return value_parse(&pool, slice_of(text, n), NULL, &v);
}

static void depth_is_limited(void **state)
{
	char *text = malloc(200000);
	(void)state;

	assert_non_null(text);
	for (int json = 0; json < 2; json++) {
		assert_int_equal(nested(text, json, VALUE_DEPTH_MAX - 1), 0);
		assert_int_equal(nested(text, json, VALUE_DEPTH_MAX), E2BIG);
		assert_int_equal(nested(text, json, 65000), E2BIG);
	}
	free(text);
}

/* a list of n empty strings, or of n zeroes */
static int wide(char *text, bool json, int items)
{
	struct value *v = NULL;
	size_t n = (size_t)sprintf(text, "%s", json ? "{\"a\":[0" : "d1:al0:");

	for (int i = 1; i < items; i++)
		n += (size_t)sprintf(text + n, "%s", json ? ",0" : "0:");
	n += (size_t)sprintf(text + n, "%s", json ? "]}" : "ee");
	return value_parse(&pool, slice_of(text, n), NULL, &v);
}

static void items_are_limited(void **state)
{
	char *text = malloc(100000);
	(void)state;

	assert_non_null(text);
	for (int json = 0; json < 2; json++) {
		assert_int_equal(wide(text, json, VALUE_ITEMS_MAX - 2), 0);
		assert_int_equal(wide(text, json, VALUE_ITEMS_MAX), E2BIG);
	}
	free(text);
}

static void cut_short_everywhere(void **state)
{
	static const char *const whole[] = {
		"d7:command5:offer5:flagsl1:a2:bce3:sdp4:v=0\ne",
		"{\"command\":\"offer\",\"flags\":[\"a\\\"\",{}],\"n\":-12}",
	};
	(void)state;

	for (size_t w = 0; w < 2; w++) {
		size_t n, len = strlen(whole[w]);
		struct value_scan grown = {0};
		struct value *v;

		for (size_t i = 0; i < len; i++) {
			struct slice cut = slice_of(whole[w], i);
			struct value_scan scan = {0};

			assert_int_not_equal(
				value_parse(&pool, cut, NULL, &v), 0);
			assert_int_equal(value_scan(&scan, cut, &n), EAGAIN);
			assert_int_equal(value_scan(&grown, cut, &n), EAGAIN);
		}
		assert_int_equal(
			value_scan(&grown, slice_str(whole[w]), &n), 0);
		assert_int_equal(n, len);
	}
}

static void keys_of_many_spellings(void **state)
{
	struct value *v = parse("d5:a_b ci1e5:digit2:-72:no2:7xe");
	(void)state;

	assert_null(value_get(v, "a.b c"));
	assert_int_equal(value_get_int(v, "a-b-c", 0), 1);
	assert_int_equal(value_get_int(v, "A B_C", 0), 1);
	assert_int_equal(value_get_int(v, "digit", 0), -7);
	assert_int_equal(value_get_int(v, "no", 5), 5);
	/* exact before similar */
	v = parse("d3:a_bi1e3:a-bi2ee");
	assert_int_equal(value_get_int(v, "a-b", 0), 2);
}

static void flags_as_list_or_string(void **state)
{
	static const char *const texts[] = {
		"d5:flagsl13:trust address6:strictee",
		"d5:flags20:trust-address,stricte",
		"d5:flags22: trust_address  STRICTe",
	};
	(void)state;

	for (size_t i = 0; i < 3; i++) {
		struct value *v = parse(texts[i]);

		assert_true(value_has_flag(v, "flags", "trust-address"));
		assert_true(value_has_flag(v, "flags", "strict"));
		assert_false(value_has_flag(v, "flags", "trust"));
		assert_false(value_has_flag(v, "flag", "strict"));
	}
	assert_true(value_has_flag(parse("d5:flags13:trust addresse"), "flags",
				   "trust-address"));
}

static void building(void **state)
{
	struct value *d = value_new_dict(&pool), *l;
	(void)state;

	value_put_cstr(d, "s", "x");
	value_put_int(d, "i", -1);
	value_put_bool(d, "b", true);
	value_put_fmt(d, "f", "%d/%s", 3, "y");
	l = value_put_list(d, "l");
	value_append_str(l, SLICE_LIT("z"));
	value_put_int(value_append_dict(l), "k", 2);
	writes(d, VALUE_JSON, "{\"s\":\"x\",\"i\":-1,\"b\":true,"
	       "\"f\":\"3/y\",\"l\":[\"z\",{\"k\":2}]}");
	assert_int_equal(value_count(l), 2);
	assert_int_equal(value_count(d), 5);
	assert_true(slice_eq_str(value_key(value_at(d, 4)), "l"));
	value_pool_reset(&pool);
	assert_int_equal(pool.items, 0);
}

/* ---- frames ------------------------------------------------------------- */

static void datagrams(void **state)
{
	char cookie[NG_COOKIE_MAX + 10];
	struct ng_message m;
	(void)state;

	assert_int_equal(ng_split(SLICE_LIT("1_2 d4:pinge"), &m), 0);
	assert_true(slice_eq_str(m.cookie, "1_2"));
	assert_true(slice_eq_str(m.payload, "d4:pinge"));
	assert_int_equal(ng_split(SLICE_LIT("d4:pinge"), &m), EBADMSG);
	assert_int_equal(ng_split(SLICE_LIT(" d4:pinge"), &m), EBADMSG);
	assert_int_equal(ng_split(SLICE_LIT("c "), &m), EBADMSG);
	assert_int_equal(ng_split(SLICE_LIT(""), &m), EBADMSG);
	memset(cookie, 'c', sizeof(cookie));
	memcpy(cookie + NG_COOKIE_MAX + 1, " x", 2);
	assert_int_equal(ng_split(slice_of(cookie, NG_COOKIE_MAX + 3), &m),
			 EBADMSG);
	assert_int_equal(ng_split(slice_of(cookie + 1, NG_COOKIE_MAX + 2), &m),
			 0);
}

static void stream_octet_by_octet(void **state)
{
	static const char s[] = "\r\nd12 d1:a1:be {\"x\":\"}\"}d1:cle" "e"
				"7 {\"y\":1}";
	static const char *const want[][2] = {
		{"d12", "d1:a1:be"}, {NULL, "{\"x\":\"}\"}"},
		{NULL, "d1:clee"}, {"7", "{\"y\":1}"},
	};
	struct ng_reader r = {0};
	struct ng_message m;
	size_t at = 0, got = 0, used;
	(void)state;

	for (size_t n = 1; n < sizeof(s); n++) {
		int err = ng_read(&r, slice_of(s + at, n - at), &m, &used);

		if (err == EAGAIN)
			continue;
		assert_int_equal(err, 0);
		assert_true(slice_eq_str(m.payload, want[got][1]));
		if (want[got][0])
			assert_true(slice_eq_str(m.cookie, want[got][0]));
		else
			assert_null(m.cookie.p);
		at += used;
		got++;
	}
	assert_int_equal(got, 4);
	assert_int_equal(at, sizeof(s) - 1);
}

static void stream_refuses(void **state)
{
	static const char *const bad[] = {
		"c x", "c [1]", "c \r\nd1:a1:be", "a\nb", "c d01:a1:be",
		"c d1:ai--1ee", "{x:[[[[[[[[[[[[[[[[[[[",
	};
	char *big = malloc(NG_MESSAGE_MAX + 1);
	struct ng_message m;
	size_t used;
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ng_reader r = {0};
		int err = ng_read(&r, slice_str(bad[i]), &m, &used);

		assert_true(err == EBADMSG || err == E2BIG);
	}
	assert_non_null(big);
	memset(big, 'x', NG_MESSAGE_MAX);
	memcpy(big, "c d999999:", 10);
	for (size_t n = 1; n <= NG_MESSAGE_MAX; n += NG_MESSAGE_MAX - 1) {
		struct ng_reader r = {0};

		assert_int_equal(ng_read(&r, slice_of(big, n), &m, &used),
				 n == 1 ? EAGAIN : E2BIG);
	}
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_forms_say_the_same),
		cmocka_unit_test(strings_hold_any_octet),
		cmocka_unit_test(refused_bencode),
		cmocka_unit_test(refused_json),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(items_are_limited),
		cmocka_unit_test(cut_short_everywhere),
		cmocka_unit_test(keys_of_many_spellings),
		cmocka_unit_test(flags_as_list_or_string),
		cmocka_unit_test(building),
		cmocka_unit_test(datagrams),
		cmocka_unit_test(stream_octet_by_octet),
		cmocka_unit_test(stream_refuses),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
