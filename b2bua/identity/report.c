/* report.c: the facts of one call, collected while it lives. */
#include "b2bua/identity/report_data.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct verdict_row {
	enum report_property property;
	const char *token, *help;
};

static const struct verdict_row verdict_rows[] = {
#define REPORT_VERDICT(P, ID, token, help)                                  \
	[REPORT_##P##_##ID] = {REPORT_##P, token, help},
#include "b2bua/identity/report.def"
};

static const char *const property_tokens[] = {
#define REPORT_PROPERTY(ID, token, name) [REPORT_##ID] = token,
#include "b2bua/identity/report.def"
};

static const enum report_verdict weakest[] = {
	[REPORT_CALLER] = REPORT_CALLER_NONE,
	[REPORT_CALLED] = REPORT_CALLED_NONE,
	[REPORT_PRIVACY] = REPORT_PRIVACY_NONE,
	[REPORT_MEDIA_AUTH] = REPORT_MEDIA_AUTH_NONE,
	[REPORT_SIGNALLING] = REPORT_SIGNALLING_NONE,
};

const char *report_property_token(enum report_property p)
{
	return property_tokens[p];
}

const char *report_verdict_token(enum report_verdict v)
{
	return verdict_rows[v].token;
}

const char *report_verdict_help(enum report_verdict v)
{
	return verdict_rows[v].help;
}

enum report_property report_verdict_property(enum report_verdict v)
{
	return verdict_rows[v].property;
}

/* ---- life -------------------------------------------------------------- */

static void finding_reset(struct finding *f, unsigned property)
{
	free(f->by_name);
	for (size_t i = 0; i < f->n; i++)
		free(f->evidence[i].text);
	*f = (struct finding){.verdict = weakest[property]};
}

static void outgoing_reset(struct report *r)
{
	for (size_t i = 0; i < r->n_changes; i++) {
		free(r->changes[i].was);
		free(r->changes[i].now);
	}
	free(r->own.signer);
	free(r->own.info);
	memset(&r->own, 0, sizeof(r->own));
	r->n_changes = 0;
}

static void report_destroy(void *arg)
{
	struct report *r = arg;

	outgoing_reset(r);
	for (unsigned l = 0; l < REPORT_LEGS; l++)
		for (unsigned p = 0; p < REPORT_PROPERTIES; p++)
			finding_reset(&r->legs[l][p], p);
	mem_deref(r->in);
}

int report_new(struct report **rp)
{
	struct report *r = mem_zalloc(sizeof(*r), report_destroy);

	if (!r)
		return ENOMEM;
	for (unsigned l = 0; l < REPORT_LEGS; l++)
		for (unsigned p = 0; p < REPORT_PROPERTIES; p++)
			r->legs[l][p].verdict = weakest[p];
	*rp = r;
	return 0;
}

/* ---- findings ---------------------------------------------------------- */

void report_set(struct report *r, enum report_leg leg,
		enum report_verdict verdict, enum report_by by,
		const char *by_name)
{
	struct finding *f = &r->legs[leg][verdict_rows[verdict].property];

	free(f->by_name);
	f->verdict = verdict;
	f->by = by;
	f->by_name = by_name ? strdup(by_name) : NULL;
}

void report_evidence(struct report *r, enum report_leg leg,
		     enum report_property property, const char *key,
		     struct slice text)
{
	struct finding *f = &r->legs[leg][property];
	size_t i = 0;
	char *copy;

	while (i < f->n && strcmp(f->evidence[i].key, key) != 0)
		i++;
	if (i == EVIDENCE_MAX)
		return;
	copy = slice_dup(text);
	if (!copy) /* a report is poorer without memory, not wrong */
		return;
	if (i == f->n)
		f->n++;
	free(f->evidence[i].text);
	f->evidence[i].key = key;
	f->evidence[i].text = copy;
}

enum report_verdict report_get(const struct report *r, enum report_leg leg,
			       enum report_property property)
{
	return r->legs[leg][property].verdict;
}

static void caller_evidence(struct report *r, enum report_leg leg,
			    const char *key, const char *text)
{
	if (text && *text)
		report_evidence(r, leg, REPORT_CALLER, key, slice_str(text));
}

/* ---- identity ---------------------------------------------------------- */

/* A certificate that has the very number or domain proves what it signs; one
 * that only names a carrier makes it the carrier's word. */
static enum report_verdict verdict_of(const struct verdict *v)
{
	if (v->covers && (!v->attest || v->attest == 'A'))
		return REPORT_CALLER_PROVEN;
	if (v->attest == 'A')
		return REPORT_CALLER_ATTESTED_A;
	return v->attest == 'B' ? REPORT_CALLER_ATTESTED_B
				: REPORT_CALLER_ATTESTED_C;
}

static void best_show(struct report *r, enum report_leg leg,
		      const struct verdict *v)
{
	char attest[2] = {v->attest, 0};

	report_set(r, leg, verdict_of(v), REPORT_BY_SIGNER, v->signer);
	caller_evidence(r, leg, "method", identity_method_name(v->method));
	caller_evidence(r, leg, "attest", attest);
	caller_evidence(r, leg, "strength", v->weak ? "SHA-1 (weak)" : "");
	caller_evidence(r, leg, "signed", v->orig);
	caller_evidence(r, leg, "authority", v->authority);
	caller_evidence(r, leg, "certified_by", v->issuer);
	if (v->retargeted)
		caller_evidence(r, leg, "retargeted",
				"the call goes elsewhere than the signature");
}

static const struct verdict *worst(const struct verdicts *vs)
{
	for (size_t i = 0; i < vs->n; i++)
		if (vs->v[i].result == vs->overall)
			return &vs->v[i];
	return NULL;
}

void report_verdicts(struct report *r, struct verdicts *vs)
{
	const struct verdict *v = verdicts_best(vs);

	mem_deref(r->in);
	r->in = mem_ref(vs);
	if (v) {
		best_show(r, REPORT_LEG_A, v);
		return;
	}
	v = worst(vs);
	if (vs->overall == IDENTITY_INVALID)
		report_set(r, REPORT_LEG_A, REPORT_CALLER_INVALID,
			   REPORT_BY_US, NULL);
	else if (vs->overall == IDENTITY_UNVERIFIABLE)
		report_set(r, REPORT_LEG_A, REPORT_CALLER_UNVERIFIABLE,
			   REPORT_BY_US, NULL);
	if (v)
		caller_evidence(r, REPORT_LEG_A, "why", v->why);
}

void report_fingerprint(struct report *r, enum report_leg leg,
			struct slice fingerprint)
{
	const struct verdict *v = r->in ? verdicts_best(r->in) : NULL;
	bool named = leg == REPORT_LEG_A && v && !r->rekeyed &&
		     v->media == IDENTITY_MEDIA_SIGNED;

	report_set(r, leg,
		   named ? REPORT_MEDIA_AUTH_SIGNED_KEY
			 : REPORT_MEDIA_AUTH_UNSIGNED_KEY,
		   named ? REPORT_BY_SIGNER : REPORT_BY_PEER,
		   named ? v->signer : NULL);
	report_evidence(r, leg, REPORT_MEDIA_AUTH, "fingerprint",
			fingerprint);
}

void report_outgoing(struct report *r)
{
	outgoing_reset(r);
	finding_reset(&r->legs[REPORT_LEG_B][REPORT_CALLER], REPORT_CALLER);
	r->holds_known = false;
	r->chain = CHAIN_NONE;
}

void report_rekeyed(struct report *r)
{
	r->rekeyed = true;
	if (report_get(r, REPORT_LEG_A, REPORT_MEDIA_AUTH) ==
	    REPORT_MEDIA_AUTH_SIGNED_KEY)
		report_set(r, REPORT_LEG_A, REPORT_MEDIA_AUTH_UNSIGNED_KEY,
			   REPORT_BY_PEER, NULL);
}

static bool text_is(const char *text, struct slice s)
{
	return slice_eq(slice_str(text ? text : ""), s.p ? s : SLICE_LIT(""));
}

/* breaks: the method that signs it, or NULL. A call that tries one route
 * after the other makes the same change again: it is named once. */
static void change_add(struct report *r, const char *field,
		       const char *reason, const char *breaks,
		       struct slice was, struct slice now)
{
	struct change *c;

	for (size_t i = 0; i < r->n_changes; i++) {
		c = &r->changes[i];
		if (strcmp(c->field, field) == 0 && c->breaks == breaks &&
		    text_is(c->was, was) && text_is(c->now, now))
			return;
	}
	if (r->n_changes == CHANGES_MAX)
		return;
	c = &r->changes[r->n_changes++];
	c->field = field;
	c->reason = reason;
	c->breaks = breaks;
	c->was = slice_dup(was);
	c->now = slice_dup(now);
}

void report_changed(struct report *r, const char *field, const char *reason,
		    struct slice was, struct slice now)
{
	change_add(r, field, reason, NULL, was, now);
}

static bool any_holds(const struct report *r)
{
	for (size_t i = 0; r->in && i < r->in->n; i++)
		if (r->holds[i] && r->in->v[i].result != IDENTITY_IGNORED)
			return true;
	return false;
}

void report_kept(struct report *r, const struct identity_kept *kept,
		 const char *reason)
{
	const struct verdict *best = r->in ? verdicts_best(r->in) : NULL;

	memcpy(r->holds, kept->holds, sizeof(r->holds));
	r->holds_known = true;
	for (size_t i = 0; r->in && i < kept->n; i++) {
		const struct identity_change *k = &kept->changed[i];
		bool known = k->verdict < r->in->n;

		change_add(r, identity_field_name(k->field), reason,
			   known ? identity_method_name(
					   r->in->v[k->verdict].method)
				 : NULL,
			   slice_str(k->was), slice_str(k->now));
	}
	if (best && kept->holds[best - r->in->v]) {
		r->chain = CHAIN_KEPT;
		best_show(r, REPORT_LEG_B, best);
	} else if (best) {
		r->chain = CHAIN_ENDED;
		report_set(r, REPORT_LEG_B, REPORT_CALLER_NONE, REPORT_BY_US,
			   NULL);
	} else if (any_holds(r)) { /* passed on as it came, for what it is */
		report_set(r, REPORT_LEG_B,
			   r->legs[REPORT_LEG_A][REPORT_CALLER].verdict,
			   REPORT_BY_US, NULL);
	}
}

void report_signed(struct report *r, const struct sign_result *res)
{
	static const enum report_verdict of_attest[] = {
		REPORT_CALLER_ATTESTED_A, REPORT_CALLER_ATTESTED_B,
		REPORT_CALLER_ATTESTED_C};
	enum report_verdict verdict = REPORT_CALLER_PROVEN;

	r->own.tried = true;
	memcpy(r->own.why, res->why, sizeof(r->own.why));
	if (res->err)
		return;
	free(r->own.signer);
	free(r->own.info);
	r->own.signer = strdup(res->signer);
	r->own.info = strdup(res->info);
	r->own.method = res->method;
	r->own.attest = res->attest;
	memcpy(r->own.origid, res->origid, sizeof(r->own.origid));
	/* With the original still good, ours only stands beside it. */
	if (r->chain == CHAIN_KEPT)
		return;
	r->chain = CHAIN_RESIGNED;
	if (res->attest)
		verdict = of_attest[res->attest - 'A'];
	report_set(r, REPORT_LEG_B, verdict, REPORT_BY_US, res->signer);
	caller_evidence(r, REPORT_LEG_B, "method",
			res->method == SIGNER_RFC4474 ? "RFC 4474"
						      : "RFC 8224");
	if (res->method == SIGNER_RFC4474)
		caller_evidence(r, REPORT_LEG_B, "strength", "SHA-1 (weak)");
	caller_evidence(r, REPORT_LEG_B, "note", res->why);
}

void report_dropped(struct report *r, const char *reason)
{
	report_changed(r, "Identity header", reason, SLICE_LIT("present"),
		       SLICE_LIT("removed"));
	if (r->chain == CHAIN_RESIGNED)
		return;
	if (r->in && verdicts_best(r->in))
		r->chain = CHAIN_ENDED;
	report_set(r, REPORT_LEG_B, REPORT_CALLER_NONE, REPORT_BY_US, NULL);
}
