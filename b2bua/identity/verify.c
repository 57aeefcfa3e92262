/* verify.c: every Identity header on its way to a verdict.
 *
 * prepare (all that needs no certificate) -> certificate (file or fetch, the
 * only wait) -> judge. Headers are judged on their own; the sum follows
 * RFC 8224 section 6.2.1. */
#include "b2bua/identity/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct op_job {
	struct identity_op *op;
	struct job job;
	struct fetch_wait *wait;
};

struct identity_op {
	struct le le;
	struct message *msg;
	struct view view;
	struct verify_policy policy;
	struct verdicts *vs;
	identity_verdict_h *h;
	void *arg;
	unsigned open; /* jobs without a verdict, and one for the start */
	struct op_job jobs[IDENTITY_MAX];
};

/* ---- verdicts ---------------------------------------------------------- */

static const char *phrase_of(enum identity_method m, int code)
{
	bool old = m == IDENTITY_RFC4474;

	switch (code) {
	case 0:
		return "";
	case 403:
		return "Stale Date";
	case 428:
		return "Use Identity Header";
	case 436:
		return old ? "Bad Identity-Info" : "Bad Identity Info";
	case 437:
		return old ? "Unsupported Certificate"
			   : "Unsupported Credential";
	default:
		return "Invalid Identity Header";
	}
}

void verdict_set(struct verdict *v, enum identity_result r, int code,
		 const char *fmt, ...)
{
	va_list ap;

	v->result = r;
	v->code = code;
	v->phrase = phrase_of(v->method, code);
	va_start(ap, fmt);
	vsnprintf(v->why, sizeof(v->why), fmt, ap);
	va_end(ap);
}

static void assertion_free(struct assertion *a)
{
	if (!a)
		return;
	passport_free(a->passport);
	for (unsigned i = 0; i < RFC4474_FIELDS; i++)
		free(a->field[i]);
	free(a->value);
	free(a);
}

static void verdicts_destroy(void *arg)
{
	struct verdicts *vs = arg;

	for (size_t i = 0; i < vs->n; i++) {
		struct verdict *v = &vs->v[i];

		free(v->orig);
		free(v->info);
		free(v->signer);
		free(v->issuer);
		free(v->authority);
		free(v->canonical_ours);
		free(v->canonical_signers);
		assertion_free(v->assertion);
	}
}

/* RFC 8224 section 6.2.2: which code speaks for all. A code is only given if
 * it is true for every header (436), else for the nearest to valid. */
static const struct verdict *spokesman(const struct verdicts *vs)
{
	static const int order[] = {437, 403, 438, 436};

	for (unsigned k = 0; k < sizeof(order) / sizeof(order[0]); k++)
		for (size_t i = 0; i < vs->n; i++)
			if (vs->v[i].result != IDENTITY_IGNORED &&
			    vs->v[i].code == order[k])
				return &vs->v[i];
	return NULL;
}

static bool any(const struct verdicts *vs, enum identity_result r)
{
	for (size_t i = 0; i < vs->n; i++)
		if (vs->v[i].result == r && strcmp(vs->v[i].ppt, "div") != 0)
			return true;
	return false;
}

static void verdicts_settle(struct verdicts *vs, bool require)
{
	const struct verdict *v;

	vs->phrase = "";
	if (verdicts_best(vs)) {
		vs->overall = IDENTITY_VALID;
		return;
	}
	if (any(vs, IDENTITY_UNVERIFIABLE))
		vs->overall = IDENTITY_UNVERIFIABLE;
	else if (any(vs, IDENTITY_INVALID))
		vs->overall = IDENTITY_INVALID;
	else if (vs->n || vs->unjudged)
		vs->overall = IDENTITY_IGNORED;
	v = spokesman(vs);
	if (v) {
		vs->code = v->code;
		vs->phrase = v->phrase;
	} else if (require) {
		vs->code = 428;
		vs->phrase = vs->n ? "Use Supported PASSporT Format"
				   : "Use Identity Header";
	}
}

/* ---- operation --------------------------------------------------------- */

static void op_destroy(void *arg)
{
	struct identity_op *op = arg;

	list_unlink(&op->le);
	for (size_t i = 0; i < IDENTITY_MAX; i++)
		fetch_cancel(op->jobs[i].wait);
	mem_deref(op->msg);
	mem_deref(op->vs);
}

static void op_close(struct identity_op *op)
{
	struct verdicts *vs;
	identity_verdict_h *h = op->h;
	void *arg = op->arg;

	if (--op->open)
		return;
	verdicts_settle(op->vs, op->policy.require);
	vs = mem_ref(op->vs);
	mem_deref(op);
	h(arg, vs);
	mem_deref(vs);
}

static void job_judge(struct job *j, const struct cert *c)
{
	struct verdict *v = j->v;

	v->signer = cert_subject_dup(c);
	v->issuer = cert_issuer_dup(c);
	if (v->method == IDENTITY_RFC4474)
		rfc4474_judge(j, c);
	else
		rfc8224_judge(j, c);
}

static void fetched(void *arg, int err, const char *why, struct slice octets)
{
	struct op_job *oj = arg;
	struct verdict *v = oj->job.v;
	struct cert *c;

	oj->wait = NULL;
	if (err) {
		verdict_set(v, IDENTITY_UNVERIFIABLE, 436,
			    "the certificate cannot be fetched: %s", why);
	} else if (cert_parse(&c, octets, &why)) {
		verdict_set(v, IDENTITY_UNVERIFIABLE, 437,
			    "the certificate cannot be used: %s", why);
	} else {
		job_judge(&oj->job, c);
		mem_deref(c);
	}
	op_close(oj->op);
}

static const struct cert *file_find(const struct identity *id,
				    const char *url)
{
	for (size_t i = 0; i < id->n_files; i++)
		if (strcmp(id->files[i].url, url) == 0)
			return id->files[i].cert;
	return NULL;
}

static void job_certify(struct op_job *oj)
{
	struct job *j = &oj->job;
	const struct cert *c = file_find(j->id, j->v->info);

	if (c) {
		job_judge(j, c);
	} else if (!j->id->fetch) {
		verdict_set(j->v, IDENTITY_UNVERIFIABLE, 436,
			    "no certificate is configured for its URL, and "
			    "fetching is off");
	} else {
		oj->op->open++;
		fetch_get(&oj->wait, j->id->fetch, slice_str(j->v->info),
			  fetched, oj);
	}
}

static int assertion_new(struct verdict *v, struct slice value)
{
	v->assertion = calloc(1, sizeof(*v->assertion));
	if (!v->assertion)
		return ENOMEM;
	v->assertion->value = slice_dup(value);
	v->assertion->value_n = value.n;
	return v->assertion->value ? 0 : ENOMEM;
}

static int job_start(struct op_job *oj, struct slice value)
{
	struct job *j = &oj->job;
	struct verdict *v = j->v;
	bool more;

	v->differ = -1;
	v->phrase = "";
	v->method = view_is_4474(value) ? IDENTITY_RFC4474 : IDENTITY_RFC8224;
	if (assertion_new(v, value))
		return ENOMEM;
	more = v->method == IDENTITY_RFC4474 ? rfc4474_prepare(j, value)
					     : rfc8224_prepare(j, value);
	if (more)
		job_certify(oj);
	return 0;
}

static int op_start(struct identity_op *op, struct identity *id)
{
	int err = 0;

	for (size_t i = 0; !err && i < op->view.n_identity; i++) {
		struct op_job *oj = &op->jobs[i];

		op->vs->n++;
		oj->op = op;
		oj->job = (struct job){.id = id,
				       .view = &op->view,
				       .policy = &op->policy,
				       .v = &op->vs->v[i],
				       .now = id->clock()};
		err = job_start(oj, op->view.identity[i]);
	}
	op->vs->unjudged = op->view.identities - op->view.n_identity;
	return err;
}

int identity_verify(struct identity_op **opp, struct identity *id,
		    struct message *msg, const struct verify_policy *policy,
		    identity_verdict_h *h, void *arg)
{
	struct identity_op *op = mem_zalloc(sizeof(*op), op_destroy);
	int err;

	if (!op)
		return ENOMEM;
	op->msg = mem_ref(msg);
	op->policy = *policy;
	op->h = h;
	op->arg = arg;
	op->open = 1;
	list_append(&id->ops, &op->le, op);
	op->vs = mem_zalloc(sizeof(*op->vs), verdicts_destroy);
	err = op->vs ? view_init(&op->view, msg) : ENOMEM;
	if (!err)
		err = op_start(op, id);
	if (err) {
		mem_deref(op);
		return err;
	}
	*opp = op->open > 1 ? op : NULL;
	op_close(op);
	return 0;
}

void identity_cancel(struct identity_op *op)
{
	mem_deref(op);
}
