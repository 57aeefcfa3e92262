/* test_passport.c: Identity values and PASSporTs: RFC vectors, bad octets. */
#include "unit.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "b2bua/identity/passport.h"
#include "lib/base/b64.h"
#include "pki.h"

static EVP_PKEY *public_key(const char *file)
{
	size_t n;
	char *p = file_read(file, &n);
	BIO *bio = BIO_new_mem_buf(p, (int)n);
	EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

	BIO_free(bio);
	free(p);
	assert_non_null(key);
	return key;
}

static bool signed_by(const struct passport *p, EVP_PKEY *key)
{
	return es256_verify(key, slice_of(p->signing, p->signing_n),
			    slice_of(p->sig, sizeof(p->sig)));
}

static void rfc8946_verifies(void **state)
{
	static const char *const files[] = {
		"rfc8946-div.jws", "rfc8946-opt.jws", "rfc8946-div-o.jws"};
	EVP_PKEY *key = public_key("rfc8946.pub");
	EVP_PKEY *other = public_key("rfc8225.pub");
	struct passport *p;
	const char *why;
	(void)state;

	for (size_t i = 0; i < 3; i++) {
		size_t n;
		char *token = file_read(files[i], &n);

		assert_int_equal(passport_parse(&p, slice_of(token, n), &why),
				 0);
		assert_true(signed_by(p, key));
		assert_false(signed_by(p, other));
		p->signing[5] ^= 1;
		assert_false(signed_by(p, key));
		passport_free(p);
		free(token);
	}
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

static void rfc8946_div_claims(void **state)
{
	struct passport *p;
	const char *why;
	size_t n;
	char *token = file_read("rfc8946-div.jws", &n);
	(void)state;

	assert_int_equal(passport_parse(&p, slice_of(token, n), &why), 0);
	assert_int_equal(passport_claims(p, &why), 0);
	assert_string_equal(p->ppt, "div");
	assert_string_equal(p->orig, "12155551212");
	assert_int_equal(p->iat, 1443208345);
	passport_free(p);
	free(token);
	/* its div-o has a dest that is no list */
	token = file_read("rfc8946-div-o.jws", &n);
	assert_int_equal(passport_parse(&p, slice_of(token, n), &why), 0);
	assert_int_equal(passport_claims(p, &why), EINVAL);
	passport_free(p);
	free(token);
}

/* RFC 8225 appendix A, steps 1 to 4: the octets are right in the RFC. */
static void rfc8225_serialisation(void **state)
{
	static const char want[] =
		"eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6"
		"Ly9jZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9."
		"eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlh"
		"dCI6MTQ3MTM3NTQxOCwib3JpZyI6eyJ0biI6IjEyMTU1NTUxMjEyIn19";
	struct canon orig = {.tn = true, .text = "12155551212"};
	struct canon dest = {.text = "sip:alice@example.com"};
	struct passport_draft d = {
		.ppt = "", .x5u = "https://cert.example.org/passport.cer",
		.orig = &orig, .dest = &dest, .iat = 1471375418};
	struct obuf ob = OBUF_INIT, json = OBUF_INIT;
	(void)state;

	assert_int_equal(passport_write(&ob, &json, &d), 0);
	assert_true(slice_eq_str(obuf_as_slice(&ob), want));
	assert_true(slice_eq_str(obuf_as_slice(&json),
		"{\"dest\":{\"uri\":[\"sip:alice@example.com\"]},"
		"\"iat\":1471375418,\"orig\":{\"tn\":\"12155551212\"}}"));
	obuf_fini(&ob);
	obuf_fini(&json);
}

/* The signature of RFC 8224 and RFC 8225 section 7.1 only fits a payload
 * whose iat is a string (erratum 5985): a strict verifier takes neither. */
static void rfc8225_string_iat(void **state)
{
	static const char head[] =
		"{\"alg\":\"ES256\",\"typ\":\"passport\","
		"\"x5u\":\"https://cert.example.org/passport.cer\"}";
	static const char *const payloads[] = {
		"{\"dest\":{\"uri\":[\"sip:alice@example.com\"]},"
		"\"iat\":\"1443208345\",\"orig\":{\"tn\":\"12155551212\"}}",
		"{\"dest\":{\"uri\":[\"sip:alice@example.com\"]},"
		"\"iat\":1443208345,\"orig\":{\"tn\":\"12155551212\"}}",
	};
	static const char sig[] =
		".rq3pjT1hoRwakEGjHCnWSwUnshd0-zJ6F1VOgFWSjHBr8Qjpjlk-cpFYpFYs"
		"ojNCpTzO3QfPOlckGaS6hEck7w";
	EVP_PKEY *key = public_key("rfc8225.pub");
	(void)state;

	for (unsigned i = 0; i < 2; i++) {
		struct obuf ob = OBUF_INIT;
		struct passport *p;
		const char *why;

		b64url_write(&ob, head, strlen(head));
		obuf_chr(&ob, '.');
		b64url_write(&ob, payloads[i], strlen(payloads[i]));
		obuf_str(&ob, sig);
		assert_int_equal(passport_parse(&p, obuf_as_slice(&ob), &why),
				 0);
		assert_int_equal(passport_claims(p, &why), i ? 0 : EINVAL);
		assert_int_equal(signed_by(p, key), !i);
		passport_free(p);
		obuf_fini(&ob);
	}
	EVP_PKEY_free(key);
}

static void es256_range(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct slice text = SLICE_LIT("text");
	uint8_t sig[ES256_SIZE], bad[ES256_SIZE];
	(void)state;

	assert_int_equal(es256_sign(key, text, sig), 0);
	assert_true(es256_verify(key, text, slice_of(sig, 64)));
	assert_false(es256_verify(key, text, slice_of(sig, 63)));
	memcpy(bad, sig, 64);
	memset(bad, 0, 32); /* r = 0 */
	assert_false(es256_verify(key, text, slice_of(bad, 64)));
	memcpy(bad, sig, 64);
	memset(bad + 32, 0, 32); /* s = 0 */
	assert_false(es256_verify(key, text, slice_of(bad, 64)));
	memset(bad, 0xff, 64); /* above n */
	assert_false(es256_verify(key, text, slice_of(bad, 64)));
	EVP_PKEY_free(key);
	key = EVP_EC_gen("P-384");
	assert_false(es256_verify(key, text, slice_of(sig, 64)));
	EVP_PKEY_free(key);
}

static void identity_values(void **state)
{
	static const struct {
		const char *value, *token, *info, *alg, *ppt;
	} v[] = {
		{"h.p.s;info=<https://a/b>", "h.p.s", "https://a/b", NULL,
		 NULL},
		{"h.p.s ; info = <https://a/b> ;alg=ES256 ; ppt=\"div\"",
		 "h.p.s", "https://a/b", "ES256", "div"},
		{"h.p.s;INFO=<https://a/b;c=d>;x=\"q;r\";ppt=shaken",
		 "h.p.s", "https://a/b;c=d", NULL, "shaken"},
		{"..s;info=<https://a/b>\r\n ;alg=ES256", "..s", "https://a/b",
		 "ES256", NULL},
		{"h.p.s", "h.p.s", NULL, NULL, NULL},
	};
	struct identity_value iv;
	const char *why;
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		assert_int_equal(identity_value_parse(
			&iv, slice_str(v[i].value), &why), 0);
		assert_true(slice_eq_str(iv.token, v[i].token));
		assert_true(slice_eq(iv.info, slice_str(v[i].info)));
		assert_true(slice_eq(iv.alg, slice_str(v[i].alg)));
		assert_true(slice_eq(iv.ppt, slice_str(v[i].ppt)));
		assert_int_equal(iv.compact, v[i].token[0] == '.');
	}
}

static void identity_values_refused(void **state)
{
	static const char *const bad[] = {
		"", ";", ";info=<x>", "h.p.s;", "h.p.s;info", "h.p.s;info=",
		"h.p.s;info=<x", "h.p.s;info=<x>y", "h.p.s;info=<x>;",
		"h.p.s;info=<x>;info=<y>", "h.p.s;info=<x>;ppt=a;ppt=b",
		"h.p.s;ppt=\"a", "h.p.s;ppt=\"a\\\"b\"", "h p.s;info=<x>",
		"h.p.s,h.p.s;info=<x>", "\"h.p.s\";info=<x>",
		"<h.p.s>;info=<x>", "h.p.s;;info=<x>",
	};
	struct identity_value iv;
	const char *why;
	char *big = malloc(65536);
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (identity_value_parse(&iv, slice_str(bad[i]), &why) == 0)
			fail_msg("accepted: %s", bad[i]);
	memset(big, 'a', 65536);
	assert_int_equal(identity_value_parse(&iv, slice_of(big, 65536),
					      &why), EBADMSG);
	free(big);
}

/* A token of these two JSON texts and 64 octets of signature. */
static int parse(struct passport **pp, const char *head, const char *claims)
{
	struct obuf ob = OBUF_INIT;
	char sig[64];
	const char *why;
	int err;

	memset(sig, 7, sizeof(sig));
	b64url_write(&ob, head, strlen(head));
	obuf_chr(&ob, '.');
	b64url_write(&ob, claims, strlen(claims));
	obuf_chr(&ob, '.');
	b64url_write(&ob, sig, sizeof(sig));
	err = passport_parse(pp, obuf_as_slice(&ob), &why);
	obuf_fini(&ob);
	return err;
}

#define HEAD "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"https://a\"}"
#define CLAIMS                                                               \
	"{\"dest\":{\"tn\":[\"1\"]},\"iat\":1,\"orig\":{\"tn\":\"2\"}}"

static void heads_refused(void **state)
{
	static const char *const bad[] = {
		"{\"alg\":\"none\",\"typ\":\"passport\",\"x5u\":\"https://a\"}",
		"{\"alg\":\"HS256\",\"typ\":\"passport\",\"x5u\":\"a\"}",
		"{\"alg\":\"ES384\",\"typ\":\"passport\",\"x5u\":\"a\"}",
		"{\"alg\":\"ES256K\",\"typ\":\"passport\",\"x5u\":\"a\"}",
		"{\"alg\":\"es256\",\"typ\":\"passport\",\"x5u\":\"a\"}",
		"{\"alg\":[\"ES256\"],\"typ\":\"passport\",\"x5u\":\"a\"}",
		"{\"typ\":\"passport\",\"x5u\":\"https://a\"}",
		"{\"alg\":\"ES256\",\"alg\":\"none\",\"typ\":\"passport\","
		"\"x5u\":\"a\"}",
		"{\"alg\":\"none\",\"\\u0061lg\":\"ES256\","
		"\"typ\":\"passport\",\"x5u\":\"a\"}",
		"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"x5u\":\"https://a\"}",
		"{\"alg\":\"ES256\",\"x5u\":\"https://a\"}",
		"{\"alg\":\"ES256\",\"typ\":\"passport\"}",
		"{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":1}",
		"{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"a\","
		"\"ppt\":1}",
		"{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"a\","
		"\"crit\":[\"x\"]}",
		"[]", "1", "", "{", "nul", HEAD "x", HEAD HEAD,
		"{\"alg\":\"ES256\\u0000\",\"typ\":\"passport\",\"x5u\":\"a\"}",
	};
	struct passport *p;
	(void)state;

	assert_int_equal(parse(&p, HEAD, CLAIMS), 0);
	passport_free(p);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(&p, bad[i], CLAIMS) == 0)
			fail_msg("accepted: %s", bad[i]);
}

static void claims_refused(void **state)
{
	static const char *const bad[] = {
		"{}",
		"{\"iat\":1,\"orig\":{\"tn\":\"2\"}}",
		"{\"dest\":{\"tn\":[\"1\"]},\"orig\":{\"tn\":\"2\"}}",
		"{\"dest\":{\"tn\":[\"1\"]},\"iat\":1}",
		"{\"dest\":{\"tn\":[\"1\"]},\"iat\":\"1\","
		"\"orig\":{\"tn\":\"2\"}}",
		"{\"dest\":{\"tn\":[\"1\"]},\"iat\":1.0,"
		"\"orig\":{\"tn\":\"2\"}}",
		"{\"dest\":{\"tn\":[\"1\"]},\"iat\":1e9,"
		"\"orig\":{\"tn\":\"2\"}}",
		"{\"dest\":{\"tn\":[\"1\"]},\"iat\":-1,"
		"\"orig\":{\"tn\":\"2\"}}",
		"{\"dest\":{\"tn\":[\"1\"]},\"iat\":253402300800,"
		"\"orig\":{\"tn\":\"2\"}}",
		"{\"dest\":{\"tn\":\"1\"},\"iat\":1,\"orig\":{\"tn\":\"2\"}}",
		"{\"dest\":{\"tn\":[]},\"iat\":1,\"orig\":{\"tn\":\"2\"}}",
		"{\"dest\":{\"tn\":[1]},\"iat\":1,\"orig\":{\"tn\":\"2\"}}",
		"{\"dest\":{\"tn\":[\"+1\"]},\"iat\":1,"
		"\"orig\":{\"tn\":\"2\"}}",
		"{\"dest\":{},\"iat\":1,\"orig\":{\"tn\":\"2\"}}",
		"{\"dest\":{\"tn\":[\"1\"]},\"iat\":1,\"orig\":{}}",
		"{\"dest\":{\"tn\":[\"1\"]},\"iat\":1,\"orig\":{\"tn\":\"\"}}",
		"{\"dest\":{\"tn\":[\"1\"]},\"iat\":1,"
		"\"orig\":{\"tn\":\"2\",\"uri\":\"sip:a@b\"}}",
		"{\"dest\":{\"tn\":[\"1\"]},\"iat\":1,"
		"\"orig\":{\"tn\":[\"2\"]}}",
		"{\"dest\":{\"tn\":[\"1\"]},\"iat\":1,\"mky\":{},"
		"\"orig\":{\"tn\":\"2\"}}",
	};
	static const char *const broken[] = {
		"", "[]", "\"x\"", CLAIMS ",", "{\"a\":1,\"a\":2}",
		("{\"dest\":{\"tn\":[\"1\"]},\"iat\":1,\"orig\":{\"tn\":\"2\"},"
		 "\"orig\":{\"tn\":\"3\"}}"),
		"{\"x\":{\"y\":1,\"y\":2}}", "{\"iat\":9223372036854775808}",
		"{\"iat\":1e999}", "{\"a\":\"\xff\"}", "{\"a\":\"\\u0000\"}",
		"{\"a\":\"\\ud800\"}", "{'a':1}", "{\"a\":01}",
		"{\"a\":NaN}", "{\"a\":1,}",
	};
	struct passport *p;
	const char *why;
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(&p, HEAD, bad[i]), 0);
		if (passport_claims(p, &why) == 0)
			fail_msg("accepted: %s", bad[i]);
		passport_free(p);
	}
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		if (parse(&p, HEAD, broken[i]) == 0)
			fail_msg("accepted: %s", broken[i]);
}

static void json_bombs(void **state)
{
	char *bomb = malloc(12001);
	struct passport *p;
	(void)state;

	memset(bomb, '[', 12000);
	bomb[12000] = 0;
	assert_int_equal(parse(&p, HEAD, bomb), EBADMSG);
	for (unsigned i = 0; i < 2000; i++)
		memcpy(bomb + i * 6, "{\"a\":[", 6);
	assert_int_equal(parse(&p, HEAD, bomb), EBADMSG);
	/* 16 deep is allowed, 17 not; brackets in strings do not count */
	assert_int_equal(parse(&p, HEAD, "{\"a\":[[[[[[[[[[[[[[[\"[[[[[[[\""
					 "]]]]]]]]]]]]]]]}"), 0);
	passport_free(p);
	assert_int_equal(parse(&p, HEAD, "{\"a\":[[[[[[[[[[[[[[[[1"
					 "]]]]]]]]]]]]]]]]}"), EBADMSG);
	free(bomb);
}

static void tokens_refused(void **state)
{
	static const char *const bad[] = {
		"", ".", "..", "...", "a", "a.b", "a..c", ".b.c", "a.b.c.d",
		"e30.e30.", "e30=.e30.AAAA", "!!.e30.AAAA",
	};
	struct passport *p;
	const char *why;
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (passport_parse(&p, slice_str(bad[i]), &why) == 0)
			fail_msg("accepted: %s", bad[i]);
}

/* The signature must be r||s of 64 octets: not DER, not shorter or longer */
static void signature_form(void **state)
{
	static const size_t sizes[] = {0, 1, 63, 65, 70, 71, 72, 96};
	char sig[128];
	struct passport *p;
	const char *why;
	(void)state;

	memset(sig, 0x30, sizeof(sig));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct obuf ob = OBUF_INIT;

		b64url_write(&ob, HEAD, strlen(HEAD));
		obuf_chr(&ob, '.');
		b64url_write(&ob, CLAIMS, strlen(CLAIMS));
		obuf_chr(&ob, '.');
		b64url_write(&ob, sig, sizes[i]);
		assert_int_equal(passport_parse(&p, obuf_as_slice(&ob), &why),
				 EBADMSG);
		obuf_fini(&ob);
	}
}

/* RFC 8225 section 5.2.2: given as 4A.., 02.., the claim is sorted. */
static void media_keys(void **state)
{
	static const char sdp[] =
		"v=0\r\na=fingerprint:sha-256 4A:AD:B9:B1\r\n"
		"m=audio 1 UDP/TLS/RTP/SAVP 0\r\n"
		"a=fingerprint:SHA-256 02:1a:cc:54\r\n"
		"m=video 1 UDP/TLS/RTP/SAVP 0\n"
		"a=fingerprint:sha-256 4a:ad:b9:b1\n";
	static const char want[] =
		"[{\"alg\":\"sha-256\",\"dig\":\"021ACC54\"},"
		"{\"alg\":\"sha-256\",\"dig\":\"4AADB9B1\"}]";
	struct media_keys k;
	json_t *claim, *other;
	char *text;
	(void)state;

	assert_int_equal(media_keys_parse(&k, slice_str(sdp)), 0);
	assert_int_equal(k.n, 2);
	claim = media_keys_claim(&k);
	text = json_dumps(claim, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text, want);
	assert_true(media_keys_match(&k, claim));
	other = json_loads("[{\"alg\":\"SHA-256\",\"dig\":\"4aadb9b1\"},"
			   "{\"dig\":\"02:1A:CC:54\",\"alg\":\"sha-256\"}]",
			   0, NULL);
	assert_true(media_keys_match(&k, other));
	json_decref(other);
	other = json_loads("[{\"alg\":\"sha-256\",\"dig\":\"4AADB9B1\"}]", 0,
			   NULL);
	assert_false(media_keys_match(&k, other));
	json_decref(other);
	other = json_loads("[{\"alg\":\"sha-1\",\"dig\":\"021ACC54\"},"
			   "{\"alg\":\"sha-256\",\"dig\":\"4AADB9B1\"}]", 0,
			   NULL);
	assert_false(media_keys_match(&k, other));
	json_decref(other);
	json_decref(claim);
	free(text);
}

static void media_keys_refused(void **state)
{
	static const char *const bad[] = {
		"a=fingerprint:\n", "a=fingerprint:sha-256\n",
		"a=fingerprint:sha-256 xx\n", "a=fingerprint:sha-256 A\n",
		"a=fingerprint:sha_256 AA\n",
		"a=fingerprint:averyveryverylongname AA\n",
	};
	struct media_keys k;
	char sdp[1024] = "";
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(media_keys_parse(&k, slice_str(bad[i])),
				 EBADMSG);
	for (unsigned i = 0; i < 17; i++)
		snprintf(sdp + strlen(sdp), 40, "a=fingerprint:sha-1 %02X\n",
			 i);
	assert_int_equal(media_keys_parse(&k, slice_str(sdp)), E2BIG);
	assert_int_equal(media_keys_parse(&k, SLICE_NONE), 0);
	assert_int_equal(k.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc8946_verifies),
		cmocka_unit_test(rfc8946_div_claims),
		cmocka_unit_test(rfc8225_serialisation),
		cmocka_unit_test(rfc8225_string_iat),
		cmocka_unit_test(es256_range),
		cmocka_unit_test(identity_values),
		cmocka_unit_test(identity_values_refused),
		cmocka_unit_test(heads_refused),
		cmocka_unit_test(claims_refused),
		cmocka_unit_test(json_bombs),
		cmocka_unit_test(tokens_refused),
		cmocka_unit_test(signature_form),
		cmocka_unit_test(media_keys),
		cmocka_unit_test(media_keys_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
