/* test_verify.c: requests with RFC 8224 Identity, good ones and every defect
 * with the code that it must get. */
#include "unit.h"

#include <stdio.h>

#include "caller.h"

struct defect {
	const char *name;
	struct token token;
	struct parts parts;
	const struct pki_cert *cert; /* of the URL; NULL: range */
	bool no_cert;
	enum identity_result result;
	int code;
	const char *phrase;
};

static void check(const struct defect *d)
{
	struct identity *id = context(d->no_cert ? NULL
				      : d->cert  ? d->cert
						 : &range, 0);
	struct obuf line = OBUF_INIT, ob = OBUF_INIT;
	struct parts parts = d->parts;
	struct verdicts *vs;

	identity_write(&line, &d->token);
	if (!parts.extra)
		parts.extra = line.p;
	build(&ob, &parts);
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->n, 1);
	if (vs->v[0].result != d->result || vs->v[0].code != d->code ||
	    (d->phrase && strcmp(vs->v[0].phrase, d->phrase) != 0))
		fail_msg("%s: %s %d %s (%s)", d->name,
			 identity_result_name(vs->v[0].result),
			 vs->v[0].code, vs->v[0].phrase, vs->v[0].why);
	assert_int_equal(vs->overall, d->result);
	assert_int_equal(vs->code, d->code);
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&line);
	obuf_fini(&ob);
}

#define INVALID .result = IDENTITY_INVALID, .code = 438

static void good_ones(void **state)
{
	const struct defect v[] = {
		{"shaken", .result = IDENTITY_VALID},
		{"shaken, service provider", .token.key = &spc, .cert = &spc,
		 .result = IDENTITY_VALID},
		{"baseline", .token = {PLAIN}, .result = IDENTITY_VALID},
		{"no Date, iat is fresh", .parts.date = "",
		 .result = IDENTITY_VALID},
		{"Date changed on the way, iat is fresh",
		 .parts.date = "Thu, 21 Feb 2002 13:02:03 GMT",
		 .result = IDENTITY_VALID},
		{"one of several dest",
		 .token.dest = "\"dest\":{\"uri\":[\"sip:x@y\"],"
			       "\"tn\":[\"1\",\"12155551213\"]}",
		 .result = IDENTITY_VALID},
		{"other spelling of the numbers",
		 .parts.from = "tel:+1-215-555-1212",
		 .parts.to = "sip:+1(215)5551213;verstat=x@other",
		 .result = IDENTITY_VALID},
		{"59 s old", .token.iat = PKI_NOW - 60,
		 .result = IDENTITY_VALID},
		{"5 s ahead", .token.iat = PKI_NOW + 5,
		 .result = IDENTITY_VALID},
		{"mky", .token.mky = MKY("ABCDEF01"),
		 .result = IDENTITY_VALID},
		{"unknown claims", .token.mky = "\"rcd\":{\"nam\":\"A\"},",
		 .result = IDENTITY_VALID},
		{"uri identities, domain certificate",
		 .token = {PLAIN, .key = &domain,
			   .orig = "\"orig\":{\"uri\":\"sip:a@example.org\"}",
			   .dest = "\"dest\":{\"uri\":[\"sip:b@b.example\"]}"},
		 .parts.from = "sip:A@example.org:5070;x=y",
		 .parts.to = "sip:b@B.example", .cert = &domain,
		 .result = IDENTITY_VALID},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		check(&v[i]);
}

static void bad_tokens(void **state)
{
	const struct defect v[] = {
		{"bent signature", .token.bend_sig = true, INVALID},
		{"other key", .token.key = &spc, INVALID},
		{"alg none", .token.head = "{\"alg\":\"none\",\"ppt\":"
		 "\"shaken\",\"typ\":\"passport\",\"x5u\":\"" URL "\"}",
		 INVALID},
		{"alg HS256", .token.head = "{\"alg\":\"HS256\",\"ppt\":"
		 "\"shaken\",\"typ\":\"passport\",\"x5u\":\"" URL "\"}",
		 INVALID},
		{"alg in the header", .token.params = ";alg=RS256;ppt=shaken",
		 INVALID},
		{"x5u is not info", .token.x5u = "https://cert.example.org/x",
		 INVALID},
		{"x5u differs in case",
		 .token.x5u = "https://CERT.example.org/leaf.pem", INVALID},
		{"ppt only in the header", .token.ppt = "", INVALID,
		 .phrase = "Invalid PASSporT"},
		{"ppt only in the token", .token.params = "", INVALID,
		 .phrase = "Invalid PASSporT"},
		{"no attest", .token.attest = "", INVALID,
		 .phrase = "Invalid PASSporT"},
		{"attest D", .token.attest = "\"attest\":\"D\",", INVALID,
		 .phrase = "Invalid PASSporT"},
		{"no origid", .token.origid = "", INVALID,
		 .phrase = "Invalid PASSporT"},
		{"no claims", .token.claims = "{}", INVALID,
		 .phrase = "Invalid PASSporT"},
		{"claims are broken", .token.claims = "{\"iat\":1", INVALID},
		{"a claim twice", .token.mky = "\"iat\":1,", INVALID},
		{"unknown ppt", .token.params = ";ppt=rph",
		 .result = IDENTITY_IGNORED, .code = 0},
		{"no token", .parts.extra = "Identity: ;info=<" URL ">\r\n",
		 INVALID},
		{"dots", .parts.extra = "Identity: ..;info=<" URL ">\r\n",
		 INVALID},
		{"no info", .parts.extra = "Identity: a.b.c\r\n",
		 .result = IDENTITY_UNVERIFIABLE, .code = 436,
		 .phrase = "Bad Identity Info"},
		{"empty", .parts.extra = "Identity:\r\n", INVALID},
		{"one quote", .parts.extra = "Identity: \"\r\n",
		 .result = IDENTITY_UNVERIFIABLE, .code = 436,
		 .phrase = "Bad Identity-Info"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		check(&v[i]);
}

static void wrong_calls(void **state)
{
	const struct defect v[] = {
		{"another caller", .parts.from = "sip:+12155551299@a;user=phone",
		 INVALID},
		{"caller is no number", .parts.from = "sip:bob@a.example.org",
		 INVALID},
		{"another called party", .parts.to = "sip:+12155551214@b",
		 INVALID},
		{"dest of another kind", .token.dest =
		 "\"dest\":{\"uri\":[\"sip:12155551213@b.example\"]}",
		 INVALID},
		{"another key in the SDP", .token.mky = MKY("00000000"),
		 INVALID},
		{"the key was taken out", .token.mky = MKY("ABCDEF01"),
		 .parts.body = "", INVALID},
		{"PAI is not believed", .parts.from = "sip:+1@x",
		 INVALID},
		{"61 s old", .token.iat = PKI_NOW - 61,
		 .result = IDENTITY_INVALID, .code = 403,
		 .phrase = "Stale Date"},
		{"6 s ahead", .token.iat = PKI_NOW + 6,
		 .result = IDENTITY_INVALID, .code = 403},
		{"1970", .token.iat = 1, .result = IDENTITY_INVALID,
		 .code = 403},
		{"2106", .token.iat = 4294967296, .result = IDENTITY_INVALID,
		 .code = 403},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		check(&v[i]);
}

static void bad_certificates(void **state)
{
	const struct defect v[] = {
		{"not known", .no_cert = true, .result = IDENTITY_UNVERIFIABLE,
		 .code = 436},
		{"expired", .token.key = &expired, .cert = &expired,
		 .result = IDENTITY_UNVERIFIABLE, .code = 437,
		 .phrase = "Unsupported Credential"},
		{"signed before it was valid", .token.key = &young,
		 .token.iat = PKI_NOW - 30, .cert = &young,
		 .result = IDENTITY_INVALID, .code = 437},
		{"self-signed", .token.key = &self_signed,
		 .cert = &self_signed, .result = IDENTITY_UNVERIFIABLE,
		 .code = 437},
		{"P-384", .token.key = &p384, .cert = &p384,
		 .result = IDENTITY_UNVERIFIABLE, .code = 437},
		{"RSA", .token.key = &rsa, .cert = &rsa,
		 .result = IDENTITY_UNVERIFIABLE, .code = 437},
		{"no TNAuthList", .token.key = &no_list, .cert = &no_list,
		 .result = IDENTITY_INVALID, .code = 437},
		{"number not in its range",
		 .token.orig = "\"orig\":{\"tn\":\"12155551300\"}",
		 .parts.from = "sip:+12155551300@a", .result =
		 IDENTITY_INVALID, .code = 437},
		{"domain not in it",
		 .token = {PLAIN, .key = &domain,
			   .orig = "\"orig\":{\"uri\":\"sip:a@example.com\"}"},
		 .parts.from = "sip:a@example.com", .cert = &domain,
		 .result = IDENTITY_INVALID, .code = 437},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		check(&v[i]);
}

/* Every beginning of a good header is refused in good order. */
static void every_prefix(void **state)
{
	struct identity *id = context(&range, 0);
	struct obuf line = OBUF_INIT, ob = OBUF_INIT;
	char extra[2048];
	(void)state;

	identity_write(&line, &(struct token){0});
	for (size_t n = 9; n < line.n - 30; n++) {
		struct verdicts *vs;

		snprintf(extra, sizeof(extra), "%.*s\r\n", (int)n, line.p);
		build(&ob, &(struct parts){.extra = extra});
		vs = verify(id, &ob, NULL);
		assert_int_not_equal(vs->overall, IDENTITY_VALID);
		mem_deref(vs);
	}
	identity_free(id);
	obuf_fini(&line);
	obuf_fini(&ob);
}

/* ---- several headers, policy ------------------------------------------- */

static void nothing_there(void **state)
{
	static const struct verify_policy require = {.require = true};
	struct identity *id = context(&range, 0);
	struct obuf ob = OBUF_INIT;
	struct verdicts *vs;
	(void)state;

	build(&ob, &(struct parts){0});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->overall, IDENTITY_NONE);
	assert_int_equal(vs->code, 0);
	mem_deref(vs);
	vs = verify(id, &ob, &require);
	assert_int_equal(vs->code, 428);
	assert_string_equal(vs->phrase, "Use Identity Header");
	mem_deref(vs);
	build(&ob, &(struct parts){
		.extra = "Identity: a.b.c;info=<x>;ppt=rcd\r\n"});
	vs = verify(id, &ob, &require);
	assert_int_equal(vs->overall, IDENTITY_IGNORED);
	assert_int_equal(vs->code, 428);
	assert_string_equal(vs->phrase, "Use Supported PASSporT Format");
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&ob);
}

static void several(void **state)
{
	struct identity *id = context(&range, 0);
	struct obuf lines = OBUF_INIT, ob = OBUF_INIT;
	struct verdicts *vs;
	(void)state;

	identity_write(&lines, &(struct token){.bend_sig = true});
	obuf_str(&lines, "Identity: x.y.z;info=<u>;ppt=new\r\n");
	identity_write(&lines, &(struct token){0});
	identity_write(&lines, &(struct token){.info = "https://no/cert",
					       .x5u = "https://no/cert"});
	build(&ob, &(struct parts){.extra = lines.p});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->n, 4);
	assert_int_equal(vs->v[0].code, 438);
	assert_int_equal(vs->v[1].result, IDENTITY_IGNORED);
	assert_int_equal(vs->v[2].result, IDENTITY_VALID);
	assert_int_equal(vs->v[3].code, 436);
	assert_int_equal(vs->overall, IDENTITY_VALID);
	assert_int_equal(vs->code, 0);
	assert_ptr_equal(verdicts_best(vs), &vs->v[2]);
	mem_deref(vs);

	obuf_reset(&lines);
	for (unsigned i = 0; i < 50; i++)
		obuf_str(&lines, "Identity: a.b.c;info=<u>\r\n");
	obuf_chr(&lines, 0);
	build(&ob, &(struct parts){.extra = lines.p});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->n, IDENTITY_MAX);
	assert_int_equal(vs->unjudged, 50 - IDENTITY_MAX);
	assert_int_equal(vs->overall, IDENTITY_INVALID);
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&lines);
	obuf_fini(&ob);
}

static void asserted_by_trusted_peer(void **state)
{
	static const struct verify_policy trust = {.trust_pai = true};
	struct identity *id = context(&range, 0);
	struct obuf lines = OBUF_INIT, ob = OBUF_INIT;
	struct verdicts *vs;
	(void)state;

	identity_write(&lines, &(struct token){0});
	obuf_str(&lines, "P-Asserted-Identity: <broken>, <sip:x@y>, "
			 "<tel:+12155551212>\r\n");
	obuf_chr(&lines, 0);
	build(&ob, &(struct parts){
		.from = "sip:anonymous@anonymous.invalid",
		.extra = lines.p});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->overall, IDENTITY_INVALID);
	mem_deref(vs);
	vs = verify(id, &ob, &trust);
	assert_int_equal(vs->overall, IDENTITY_VALID);
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&lines);
	obuf_fini(&ob);
}

/* What a verdict tells about the one who signed. */
static void what_it_tells(void **state)
{
	struct identity *id = context(&range, 0);
	struct obuf line = OBUF_INIT, ob = OBUF_INIT;
	const struct verdict *v;
	struct verdicts *vs;
	(void)state;

	identity_write(&line, &(struct token){.mky = MKY("ABCDEF01")});
	build(&ob, &(struct parts){.extra = line.p,
				   .ruri = "sip:+12155559999@b"});
	vs = verify(id, &ob, NULL);
	v = verdicts_best(vs);
	assert_non_null(v);
	assert_int_equal(v->attest, 'A');
	assert_string_equal(v->origid, ORIGID);
	assert_string_equal(v->orig, "12155551212");
	assert_string_equal(v->info, URL);
	assert_string_equal(v->signer, "CN=range,O=Test Telecom");
	assert_string_equal(v->issuer, "CN=ca,O=Test Telecom");
	assert_string_equal(v->authority,
			    "numbers 12155551200 to 12155551299");
	assert_true(v->covers);
	assert_false(v->weak);
	assert_true(v->retargeted);
	assert_int_equal(v->media, IDENTITY_MEDIA_SIGNED);
	assert_int_equal(v->differ, -1);
	assert_string_equal(v->canonical_ours, v->canonical_signers);
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&line);
	obuf_fini(&ob);

	id = context(&spc, 0);
	identity_write(&line, &(struct token){.key = &spc});
	build(&ob, &(struct parts){.extra = line.p});
	vs = verify(id, &ob, NULL);
	v = verdicts_best(vs);
	assert_non_null(v);
	assert_false(v->covers);
	assert_false(v->retargeted);
	assert_int_equal(v->media, IDENTITY_MEDIA_UNSIGNED);
	assert_non_null(strstr(v->authority, "service provider 4321: says"));
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&line);
	obuf_fini(&ob);
}

static void first_difference(void **state)
{
	static const char ours[] =
		"{\"attest\":\"A\",\"dest\":{\"tn\":[\"12155551213\"]},"
		"\"iat\":1700000000,\"orig\":{\"tn\":\"12155551299\"}";
	struct identity *id = context(&range, 0);
	struct obuf line = OBUF_INIT, ob = OBUF_INIT;
	struct verdicts *vs;
	(void)state;

	identity_write(&line, &(struct token){0});
	build(&ob, &(struct parts){.extra = line.p,
				   .from = "sip:+12155551299@a"});
	vs = verify(id, &ob, NULL);
	assert_memory_equal(vs->v[0].canonical_ours, ours, sizeof(ours) - 2);
	assert_int_equal(vs->v[0].differ, strstr(ours, "99\"}") - ours);
	assert_string_equal(vs->v[0].why,
			    "orig is 12155551212, the caller is 12155551299");
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&line);
	obuf_fini(&ob);
}

static void replay(void **state)
{
	struct identity *id = context(&range, 0);
	struct obuf line = OBUF_INIT, ob = OBUF_INIT;
	struct verdicts *vs;
	(void)state;

	identity_write(&line, &(struct token){0});
	build(&ob, &(struct parts){.extra = line.p});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->overall, IDENTITY_VALID);
	mem_deref(vs);
	build(&ob, &(struct parts){.extra = line.p, .call_id = "other"});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->overall, IDENTITY_INVALID);
	assert_int_equal(vs->code, 438);
	mem_deref(vs);
	/* signed anew in the same second: another call */
	obuf_reset(&line);
	identity_write(&line, &(struct token){0});
	build(&ob, &(struct parts){.extra = line.p});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->overall, IDENTITY_VALID);
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&line);
	obuf_fini(&ob);
}

/* Compact form: only our own canonical form can make it fit. */
static void compact_form(void **state)
{
	struct identity *id = context(&range, 0);
	struct obuf line = OBUF_INIT, ob = OBUF_INIT, full = OBUF_INIT;
	struct verdicts *vs;
	const char *sig;
	(void)state;

	identity_write(&full, &(struct token){PLAIN,
					      .mky = MKY("ABCDEF01")});
	sig = strrchr(full.p, '.'); /* of ".pem" */
	while (sig > full.p && strncmp(sig, ".pem", 4) == 0)
		sig--;
	sig = strchr(strchr(full.p, '.') + 1, '.');
	obuf_fmt(&line, "Identity: .%s", sig);
	obuf_chr(&line, 0);
	build(&ob, &(struct parts){.extra = line.p});
	vs = verify(id, &ob, NULL);
	if (vs->overall != IDENTITY_VALID)
		fail_msg("%s", vs->v[0].why);
	mem_deref(vs);
	build(&ob, &(struct parts){.extra = line.p, .date = ""});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->code, 438);
	mem_deref(vs);
	build(&ob, &(struct parts){.extra = line.p,
				   .to = "sip:+12155551214@b"});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->code, 438);
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&line);
	obuf_fini(&full);
	obuf_fini(&ob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones),
		cmocka_unit_test(bad_tokens),
		cmocka_unit_test(wrong_calls),
		cmocka_unit_test(bad_certificates),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(nothing_there),
		cmocka_unit_test(several),
		cmocka_unit_test(asserted_by_trusted_peer),
		cmocka_unit_test(what_it_tells),
		cmocka_unit_test(first_difference),
		cmocka_unit_test(replay),
		cmocka_unit_test(compact_form),
	};

	return cmocka_run_group_tests(tests, caller_setup,
				      caller_teardown);
}
