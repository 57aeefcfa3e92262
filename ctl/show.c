#include "ctl/show.h"

#include "ctl/table.h"

enum {
	INDENT = 2,
	LABEL_MAX = 28, /* longer names push their own value only */
	TABLE_COLUMNS_FEW = 8, /* above, a few rows are better read as ... */
	BLOCKS_MAX = 4, /* ... a block each */
	WRAP_WIDTH = 100, /* of paragraphs where there is no terminal */
};

static bool is_plain(const struct value *v)
{
	enum value_kind kind = value_kind(v);

	return kind != VALUE_DICT && kind != VALUE_LIST;
}

static void write_text(struct obuf *ob, const struct value *v, unsigned depth)
{
	const struct value *m;
	bool first = true;

	switch (value_kind(v)) {
	case VALUE_NULL:
		obuf_chr(ob, '-');
		return;
	case VALUE_BOOL:
		obuf_str(ob, value_as_int(v, 0) ? "yes" : "no");
		return;
	case VALUE_INT:
		obuf_fmt(ob, "%lld", (long long)value_as_int(v, 0));
		return;
	case VALUE_STR:
		obuf_slice(ob, value_as_str(v));
		return;
	case VALUE_LIST:
	case VALUE_DICT:
		break;
	}
	for (m = value_first(v); m && depth < VALUE_DEPTH_MAX;
	     m = value_next(m)) {
		if (!first)
			obuf_str(ob, ", ");
		first = false;
		if (value_kind(v) == VALUE_DICT) {
			obuf_slice(ob, value_key(m));
			obuf_chr(ob, '=');
		}
		write_text(ob, m, depth + 1);
	}
}

struct slice show_text(struct obuf *ob, const struct value *v)
{
	obuf_reset(ob);
	write_text(ob, v, 0);
	return obuf_as_slice(ob);
}

static void print_escaped(const struct show *s, struct slice text)
{
	struct obuf ob = OBUF_INIT;

	obuf_escaped(&ob, text);
	fprintf(s->to, "%.*s", SLICE(obuf_as_slice(&ob)));
	obuf_fini(&ob);
}

void show_line(const struct show *s, unsigned indent, const char *label,
	       struct slice text)
{
	fprintf(s->to, "%*s%s", (int)indent, "", label);
	print_escaped(s, text);
	fputc('\n', s->to);
}

void show_wrapped(const struct show *s, unsigned indent, struct slice text)
{
	size_t width = s->width ? s->width : WRAP_WIDTH;
	struct obuf ob = OBUF_INIT;
	struct slice rest, word;
	size_t at = indent;

	obuf_escaped(&ob, text);
	rest = obuf_as_slice(&ob);
	fprintf(s->to, "%*s", (int)indent, "");
	for (bool first = true; rest.p; first = false) {
		word = slice_cut(&rest, ' ');
		if (!first && at + 1 + table_text_width(word) > width) {
			fprintf(s->to, "\n%*s", (int)indent + INDENT, "");
			at = indent + INDENT;
		} else if (!first) {
			fputc(' ', s->to);
			at++;
		}
		fprintf(s->to, "%.*s", SLICE(word));
		at += table_text_width(word);
	}
	fputc('\n', s->to);
	obuf_fini(&ob);
}

void show_json(const struct show *s, const struct value *v)
{
	struct obuf ob = {.limit = 16 << 20};

	value_write(&ob, v, VALUE_JSON);
	fprintf(s->to, "%.*s\n", SLICE(obuf_as_slice(&ob)));
	obuf_fini(&ob);
}

/* Whether every member is a dictionary of plain values (or of plain lists). */
static bool is_table(const struct value *v)
{
	const struct value *row, *cell, *m;

	if (is_plain(v) || value_count(v) == 0)
		return false;
	if (value_count(v) <= BLOCKS_MAX &&
	    value_count(value_first(v)) > TABLE_COLUMNS_FEW)
		return false;
	for (row = value_first(v); row; row = value_next(row)) {
		if (value_kind(row) != VALUE_DICT)
			return false;
		for (cell = value_first(row); cell; cell = value_next(cell)) {
			if (value_kind(cell) == VALUE_DICT)
				return false;
			for (m = value_first(cell); m; m = value_next(m))
				if (!is_plain(m))
					return false;
		}
	}
	return true;
}

static void print_table(const struct show *s, const struct value *v,
			unsigned indent)
{
	bool keyed = value_kind(v) == VALUE_DICT;
	struct table *t = table_new();
	struct obuf ob = OBUF_INIT;
	const struct value *row, *cell;

	if (!t)
		return;
	for (row = value_first(v); row; row = value_next(row)) {
		if (table_row_add(t))
			break;
		if (keyed)
			table_cell_set(t, table_column(t, SLICE_LIT("")),
				       value_key(row));
		for (cell = value_first(row); cell; cell = value_next(cell))
			table_cell_set(t, table_column(t, value_key(cell)),
				       show_text(&ob, cell));
	}
	table_print(s->to, t, indent, s->width);
	table_free(t);
	obuf_fini(&ob);
}

/* Plain, and more than an empty text. */
static bool is_shown(const struct value *v)
{
	if (!is_plain(v) || value_kind(v) == VALUE_NULL)
		return false;
	return value_kind(v) != VALUE_STR || value_as_str(v).n;
}

/* Plain members, their values in one column. */
static void print_plain(const struct show *s, const struct value *dict,
			unsigned indent)
{
	struct obuf ob = OBUF_INIT;
	const struct value *m;
	size_t label = 0;

	for (m = value_first(dict); m; m = value_next(m)) {
		size_t w = table_text_width(value_key(m));

		if (is_shown(m) && w > label && w <= LABEL_MAX)
			label = w;
	}
	for (m = value_first(dict); m; m = value_next(m)) {
		size_t w = table_text_width(value_key(m));

		if (!is_shown(m))
			continue;
		fprintf(s->to, "%*s", (int)indent, "");
		print_escaped(s, value_key(m));
		fprintf(s->to, "%*s", (int)((w < label ? label - w : 0) + 2),
			"");
		print_escaped(s, show_text(&ob, m));
		fputc('\n', s->to);
	}
	obuf_fini(&ob);
}

static void print_value(const struct show *s, struct slice name,
			const struct value *v, unsigned indent);

/* What is no table: plain members, then the others under headings of their
 * own; members of a list have numbers instead of names. */
static void print_members(const struct show *s, const struct value *v,
			  unsigned indent)
{
	bool list = value_kind(v) == VALUE_LIST;
	struct obuf ob = OBUF_INIT, number = OBUF_INIT;
	const struct value *m;
	unsigned n = 0;

	if (!list)
		print_plain(s, v, indent);
	for (m = value_first(v); m; m = value_next(m)) {
		obuf_reset(&number);
		obuf_fmt(&number, "%u.", ++n);
		if (!is_plain(m))
			print_value(s, list ? obuf_as_slice(&number) :
					      value_key(m), m, indent);
		else if (list)
			show_line(s, indent, "", show_text(&ob, m));
	}
	obuf_fini(&ob);
	obuf_fini(&number);
}

static void print_value(const struct show *s, struct slice name,
			const struct value *v, unsigned indent)
{
	show_line(s, indent, "", name);
	if (value_count(v) == 0)
		show_line(s, indent + INDENT, "(none)", SLICE_NONE);
	else if (is_table(v))
		print_table(s, v, indent + INDENT);
	else
		print_members(s, v, indent + INDENT);
}

void show_member(const struct show *s, const char *name, const struct value *v,
		 unsigned indent)
{
	if (v && !is_plain(v))
		print_value(s, slice_str(name), v, indent);
}

void show_dict(const struct show *s, const struct value *dict)
{
	const struct value *m;

	print_plain(s, dict, 0);
	for (m = value_first(dict); m; m = value_next(m))
		if (!is_plain(m))
			print_value(s, value_key(m), m, 0);
}
