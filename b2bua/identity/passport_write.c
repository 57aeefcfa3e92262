/* passport_write.c: claims to octets (RFC 8225 section 9: keys sorted, no
 * blanks), for signing and for showing. */
#include <errno.h>
#include <stdlib.h>

#include "b2bua/identity/passport.h"
#include "lib/base/b64.h"

enum { CANONICAL = JSON_COMPACT | JSON_SORT_KEYS };

/* Serialised into ob; takes o away. */
static int write_json(struct obuf *ob, json_t *o)
{
	char *text = o ? json_dumps(o, CANONICAL) : NULL;
	int err = text ? 0 : ENOMEM;

	if (text) {
		obuf_str(ob, text);
		err = ob->err;
	}
	free(text);
	json_decref(o);
	return err;
}

static json_t *orig_claim(const struct canon *c)
{
	return json_pack("{s:s}", c->tn ? "tn" : "uri", c->text);
}

static json_t *dest_claim(const struct canon *c)
{
	return json_pack("{s:[s]}", c->tn ? "tn" : "uri", c->text);
}

static json_t *claims_of(const struct passport_draft *d)
{
	char attest[2] = {d->attest, 0};
	json_t *o = json_pack("{s:o,s:I,s:o}", "dest", dest_claim(d->dest),
			      "iat", (json_int_t)d->iat, "orig",
			      orig_claim(d->orig));
	int bad = !o;

	if (o && d->mky && d->mky->n)
		bad |= json_object_set_new(o, "mky",
					   media_keys_claim(d->mky));
	if (o && d->attest)
		bad |= json_object_set_new(o, "attest", json_string(attest));
	if (o && d->origid)
		bad |= json_object_set_new(o, "origid",
					   json_string(d->origid));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static json_t *head_of(const struct passport_draft *d)
{
	json_t *o = json_pack("{s:s,s:s,s:s}", "alg", "ES256", "typ",
			      "passport", "x5u", d->x5u);

	if (o && *d->ppt &&
	    json_object_set_new(o, "ppt", json_string(d->ppt))) {
		json_decref(o);
		return NULL;
	}
	return o;
}

int passport_write(struct obuf *ob, struct obuf *json,
		   const struct passport_draft *d)
{
	struct obuf head = OBUF_INIT, claims = OBUF_INIT;
	int err = write_json(&head, head_of(d));

	if (!err)
		err = write_json(&claims, claims_of(d));
	if (!err) {
		b64url_write(ob, head.p, head.n);
		obuf_chr(ob, '.');
		b64url_write(ob, claims.p, claims.n);
		err = ob->err;
	}
	if (!err && json) {
		obuf_slice(json, obuf_as_slice(&claims));
		err = json->err;
	}
	obuf_fini(&head);
	obuf_fini(&claims);
	return err;
}

int passport_write_as(struct obuf *ob, const struct passport *p,
		      const struct canon *orig, const struct canon *dest,
		      const struct media_keys *mky)
{
	json_t *o = json_copy(p->claims);
	int bad = !o;

	if (o && orig)
		bad |= json_object_set_new(o, "orig", orig_claim(orig));
	/* a dest that names the called party among others is as good */
	if (o && dest && !passport_has_dest(p, dest))
		bad |= json_object_set_new(o, "dest", dest_claim(dest));
	if (o && p->mky && !media_keys_match(mky, p->mky))
		bad |= json_object_set_new(o, "mky", media_keys_claim(mky));
	if (bad) {
		json_decref(o);
		return ENOMEM;
	}
	return write_json(ob, o);
}

int passport_write_claims(struct obuf *ob, const struct passport *p)
{
	return write_json(ob, json_incref(p->claims));
}

void passport_write_dest(struct obuf *ob, const struct passport *p)
{
	static const char *const kinds[] = {"tn", "uri"};
	const char *sep = "";
	size_t i;
	json_t *v;

	for (unsigned k = 0; k < 2; k++) {
		json_array_foreach(json_object_get(p->dest, kinds[k]), i, v) {
			obuf_str(ob, sep);
			obuf_str(ob, json_string_value(v));
			sep = ", ";
		}
	}
}
