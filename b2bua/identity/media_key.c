/* media_key.c: fingerprints as a canonical list. */
#include "b2bua/identity/media_key.h"

#include <errno.h>
#include <stdlib.h>

static bool hex_only(const char *s)
{
	for (; *s; s++)
		if (ascii_hex(*s) < 0)
			return false;
	return true;
}

/* Letters to one case; false if it does not fit or holds a blank. */
static bool key_set(struct media_key *k, struct slice alg, struct slice dig)
{
	size_t n = 0;

	memset(k, 0, sizeof(*k));
	if (!alg.n || alg.n >= sizeof(k->alg))
		return false;
	for (size_t i = 0; i < alg.n; i++) {
		if (!ascii_alpha(alg.p[i]) && !ascii_digit(alg.p[i]) &&
		    alg.p[i] != '-')
			return false;
		k->alg[i] = ascii_lower(alg.p[i]);
	}
	for (size_t i = 0; i < dig.n; i++) {
		char c = dig.p[i];

		if (c == ':')
			continue;
		if (n == MEDIA_KEY_DIG)
			return false;
		k->dig[n++] = c >= 'a' && c <= 'f' ? (char)(c - 32) : c;
	}
	return n >= 2 && n % 2 == 0 && hex_only(k->dig);
}

int media_key_parse(struct media_key *k, struct slice text)
{
	struct slice rest = slice_trim(text), alg = slice_cut(&rest, ' ');

	return rest.p && key_set(k, alg, slice_trim(rest)) ? 0 : EBADMSG;
}

/* By the UTF-8 octets of alg||dig */
static int key_cmp(const void *a, const void *b)
{
	const struct media_key *x = a, *y = b;
	char s[sizeof(*x)], t[sizeof(*y)];

	strcat(strcpy(s, x->alg), x->dig);
	strcat(strcpy(t, y->alg), y->dig);
	return strcmp(s, t);
}

bool media_keys_has(const struct media_keys *k, const struct media_key *key)
{
	for (size_t i = 0; i < k->n; i++)
		if (key_cmp(&k->v[i], key) == 0)
			return true;
	return false;
}

int media_keys_parse(struct media_keys *k, struct slice body)
{
	k->n = 0;
	while (body.p) {
		struct slice line = slice_trim(slice_cut(&body, '\n'));
		struct media_key key;

		if (!slice_starts(line, "a=fingerprint:"))
			continue;
		line = slice_of(line.p + 14, line.n - 14);
		if (media_key_parse(&key, line))
			return EBADMSG;
		if (media_keys_has(k, &key))
			continue;
		if (k->n == MEDIA_KEYS_MAX)
			return E2BIG;
		k->v[k->n++] = key;
	}
	qsort(k->v, k->n, sizeof(k->v[0]), key_cmp);
	return 0;
}

json_t *media_keys_claim(const struct media_keys *k)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < k->n; i++) {
		json_t *o = json_pack("{s:s,s:s}", "alg", k->v[i].alg, "dig",
				      k->v[i].dig);

		if (!o || json_array_append_new(list, o)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

bool media_keys_match(const struct media_keys *k, const json_t *mky)
{
	struct media_keys claimed = {.n = 0};
	size_t i;
	json_t *o;

	if (!json_is_array(mky) || json_array_size(mky) > MEDIA_KEYS_MAX)
		return false;
	json_array_foreach(mky, i, o) {
		const char *alg = json_string_value(json_object_get(o, "alg"));
		const char *dig = json_string_value(json_object_get(o, "dig"));
		struct media_key key;

		if (!alg || !dig ||
		    !key_set(&key, slice_str(alg), slice_str(dig)))
			return false;
		if (!media_keys_has(&claimed, &key))
			claimed.v[claimed.n++] = key;
	}
	qsort(claimed.v, claimed.n, sizeof(claimed.v[0]), key_cmp);
	if (claimed.n != k->n)
		return false;
	for (i = 0; i < k->n; i++)
		if (key_cmp(&k->v[i], &claimed.v[i]) != 0)
			return false;
	return true;
}
