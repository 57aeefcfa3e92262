/* verify_8224.c: one RFC 8224 Identity header (section 6.2), with the
 * baseline, "shaken" (RFC 8588) and "div" (RFC 8946) PASSporTs. */
#include "b2bua/identity/context.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#include "b2bua/identity/date.h"

static bool ppt_known(const char *ppt)
{
	return !*ppt || strcmp(ppt, "shaken") == 0 || strcmp(ppt, "div") == 0;
}

static bool is_div(const struct verdict *v)
{
	return strcmp(v->ppt, "div") == 0;
}

static void missing(struct verdict *v, const char *why)
{
	verdict_set(v, IDENTITY_INVALID, 438, "the PASSporT is no good: %s",
		    why);
	v->phrase = "Invalid PASSporT";
}

/* ---- what the signalling says ------------------------------------------ */

static bool same(const struct passport *p, const struct canon *c)
{
	return p->orig_tn == c->tn && strcmp(p->orig, c->text) == 0;
}

bool orig_matches(const struct identity *id, const struct view *view,
		  bool trust_pai, const struct passport *p,
		  struct canon *orig, bool *by_pai)
{
	bool from = !canon_identity(orig, &id->rules, CANON_ORIG, view->from);
	struct canon c;

	*by_pai = false;
	if (from && same(p, orig))
		return true;
	for (size_t i = 0; trust_pai && i < view->n_pai; i++) {
		if (canon_identity(&c, &id->rules, CANON_ORIG, view->pai[i]) ||
		    !same(p, &c))
			continue;
		*orig = c;
		*by_pai = true;
		return true;
	}
	if (!from)
		memset(orig, 0, sizeof(*orig));
	return false;
}

/* The To URI; for div the Request-URI (RFC 8946 section 4.2). */
static bool dest_read(struct job *j)
{
	struct slice uri = is_div(j->v) ? j->view->ruri : j->view->to;

	return !canon_identity(&j->dest, &j->id->rules, CANON_DEST, uri);
}

static void canonical_show(struct job *j, const struct passport *p)
{
	struct verdict *v = j->v;
	struct obuf ob = OBUF_INIT;

	passport_write_claims(&ob, p);
	v->canonical_signers = text_take(&ob);
	passport_write_as(&ob, p, *j->orig.text ? &j->orig : NULL,
			  *j->dest.text ? &j->dest : NULL, &j->keys);
	v->canonical_ours = text_take(&ob);
	if (v->canonical_ours && v->canonical_signers)
		v->differ = text_differ(v->canonical_ours,
					v->canonical_signers);
	obuf_fini(&ob);
}

static void media_compare(struct job *j, const struct passport *p)
{
	/* a fingerprint that cannot be read matches nothing */
	bool broken = media_keys_parse(&j->keys, j->view->body) != 0;

	if (p->mky)
		j->v->media = !broken && media_keys_match(&j->keys, p->mky)
				      ? IDENTITY_MEDIA_SIGNED
				      : IDENTITY_MEDIA_MISMATCH;
	else
		j->v->media = broken || j->keys.n ? IDENTITY_MEDIA_UNSIGNED
						  : IDENTITY_MEDIA_NO_KEY;
}

static bool compare(struct job *j, const struct passport *p)
{
	struct assertion *a = j->v->assertion;
	struct verdict *v = j->v;
	struct canon ruri;
	bool orig, dest;

	orig = orig_matches(j->id, j->view, j->policy->trust_pai, p, &j->orig,
			    &a->by_pai);
	dest = dest_read(j) && passport_has_dest(p, &j->dest);
	media_compare(j, p);
	canonical_show(j, p);
	v->retargeted = canon_identity(&ruri, &j->id->rules, CANON_DEST,
				       j->view->ruri) ||
			!passport_has_dest(p, &ruri);
	if (!orig)
		verdict_set(v, IDENTITY_INVALID, 438,
			    "orig is %.40s, the caller is %.60s", p->orig,
			    *j->orig.text ? j->orig.text : "unreadable");
	else if (!dest)
		verdict_set(v, IDENTITY_INVALID, 438,
			    "dest does not name the called party, %.60s",
			    *j->dest.text ? j->dest.text : "unreadable");
	else if (v->media == IDENTITY_MEDIA_MISMATCH)
		verdict_set(v, IDENTITY_INVALID, 438,
			    "mky is not the fingerprint in the SDP");
	return orig && dest && v->media != IDENTITY_MEDIA_MISMATCH;
}

/* Step 4. In the full form the signature holds iat, so iat decides; Date may
 * have been changed on the way (section 12.1). */
static bool fresh(struct job *j, int64_t at)
{
	int64_t age = j->now - at;

	if (age > (int64_t)j->id->freshness)
		verdict_set(j->v, IDENTITY_INVALID, 403,
			    "signed %" PRId64 " s ago, %u are allowed", age,
			    j->id->freshness);
	else if (-age > (int64_t)j->id->skew)
		verdict_set(j->v, IDENTITY_INVALID, 403,
			    "signed %" PRId64 " s in the future, %u are "
			    "allowed", -age, j->id->skew);
	else
		return true;
	return false;
}

/* ---- prepare ----------------------------------------------------------- */

/* Compact form (section 4.1, RFC 8225 section 7): the PASSporT is rebuilt
 * from the signalling, so only the signature can tell. */
static int compact_token(struct job *j, const struct identity_value *iv,
			 struct obuf *ob)
{
	struct passport_draft d = {.ppt = "", .x5u = j->v->info,
				   .orig = &j->orig, .dest = &j->dest,
				   .mky = &j->keys};

	if (iv->ppt.p || date_parse(j->view->date, &d.iat) ||
	    canon_identity(&j->orig, &j->id->rules, CANON_ORIG,
			   j->view->from) ||
	    !dest_read(j) || media_keys_parse(&j->keys, j->view->body) ||
	    passport_write(ob, NULL, &d))
		return EINVAL;
	obuf_slice(ob, slice_of(iv->token.p + 1, iv->token.n - 1));
	return ob->err;
}

static bool passport_read(struct job *j, const struct identity_value *iv)
{
	struct passport **pp = &j->v->assertion->passport;
	struct slice token = iv->token;
	struct verdict *v = j->v;
	struct obuf ob = OBUF_INIT;
	const char *why = "";
	int err = 0;

	if (iv->compact) {
		err = compact_token(j, iv, &ob);
		token = obuf_as_slice(&ob);
		why = "the compact form needs Date, From and To, and no ppt";
	}
	if (!err)
		err = passport_parse(pp, token, &why);
	obuf_fini(&ob);
	if (err) {
		verdict_set(v, IDENTITY_INVALID, 438,
			    "the PASSporT is no good: %s", why);
		return false;
	}
	if (strcmp((*pp)->ppt, v->ppt) != 0)
		missing(v, "its ppt is not that of the header");
	else if (strcmp((*pp)->x5u, v->info) != 0)
		verdict_set(v, IDENTITY_INVALID, 438,
			    "x5u in the PASSporT is not info in the header");
	else if (passport_claims(*pp, &why))
		missing(v, why);
	else
		return true;
	return false;
}

static void claims_show(struct verdict *v, const struct passport *p)
{
	v->signed_at = p->iat;
	v->orig = strdup(p->orig);
	if (p->attest)
		v->attest = *p->attest;
	if (p->origid)
		snprintf(v->origid, sizeof(v->origid), "%.39s", p->origid);
}

static bool value_read(struct job *j, struct slice value,
		       struct identity_value *iv)
{
	struct verdict *v = j->v;
	const char *why;

	if (identity_value_parse(iv, value, &why)) {
		verdict_set(v, IDENTITY_INVALID, 438,
			    "the header cannot be read: %s", why);
		return false;
	}
	if (iv->ppt.n && slice_copy(iv->ppt, v->ppt, sizeof(v->ppt)))
		slice_copy(SLICE_LIT("?"), v->ppt, sizeof(v->ppt));
	if (!ppt_known(v->ppt)) { /* step 1: not an error */
		verdict_set(v, IDENTITY_IGNORED, 0,
			    "this kind of PASSporT is not known here");
		return false;
	}
	v->info = slice_dup(iv->info);
	v->assertion->compact = iv->compact;
	if (iv->alg.p && !slice_eq_str(iv->alg, "ES256"))
		verdict_set(v, IDENTITY_INVALID, 438,
			    "alg in the header is not ES256");
	else if (!iv->info.n || !v->info)
		verdict_set(v, IDENTITY_UNVERIFIABLE, 436,
			    "the header has no info");
	else
		return true;
	return false;
}

bool rfc8224_prepare(struct job *j, struct slice value)
{
	struct identity_value iv;
	struct passport *p;

	if (!value_read(j, value, &iv) || !passport_read(j, &iv))
		return false;
	p = j->v->assertion->passport;
	claims_show(j->v, p);
	return compare(j, p) && fresh(j, p->iat);
}

/* ---- judge ------------------------------------------------------------- */

static void authority_show(struct verdict *v, const struct tnauth *t,
			   const char *note)
{
	struct obuf ob = OBUF_INIT;

	tnauth_write_text(&ob, t);
	obuf_str(&ob, note);
	v->authority = text_take(&ob);
	obuf_fini(&ob);
}

/* Telephone numbers, RFC 8226: what the certificate's list really gives. */
static bool authority_tn(struct verdict *v, const struct cert *c,
			 const char *tn)
{
	bool broken;
	const struct tnauth *t = cert_tnauth(c, &broken);

	if (!t) {
		verdict_set(v, IDENTITY_INVALID, 437,
			    broken ? "its TNAuthList is broken"
				   : "the certificate gives no authority over "
				     "telephone numbers");
		return false;
	}
	v->covers = tnauth_covers(t, tn);
	if (!v->covers && !tnauth_spc(t)) {
		authority_show(v, t, ": not this number");
		verdict_set(v, IDENTITY_INVALID, 437,
			    "%s is not among the numbers of the certificate",
			    tn);
		return false;
	}
	authority_show(v, t,
		       v->covers ? ""
				 : ": says which carrier signed, not that the "
				   "number is its own");
	return true;
}

/* SHAKEN is a carrier's word also for a caller that has no number. */
static bool authority_uri(struct verdict *v, const struct cert *c,
			  const struct canon *orig)
{
	struct slice host = canon_host(slice_str(orig->text));
	struct obuf ob = OBUF_INIT;
	bool broken;
	const struct tnauth *t = cert_tnauth(c, &broken);

	v->covers = cert_names_domain(c, host);
	if (v->covers) {
		obuf_str(&ob, "domain ");
		obuf_slice(&ob, host);
		v->authority = text_take(&ob);
		obuf_fini(&ob);
		return true;
	}
	if (strcmp(v->ppt, "shaken") == 0 && t && tnauth_spc(t)) {
		authority_show(v, t, ": says which carrier signed, not that "
				     "the caller is its own");
		return true;
	}
	verdict_set(v, IDENTITY_INVALID, 437,
		    "the certificate is not for domain %.*s",
		    (int)(host.n < 80 ? host.n : 80), host.p);
	return false;
}

/* div is signed by whoever the call was for (RFC 8946 section 4.1). */
static bool authority(struct job *j, const struct cert *c)
{
	const struct passport *p = j->v->assertion->passport;
	struct canon who = j->orig;
	const json_t *div;
	const char *tn, *uri;

	if (is_div(j->v)) {
		div = json_object_get(p->claims, "div");
		tn = json_string_value(json_object_get(div, "tn"));
		uri = json_string_value(json_object_get(div, "uri"));
		who.tn = tn != NULL;
		if (slice_copy(slice_str(tn ? tn : uri), who.text,
			       sizeof(who.text))) {
			missing(j->v, "its div is too long");
			return false;
		}
	}
	return who.tn ? authority_tn(j->v, c, who.text)
		      : authority_uri(j->v, c, &who);
}

/* r is a fresh random point for each signature and cannot be changed without
 * the key, while s can be turned into n - s: r is the part to remember. */
static bool seen_before(struct job *j, const struct passport *p)
{
	uint8_t sum[SHA256_DIGEST_LENGTH];
	struct obuf ob = OBUF_INIT;
	bool seen;

	obuf_put(&ob, p->signing, p->signing_n);
	obuf_put(&ob, p->sig, ES256_SIZE / 2);
	SHA256((const uint8_t *)ob.p, ob.n, sum);
	seen = !ob.err && !replay_add(j->id->seen_8224, sum, 0, j->now);
	obuf_fini(&ob);
	return seen;
}

static bool credential(struct job *j, const struct cert *c)
{
	const struct passport *p = j->v->assertion->passport;
	struct verdict *v = j->v;
	const char *why;

	if (cert_trusted(c, j->id->anchors, j->now, 2, &why))
		verdict_set(v, IDENTITY_UNVERIFIABLE, 437,
			    "the certificate is not trusted: %s", why);
	else if (!es256_key(cert_key(c)))
		verdict_set(v, IDENTITY_UNVERIFIABLE, 437,
			    "the certificate's key is not P-256");
	else if (!cert_valid_at(c, p->iat))
		verdict_set(v, IDENTITY_INVALID, 437,
			    "iat is outside of the certificate's validity");
	else
		return authority(j, c);
	return false;
}

void rfc8224_judge(struct job *j, const struct cert *c)
{
	const struct passport *p = j->v->assertion->passport;
	struct verdict *v = j->v;

	if (!credential(j, c))
		return;
	if (!es256_verify(cert_key(c), slice_of(p->signing, p->signing_n),
			  slice_of(p->sig, sizeof(p->sig))))
		verdict_set(v, IDENTITY_INVALID, 438,
			    "the signature is not that of the certificate's "
			    "key");
	else if (seen_before(j, p))
		verdict_set(v, IDENTITY_INVALID, 438,
			    "this very signature was used before (replay)");
	else
		verdict_set(v, IDENTITY_VALID, 0, "verified");
}
