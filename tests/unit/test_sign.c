/* test_sign.c: what we sign, what we must not, and what still holds of the
 * caller's assertion after our rewriting. */
#include "unit.h"

#include <stdio.h>

#include "caller.h"

static void round_trip(enum signer_method m, const struct pki_cert *c,
		       const struct parts *base)
{
	struct identity *id = context(c, 0);
	struct signer *s = signer(id, m, c, 'B');
	struct parts parts = *base;
	struct obuf ob = OBUF_INIT;
	struct signed_text t;
	struct verdicts *vs;
	char extra[5000];

	build(&ob, &parts);
	t = sign(s, &ob, NULL);
	if (t.err)
		fail_msg("%s", t.why);
	snprintf(extra, sizeof(extra), "%s%s", or(base->extra, ""), t.lines);
	parts.extra = extra;
	build(&ob, &parts);
	vs = verify(id, &ob, NULL);
	if (vs->overall != IDENTITY_VALID)
		fail_msg("%s", vs->v[0].why);
	mem_deref(vs);
	signer_free(s);
	identity_free(id);
	obuf_fini(&ob);
}

static void signed_by_us_verifies(void **state)
{
	(void)state;
	round_trip(SIGNER_SHAKEN, &range, &(struct parts){0});
	round_trip(SIGNER_SHAKEN, &range, &(struct parts){.date = ""});
	round_trip(SIGNER_SHAKEN, &spc, &(struct parts){.body = ""});
	round_trip(SIGNER_RFC8224, &range, &(struct parts){.date = ""});
	round_trip(SIGNER_RFC8224, &domain, &(struct parts){
		.from = "sip:Alice@Example.org", .to = "sip:bob@b.example"});
	round_trip(SIGNER_RFC4474, &rsa, &(struct parts){
		.from = "sip:alice@example.org"});
	round_trip(SIGNER_RFC4474, &rsa, &(struct parts){
		.from = "sip:alice@example.org", .date = "", .body = "",
		.cseq = "0007", .method = "MESSAGE"});
}

/* attest: who may say what (threats I11) */
static void attestation(void **state)
{
	static const struct {
		const char *from;
		char conf, in; /* in: attestation that came in, 0: nothing,
				  'X': an invalid one */
		int err;
		char want;
	} v[] = {
		{"sip:+12155551212@a", 'B', 0, 0, 'A'},
		{"sip:+12155559999@a", 'B', 0, 0, 'B'},
		{"sip:+12155559999@a", 'C', 0, 0, 'C'},
		{"sip:+12155559999@a", 0, 0, EPERM, 0},
		{"sip:+14155551212@a", 'B', 0, 0, 'B'},
		{"sip:+12155551212@a", 'B', 'A', 0, 'A'},
		{"sip:+12155551212@a", 'B', 'B', 0, 'B'},
		{"sip:+12155551212@a", 'B', 'C', 0, 'C'},
		{"sip:+12155559999@a", 'B', 'A', 0, 'B'},
		{"sip:+12155551212@a", 'B', 'X', 0, 'C'},
	};
	struct identity *id = context(&spc, 0);
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct signer *s = signer(id, SIGNER_SHAKEN, &spc, v[i].conf);
		struct verdicts in = {.overall = IDENTITY_VALID, .n = 1};
		struct obuf ob = OBUF_INIT;
		struct signed_text t;

		in.v[0].method = IDENTITY_RFC8224;
		in.v[0].attest = v[i].in;
		in.v[0].result = IDENTITY_VALID;
		if (v[i].in == 'X')
			in.overall = in.v[0].result = IDENTITY_INVALID;
		build(&ob, &(struct parts){.from = v[i].from});
		t = sign(s, &ob, v[i].in ? &in : NULL);
		assert_int_equal(t.err, v[i].err);
		assert_int_equal(t.err ? 0 : t.attest, v[i].want);
		signer_free(s);
		obuf_fini(&ob);
	}
	identity_free(id);
}

static void not_ours_to_sign(void **state)
{
	struct identity *id = context(&range, 0);
	struct signer *base = signer(id, SIGNER_RFC8224, &range, 0);
	struct signer *shaken = signer(id, SIGNER_SHAKEN, &range, 'B');
	struct signer *old = signer(id, SIGNER_RFC4474, &rsa, 0);
	const struct {
		struct signer *s;
		struct parts parts;
		int err;
	} v[] = {
		{base, {.from = "sip:+14155551212@a"}, EPERM},
		{base, {.from = "sip:+12155559999@a"}, EPERM}, /* cert */
		{base, {.from = "sip:a@example.com"}, EPERM},
		{base, {.from = "sip:anonymous@anonymous.invalid"}, EPERM},
		{base, {.date = "Thu, 21 Feb 2002 13:02:03 GMT"}, EINVAL},
		{base, {.date = "yesterday"}, EINVAL},
		{base, {.body = "a=fingerprint:x y\r\n"}, EINVAL},
		{shaken, {.from = "sip:+12155551300@a"}, EPERM}, /* cert */
		{old, {.from = "sip:a@sub.example.org"}, EPERM},
		{old, {.from = "tel:+12155551212"}, EPERM},
		{old, {.from = "sip:a@example.org",
		       .date = "Thu, 21 Feb 2002 13:02:03 GMT"}, EINVAL},
		{old, {.from = "sip:a@example.org",
		       .extra = "Identity: \"x\"\r\n"}, EINVAL},
	};
	struct obuf ob = OBUF_INIT;
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct signed_text t;

		build(&ob, &v[i].parts);
		t = sign(v[i].s, &ob, NULL);
		if (t.err != v[i].err)
			fail_msg("%zu: %d %s", i, t.err, t.why);
		assert_string_equal(t.lines, "");
		assert_true(*t.why);
	}
	signer_free(base);
	signer_free(shaken);
	signer_free(old);
	identity_free(id);
	obuf_fini(&ob);
}

static void signers_refused(void **state)
{
	struct identity *id = context(&range, 0);
	const struct signer_conf good = {
		.name = "x", .method = SIGNER_SHAKEN, .key = range.key_file,
		.certificate = range.cert_file, .info = URL};
	struct signer_conf v[9];
	char why[IDENTITY_WHY];
	struct signer *s;
	(void)state;

	for (size_t i = 0; i < 9; i++)
		v[i] = good;
	v[0].key = "/nonexistent";
	v[1].certificate = range.key_file;
	v[2].certificate = spc.cert_file; /* not that of the key */
	v[3].method = SIGNER_RFC4474; /* not RSA */
	v[4].key = rsa.key_file;
	v[4].certificate = rsa.cert_file; /* not P-256 */
	v[5].key = no_list.key_file;
	v[5].certificate = no_list.cert_file;
	v[6].info = "http://a/b";
	v[7].attest = 'A';
	v[8].key = expired.key_file;
	v[8].certificate = expired.cert_file;
	for (size_t i = 0; i < 9; i++) {
		*why = 0;
		if (signer_new(&s, &v[i], id, why) == 0)
			fail_msg("%zu accepted", i);
		assert_true(*why);
	}
	assert_int_equal(signer_new(&s, &good, id, why), 0);
	assert_string_equal(signer_name(s), "x");
	signer_free(s);
	identity_free(id);
}

static void signer_methods(void **state)
{
	enum signer_method m;
	(void)state;

	assert_int_equal(signer_method_parse("rfc4474", &m), 0);
	assert_int_equal(m, SIGNER_RFC4474);
	assert_int_equal(signer_method_parse("rfc8224", &m), 0);
	assert_int_equal(signer_method_parse("shaken", &m), 0);
	assert_int_equal(m, SIGNER_SHAKEN);
	assert_int_equal(signer_method_parse("stir", &m), EINVAL);
}

/* ---- keep -------------------------------------------------------------- */

struct change_row {
	struct parts parts;
	const char *fields; /* changed ones, joined by ' ' */
};

static void keep_check(struct identity *id, const struct verdicts *in,
		       const char *lines, const struct change_row *row)
{
	struct parts parts = row->parts;
	struct obuf ob = OBUF_INIT;
	struct identity_kept k;
	char fields[256] = "";

	if (!parts.extra)
		parts.extra = lines;
	build(&ob, &parts);
	assert_int_equal(identity_keep(id, in, obuf_as_slice(&ob), &k), 0);
	for (size_t i = 0; i < k.n; i++) {
		strcat(fields, i ? " " : "");
		strcat(fields, identity_field_name(k.changed[i].field));
	}
	assert_string_equal(fields, row->fields);
	assert_int_equal(k.holds[0], !*row->fields);
	assert_int_equal(k.any_valid_holds, !*row->fields);
	obuf_fini(&ob);
}

static void keep_8224(void **state)
{
	const struct change_row v[] = {
		{{0}, ""},
		{{.ruri = "sip:x@y", .call_id = "new", .contact = "sip:us@us",
		  .cseq = "99", .date = ""}, ""},
		{{.from = "sip:+1-215-555-1212@other;user=phone"}, ""},
		{{.from = "sip:+12155550000@a"}, "orig"},
		{{.to = "sip:+12155550000@b"}, "dest"},
		{{.body = "v=0\r\na=fingerprint:sha-256 00:11\r\n"}, "mky"},
		{{.extra = "Subject: x\r\n"}, "Identity header"},
		{{.from = "sip:a@b", .to = "sip:c@d", .body = "",
		  .extra = "X: y\r\n"}, "Identity header orig dest mky"},
	};
	struct identity *id = context(&range, 0);
	struct obuf line = OBUF_INIT, ob = OBUF_INIT;
	struct verdicts *vs;
	(void)state;

	identity_write(&line, &(struct token){.mky = MKY("ABCDEF01")});
	build(&ob, &(struct parts){.extra = line.p});
	vs = verify(id, &ob, NULL);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		keep_check(id, vs, line.p, &v[i]);
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&line);
	obuf_fini(&ob);
}

static void keep_4474(void **state)
{
	char later[DATE_SIZE];
	const struct change_row v[] = {
		{{OLD_FROM}, ""},
		{{OLD_FROM, .ruri = "sip:x@y"}, ""},
		{{OLD_FROM, .call_id = "new", .contact = "sip:us@us",
		  .cseq = "9", .body = "v=0\r\n"},
		 "Call-ID CSeq Contact body"},
		{{.from = "sip:bob@example.org", .to = "sip:x@y",
		  .date = later}, "From To Date"},
		{{OLD_FROM, .date = ""}, "Date"},
		{{OLD_FROM, .extra = "X: y\r\n"},
		 "Identity header Identity-Info"},
	};
	struct identity *id = context(&rsa, 0);
	struct verdicts *vs;
	char lines[4096];
	(void)state;

	date_write(later, now + 1);
	vs = old_call(id, &rsa, &(struct parts){OLD_FROM},
		      &(struct parts){OLD_FROM}, lines);
	assert_int_equal(vs->overall, IDENTITY_VALID);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		keep_check(id, vs, lines, &v[i]);
	mem_deref(vs);
	identity_free(id);
}

/* Two SDPs are alike for hundreds of octets: an operator wants the rest. */
static void keep_shows_where_they_part(void **state)
{
	char was[301], now_[301];
	struct identity *id = context(&rsa, 0);
	struct obuf ob = OBUF_INIT;
	struct identity_kept k;
	struct verdicts *vs;
	char lines[4096];
	struct parts in = {OLD_FROM, .body = was};
	struct parts out = {OLD_FROM, .body = now_};
	(void)state;

	memset(was, 'a', 300);
	memset(now_, 'a', 300);
	was[300] = now_[300] = 0;
	was[290] = 'X';
	now_[290] = 'Y';
	vs = old_call(id, &rsa, &in, &in, lines);
	assert_int_equal(vs->overall, IDENTITY_VALID);
	out.extra = lines;
	build(&ob, &out);
	assert_int_equal(identity_keep(id, vs, obuf_as_slice(&ob), &k), 0);
	assert_int_equal(k.n, 1);
	assert_string_equal(k.changed[0].was, "...aaaaaaaaaaaaaaaaXaaaaaaaaa");
	assert_string_equal(k.changed[0].now, "...aaaaaaaaaaaaaaaaYaaaaaaaaa");
	obuf_fini(&ob);
	mem_deref(vs);
	identity_free(id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keep_shows_where_they_part),
		cmocka_unit_test(signed_by_us_verifies),
		cmocka_unit_test(attestation),
		cmocka_unit_test(not_ours_to_sign),
		cmocka_unit_test(signers_refused),
		cmocka_unit_test(signer_methods),
		cmocka_unit_test(keep_8224),
		cmocka_unit_test(keep_4474),
	};

	return cmocka_run_group_tests(tests, caller_setup,
				      caller_teardown);
}
