/* sign.c: authority first, then octets, then the key.
 *
 * What we sign is our word: no number or domain that is not ours, no level
 * above what came in (threats I11). */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "b2bua/identity/date.h"
#include "b2bua/identity/signer.h"
#include "lib/base/b64.h"
#include "lib/base/rnd.h"

enum { DATE_OFF_4474 = 600 }; /* RFC 4474 section 5, step 3 */

struct work {
	struct signer *s;
	const struct sign_request *req;
	struct view view;
	struct canon orig, dest;
	int64_t now;
	char date[DATE_SIZE]; /* "" if the message has one */
	struct obuf lines, canonical;
	struct sign_result res;
};

static int fail(struct work *w, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static int fail(struct work *w, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->res.why, sizeof(w->res.why), fmt, ap);
	va_end(ap);
	return err;
}

/* ---- Date -------------------------------------------------------------- */

static int date_settle(struct work *w, int64_t off_max)
{
	int64_t off;

	w->res.signed_at = w->now;
	if (!w->view.date.p) {
		if (date_write(w->date, w->now))
			return fail(w, EINVAL, "the clock is not set");
		w->view.date = slice_str(w->date);
		obuf_fmt(&w->lines, "Date: %s\r\n", w->date);
	} else if (date_parse(w->view.date, &w->res.signed_at)) {
		return fail(w, EINVAL, "its Date is not a SIP-date");
	}
	off = w->now - w->res.signed_at;
	if (off > off_max || -off > off_max)
		return fail(w, EINVAL, "its Date is %" PRId64 " s off, %"
			    PRId64 " are allowed", off, off_max);
	if (!cert_valid_at(w->s->cert, w->now) ||
	    !cert_valid_at(w->s->cert, w->res.signed_at))
		return fail(w, EINVAL, "the certificate of %s is not valid "
			    "at this Date", w->s->name);
	return 0;
}

/* ---- authority --------------------------------------------------------- */

static bool prefix_in(const char *tn, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (canon_tn_has_prefix(tn, v[i]))
			return true;
	return false;
}

static bool domain_ours(const struct signer *s, struct slice host)
{
	for (size_t i = 0; i < s->domains.n; i++)
		if (slice_caseeq_str(host, s->domains.v[i]))
			return true;
	return false;
}

/* What the certificate lets us say, whatever the configuration thinks. */
static int cert_allows(struct work *w)
{
	bool broken;
	const struct tnauth *t = cert_tnauth(w->s->cert, &broken);
	struct slice host = canon_host(slice_str(w->orig.text));

	if (w->orig.tn)
		return t && (tnauth_spc(t) || tnauth_covers(t, w->orig.text))
			       ? 0
			       : fail(w, EPERM, "the certificate of %s does "
				      "not cover %s", w->s->name,
				      w->orig.text);
	return cert_names_domain(w->s->cert, host) || (t && tnauth_spc(t))
		       ? 0
		       : fail(w, EPERM, "the certificate of %s is not for "
			      "this domain", w->s->name);
}

static bool ours(const struct work *w)
{
	const struct signer *s = w->s;

	if (!w->orig.tn)
		return domain_ours(s, canon_host(slice_str(w->orig.text)));
	return prefix_in(w->orig.text, (const char *const *)s->numbers.v,
			 s->numbers.n);
}

/* The best that what came in allows: never above it, and nothing but C for
 * what failed or could not be judged. 'A': no limit. */
static char ceiling(const struct verdicts *in)
{
	const struct verdict *best;

	if (!in)
		return 'A';
	best = verdicts_best(in);
	if (best)
		return best->attest ? best->attest : 'A';
	return in->overall == IDENTITY_INVALID ||
			       in->overall == IDENTITY_UNVERIFIABLE
		       ? 'C'
		       : 'A';
}

static int attest_settle(struct work *w)
{
	const struct sign_request *req = w->req;
	const struct signer *s = w->s;
	char max = ceiling(req->in), attest;
	bool owned = w->orig.tn &&
		     prefix_in(w->orig.text, req->owned, req->n_owned) &&
		     (!s->numbers.n || ours(w));

	if (owned)
		attest = 'A';
	else if (s->attest)
		attest = req->customer ? s->attest : 'C';
	else
		return fail(w, EPERM, "%s is not a number of the trunk, and "
			    "%s signs no other", w->orig.text, s->name);
	if (attest < max) {
		fail(w, 0, "attestation lowered from %c to %c: not more than "
		     "what came in", attest, max);
		attest = max;
	}
	w->res.attest = attest;
	return 0;
}

static int authority_8224(struct work *w)
{
	int err = cert_allows(w);

	if (err)
		return err;
	if (w->s->method == SIGNER_SHAKEN)
		return attest_settle(w);
	return ours(w) ? 0
		       : fail(w, EPERM, "%.80s is not one of %s", w->orig.text,
			      w->s->name);
}

/* ---- RFC 8224 ---------------------------------------------------------- */

/* RFC 4122 version 4: opaque and new for each call (RFC 8588 section 10) */
static void uuid_write(char to[40])
{
	char h[33];

	rnd_hex(h, 32);
	h[12] = '4';
	h[16] = "89ab"[ascii_hex(h[16]) & 3];
	snprintf(to, 40, "%.8s-%.4s-%.4s-%.4s-%.12s", h, h + 8, h + 12,
		 h + 16, h + 20);
}

static int identities_read(struct work *w)
{
	const struct canon_rules *r = &w->s->id->rules;

	if (canon_identity(&w->orig, r, CANON_ORIG, w->view.from))
		return fail(w, EINVAL, "From has no canonical form");
	if (canon_identity(&w->dest, r, CANON_DEST, w->view.to))
		return fail(w, EINVAL, "To has no canonical form");
	return 0;
}

static int passport_sign(struct work *w, const struct media_keys *keys)
{
	bool shaken = w->s->method == SIGNER_SHAKEN;
	struct passport_draft d = {
		.ppt = shaken ? "shaken" : "",
		.x5u = w->s->info,
		.orig = &w->orig,
		.dest = &w->dest,
		.iat = w->res.signed_at,
		.attest = w->res.attest,
		.origid = shaken ? w->res.origid : NULL,
		.mky = w->s->mky ? keys : NULL,
	};
	struct obuf ob = OBUF_INIT;
	uint8_t sig[ES256_SIZE];
	int err = passport_write(&ob, &w->canonical, &d);

	if (!err)
		err = es256_sign(w->s->key, obuf_as_slice(&ob), sig);
	if (!err) {
		obuf_str(&w->lines, "Identity: ");
		obuf_slice(&w->lines, obuf_as_slice(&ob));
		obuf_chr(&w->lines, '.');
		b64url_write(&w->lines, sig, sizeof(sig));
		obuf_fmt(&w->lines, ";info=<%s>;alg=ES256%s\r\n", w->s->info,
			 shaken ? ";ppt=shaken" : "");
		err = w->lines.err;
	}
	obuf_fini(&ob);
	return err ? fail(w, EIO, "the key of %s does not sign", w->s->name)
		   : 0;
}

static int sign_8224(struct work *w)
{
	struct media_keys keys;
	int err = identities_read(w);

	if (!err)
		err = authority_8224(w);
	if (!err)
		err = date_settle(w, w->s->id->freshness);
	if (!err && media_keys_parse(&keys, w->view.body))
		err = fail(w, EINVAL, "a=fingerprint cannot be read");
	if (err)
		return err;
	if (w->s->method == SIGNER_SHAKEN)
		uuid_write(w->res.origid);
	return passport_sign(w, &keys);
}

/* ---- RFC 4474 ---------------------------------------------------------- */

static bool signed_already(const struct view *view)
{
	for (size_t i = 0; i < view->n_identity; i++)
		if (view_is_4474(view->identity[i]))
			return true;
	return view->identity_info.p != NULL;
}

static int digest_sign(struct work *w)
{
	uint8_t sig[RFC4474_SIG_MAX];
	size_t n;
	int err = rfc4474_digest_string(&w->canonical, &w->view);

	if (!err)
		err = rfc4474_sign(w->s->key, obuf_as_slice(&w->canonical),
				   sig, &n);
	if (!err) {
		obuf_str(&w->lines, "Identity: \"");
		b64_write(&w->lines, sig, n);
		obuf_fmt(&w->lines, "\"\r\nIdentity-Info: <%s>;"
			 "alg=rsa-sha1\r\n", w->s->info);
		err = w->lines.err;
	}
	return err ? fail(w, EIO, "the key of %s does not sign", w->s->name)
		   : 0;
}

static int sign_4474(struct work *w)
{
	int err;

	if (!domain_ours(w->s, canon_host(w->view.from)))
		return fail(w, EPERM, "the caller's domain is not one of %s",
			    w->s->name);
	if (slice_eq_str(w->view.method, "CANCEL"))
		return fail(w, EINVAL, "CANCEL carries no Identity");
	if (signed_already(&w->view))
		return fail(w, EINVAL, "it has an Identity of RFC 4474, and "
			    "may have one only");
	err = date_settle(w, DATE_OFF_4474);
	return err ? err : digest_sign(w);
}

/* ---- entry ------------------------------------------------------------- */

static int sign(struct work *w)
{
	struct message *msg;
	struct flaw flaw = {0};
	int err = message_parse(&msg, w->req->outgoing.p, w->req->outgoing.n,
				false, &flaw);

	if (err) {
		mem_deref(flaw.answerable);
		return fail(w, EINVAL, "the request cannot be read: %s",
			    flaw.reason ? flaw.reason : "no memory");
	}
	if (view_init(&w->view, msg))
		err = fail(w, EINVAL, "the request cannot be read");
	else if (w->s->method == SIGNER_RFC4474)
		err = sign_4474(w);
	else
		err = sign_8224(w);
	mem_deref(msg);
	return err;
}

int identity_sign(struct signer *s, const struct sign_request *req,
		  identity_signed_h *h, void *arg)
{
	struct work w = {.s = s, .req = req, .now = s->id->clock()};

	w.res.method = s->method;
	w.res.signer = s->name;
	w.res.info = s->info;
	w.res.err = sign(&w);
	if (!w.res.err) {
		w.res.lines = obuf_as_slice(&w.lines);
		w.res.canonical = obuf_as_slice(&w.canonical);
	}
	h(arg, &w.res);
	obuf_fini(&w.lines);
	obuf_fini(&w.canonical);
	return 0;
}
