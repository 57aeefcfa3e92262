/* rfc4474.c: canonical octets, RSA/SHA-1 over them. */
#include "b2bua/identity/rfc4474.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "lib/base/b64.h"

int rfc4474_fields(struct digest_field f[RFC4474_FIELDS],
		   char cseq[RFC4474_CSEQ_SIZE], const struct view *v)
{
	struct obuf ob = OBUF_FIXED(cseq, RFC4474_CSEQ_SIZE);

	/* "MUST strip leading zeros", one SP, the method as written */
	obuf_fmt(&ob, "%u ", v->cseq);
	obuf_slice(&ob, v->method);
	if (ob.err || !v->date.n)
		return EINVAL;
	f[0] = (struct digest_field){FIELD_FROM, v->from};
	f[1] = (struct digest_field){FIELD_TO, v->to};
	f[2] = (struct digest_field){FIELD_CALL_ID, v->call_id};
	f[3] = (struct digest_field){FIELD_CSEQ, obuf_as_slice(&ob)};
	f[4] = (struct digest_field){FIELD_DATE, v->date};
	f[5] = (struct digest_field){FIELD_CONTACT, v->contact};
	f[6] = (struct digest_field){FIELD_BODY, v->body};
	return 0;
}

int rfc4474_digest_string(struct obuf *ob, const struct view *v)
{
	struct digest_field f[RFC4474_FIELDS];
	char cseq[RFC4474_CSEQ_SIZE];
	int err = rfc4474_fields(f, cseq, v);

	if (err)
		return err;
	for (unsigned i = 0; i < RFC4474_FIELDS; i++) {
		if (i)
			obuf_chr(ob, '|');
		obuf_slice(ob, f[i].octets);
	}
	return ob->err;
}

int rfc4474_sig_parse(struct slice value, uint8_t sig[RFC4474_SIG_MAX],
		      size_t *n)
{
	char mem[RFC4474_SIG_MAX / 3 * 4 + 8];
	struct obuf ob = OBUF_FIXED(mem, sizeof(mem));
	struct slice s = slice_trim(value);

	if (s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"')
		return EBADMSG;
	for (size_t i = 1; i < s.n - 1 && !ob.err; i++)
		if (!strchr(" \t\r\n", s.p[i]) || !s.p[i])
			obuf_chr(&ob, s.p[i]);
	if (ob.err || !ob.n)
		return EBADMSG;
	return b64_parse(obuf_as_slice(&ob), sig, RFC4474_SIG_MAX, n)
		       ? EBADMSG
		       : 0;
}

int rfc4474_info_parse(struct slice value, struct slice *uri,
		       const char **why)
{
	struct slice rest = slice_trim(value), item, alg = SLICE_NONE;

	*why = "Identity-Info has no <URI>";
	if (rest.n < 2 || rest.p[0] != '<')
		return EBADMSG;
	rest = slice_of(rest.p + 1, rest.n - 1);
	item = slice_cut(&rest, '>');
	if (!rest.p || !item.n)
		return EBADMSG;
	rest = slice_trim(rest);
	*why = "Identity-Info is broken";
	if (rest.n && *rest.p != ';')
		return EBADMSG;
	while (rest.p) {
		struct slice val = slice_cut(&rest, ';');
		struct slice name = slice_trim(slice_cut(&val, '='));

		if (slice_caseeq_str(name, "alg"))
			alg = slice_trim(val);
	}
	*why = "Identity-Info does not say alg=rsa-sha1";
	if (!slice_caseeq_str(alg, "rsa-sha1"))
		return EBADMSG;
	*uri = item;
	return 0;
}

bool rfc4474_verify(EVP_PKEY *key, struct slice digest_string,
		    struct slice sig)
{
	EVP_MD_CTX *ctx;
	bool ok = false;

	if (!EVP_PKEY_is_a(key, "RSA"))
		return false;
	ctx = EVP_MD_CTX_new();
	if (ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha1(), NULL, key) == 1)
		ok = EVP_DigestVerify(ctx, (const uint8_t *)sig.p, sig.n,
				      (const uint8_t *)digest_string.p,
				      digest_string.n) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

int rfc4474_sign(EVP_PKEY *key, struct slice digest_string,
		 uint8_t sig[RFC4474_SIG_MAX], size_t *n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = RFC4474_SIG_MAX;
	int err = EIO;

	if (ctx &&
	    EVP_DigestSignInit(ctx, NULL, EVP_sha1(), NULL, key) == 1 &&
	    EVP_DigestSign(ctx, sig, &len, (const uint8_t *)digest_string.p,
			   digest_string.n) == 1) {
		*n = len;
		err = 0;
	}
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return err;
}

bool rfc4474_recover(EVP_PKEY *key, struct slice sig, uint8_t sha1[20])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t out[RFC4474_SIG_MAX];
	size_t n = sizeof(out);
	bool ok = false;

	if (ctx && EVP_PKEY_is_a(key, "RSA") &&
	    EVP_PKEY_verify_recover_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha1()) == 1 &&
	    EVP_PKEY_verify_recover(ctx, out, &n, (const uint8_t *)sig.p,
				    sig.n) == 1 &&
	    n == 20) {
		memcpy(sha1, out, 20);
		ok = true;
	}
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}
