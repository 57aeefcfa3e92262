/* verify_4474.c: one RFC 4474 Identity header (section 6). Everything that
 * shows its verdict says SHA-1 (weak): the RFC knows nothing else. */
#include "b2bua/identity/context.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdlib.h>

#include "b2bua/identity/date.h"
#include "lib/base/b64.h"

/* The signed fields are copied: the message may go before the call does. */
static int fields_copy(struct assertion *a, const struct view *view)
{
	struct digest_field f[RFC4474_FIELDS];
	char cseq[RFC4474_CSEQ_SIZE];
	int err = rfc4474_fields(f, cseq, view);

	for (unsigned i = 0; !err && i < RFC4474_FIELDS; i++) {
		if (!f[i].octets.p)
			continue;
		a->field[i] = slice_dup(f[i].octets);
		a->field_n[i] = f[i].octets.n;
		err = a->field[i] ? 0 : ENOMEM;
	}
	return err;
}

static bool quoted_once(const struct view *view)
{
	unsigned n = 0;

	for (size_t i = 0; i < view->n_identity; i++)
		n += view_is_4474(view->identity[i]);
	return n == 1;
}

static bool info_read(struct job *j)
{
	struct verdict *v = j->v;
	const char *why = "there is no Identity-Info";
	struct slice uri;

	if (!j->view->identity_info.p ||
	    rfc4474_info_parse(j->view->identity_info, &uri, &why)) {
		verdict_set(v, IDENTITY_UNVERIFIABLE, 436, "%s", why);
		return false;
	}
	v->info = slice_dup(uri);
	return v->info != NULL;
}

static bool date_fresh(struct job *j)
{
	struct verdict *v = j->v;
	int64_t off;

	if (!j->view->date.n || date_parse(j->view->date, &v->signed_at)) {
		verdict_set(v, IDENTITY_INVALID, 438,
			    j->view->date.n ? "Date is not a SIP-date"
					    : "there is no Date");
		return false;
	}
	off = j->now - v->signed_at;
	if (off < 0)
		off = -off;
	if (off <= (int64_t)j->id->date_window)
		return true;
	verdict_set(v, IDENTITY_INVALID, 438,
		    "Date is %" PRId64 " s off, %u are allowed", off,
		    j->id->date_window);
	return false;
}

static bool signature_read(struct job *j, struct slice value)
{
	struct assertion *a = j->v->assertion;
	struct obuf ob = OBUF_INIT;
	struct verdict *v = j->v;

	if (!quoted_once(j->view)) {
		verdict_set(v, IDENTITY_INVALID, 438,
			    "there is more than one Identity of RFC 4474");
		return false;
	}
	if (rfc4474_sig_parse(value, a->sig, &a->sig_n)) {
		verdict_set(v, IDENTITY_INVALID, 438,
			    "the header is not base64 in quotes");
		return false;
	}
	if (rfc4474_digest_string(&ob, j->view)) {
		obuf_fini(&ob);
		verdict_set(v, IDENTITY_INVALID, 438,
			    "there is no digest-string for this method");
		return false;
	}
	v->canonical_ours = text_take(&ob);
	obuf_fini(&ob);
	return fields_copy(a, j->view) == 0;
}

bool rfc4474_prepare(struct job *j, struct slice value)
{
	struct verdict *v = j->v;
	bool ok;

	v->weak = true;
	v->orig = slice_dup(j->view->from);
	/* the body is signed, and its fingerprints with it */
	v->media = media_keys_parse(&j->keys, j->view->body) || !j->keys.n
			   ? IDENTITY_MEDIA_NO_KEY
			   : IDENTITY_MEDIA_SIGNED;
	ok = date_fresh(j) && info_read(j) && signature_read(j, value);
	if (!ok && !v->code)
		verdict_set(v, IDENTITY_UNVERIFIABLE, 438, "no memory");
	return ok;
}

/* A captured request cannot come back: its Call-ID is known with this CSeq.
 * A higher CSeq of the same sender was signed anew, since CSeq is signed. */
static bool seen_before(struct job *j)
{
	const struct view *view = j->view;
	uint8_t sum[SHA256_DIGEST_LENGTH];
	struct obuf ob = OBUF_INIT;
	bool seen;

	obuf_slice(&ob, view->call_id);
	obuf_chr(&ob, '\n');
	obuf_slice(&ob, view->from);
	obuf_chr(&ob, '\n');
	obuf_slice(&ob, view->method);
	SHA256((const uint8_t *)ob.p, ob.n, sum);
	seen = !ob.err &&
	       !replay_add(j->id->seen_4474, sum, view->cseq, j->now);
	obuf_fini(&ob);
	return seen;
}

static bool credential(struct job *j, const struct cert *c)
{
	struct slice host = canon_host(j->view->from);
	unsigned min = j->id->rsa_bits_min;
	struct verdict *v = j->v;
	struct obuf ob = OBUF_INIT;
	const char *why;

	/* Level 0 lets SHA-1 chains pass: only for who asked for small keys */
	if (cert_trusted(c, j->id->anchors, j->now, min < 2048 ? 0 : 2, &why))
		verdict_set(v, IDENTITY_UNVERIFIABLE, 437,
			    "the certificate is not trusted: %s", why);
	else if (cert_rsa_bits(c) < (int)min)
		verdict_set(v, IDENTITY_UNVERIFIABLE, 437,
			    "the certificate's key is not RSA with %u bits",
			    min);
	else if (!cert_valid_at(c, v->signed_at))
		verdict_set(v, IDENTITY_INVALID, 437,
			    "Date is outside of the certificate's validity");
	else if (!cert_names_host(c, host))
		verdict_set(v, IDENTITY_INVALID, 437,
			    "the certificate is not for domain %.*s",
			    (int)(host.n < 80 ? host.n : 80),
			    host.p ? host.p : "");
	else
		v->covers = true;
	if (!v->covers)
		return false;
	obuf_str(&ob, "domain ");
	obuf_slice(&ob, host);
	v->authority = text_take(&ob);
	obuf_fini(&ob);
	return true;
}

/* The signer's string is lost, but what it hashed to is in the signature. */
static void mismatch_show(struct verdict *v, EVP_PKEY *key, struct slice sig,
			  struct slice ours)
{
	uint8_t theirs[20], sum[SHA_DIGEST_LENGTH];
	struct obuf ob = OBUF_INIT;

	if (!rfc4474_recover(key, sig, theirs)) {
		verdict_set(v, IDENTITY_INVALID, 438,
			    "the signature was not made with the "
			    "certificate's key");
		return;
	}
	verdict_set(v, IDENTITY_INVALID, 438,
		    "the signer signed another digest-string");
	SHA1((const uint8_t *)ours.p, ours.n, sum);
	obuf_str(&ob, "(not recoverable; its SHA-1 is ");
	hex_write(&ob, theirs, sizeof(theirs), 0);
	obuf_str(&ob, ", ours is ");
	hex_write(&ob, sum, sizeof(sum), 0);
	obuf_chr(&ob, ')');
	v->canonical_signers = text_take(&ob);
	obuf_fini(&ob);
}

void rfc4474_judge(struct job *j, const struct cert *c)
{
	const struct assertion *a = j->v->assertion;
	struct slice sig = slice_of(a->sig, a->sig_n);
	struct verdict *v = j->v;
	struct obuf ob = OBUF_INIT;

	if (!credential(j, c))
		return;
	/* over the octets: a body may hold NUL, the text for people ends */
	rfc4474_digest_string(&ob, j->view);
	if (!rfc4474_verify(cert_key(c), obuf_as_slice(&ob), sig)) {
		mismatch_show(v, cert_key(c), sig, obuf_as_slice(&ob));
	} else if (seen_before(j)) {
		verdict_set(v, IDENTITY_INVALID, 438,
			    "a request with this Call-ID was verified before "
			    "(replay)");
	} else {
		verdict_set(v, IDENTITY_VALID, 0, "verified, SHA-1 (weak)");
		v->canonical_signers = v->canonical_ours
					       ? strdup(v->canonical_ours)
					       : NULL;
	}
	obuf_fini(&ob);
}
