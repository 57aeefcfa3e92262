#include "lib/ctl/value_priv.h"

#include <errno.h>

/* No octet string is longer than what a message may be; a length with more
 * digits than this is refused before the octets come. INT_END: where the 'e'
 * of the longest integer stands. */
enum { STR_MAX = 1 << 24, STR_DIGITS = 8, INT_END = 21 };

int value_bencode_str(struct slice s, struct slice *str)
{
	uint64_t len;
	size_t i = 0;

	while (i < s.n && i < STR_DIGITS && ascii_digit(s.p[i]))
		i++;
	if (i == s.n)
		return EAGAIN;
	if (i == 0 || s.p[i] != ':' || (i > 1 && s.p[0] == '0') ||
	    slice_u64(slice_of(s.p, i), STR_MAX, &len))
		return EBADMSG;
	if (len > s.n - i - 1)
		return EAGAIN;
	*str = slice_of(s.p + i + 1, len);
	return 0;
}

int value_bencode_int(struct slice s, int64_t *i, size_t *len)
{
	struct slice digits;
	uint64_t u, max;
	size_t end = 1;
	bool minus;

	while (end < s.n && end < INT_END && s.p[end] != 'e')
		end++;
	if (end == s.n)
		return EAGAIN;
	if (s.p[end] != 'e')
		return EBADMSG;
	digits = slice_of(s.p + 1, end - 1);
	minus = digits.n && digits.p[0] == '-';
	if (minus)
		digits = slice_of(digits.p + 1, digits.n - 1);
	max = (uint64_t)INT64_MAX + minus;
	if (slice_u64(digits, max, &u) ||
	    (digits.p[0] == '0' && (digits.n > 1 || minus)))
		return EBADMSG;
	*i = minus ? (int64_t)(0 - u) : (int64_t)u;
	*len = end + 1;
	return 0;
}

struct reading {
	struct value_pool *pool;
	struct slice rest;
	struct value *stack[VALUE_DEPTH_MAX];
	unsigned depth;
	struct slice key; /* of the next value; absent: a key comes next */
	size_t items;
};

static void skip(struct reading *r, size_t n)
{
	r->rest = slice_of(r->rest.p + n, r->rest.n - n);
}

static int read_str(struct reading *r, struct slice *s)
{
	int err = value_bencode_str(r->rest, s);

	if (!err)
		skip(r, (size_t)(s->p + s->n - r->rest.p));
	return err;
}

static int read_scalar(struct reading *r, struct value **v)
{
	struct slice s;
	int64_t i;
	size_t n;
	int err;

	if (r->rest.p[0] != 'i') {
		err = read_str(r, &s);
		if (err)
			return err;
		*v = value_new(r->pool, VALUE_STR);
		if (*v)
			(*v)->s = s;
		return *v ? 0 : ENOMEM;
	}
	err = value_bencode_int(r->rest, &i, &n);
	if (err)
		return err;
	skip(r, n);
	*v = value_new_int(r->pool, i);
	return *v ? 0 : ENOMEM;
}

static int read_open(struct reading *r, struct value **v)
{
	if (r->depth == VALUE_DEPTH_MAX)
		return E2BIG;
	*v = value_new(r->pool, r->rest.p[0] == 'd' ? VALUE_DICT : VALUE_LIST);
	skip(r, 1);
	return *v ? 0 : ENOMEM;
}

static int read_value(struct reading *r, struct value *parent)
{
	bool open = r->rest.p[0] == 'd' || r->rest.p[0] == 'l';
	struct value *v = NULL;
	int err;

	if (++r->items > VALUE_ITEMS_MAX)
		return E2BIG;
	err = open ? read_open(r, &v) : read_scalar(r, &v);
	if (err)
		return err;
	value_link(parent, r->key, v);
	r->key = SLICE_NONE;
	if (open)
		r->stack[r->depth++] = v;
	return 0;
}

static int read_step(struct reading *r)
{
	struct value *top = r->depth ? r->stack[r->depth - 1] : NULL;

	if (r->rest.n == 0)
		return EBADMSG;
	if (top && r->rest.p[0] == 'e' && !r->key.p) {
		skip(r, 1);
		r->depth--;
		return top->kind == VALUE_LIST || value_keys_differ(top)
			       ? 0
			       : EBADMSG;
	}
	if (top && top->kind == VALUE_DICT && !r->key.p)
		return read_str(r, &r->key);
	return read_value(r, top);
}

int value_parse_bencode(struct value_pool *pool, struct slice s,
			struct value **v)
{
	struct reading r = {.pool = pool, .rest = s};
	struct value *root;
	int err = read_step(&r);

	root = r.stack[0];
	while (!err && r.depth)
		err = read_step(&r);
	if (!err && r.rest.n)
		err = EBADMSG;
	if (err)
		return err == EAGAIN ? EBADMSG : err;
	*v = root;
	return 0;
}
