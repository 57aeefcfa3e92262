/* passport.c: from an Identity header value to claims. */
#include "b2bua/identity/passport.h"

#include <errno.h>
#include <stdlib.h>

#include "b2bua/sip/header.h"
#include "lib/base/b64.h"

/* ---- the header value -------------------------------------------------- */

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void blanks_skip(struct slice *s)
{
	while (s->n && blank(*s->p))
		*s = slice_of(s->p + 1, s->n - 1);
}

/* All up to the octet end, which is taken too; false if it is not there. */
static bool until(struct slice *s, char end, struct slice *part)
{
	*part = slice_cut(s, end);
	return s->p != NULL;
}

/* <uri>, "quoted" without escapes, or a token */
static bool param_value(struct slice *s, struct slice *v)
{
	size_t n = 0;

	blanks_skip(s);
	if (!s->n)
		return false;
	if (*s->p == '<' || *s->p == '"') {
		char end = *s->p == '<' ? '>' : '"';

		*s = slice_of(s->p + 1, s->n - 1);
		return until(s, end, v) && !slice_chr(*v, '\\');
	}
	while (n < s->n && s->p[n] != ';' && !blank(s->p[n]))
		n++;
	*v = slice_of(s->p, n);
	*s = slice_of(s->p + n, s->n - n);
	return n > 0;
}

static const char *param_take(struct identity_value *v, struct slice *rest)
{
	struct slice name, val, *to = NULL;

	if (!until(rest, '=', &name))
		return "a parameter has no value";
	name = slice_trim(name);
	if (!header_token_valid(name))
		return "a parameter has no name";
	if (!param_value(rest, &val))
		return "a parameter is broken";
	if (slice_caseeq_str(name, "info"))
		to = &v->info;
	else if (slice_caseeq_str(name, "alg"))
		to = &v->alg;
	else if (slice_caseeq_str(name, "ppt"))
		to = &v->ppt;
	if (to && to->p)
		return "a parameter stands twice";
	if (to)
		*to = val;
	blanks_skip(rest);
	if (!rest->n)
		return NULL;
	if (*rest->p != ';')
		return "something follows a parameter";
	*rest = slice_of(rest->p + 1, rest->n - 1);
	return rest->n ? NULL : "it ends in ';'";
}

static bool is_token_octet(char c)
{
	return ascii_alpha(c) || ascii_digit(c) || (c && strchr("-_+/=.", c));
}

int identity_value_parse(struct identity_value *v, struct slice value,
			 const char **why)
{
	struct slice rest = slice_trim(value);

	memset(v, 0, sizeof(*v));
	*why = "larger than 16 kB";
	if (value.n > PASSPORT_VALUE_MAX)
		return EBADMSG;
	v->token = slice_trim(slice_cut(&rest, ';'));
	*why = "no digest in it";
	if (!v->token.n)
		return EBADMSG;
	*why = "its digest holds what base64url does not";
	for (size_t i = 0; i < v->token.n; i++)
		if (!is_token_octet(v->token.p[i]))
			return EBADMSG;
	v->compact = slice_starts(v->token, "..");
	*why = rest.p && !rest.n ? "it ends in ';'" : NULL;
	while (!*why && rest.n)
		*why = param_take(v, &rest);
	return *why ? EBADMSG : 0;
}

/* ---- JWS --------------------------------------------------------------- */

/* jansson recurses up to 2,048 deep; strangers get 16. */
static bool too_deep(struct slice s)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			if (++depth > PASSPORT_DEPTH_MAX)
				return true;
		} else if ((c == '}' || c == ']') && depth) {
			depth--;
		}
	}
	return false;
}

/* One base64url part to a JSON object */
static json_t *object_of(struct slice part, const char **why)
{
	char *text = malloc(part.n + 1);
	json_t *o = NULL;
	size_t n;

	*why = text ? "a part is not base64url" : "no memory";
	if (text && !b64url_parse(part, text, part.n + 1, &n)) {
		*why = "its JSON is too deep";
		if (!too_deep(slice_of(text, n))) {
			*why = "its JSON is broken or has a key twice";
			o = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
		}
	}
	free(text);
	if (o && !json_is_object(o)) {
		json_decref(o);
		o = NULL;
	}
	return o;
}

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static bool says(const json_t *o, const char *key, const char *want)
{
	const char *text = text_of(o, key);

	return text && strcmp(text, want) == 0;
}

static const char *head_flaw(struct passport *p)
{
	const json_t *ppt = json_object_get(p->head, "ppt");

	if (!says(p->head, "alg", "ES256"))
		return "its alg is not ES256";
	if (!says(p->head, "typ", "passport"))
		return "its typ is not passport";
	if (json_object_get(p->head, "crit")) /* RFC 7515 4.1.11 */
		return "it has critical headers that we do not know";
	p->x5u = text_of(p->head, "x5u");
	if (!p->x5u)
		return "it has no x5u";
	if (ppt && !json_is_string(ppt))
		return "its ppt is not a string";
	p->ppt = ppt ? json_string_value(ppt) : "";
	return NULL;
}

static const char *token_read(struct passport *p, struct slice token)
{
	struct slice rest = token, head = slice_cut(&rest, '.'), payload;
	const char *why;
	size_t n;

	payload = slice_cut(&rest, '.');
	if (!rest.p || slice_chr(rest, '.') || !head.n || !payload.n)
		return "it has not three parts";
	p->signing = slice_dup(slice_span(head, payload));
	p->signing_n = head.n + 1 + payload.n;
	p->head = object_of(head, &why);
	if (!p->signing || !p->head)
		return p->signing ? why : "no memory";
	why = head_flaw(p);
	if (why)
		return why;
	if (b64url_parse(rest, p->sig, sizeof(p->sig), &n) ||
	    n != sizeof(p->sig))
		return "its signature is not 64 octets of r and s";
	p->claims = object_of(payload, &why);
	return p->claims ? NULL : why;
}

int passport_parse(struct passport **pp, struct slice token, const char **why)
{
	struct passport *p = calloc(1, sizeof(*p));

	*why = "no memory";
	if (!p)
		return ENOMEM;
	*why = token_read(p, token);
	if (*why) {
		passport_free(p);
		return EBADMSG;
	}
	*pp = p;
	return 0;
}

void passport_free(struct passport *p)
{
	if (!p)
		return;
	json_decref(p->head);
	json_decref(p->claims);
	free(p->signing);
	free(p);
}

/* ---- claims ------------------------------------------------------------ */

static bool is_tn(const char *s)
{
	return *s && strlen(s) <= 32 && s[strspn(s, "0123456789#*")] == 0;
}

static bool is_identity(bool tn, const char *s)
{
	return s && *s && strlen(s) <= PASSPORT_TEXT_MAX &&
	       (!tn || is_tn(s));
}

static const char *orig_flaw(struct passport *p)
{
	const json_t *orig = json_object_get(p->claims, "orig");

	if (!json_is_object(orig))
		return "it has no orig";
	p->orig_tn = json_object_get(orig, "tn") != NULL;
	p->orig = text_of(orig, p->orig_tn ? "tn" : "uri");
	/* exactly one identity (RFC 8225 section 5.2.1) */
	if (json_object_size(orig) != 1 || !is_identity(p->orig_tn, p->orig))
		return "its orig is not one identity";
	return NULL;
}

static bool dest_list_fits(const json_t *list, bool tn)
{
	size_t i;
	json_t *v;

	if (!json_is_array(list) || !json_array_size(list) ||
	    json_array_size(list) > PASSPORT_DEST_MAX)
		return false;
	json_array_foreach(list, i, v)
		if (!is_identity(tn, json_string_value(v)))
			return false;
	return true;
}

static const char *dest_flaw(struct passport *p)
{
	const json_t *tn, *uri;

	p->dest = json_object_get(p->claims, "dest");
	if (!json_is_object(p->dest))
		return "it has no dest";
	tn = json_object_get(p->dest, "tn");
	uri = json_object_get(p->dest, "uri");
	if ((!tn && !uri) || (tn && !dest_list_fits(tn, true)) ||
	    (uri && !dest_list_fits(uri, false)))
		return "its dest is not lists of identities";
	return NULL;
}

static const char *shaken_flaw(struct passport *p)
{
	p->attest = text_of(p->claims, "attest");
	p->origid = text_of(p->claims, "origid");
	if (!p->attest || strlen(p->attest) != 1 ||
	    !strchr("ABC", *p->attest))
		return "its attest is not A, B or C";
	if (!p->origid || !*p->origid || strlen(p->origid) > 64)
		return "it has no origid";
	return NULL;
}

static const char *div_flaw(const struct passport *p)
{
	const json_t *div = json_object_get(p->claims, "div");

	if (!json_is_object(div) ||
	    (!text_of(div, "tn") && !text_of(div, "uri")))
		return "it has no div";
	return json_object_get(p->claims, "opt")
		       ? "it has opt, which is not for SIP" /* 8946 s3 */
		       : NULL;
}

int passport_claims(struct passport *p, const char **why)
{
	const json_t *iat = json_object_get(p->claims, "iat");

	*why = orig_flaw(p);
	if (!*why)
		*why = dest_flaw(p);
	if (!*why && !json_is_integer(iat))
		*why = "its iat is not an integer";
	if (!*why && (json_integer_value(iat) < 0 ||
		      json_integer_value(iat) > INT64_C(253402300799)))
		*why = "its iat is not a date";
	if (!*why && strcmp(p->ppt, "shaken") == 0)
		*why = shaken_flaw(p);
	if (!*why && strcmp(p->ppt, "div") == 0)
		*why = div_flaw(p);
	p->mky = json_object_get(p->claims, "mky");
	if (!*why && p->mky && !json_is_array(p->mky))
		*why = "its mky is not a list";
	if (*why)
		return EINVAL;
	p->iat = json_integer_value(iat);
	return 0;
}

bool passport_has_dest(const struct passport *p, const struct canon *c)
{
	const json_t *list = json_object_get(p->dest, c->tn ? "tn" : "uri");
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
		if (strcmp(json_string_value(v), c->text) == 0)
			return true;
	return false;
}
