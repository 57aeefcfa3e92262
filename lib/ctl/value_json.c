#include "lib/ctl/value_priv.h"

#include <errno.h>
#include <jansson.h>

struct frame {
	struct value *to;
	json_t *from;
	void *iter; /* object */
	size_t i; /* array */
};

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct value *scalar(struct value_pool *pool, const json_t *j)
{
	switch (json_typeof(j)) {
	case JSON_OBJECT:
		return value_new_dict(pool);
	case JSON_ARRAY:
		return value_new_list(pool);
	case JSON_STRING:
		return value_new_str(pool, slice_of(json_string_value(j),
						    json_string_length(j)));
	case JSON_INTEGER:
		return value_new_int(pool, json_integer_value(j));
	case JSON_TRUE:
	case JSON_FALSE:
		return value_new_bool(pool, json_is_true(j));
	default:
		return value_new(pool, VALUE_NULL);
	}
}

static void frame_open(struct frame *f, struct value *to, json_t *from)
{
	*f = (struct frame){.to = to, .from = from};
	if (json_is_object(from))
		f->iter = json_object_iter(from);
}

/* The next member of a container, and its key; NULL behind the last. */
static json_t *frame_next(struct frame *f, struct slice *key)
{
	json_t *j;

	*key = SLICE_NONE;
	if (json_is_array(f->from))
		return json_array_get(f->from, f->i++);
	if (!f->iter)
		return NULL;
	*key = slice_str(json_object_iter_key(f->iter));
	j = json_object_iter_value(f->iter);
	f->iter = json_object_iter_next(f->from, f->iter);
	return j;
}

/* value_scan() has bounded the depth already. */
static int convert(struct value_pool *pool, json_t *root, struct value **v)
{
	struct frame stack[VALUE_DEPTH_MAX];
	struct value *top = scalar(pool, root), *child;
	unsigned depth = 1;
	struct slice key;

	frame_open(&stack[0], top, root);
	while (depth && !pool->err) {
		struct frame *f = &stack[depth - 1];
		json_t *j = frame_next(f, &key);

		if (!j) {
			depth--;
			continue;
		}
		if (json_is_real(j))
			return EBADMSG;
		child = scalar(pool, j);
		if (key.p)
			value_put_slice(f->to, key, child);
		else
			value_append(f->to, child);
		if (json_is_object(j) || json_is_array(j))
			frame_open(&stack[depth++], child, j);
	}
	if (!pool->err)
		*v = top;
	return pool->err;
}

/* jansson recurses as deep as the text is nested and has no limit of items:
 * the scan refuses such texts first. */
int value_parse_json(struct value_pool *pool, struct slice s, struct value **v)
{
	struct value_scan scan = {0};
	json_error_t why;
	json_t *root;
	size_t n;
	int err = value_scan(&scan, s, &n);

	if (err)
		return err == EAGAIN ? EBADMSG : err;
	for (size_t i = n; i < s.n; i++)
		if (!blank(s.p[i]))
			return EBADMSG;
	root = json_loadb(s.p, n, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return json_error_code(&why) == json_error_out_of_memory
			       ? ENOMEM
			       : EBADMSG;
	err = convert(pool, root, v);
	json_decref(root);
	return err;
}
