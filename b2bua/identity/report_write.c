/* report_write.c: a report as JSON for machines, as lines for people. */
#include "b2bua/identity/report_data.h"

static const char *const chains[] = {
	[CHAIN_NONE] = "none",
	[CHAIN_KEPT] = "kept",
	[CHAIN_RESIGNED] = "re-signed",
	[CHAIN_ENDED] = "ended-here",
};

static const char *const by_tokens[] = {
	[REPORT_BY_NOBODY] = "nobody",
	[REPORT_BY_US] = "countersign",
	[REPORT_BY_CONFIG] = "configuration",
	[REPORT_BY_PEER] = "peer",
	[REPORT_BY_SIGNER] = "signer",
};

static const char *const media_tokens[] = {
	[IDENTITY_MEDIA_NO_KEY] = "no-key",
	[IDENTITY_MEDIA_UNSIGNED] = "unsigned",
	[IDENTITY_MEDIA_SIGNED] = "signed",
	[IDENTITY_MEDIA_MISMATCH] = "mismatch",
};

static const char *const signer_tokens[] = {
	[SIGNER_RFC4474] = "rfc4474",
	[SIGNER_RFC8224] = "rfc8224",
	[SIGNER_SHAKEN] = "shaken",
};

static const char *caller_lacks(const struct report *r)
{
	const struct finding *f = &r->legs[REPORT_LEG_A][REPORT_CALLER];
	const struct verdict *v = r->in ? verdicts_best(r->in) : NULL;

	switch (f->verdict) {
	case REPORT_CALLER_PROVEN:
		return v && v->weak ? "the caller's signature is SHA-1 (weak)"
				    : NULL;
	case REPORT_CALLER_ATTESTED_A:
		return "a carrier vouches for the caller, but its certificate "
		       "does not name the number";
	case REPORT_CALLER_ATTESTED_B:
		return "the signing carrier knows its customer, not the "
		       "number (attestation B)";
	case REPORT_CALLER_ATTESTED_C:
		return "the signing carrier does not know the caller";
	case REPORT_CALLER_TRUNK:
		return "the caller is known by its trunk only, no signature";
	case REPORT_CALLER_UNVERIFIABLE:
		return "the caller's signature cannot be judged";
	case REPORT_CALLER_INVALID:
		return "the caller's signature is wrong";
	default:
		return "nobody vouches for the caller";
	}
}

static const char *privacy_lacks(const struct finding *f)
{
	switch (f->verdict) {
	case REPORT_PRIVACY_END_TO_END:
		return NULL;
	case REPORT_PRIVACY_HOP:
		return "we hold the media keys: private on each hop, not end "
		       "to end";
	case REPORT_PRIVACY_KEY_EXPOSED:
		return "the media key crossed the network in clear text";
	case REPORT_PRIVACY_CLEAR:
		return "the media is not encrypted";
	default:
		return "there is no media";
	}
}

static const char *chain_lacks(const struct report *r)
{
	switch (r->chain) {
	case CHAIN_KEPT:
		return NULL;
	case CHAIN_RESIGNED:
		return "the caller's own signature ends here; from here on it "
		       "is our word";
	default:
		return "the caller's own signature ends here";
	}
}

/* RFC 5763 section 8.6: only if nobody between, us included, could have
 * changed who it is or what is said. The first thing that lacks, in words. */
static bool proven_end_to_end(const struct report *r, const char **because)
{
	const struct finding *a = r->legs[REPORT_LEG_A];
	const struct finding *b = r->legs[REPORT_LEG_B];

	*because = caller_lacks(r);
	if (!*because)
		*because = chain_lacks(r);
	if (!*because)
		*because = privacy_lacks(&a[REPORT_PRIVACY]);
	if (!*because)
		*because = privacy_lacks(&b[REPORT_PRIVACY]);
	if (!*because &&
	    a[REPORT_MEDIA_AUTH].verdict != REPORT_MEDIA_AUTH_SIGNED_KEY)
		*because = "no signature covers the caller's media key";
	return !*because;
}

/* ---- JSON -------------------------------------------------------------- */

static void string(struct obuf *ob, const char *s)
{
	obuf_chr(ob, '"');
	obuf_escaped(ob, slice_str(s));
	obuf_chr(ob, '"');
}

/* NULL and "" are null */
static void string_or_null(struct obuf *ob, const char *s)
{
	if (s && *s)
		string(ob, s);
	else
		obuf_str(ob, "null");
}

static void member(struct obuf *ob, const char *key, const char *s)
{
	obuf_fmt(ob, "\"%s\": ", key);
	string_or_null(ob, s);
}

static void attest_member(struct obuf *ob, char attest)
{
	char s[2] = {attest, 0};

	member(ob, "attest", s);
}

static void finding_write(struct obuf *ob, const struct finding *f)
{
	obuf_fmt(ob, "{\"verdict\": \"%s\", \"by\": \"%s\", ",
		 report_verdict_token(f->verdict), by_tokens[f->by]);
	member(ob, "by_name", f->by_name);
	obuf_str(ob, ", \"evidence\": {");
	for (size_t i = 0; i < f->n; i++) {
		obuf_fmt(ob, "%s\"%s\": ", i ? ", " : "",
			 f->evidence[i].key);
		string(ob, f->evidence[i].text);
	}
	obuf_str(ob, "}}");
}

static void leg_write(struct obuf *ob, const struct finding *leg)
{
	for (unsigned p = 0; p < REPORT_PROPERTIES; p++) {
		obuf_fmt(ob, "%s\"%s\": ", p ? ", " : "{",
			 report_property_token(p));
		finding_write(ob, &leg[p]);
	}
	obuf_chr(ob, '}');
}

static void verdict_write(struct obuf *ob, const struct verdict *v,
			  const char *holds)
{
	obuf_fmt(ob, "{\"method\": \"%s\", \"ppt\": ",
		 identity_method_name(v->method));
	string(ob, v->ppt);
	obuf_fmt(ob, ", \"result\": \"%s\", \"code\": %d, \"reason\": ",
		 identity_result_name(v->result), v->code);
	string(ob, v->why);
	obuf_fmt(ob, ", \"weak\": %s, ", v->weak ? "true" : "false");
	attest_member(ob, v->attest);
	obuf_str(ob, ", ");
	member(ob, "origid", v->origid);
	obuf_str(ob, ", ");
	member(ob, "orig", v->orig);
	obuf_str(ob, ", ");
	member(ob, "info", v->info);
	obuf_str(ob, ", ");
	member(ob, "signer", v->signer);
	obuf_str(ob, ", ");
	member(ob, "issuer", v->issuer);
	obuf_str(ob, ", ");
	member(ob, "authority", v->authority);
	obuf_fmt(ob, ", \"media\": \"%s\", \"left_as_it_came\": %s}",
		 media_tokens[v->media], holds);
}

static void identity_write(struct obuf *ob, const struct report *r)
{
	obuf_str(ob, "[");
	for (size_t i = 0; r->in && i < r->in->n; i++) {
		obuf_str(ob, i ? ", " : "");
		verdict_write(ob, &r->in->v[i],
			      !r->holds_known ? "null"
			      : r->holds[i]   ? "true"
					      : "false");
	}
	obuf_str(ob, "]");
}

static void signed_write(struct obuf *ob, const struct own_signature *own)
{
	if (!own->tried) {
		obuf_str(ob, "null");
		return;
	}
	obuf_chr(ob, '{');
	member(ob, "signer", own->signer);
	obuf_str(ob, ", ");
	member(ob, "method",
	       own->signer ? signer_tokens[own->method] : NULL);
	obuf_str(ob, ", ");
	attest_member(ob, own->attest);
	obuf_str(ob, ", ");
	member(ob, "origid", own->origid);
	obuf_str(ob, ", ");
	member(ob, "info", own->info);
	obuf_str(ob, ", ");
	member(ob, "reason", own->why);
	obuf_chr(ob, '}');
}

static void changes_write(struct obuf *ob, const struct report *r)
{
	obuf_chr(ob, '[');
	for (size_t i = 0; i < r->n_changes; i++) {
		const struct change *c = &r->changes[i];

		obuf_str(ob, i ? ", {" : "{");
		member(ob, "field", c->field);
		obuf_str(ob, ", ");
		member(ob, "reason", c->reason);
		obuf_str(ob, ", ");
		member(ob, "was", c->was);
		obuf_str(ob, ", ");
		member(ob, "now", c->now);
		obuf_str(ob, ", ");
		member(ob, "breaks", c->breaks);
		obuf_chr(ob, '}');
	}
	obuf_chr(ob, ']');
}

void report_write_json(struct obuf *ob, const struct report *r)
{
	const char *because;
	bool proven = proven_end_to_end(r, &because);

	obuf_fmt(ob, "{\"chain\": \"%s\", \"secure_to_claimed_identity\": %s, ",
		 chains[r->chain], proven ? "true" : "false");
	member(ob, "because", because);
	obuf_str(ob, ", \"legs\": {\"a\": ");
	leg_write(ob, r->legs[REPORT_LEG_A]);
	obuf_str(ob, ", \"b\": ");
	leg_write(ob, r->legs[REPORT_LEG_B]);
	obuf_str(ob, "}, \"identity\": ");
	identity_write(ob, r);
	obuf_str(ob, ", \"signed\": ");
	signed_write(ob, &r->own);
	obuf_str(ob, ", \"changed_here\": ");
	changes_write(ob, r);
	obuf_chr(ob, '}');
}

/* ---- text -------------------------------------------------------------- */

static const char *const property_names[] = {
#define REPORT_PROPERTY(ID, token, name) [REPORT_##ID] = name,
#include "b2bua/identity/report.def"
};

static void finding_text(struct obuf *ob, const char *leg, unsigned p,
			 const struct finding *f)
{
	obuf_fmt(ob, "%s  %-26s %-14s %s", leg, property_names[p],
		 report_verdict_token(f->verdict),
		 report_verdict_help(f->verdict));
	if (f->by_name) {
		obuf_str(ob, "; by ");
		obuf_escaped(ob, slice_str(f->by_name));
	}
	for (size_t i = 0; i < f->n; i++) {
		obuf_fmt(ob, "; %s ", f->evidence[i].key);
		obuf_escaped(ob, slice_str(f->evidence[i].text));
	}
	obuf_chr(ob, '\n');
}

void report_write_text(struct obuf *ob, const struct report *r)
{
	const char *because;
	bool proven = proven_end_to_end(r, &because);

	for (unsigned l = 0; l < REPORT_LEGS; l++)
		for (unsigned p = 0; p < REPORT_PROPERTIES; p++)
			finding_text(ob, l == REPORT_LEG_A ? "a" : "b", p,
				     &r->legs[l][p]);
	for (size_t i = 0; i < r->n_changes; i++) {
		obuf_fmt(ob, "changed here: %s (%s)", r->changes[i].field,
			 r->changes[i].reason);
		if (r->changes[i].breaks)
			obuf_fmt(ob, ", signed by %s", r->changes[i].breaks);
		obuf_chr(ob, '\n');
	}
	obuf_fmt(ob, "chain of identity: %s\n", chains[r->chain]);
	if (proven)
		obuf_str(ob, "secure to the claimed identity\n");
	else
		obuf_fmt(ob, "not secure to the claimed identity: %s\n",
			 because);
}
