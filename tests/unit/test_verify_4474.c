/* test_verify_4474.c: requests with RFC 4474 Identity: every covered field,
 * codes, replay. */
#include "unit.h"

#include "caller.h"

/* One octet of each covered field changed: 438; of others: nothing. */
static void old_coverage(void **state)
{
	const struct parts base = {OLD_FROM, .date = NULL};
	char later[DATE_SIZE], changed_body[SDP_SIZE];
	const struct {
		struct parts parts;
		bool valid;
	} v[] = {
		{{OLD_FROM}, true},
		{{OLD_FROM, .ruri = "sip:elsewhere@x"}, true},
		{{OLD_FROM, .cseq = "0001"}, true}, /* zeros are stripped */
		{{.from = "sip:blice@example.org"}, false},
		{{.from = "sip:alice@example.org;user=phone"}, false},
		{{.from = "sip:Alice@example.org"}, false}, /* bit by bit */
		{{OLD_FROM, .to = "sip:+12155551213@b.example"}, false},
		{{OLD_FROM, .call_id = "c2@a.example.org"}, false},
		{{OLD_FROM, .cseq = "2"}, false},
		{{OLD_FROM, .date = later}, false},
		{{OLD_FROM, .contact = "sip:b@192.0.2.1:5060"}, false},
		{{OLD_FROM, .body = changed_body}, false},
		{{OLD_FROM, .body = ""}, false},
		{{OLD_FROM, .method = "MESSAGE"}, false},
	};
	char lines[4096];
	(void)state;

	date_write(later, now + 1);
	memcpy(changed_body, sdp, SDP_SIZE);
	changed_body[strlen(sdp) - 3] ^= 1;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct identity *id = context(&rsa, 0);
		struct verdicts *vs = old_call(id, &rsa, &base, &v[i].parts,
					       lines);

		assert_int_equal(vs->n, 1);
		if ((vs->overall == IDENTITY_VALID) != v[i].valid)
			fail_msg("%zu: %s", i, vs->v[0].why);
		assert_int_equal(vs->code, v[i].valid ? 0 : 438);
		assert_true(vs->v[0].weak);
		mem_deref(vs);
		identity_free(id);
	}
}

static void old_verdict_tells(void **state)
{
	struct identity *id = context(&rsa, 0);
	struct verdicts *vs;
	char lines[4096];
	(void)state;

	vs = old_call(id, &rsa, &(struct parts){OLD_FROM},
		      &(struct parts){OLD_FROM}, lines);
	assert_int_equal(vs->overall, IDENTITY_VALID);
	assert_string_equal(vs->v[0].why, "verified, SHA-1 (weak)");
	assert_string_equal(vs->v[0].authority, "domain example.org");
	assert_int_equal(vs->v[0].media, IDENTITY_MEDIA_SIGNED);
	mem_deref(vs);
	vs = old_call(id, &rsa, &(struct parts){OLD_FROM},
		      &(struct parts){OLD_FROM, .to = "sip:x@y"}, lines);
	assert_non_null(strstr(vs->v[0].canonical_ours,
			       "sip:alice@example.org|sip:x@y|c1@a"));
	assert_non_null(strstr(vs->v[0].canonical_signers, "SHA-1"));
	assert_int_equal(vs->v[0].differ, -1);
	mem_deref(vs);
	identity_free(id);
}

static void old_codes(void **state)
{
	struct identity *none = context(NULL, 0);
	struct identity *other = context(&rsa_other, 0);
	struct identity *small = context(&rsa_small, 0);
	const struct parts base = {OLD_FROM};
	char lines[4096];
	struct verdicts *vs;
	(void)state;

	vs = old_call(none, &rsa, &base, &base, lines);
	assert_int_equal(vs->code, 436);
	assert_string_equal(vs->phrase, "Bad Identity-Info");
	mem_deref(vs);
	vs = old_call(other, &rsa, &base, &base, lines); /* other domain */
	assert_int_equal(vs->code, 437);
	assert_string_equal(vs->phrase, "Unsupported Certificate");
	mem_deref(vs);
	vs = old_call(small, &rsa_small, &base, &base, lines);
	assert_int_equal(vs->code, 437);
	mem_deref(vs);
	identity_free(none);
	identity_free(other);
	identity_free(small);
}

/* The same octets later: an hour is allowed, a second more is not. */
static void old_windows(void **state)
{
	struct signer *s;
	char date[DATE_SIZE], lines[4096];
	struct parts parts = {OLD_FROM, .date = date};
	struct obuf ob = OBUF_INIT;
	(void)state;

	date_write(date, PKI_NOW);
	for (unsigned i = 0; i < 4; i++) {
		static const int late[] = {-3601, -3600, 3600, 3601};
		struct identity *id = context(&rsa, 0);
		bool ok = i == 1 || i == 2;
		struct verdicts *vs;

		parts.extra = NULL;
		s = signer(id, SIGNER_RFC4474, &rsa, 0);
		build(&ob, &parts);
		strcpy(lines, sign(s, &ob, NULL).lines);
		parts.extra = lines;
		build(&ob, &parts);
		now = PKI_NOW + late[i];
		vs = verify(id, &ob, NULL);
		now = PKI_NOW;
		assert_int_equal(vs->code, ok ? 0 : 438);
		assert_int_equal(!strncmp(vs->v[0].why, "Date is 3601 s", 14),
				 !ok);
		mem_deref(vs);
		signer_free(s);
		identity_free(id);
	}
	obuf_fini(&ob);
}

static void old_replay(void **state)
{
	struct identity *id = context(&rsa, 0);
	const struct parts again = {OLD_FROM, .cseq = "2"};
	const struct parts base = {OLD_FROM};
	char lines[4096];
	struct verdicts *vs;
	(void)state;

	vs = old_call(id, &rsa, &base, &base, lines);
	assert_int_equal(vs->overall, IDENTITY_VALID);
	mem_deref(vs);
	vs = old_call(id, &rsa, &base, &base, lines);
	assert_int_equal(vs->code, 438);
	assert_non_null(strstr(vs->v[0].why, "replay"));
	mem_deref(vs);
	/* the sender went on with a higher CSeq and signed it */
	vs = old_call(id, &rsa, &again, &again, lines);
	assert_int_equal(vs->overall, IDENTITY_VALID);
	mem_deref(vs);
	vs = old_call(id, &rsa, &base, &base, lines);
	assert_int_equal(vs->code, 438);
	mem_deref(vs);
	identity_free(id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_coverage),
		cmocka_unit_test(old_verdict_tells),
		cmocka_unit_test(old_codes),
		cmocka_unit_test(old_windows),
		cmocka_unit_test(old_replay),
	};

	return cmocka_run_group_tests(tests, caller_setup,
				      caller_teardown);
}
