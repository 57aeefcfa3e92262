/* test_rfc4474.c: the messages of RFC 4474 section 10, bit for bit. */
#include "unit.h"

#include <openssl/pem.h>
#include <re_types.h>
#include <re_mem.h>
#include <stdio.h>
#include <stdlib.h>

#include "b2bua/identity/cert.h"
#include "b2bua/identity/rfc4474.h"
#include "lib/base/b64.h"
#include "pki.h"

struct vector {
	const char *message, *canonical, *cert, *key;
};

static const struct vector vectors[] = {
	{"rfc4474-invite.msg", "rfc4474-invite.canonical",
	 "rfc4474-atlanta.pem", "rfc4474-atlanta.key"},
	{"rfc4474-bye.msg", "rfc4474-bye.canonical", "rfc4474-biloxi.pem",
	 "rfc4474-biloxi.key"},
};

static struct message *message_of(const char *file)
{
	struct message *m;
	struct flaw flaw;
	size_t n;
	char *p = file_read(file, &n);

	assert_int_equal(message_parse(&m, p, n, false, &flaw), 0);
	free(p);
	return m;
}

static struct cert *cert_of(const char *file)
{
	const char *why;
	struct cert *c;
	size_t n;
	char *p = file_read(file, &n);

	assert_int_equal(cert_parse(&c, slice_of(p, n), &why), 0);
	free(p);
	return c;
}

static EVP_PKEY *key_of(const char *file)
{
	size_t n;
	char *p = file_read(file, &n);
	BIO *bio = BIO_new_mem_buf(p, (int)n);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	BIO_free(bio);
	free(p);
	assert_non_null(key);
	return key;
}

static void digest_strings(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct message *m = message_of(vectors[i].message);
		struct obuf ob = OBUF_INIT;
		struct view v;
		size_t n;
		char *want = file_read(vectors[i].canonical, &n);

		assert_int_equal(view_init(&v, m), 0);
		assert_int_equal(rfc4474_digest_string(&ob, &v), 0);
		assert_int_equal(ob.n, n);
		assert_memory_equal(ob.p, want, n);
		obuf_fini(&ob);
		free(want);
		mem_deref(m);
	}
}

static void signatures_verify(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct message *m = message_of(vectors[i].message);
		struct cert *c = cert_of(vectors[i].cert);
		uint8_t sig[RFC4474_SIG_MAX];
		struct obuf ob = OBUF_INIT;
		struct view v;
		size_t n;

		assert_int_equal(view_init(&v, m), 0);
		assert_int_equal(v.n_identity, 1);
		assert_true(view_is_4474(v.identity[0]));
		assert_int_equal(rfc4474_sig_parse(v.identity[0], sig, &n),
				 0);
		assert_int_equal(n, 128);
		rfc4474_digest_string(&ob, &v);
		assert_true(rfc4474_verify(cert_key(c), obuf_as_slice(&ob),
					   slice_of(sig, n)));
		ob.p[0] ^= 1;
		assert_false(rfc4474_verify(cert_key(c), obuf_as_slice(&ob),
					    slice_of(sig, n)));
		obuf_fini(&ob);
		mem_deref(c);
		mem_deref(m);
	}
}

/* RSA PKCS#1 v1.5 is deterministic: our signature is the RFC's. */
static void signatures_reproduce(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		EVP_PKEY *key = key_of(vectors[i].key);
		struct message *m = message_of(vectors[i].message);
		uint8_t sig[RFC4474_SIG_MAX], want[RFC4474_SIG_MAX];
		size_t n, want_n, text_n;
		char *text = file_read(vectors[i].canonical, &text_n);
		struct view v;

		view_init(&v, m);
		rfc4474_sig_parse(v.identity[0], want, &want_n);
		assert_int_equal(rfc4474_sign(key, slice_of(text, text_n),
					      sig, &n), 0);
		assert_int_equal(n, want_n);
		assert_memory_equal(sig, want, n);
		free(text);
		mem_deref(m);
		EVP_PKEY_free(key);
	}
}

static void signed_hash_is_recovered(void **state)
{
	struct message *m = message_of(vectors[0].message);
	struct cert *c = cert_of(vectors[0].cert);
	struct cert *other = cert_of(vectors[1].cert);
	uint8_t sig[RFC4474_SIG_MAX], sha1[20];
	struct obuf ob = OBUF_INIT;
	struct view v;
	size_t n;
	(void)state;

	view_init(&v, m);
	rfc4474_sig_parse(v.identity[0], sig, &n);
	assert_true(rfc4474_recover(cert_key(c), slice_of(sig, n), sha1));
	hex_write(&ob, sha1, 20, 0);
	/* invite.sha1 of the RFC's archive */
	assert_true(slice_eq_str(obuf_as_slice(&ob),
				 "2704c22784fa21c4b059b00ca2147e9a76ada439"));
	assert_false(rfc4474_recover(cert_key(other), slice_of(sig, n),
				     sha1));
	obuf_fini(&ob);
	mem_deref(other);
	mem_deref(c);
	mem_deref(m);
}

static void identity_values_refused(void **state)
{
	static const char *const bad[] = {
		"", "\"", "\"\"", "\" \"", "abc", "\"abc", "abc\"",
		"\"Zm9v!\"", "\"Zm9v\"x", "\"Zm9\\\"v\"", "\"=\"",
	};
	uint8_t sig[RFC4474_SIG_MAX];
	char big[2048];
	size_t n;
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(rfc4474_sig_parse(slice_str(bad[i]), sig,
						   &n), EBADMSG);
	memset(big, 'A', sizeof(big));
	big[0] = big[2047] = '"';
	assert_int_equal(rfc4474_sig_parse(slice_of(big, 2048), sig, &n),
			 EBADMSG);
	assert_int_equal(rfc4474_sig_parse(
		slice_str("\"Zm9v\r\n\t Zm9v\""), sig, &n), 0);
	assert_memory_equal(sig, "foofoo", 6);
}

static void info_values(void **state)
{
	static const char *const bad[] = {
		"", "https://a/b;alg=rsa-sha1", "<>;alg=rsa-sha1", "<https://a",
		"<https://a/b>", "<https://a/b>;alg=rsa-sha256",
		"<https://a/b> alg=rsa-sha1", "<https://a/b>;alg",
	};
	struct slice uri;
	const char *why;
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(rfc4474_info_parse(slice_str(bad[i]), &uri,
						    &why), EBADMSG);
	assert_int_equal(rfc4474_info_parse(
		slice_str("<https://a/b>; x=y ;ALG = RSA-sha1"), &uri, &why),
		0);
	assert_true(slice_eq_str(uri, "https://a/b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digest_strings),
		cmocka_unit_test(signatures_verify),
		cmocka_unit_test(signatures_reproduce),
		cmocka_unit_test(signed_hash_is_recovered),
		cmocka_unit_test(identity_values_refused),
		cmocka_unit_test(info_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
