#include "relay/flags.h"

#include <errno.h>

struct parsing {
	struct value_pool *pool;
	struct slice rest;
	struct value *open[VALUE_DEPTH_MAX]; /* brackets that are open */
	unsigned depth;
	unsigned items;
};

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip(struct slice *s, size_t n)
{
	*s = slice_of(s->p + n, s->n - n);
}

static void skip_blanks(struct slice *s)
{
	while (s->n && blank(s->p[0]))
		skip(s, 1);
}

/* Up to white space, `stop` or, inside brackets, "]". */
static struct slice word_take(struct parsing *p, char stop)
{
	const char *start = p->rest.p;
	size_t n = 0;

	while (n < p->rest.n && !blank(start[n]) && start[n] != stop &&
	       !(p->depth && start[n] == ']'))
		n++;
	skip(&p->rest, n);
	return slice_of(start, n);
}

/* What is behind "[" is a dictionary. */
static bool is_dict(struct slice s)
{
	skip_blanks(&s);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '[' || s.p[i] == ']' || blank(s.p[i]))
			return false;
		if (s.p[i] == '=')
			return i > 0;
	}
	return false;
}

static void put(struct parsing *p, struct slice key, struct value *v)
{
	struct value *in = p->open[p->depth - 1];

	if (value_kind(in) == VALUE_LIST)
		value_append(in, v);
	else if (key.n)
		value_put_slice(in, key, v);
}

/* At "[": a value is begun. */
static int bracket_open(struct parsing *p, struct slice key)
{
	struct value *v;

	if (p->depth == VALUE_DEPTH_MAX)
		return E2BIG;
	skip(&p->rest, 1);
	v = is_dict(p->rest) ? value_new_dict(p->pool)
			     : value_new_list(p->pool);
	if (!v)
		return ENOMEM;
	if (p->depth)
		put(p, key, v);
	p->open[p->depth++] = v;
	return 0;
}

/* A word, with the value behind its "=", into the open bracket. */
static int member_take(struct parsing *p)
{
	bool dict = value_kind(p->open[p->depth - 1]) == VALUE_DICT;
	struct slice key = SLICE_NONE;

	if (dict) {
		key = word_take(p, '=');
		if (!p->rest.n || p->rest.p[0] != '=')
			return 0;
		skip(&p->rest, 1);
	}
	if (p->rest.n && p->rest.p[0] == '[')
		return bracket_open(p, key);
	put(p, key, value_new_str(p->pool, word_take(p, '\0')));
	return 0;
}

/* From "[" to its "]". */
static int bracket_take(struct parsing *p, struct value **v)
{
	int err = bracket_open(p, SLICE_NONE);

	*v = p->open[0];
	while (!err && p->depth) {
		skip_blanks(&p->rest);
		if (!p->rest.n || p->rest.p[0] == ']') {
			p->depth--;
			if (p->rest.n)
				skip(&p->rest, 1);
		} else if (++p->items > VALUE_ITEMS_MAX) {
			err = E2BIG;
		} else {
			err = member_take(p);
		}
	}
	return err;
}

static int item_take(struct parsing *p, struct slice *key, struct value **v)
{
	*v = NULL;
	if (++p->items > VALUE_ITEMS_MAX)
		return E2BIG;
	*key = word_take(p, '=');
	if (!p->rest.n || p->rest.p[0] != '=')
		return 0;
	skip(&p->rest, 1);
	if (p->rest.n && p->rest.p[0] == '[')
		return bracket_take(p, v);
	*v = value_new_str(p->pool, word_take(p, '\0'));
	return *v ? 0 : ENOMEM;
}

int flags_parse(struct value_pool *pool, struct slice s, flags_item *fn,
		void *arg)
{
	struct parsing p = {.pool = pool, .rest = s};
	int err = 0;

	for (skip_blanks(&p.rest); !err && p.rest.n; skip_blanks(&p.rest)) {
		struct slice key;
		struct value *v;

		err = item_take(&p, &key, &v);
		if (!err && key.n)
			fn(arg, key, v);
	}
	return err ? err : pool->err;
}
