/* identity.c: the context, names, and the sum of several verdicts. */
#include "b2bua/identity/context.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/clk.h"

static const char *const result_names[] = {
	[IDENTITY_NONE] = "none",
	[IDENTITY_VALID] = "valid",
	[IDENTITY_INVALID] = "invalid",
	[IDENTITY_UNVERIFIABLE] = "unverifiable",
	[IDENTITY_IGNORED] = "ignored",
};

static const char *const field_names[] = {
#define X(ID, text) [FIELD_##ID] = text,
#include "b2bua/identity/field.def"
#undef X
};

const char *identity_result_name(enum identity_result r)
{
	return result_names[r];
}

const char *identity_method_name(enum identity_method m)
{
	return m == IDENTITY_RFC4474 ? "RFC 4474" : "RFC 8224";
}

const char *identity_field_name(enum identity_field f)
{
	return field_names[f];
}

/* NULL stays NULL */
static int text_copy(const char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? ENOMEM : 0;
}

static int rules_copy(struct canon_rules *r, const struct identity_conf *c)
{
	r->bare_numbers = c->bare_numbers;
	return text_copy(&r->intl_prefix, c->intl_prefix) ||
			       text_copy(&r->trunk_prefix, c->trunk_prefix) ||
			       text_copy(&r->country_code, c->country_code)
		       ? ENOMEM
		       : 0;
}

static int files_load(struct identity *id, const struct identity_conf *conf,
		      char why[IDENTITY_WHY])
{
	const char *flaw = "";
	int err = 0;

	id->files = calloc(conf->n_certs + 1, sizeof(*id->files));
	if (!id->files)
		return ENOMEM;
	for (size_t i = 0; !err && i < conf->n_certs; i++) {
		struct identity_file *f = &id->files[id->n_files++];

		f->url = strdup(conf->certs[i].url);
		err = f->url ? cert_load(&f->cert, conf->certs[i].file, &flaw)
			     : ENOMEM;
		if (err && why)
			snprintf(why, IDENTITY_WHY, "%s: %s (%s)",
				 conf->certs[i].file, flaw, strerror(err));
	}
	return err;
}

static int anchors_load(struct identity *id, const char *file,
			char why[IDENTITY_WHY])
{
	const char *flaw = "";
	int err = cert_anchors_new(&id->anchors, file, &flaw);

	if (err && why)
		snprintf(why, IDENTITY_WHY, "anchors %s: %s (%s)",
			 file ? file : "", flaw, strerror(err));
	return err;
}

int identity_new(struct identity **idp, const struct identity_conf *conf,
		 struct fetch *fetch, char why[IDENTITY_WHY])
{
	struct identity *id = calloc(1, sizeof(*id));
	uint32_t max = conf->replay_max ? conf->replay_max : 262144;
	int err;

	if (!id)
		return ENOMEM;
	list_init(&id->ops);
	id->fetch = fetch;
	id->freshness = conf->freshness ? conf->freshness : 60;
	id->date_window = conf->date_window ? conf->date_window : 3600;
	id->skew = conf->skew ? conf->skew : 5;
	id->rsa_bits_min = conf->rsa_bits_min ? conf->rsa_bits_min : 2048;
	id->clock = conf->clock ? conf->clock : clk_wall;
	err = rules_copy(&id->rules, conf);
	if (!err)
		err = anchors_load(id, conf->anchors, why);
	if (!err)
		err = files_load(id, conf, why);
	/* as long as a signature can be fresh: from skew ahead to too old */
	if (!err)
		err = replay_new(&id->seen_8224, max,
				 id->freshness + id->skew);
	if (!err)
		err = replay_new(&id->seen_4474, max, 2 * id->date_window);
	if (err) {
		identity_free(id);
		return err;
	}
	*idp = id;
	return 0;
}

void identity_free(struct identity *id)
{
	if (!id)
		return;
	list_flush(&id->ops);
	for (size_t i = 0; i < id->n_files; i++) {
		free(id->files[i].url);
		mem_deref(id->files[i].cert);
	}
	free(id->files);
	cert_anchors_free(id->anchors);
	replay_free(id->seen_8224);
	replay_free(id->seen_4474);
	free((char *)id->rules.intl_prefix);
	free((char *)id->rules.trunk_prefix);
	free((char *)id->rules.country_code);
	free(id);
}

const struct verdict *verdicts_best(const struct verdicts *vs)
{
	const struct verdict *best = NULL;

	for (size_t i = 0; i < vs->n; i++) {
		const struct verdict *v = &vs->v[i];

		/* div says who diverted the call, not who called */
		if (v->result != IDENTITY_VALID || strcmp(v->ppt, "div") == 0)
			continue;
		if (!best || (best->method == IDENTITY_RFC4474 &&
			      v->method == IDENTITY_RFC8224))
			best = v;
	}
	return best;
}

long text_differ(const char *a, const char *b)
{
	size_t i = 0;

	while (a[i] && a[i] == b[i])
		i++;
	return a[i] == b[i] ? -1 : (long)i;
}

char *text_take(struct obuf *ob)
{
	char *s = ob->err ? NULL : slice_dup(obuf_as_slice(ob));

	obuf_reset(ob);
	return s;
}
