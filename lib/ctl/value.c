#include "lib/ctl/value_priv.h"

#include <errno.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK_MIN = 8192 };

struct value_chunk {
	struct value_chunk *next;
	size_t size, used;
	alignas(max_align_t) char mem[];
};

/* ---- the pool ----------------------------------------------------------- */

/* SDP in a request or a reply may hold keys: nothing is left behind. */
static void chunks_free(struct value_chunk *c)
{
	while (c) {
		struct value_chunk *next = c->next;

		explicit_bzero(c->mem, c->used);
		free(c);
		c = next;
	}
}

void value_pool_fini(struct value_pool *pool)
{
	chunks_free(pool->chunk);
	*pool = VALUE_POOL_INIT;
}

void value_pool_reset(struct value_pool *pool)
{
	struct value_chunk *keep = pool->chunk;

	if (keep) {
		chunks_free(keep->next);
		explicit_bzero(keep->mem, keep->used);
		keep->next = NULL;
		keep->used = 0;
	}
	*pool = (struct value_pool){.chunk = keep};
}

void *value_pool_take(struct value_pool *pool, size_t n)
{
	struct value_chunk *c = pool->chunk;
	const size_t a = alignof(max_align_t);
	void *p;

	n = (n + a - 1) & ~(a - 1);
	if (!c || c->size - c->used < n) {
		size_t size = n > CHUNK_MIN ? n : CHUNK_MIN;

		c = malloc(sizeof(*c) + size);
		if (!c) {
			pool->err = ENOMEM;
			return NULL;
		}
		c->size = size;
		c->used = 0;
		c->next = pool->chunk;
		pool->chunk = c;
	}
	p = c->mem + c->used;
	c->used += n;
	return p;
}

static struct slice copy(struct value_pool *pool, struct slice s)
{
	char *p = value_pool_take(pool, s.n ? s.n : 1);

	if (!p)
		return SLICE_NONE;
	if (s.n)
		memcpy(p, s.p, s.n);
	return slice_of(p, s.n);
}

/* ---- building ----------------------------------------------------------- */

struct value *value_new(struct value_pool *pool, enum value_kind kind)
{
	struct value *v = value_pool_take(pool, sizeof(*v));

	if (!v)
		return NULL;
	*v = (struct value){.kind = kind, .pool = pool};
	pool->items++;
	return v;
}

struct value *value_new_dict(struct value_pool *pool)
{
	return value_new(pool, VALUE_DICT);
}

struct value *value_new_list(struct value_pool *pool)
{
	return value_new(pool, VALUE_LIST);
}

struct value *value_new_str(struct value_pool *pool, struct slice s)
{
	struct value *v = value_new(pool, VALUE_STR);

	if (v)
		v->s = copy(pool, s);
	return v;
}

struct value *value_new_int(struct value_pool *pool, int64_t i)
{
	struct value *v = value_new(pool, VALUE_INT);

	if (v)
		v->i = i;
	return v;
}

struct value *value_new_bool(struct value_pool *pool, bool b)
{
	struct value *v = value_new(pool, VALUE_BOOL);

	if (v)
		v->i = b;
	return v;
}

void value_link(struct value *parent, struct slice key, struct value *v)
{
	if (!parent || !v)
		return;
	v->key = key;
	if (parent->in.last)
		parent->in.last->next = v;
	else
		parent->in.first = v;
	parent->in.last = v;
	parent->in.n++;
}

void value_put_slice(struct value *dict, struct slice key, struct value *v)
{
	if (dict && v)
		value_link(dict, copy(dict->pool, key), v);
}

void value_put(struct value *dict, const char *key, struct value *v)
{
	value_put_slice(dict, slice_str(key), v);
}

void value_put_str(struct value *dict, const char *key, struct slice s)
{
	if (dict)
		value_put(dict, key, value_new_str(dict->pool, s));
}

void value_put_cstr(struct value *dict, const char *key, const char *s)
{
	value_put_str(dict, key, slice_str(s));
}

void value_put_fmt(struct value *dict, const char *key, const char *fmt, ...)
{
	char buf[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	if ((size_t)n >= sizeof(buf))
		n = sizeof(buf) - 1;
	value_put_str(dict, key, slice_of(buf, (size_t)n));
}

void value_put_int(struct value *dict, const char *key, int64_t i)
{
	if (dict)
		value_put(dict, key, value_new_int(dict->pool, i));
}

void value_put_bool(struct value *dict, const char *key, bool b)
{
	if (dict)
		value_put(dict, key, value_new_bool(dict->pool, b));
}

struct value *value_put_dict(struct value *dict, const char *key)
{
	struct value *v = dict ? value_new_dict(dict->pool) : NULL;

	value_put(dict, key, v);
	return v;
}

struct value *value_put_list(struct value *dict, const char *key)
{
	struct value *v = dict ? value_new_list(dict->pool) : NULL;

	value_put(dict, key, v);
	return v;
}

void value_append(struct value *list, struct value *v)
{
	value_link(list, SLICE_NONE, v);
}

void value_append_str(struct value *list, struct slice s)
{
	if (list)
		value_append(list, value_new_str(list->pool, s));
}

struct value *value_append_dict(struct value *list)
{
	struct value *v = list ? value_new_dict(list->pool) : NULL;

	value_append(list, v);
	return v;
}

/* ---- reading ------------------------------------------------------------ */

int value_parse(struct value_pool *pool, struct slice octets,
		enum value_form *form, struct value **v)
{
	enum value_form f;
	int err;

	if (octets.n == 0 || (octets.p[0] != 'd' && octets.p[0] != '{'))
		return EPROTONOSUPPORT;
	f = octets.p[0] == 'd' ? VALUE_BENCODE : VALUE_JSON;
	if (form)
		*form = f;
	err = f == VALUE_JSON ? value_parse_json(pool, octets, v)
			      : value_parse_bencode(pool, octets, v);
	return err ? err : pool->err;
}

static int key_cmp(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	return x->n ? memcmp(x->p, y->p, x->n) : 0;
}

/* Sorted, so that 4,096 keys cost no more than n log n. */
bool value_keys_differ(struct value *dict)
{
	struct slice *keys;
	size_t n = 0;

	if (dict->in.n < 2)
		return true;
	keys = value_pool_take(dict->pool, dict->in.n * sizeof(*keys));
	if (!keys)
		return true; /* pool->err tells */
	for (const struct value *m = dict->in.first; m; m = m->next)
		keys[n++] = m->key;
	qsort(keys, n, sizeof(*keys), key_cmp);
	for (size_t i = 1; i < n; i++)
		if (key_cmp(&keys[i - 1], &keys[i]) == 0)
			return false;
	return true;
}

/* ---- looking ------------------------------------------------------------ */

enum value_kind value_kind(const struct value *v)
{
	return v ? v->kind : VALUE_NULL;
}

static char word_char(char c)
{
	return c == ' ' || c == '_' ? '-' : ascii_lower(c);
}

bool value_word_eq(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (word_char(a.p[i]) != word_char(b.p[i]))
			return false;
	return true;
}

const struct value *value_get_slice(const struct value *dict, struct slice key)
{
	const struct value *like = NULL;

	if (value_kind(dict) != VALUE_DICT)
		return NULL;
	for (const struct value *m = dict->in.first; m; m = m->next) {
		if (slice_eq(m->key, key))
			return m;
		if (!like && value_word_eq(m->key, key))
			like = m;
	}
	return like;
}

const struct value *value_get(const struct value *dict, const char *key)
{
	return value_get_slice(dict, slice_str(key));
}

struct slice value_as_str(const struct value *v)
{
	return value_kind(v) == VALUE_STR ? v->s : SLICE_NONE;
}

int64_t value_as_int(const struct value *v, int64_t dflt)
{
	bool minus;
	struct slice s;
	uint64_t u;

	if (value_kind(v) == VALUE_INT || value_kind(v) == VALUE_BOOL)
		return v->i;
	s = value_as_str(v);
	minus = s.n && s.p[0] == '-';
	if (minus)
		s = slice_of(s.p + 1, s.n - 1);
	if (!s.p || slice_u64(s, INT64_MAX, &u))
		return dflt;
	return minus ? -(int64_t)u : (int64_t)u;
}

struct slice value_get_str(const struct value *dict, const char *key)
{
	return value_as_str(value_get(dict, key));
}

int64_t value_get_int(const struct value *dict, const char *key, int64_t dflt)
{
	return value_as_int(value_get(dict, key), dflt);
}

bool value_get_bool(const struct value *dict, const char *key, bool dflt)
{
	return value_get_int(dict, key, dflt) != 0;
}

static bool word_sep(char c)
{
	return c == ',' || c == ' ' || c == '\t';
}

struct value_words value_words(const struct value *flags)
{
	return (struct value_words){
		.member = value_kind(flags) == VALUE_LIST ? flags->in.first
							  : NULL,
		.rest = value_as_str(flags),
	};
}

bool value_word_next(struct value_words *w, struct slice *word)
{
	struct slice s = w->rest;
	size_t n = 0;

	while (w->member && value_kind(w->member) != VALUE_STR)
		w->member = w->member->next;
	if (w->member) {
		*word = value_as_str(w->member);
		w->member = w->member->next;
		return true;
	}
	if (!s.n)
		return false;
	while (s.n && word_sep(s.p[0]))
		s = slice_of(s.p + 1, s.n - 1);
	while (n < s.n && !word_sep(s.p[n]))
		n++;
	*word = slice_of(s.p, n);
	w->rest = slice_of(s.p + n, s.n - n);
	return n > 0;
}

bool value_has_flag(const struct value *dict, const char *key,
		    const char *flag)
{
	const struct value *flags = value_get(dict, key);
	struct value_words w = value_words(flags);
	struct slice want = slice_str(flag), word;

	/* a lone flag with a space in it: "trust address" */
	if (value_word_eq(value_as_str(flags), want))
		return true;
	while (value_word_next(&w, &word))
		if (value_word_eq(word, want))
			return true;
	return false;
}

static bool is_container(const struct value *v)
{
	return value_kind(v) == VALUE_LIST || value_kind(v) == VALUE_DICT;
}

size_t value_count(const struct value *v)
{
	return is_container(v) ? v->in.n : 0;
}

const struct value *value_first(const struct value *v)
{
	return is_container(v) ? v->in.first : NULL;
}

const struct value *value_next(const struct value *member)
{
	return member ? member->next : NULL;
}

const struct value *value_at(const struct value *v, size_t i)
{
	const struct value *m = value_first(v);

	while (m && i--)
		m = m->next;
	return m;
}

struct slice value_key(const struct value *member)
{
	return member ? member->key : SLICE_NONE;
}

/* ---- writing ------------------------------------------------------------ */

void value_write_scalar(struct obuf *ob, const struct value *v,
			enum value_form form)
{
	bool json = form == VALUE_JSON;
	struct slice s = value_as_str(v);

	switch (v->kind) {
	case VALUE_INT:
		obuf_fmt(ob, json ? "%lld" : "i%llde", (long long)v->i);
		break;
	case VALUE_BOOL:
		obuf_str(ob, json ? (v->i ? "true" : "false")
				  : (v->i ? "i1e" : "i0e"));
		break;
	case VALUE_NULL:
		obuf_str(ob, json ? "null" : "0:");
		break;
	default:
		if (!json) {
			obuf_fmt(ob, "%zu:", s.n);
			obuf_slice(ob, s);
			break;
		}
		obuf_chr(ob, '"');
		obuf_escaped(ob, s);
		obuf_chr(ob, '"');
	}
}

static void write_key(struct obuf *ob, struct slice key, enum value_form form)
{
	if (form == VALUE_BENCODE) {
		obuf_fmt(ob, "%zu:", key.n);
		obuf_slice(ob, key);
		return;
	}
	obuf_chr(ob, '"');
	obuf_escaped(ob, key);
	obuf_str(ob, "\":");
}

static char bracket(const struct value *v, enum value_form form, bool open)
{
	bool dict = v->kind == VALUE_DICT;

	if (form == VALUE_BENCODE)
		return open ? (dict ? 'd' : 'l') : 'e';
	return open ? (dict ? '{' : '[') : (dict ? '}' : ']');
}

/* We build what we write, so its depth is ours: recursion is bounded. */
void value_write(struct obuf *ob, const struct value *v, enum value_form form)
{
	if (!v)
		return;
	if (!is_container(v)) {
		value_write_scalar(ob, v, form);
		return;
	}
	obuf_chr(ob, bracket(v, form, true));
	for (const struct value *m = v->in.first; m; m = m->next) {
		if (form == VALUE_JSON && m != v->in.first)
			obuf_chr(ob, ',');
		if (v->kind == VALUE_DICT)
			write_key(ob, m->key, form);
		value_write(ob, m, form);
	}
	obuf_chr(ob, bracket(v, form, false));
}
