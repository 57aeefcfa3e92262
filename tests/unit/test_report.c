/* test_report.c: what a report says of calls that we know all about. */
#include "unit.h"

#include <jansson.h>
#include <re_types.h>
#include <re_mem.h>
#include <stdio.h>
#include <stdlib.h>

#include "b2bua/identity/report.h"

static struct verdicts *verdicts_of(enum identity_result result, char attest,
				    bool covers)
{
	struct verdicts *vs = mem_zalloc(sizeof(*vs), NULL);
	struct verdict *v = &vs->v[0];

	vs->n = 1;
	vs->overall = result;
	v->method = IDENTITY_RFC8224;
	v->result = result;
	v->attest = attest;
	v->covers = covers;
	v->media = IDENTITY_MEDIA_SIGNED;
	strcpy(v->ppt, attest ? "shaken" : "");
	strcpy(v->why, "the reason");
	v->signer = (char *)"CN=Carrier";
	v->issuer = (char *)"CN=CA";
	v->orig = (char *)"12155551212";
	v->authority = (char *)"service provider 4321";
	return vs;
}

static json_t *json_of(const struct report *r)
{
	struct obuf ob = OBUF_INIT;
	json_error_t e;
	json_t *o;

	report_write_json(&ob, r);
	assert_int_equal(ob.err, 0);
	assert_null(memchr(ob.p, '\n', ob.n));
	o = json_loadb(ob.p, ob.n, JSON_REJECT_DUPLICATES, &e);
	if (!o)
		fail_msg("%s at %d: %.*s", e.text, e.position, (int)ob.n,
			 ob.p);
	obuf_fini(&ob);
	return o;
}

/* "legs.a.caller_identity.verdict" */
static const char *at(const json_t *o, const char *path)
{
	struct slice rest = slice_str(path);
	char key[64];

	while (rest.p) {
		slice_copy(slice_cut(&rest, '.'), key, sizeof(key));
		o = json_is_array(o) ? json_array_get(o, (size_t)atoi(key))
				     : json_object_get(o, key);
	}
	return json_is_true(o) ? "true" : json_is_false(o) ? "false"
	       : json_is_null(o) ? "null" : json_string_value(o);
}

static void expect(const struct report *r, const char *const v[][2],
		   size_t n)
{
	json_t *o = json_of(r);

	for (size_t i = 0; i < n; i++) {
		const char *got = at(o, v[i][0]);

		if (!got != !v[i][1] || (got && strcmp(got, v[i][1]) != 0))
			fail_msg("%s is %s, not %s", v[i][0],
				 got ? got : "(none)",
				 v[i][1] ? v[i][1] : "(none)");
	}
	json_decref(o);
}
#define EXPECT(r, ...)                                                       \
	do {                                                                 \
		static const char *const want[][2] = {__VA_ARGS__};          \
		expect(r, want, sizeof(want) / sizeof(want[0]));             \
	} while (0)

static void every_verdict_has_its_property(void **state)
{
	static const struct {
		enum report_verdict v;
		enum report_property p;
		const char *token;
	} row[] = {
		{REPORT_CALLER_PROVEN, REPORT_CALLER, "proven"},
		{REPORT_CALLER_ATTESTED_A, REPORT_CALLER, "attested-a"},
		{REPORT_CALLER_ATTESTED_B, REPORT_CALLER, "attested-b"},
		{REPORT_CALLER_ATTESTED_C, REPORT_CALLER, "attested-c"},
		{REPORT_CALLER_TRUNK, REPORT_CALLER, "trunk"},
		{REPORT_CALLER_UNVERIFIABLE, REPORT_CALLER, "unverifiable"},
		{REPORT_CALLER_INVALID, REPORT_CALLER, "invalid"},
		{REPORT_CALLER_NONE, REPORT_CALLER, "none"},
		{REPORT_CALLED_PROVEN, REPORT_CALLED, "proven"},
		{REPORT_CALLED_TRUNK, REPORT_CALLED, "trunk"},
		{REPORT_CALLED_ROUTED, REPORT_CALLED, "routed"},
		{REPORT_CALLED_NONE, REPORT_CALLED, "none"},
		{REPORT_PRIVACY_END_TO_END, REPORT_PRIVACY, "end-to-end"},
		{REPORT_PRIVACY_HOP, REPORT_PRIVACY, "hop"},
		{REPORT_PRIVACY_KEY_EXPOSED, REPORT_PRIVACY, "key-exposed"},
		{REPORT_PRIVACY_CLEAR, REPORT_PRIVACY, "clear"},
		{REPORT_PRIVACY_NONE, REPORT_PRIVACY, "none"},
		{REPORT_MEDIA_AUTH_SIGNED_KEY, REPORT_MEDIA_AUTH,
		 "signed-key"},
		{REPORT_MEDIA_AUTH_UNSIGNED_KEY, REPORT_MEDIA_AUTH,
		 "unsigned-key"},
		{REPORT_MEDIA_AUTH_SHARED_KEY, REPORT_MEDIA_AUTH,
		 "shared-key"},
		{REPORT_MEDIA_AUTH_NONE, REPORT_MEDIA_AUTH, "none"},
		{REPORT_SIGNALLING_TLS_VERIFIED, REPORT_SIGNALLING,
		 "tls-verified"},
		{REPORT_SIGNALLING_TLS_UNVERIFIED, REPORT_SIGNALLING,
		 "tls-unverified"},
		{REPORT_SIGNALLING_CLEAR, REPORT_SIGNALLING, "clear"},
		{REPORT_SIGNALLING_NONE, REPORT_SIGNALLING, "none"},
	};
	struct report *r;
	(void)state;

	assert_int_equal(sizeof(row) / sizeof(row[0]), REPORT_VERDICTS);
	assert_int_equal(report_new(&r), 0);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		assert_int_equal(report_verdict_property(row[i].v), row[i].p);
		assert_string_equal(report_verdict_token(row[i].v),
				    row[i].token);
		assert_true(*report_verdict_help(row[i].v));
		report_set(r, REPORT_LEG_B, row[i].v, REPORT_BY_US, NULL);
		assert_int_equal(report_get(r, REPORT_LEG_B, row[i].p),
				 row[i].v);
	}
	mem_deref(r);
}

static void empty_report(void **state)
{
	struct report *r;
	(void)state;

	assert_int_equal(report_new(&r), 0);
	EXPECT(r, {"chain", "none"},
	       {"secure_to_claimed_identity", "false"},
	       {"because", "nobody vouches for the caller"},
	       {"legs.a.caller_identity.verdict", "none"},
	       {"legs.a.caller_identity.by", "nobody"},
	       {"legs.a.caller_identity.by_name", "null"},
	       {"legs.b.called_identity.verdict", "none"},
	       {"legs.b.media_privacy.verdict", "none"},
	       {"legs.a.media_authentication.verdict", "none"},
	       {"legs.b.signalling_confidentiality.verdict", "none"},
	       {"signed", "null"});
	mem_deref(r);
}

static void what_came_in(void **state)
{
	static const struct {
		enum identity_result result;
		char attest;
		bool covers;
		enum report_verdict want;
	} v[] = {
		{IDENTITY_VALID, 'A', true, REPORT_CALLER_PROVEN},
		{IDENTITY_VALID, 'A', false, REPORT_CALLER_ATTESTED_A},
		{IDENTITY_VALID, 'B', true, REPORT_CALLER_ATTESTED_B},
		{IDENTITY_VALID, 'C', false, REPORT_CALLER_ATTESTED_C},
		{IDENTITY_VALID, 0, true, REPORT_CALLER_PROVEN},
		/* a carrier's certificate proves no number */
		{IDENTITY_VALID, 0, false, REPORT_CALLER_ATTESTED_C},
		{IDENTITY_INVALID, 'A', true, REPORT_CALLER_INVALID},
		{IDENTITY_UNVERIFIABLE, 'A', false,
		 REPORT_CALLER_UNVERIFIABLE},
		{IDENTITY_IGNORED, 0, false, REPORT_CALLER_NONE},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct verdicts *vs = verdicts_of(v[i].result, v[i].attest,
						  v[i].covers);
		struct report *r;

		report_new(&r);
		report_verdicts(r, vs);
		assert_int_equal(report_get(r, REPORT_LEG_A, REPORT_CALLER),
				 v[i].want);
		json_decref(json_of(r));
		mem_deref(r);
		mem_deref(vs);
	}
}

/* Topology hiding and our own media: the usual SBC. */
static void resigned_call(void **state)
{
	struct verdicts *vs = verdicts_of(IDENTITY_VALID, 'A', false);
	struct identity_kept kept = {.n = 1};
	struct sign_result res = {.method = SIGNER_SHAKEN, .attest = 'B',
				  .signer = "ours", .info = "https://a/b"};
	struct report *r;
	(void)state;

	strcpy(res.origid, "id");
	kept.changed[0].field = FIELD_MKY;
	strcpy(kept.changed[0].was, "AB");
	strcpy(kept.changed[0].now, "CD");
	report_new(&r);
	report_verdicts(r, vs);
	report_fingerprint(r, REPORT_LEG_A, SLICE_LIT("sha-256 AB"));
	report_kept(r, &kept, "media is anchored here");
	report_kept(r, &kept, "media is anchored here"); /* next route */
	EXPECT(r, {"chain", "ended-here"},
	       {"legs.b.caller_identity.verdict", "none"});
	report_signed(r, &res);
	report_set(r, REPORT_LEG_A, REPORT_PRIVACY_HOP, REPORT_BY_US, NULL);
	report_fingerprint(r, REPORT_LEG_B, SLICE_LIT("sha-256 EF"));
	EXPECT(r, {"chain", "re-signed"},
	       {"secure_to_claimed_identity", "false"},
	       {"legs.a.caller_identity.verdict", "attested-a"},
	       {"legs.a.caller_identity.by", "signer"},
	       {"legs.a.caller_identity.by_name", "CN=Carrier"},
	       {"legs.a.caller_identity.evidence.authority",
		"service provider 4321"},
	       {"legs.b.caller_identity.verdict", "attested-b"},
	       {"legs.b.caller_identity.by", "countersign"},
	       {"legs.b.caller_identity.by_name", "ours"},
	       {"legs.a.media_authentication.verdict", "signed-key"},
	       {"legs.b.media_authentication.verdict", "unsigned-key"},
	       {"identity.0.result", "valid"},
	       {"identity.0.media", "signed"},
	       {"identity.0.left_as_it_came", "false"},
	       {"changed_here.0.field", "mky"},
	       {"changed_here.0.reason", "media is anchored here"},
	       {"changed_here.0.was", "AB"},
	       {"changed_here.0.now", "CD"},
	       {"changed_here.0.breaks", "RFC 8224"},
	       {"changed_here.1", NULL},
	       {"signed.signer", "ours"},
	       {"signed.method", "shaken"},
	       {"signed.attest", "B"},
	       {"signed.origid", "id"});
	mem_deref(r);
	mem_deref(vs);
}

/* Only this one may be called secure (RFC 5763 section 8.6). */
static void untouched_call(void **state)
{
	struct verdicts *vs = verdicts_of(IDENTITY_VALID, 0, true);
	struct identity_kept kept = {.any_valid_holds = true};
	struct report *r;
	(void)state;

	kept.holds[0] = true;
	report_new(&r);
	report_verdicts(r, vs);
	report_kept(r, &kept, "nothing");
	EXPECT(r, {"chain", "kept"},
	       {"secure_to_claimed_identity", "false"},
	       {"legs.b.caller_identity.verdict", "proven"},
	       {"identity.0.left_as_it_came", "true"});
	report_set(r, REPORT_LEG_A, REPORT_PRIVACY_END_TO_END, REPORT_BY_PEER,
		   NULL);
	EXPECT(r, {"because", "there is no media"});
	report_set(r, REPORT_LEG_B, REPORT_PRIVACY_HOP, REPORT_BY_US, NULL);
	EXPECT(r, {"because", "we hold the media keys: private on each hop, "
		   "not end to end"});
	report_set(r, REPORT_LEG_B, REPORT_PRIVACY_END_TO_END, REPORT_BY_PEER,
		   NULL);
	EXPECT(r, {"secure_to_claimed_identity", "false"},
	       {"because",
		"no signature covers the caller's media key"});
	report_fingerprint(r, REPORT_LEG_A, SLICE_LIT("sha-256 AB"));
	EXPECT(r, {"secure_to_claimed_identity", "true"},
	       {"because", "null"});
	report_rekeyed(r);
	report_fingerprint(r, REPORT_LEG_A, SLICE_LIT("sha-256 CD"));
	EXPECT(r, {"secure_to_claimed_identity", "false"},
	       {"because",
		"no signature covers the caller's media key"});
	vs->v[0].weak = true;
	EXPECT(r, {"secure_to_claimed_identity", "false"},
	       {"because", "the caller's signature is SHA-1 (weak)"});
	mem_deref(r);
	mem_deref(vs);
}

/* What cannot be judged is passed on as it came, and called so. */
static void unverified_call(void **state)
{
	struct verdicts *vs = verdicts_of(IDENTITY_UNVERIFIABLE, 'A', false);
	struct identity_kept kept = {.holds = {true}};
	struct report *r;
	(void)state;

	report_new(&r);
	report_verdicts(r, vs);
	report_kept(r, &kept, "nothing");
	EXPECT(r, {"chain", "none"},
	       {"legs.a.caller_identity.evidence.why", "the reason"},
	       {"legs.b.caller_identity.verdict", "unverifiable"});
	report_dropped(r, "policy");
	EXPECT(r, {"legs.b.caller_identity.verdict", "none"});
	mem_deref(r);
	mem_deref(vs);
}

static void could_not_sign(void **state)
{
	struct verdicts *vs = verdicts_of(IDENTITY_VALID, 'A', true);
	struct sign_result res = {.err = EPERM, .signer = "ours",
				  .why = "not a number of ours"};
	struct report *r;
	(void)state;

	report_new(&r);
	report_verdicts(r, vs);
	report_signed(r, &res);
	report_dropped(r, "it does not hold any more");
	EXPECT(r, {"chain", "ended-here"},
	       {"signed.signer", "null"},
	       {"signed.reason", "not a number of ours"},
	       {"legs.b.caller_identity.verdict", "none"},
	       {"changed_here.0.field", "Identity header"});
	mem_deref(r);
	mem_deref(vs);
}

static void octets_of_strangers(void **state)
{
	static const char octets[] = "\1\2\3\4\5\6\7\10\11";
	struct obuf ob = OBUF_INIT;
	struct report *r;
	(void)state;

	report_new(&r);
	report_set(r, REPORT_LEG_A, REPORT_CALLER_TRUNK, REPORT_BY_CONFIG,
		   "a\"b\\\x1b[2J\n");
	report_evidence(r, REPORT_LEG_A, REPORT_CALLER, "from",
			SLICE_LIT("\xff\r\n\"}"));
	report_evidence(r, REPORT_LEG_A, REPORT_CALLER, "from",
			SLICE_LIT("second\x07"));
	report_changed(r, "Contact", "topology hiding", SLICE_LIT("\x1b"),
		       SLICE_NONE);
	for (unsigned i = 0; i < 100; i++)
		report_changed(r, "x", "y", SLICE_LIT("1"),
			       slice_of(&octets[i % 7], i % 3));
	EXPECT(r, {"legs.a.caller_identity.by_name",
		   "a\"b\\\x1b[2J\n"},
	       {"legs.a.caller_identity.evidence.from", "second\x07"},
	       {"changed_here.0.now", "null"},
	       {"changed_here.0.breaks", "null"});
	report_write_text(&ob, r);
	assert_int_equal(ob.err, 0);
	for (size_t i = 0; i < ob.n; i++)
		assert_true(ob.p[i] == '\n' ||
			    (ob.p[i] >= 0x20 && ob.p[i] < 0x7f));
	obuf_chr(&ob, 0);
	assert_non_null(strstr(ob.p, "changed here: Contact (topology"));
	assert_non_null(strstr(ob.p, "not secure to the claimed identity"));
	obuf_fini(&ob);
	mem_deref(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verdict_has_its_property),
		cmocka_unit_test(empty_report),
		cmocka_unit_test(what_came_in),
		cmocka_unit_test(resigned_call),
		cmocka_unit_test(untouched_call),
		cmocka_unit_test(unverified_call),
		cmocka_unit_test(could_not_sign),
		cmocka_unit_test(octets_of_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
