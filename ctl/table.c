#include "ctl/table.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/obuf.h"

enum {
	GAP = 2, /* blanks between columns */
	COLUMN_MIN = 6, /* a cut column keeps this much */
};

struct row {
	char *cells[TABLE_COLUMNS_MAX];
};

struct table {
	char *names[TABLE_COLUMNS_MAX];
	int columns;
	struct row *rows;
	size_t n, size;
};

struct table *table_new(void)
{
	return calloc(1, sizeof(struct table));
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (int c = 0; c < t->columns; c++) {
		free(t->names[c]);
		for (size_t r = 0; r < t->n; r++)
			free(t->rows[r].cells[c]);
	}
	free(t->rows);
	free(t);
}

static char *escaped(struct slice s)
{
	struct obuf ob = OBUF_INIT;

	obuf_escaped(&ob, s);
	obuf_chr(&ob, '\0');
	if (!ob.err)
		return ob.p;
	obuf_fini(&ob);
	return NULL;
}

int table_column(struct table *t, struct slice name)
{
	char *text = escaped(name);

	if (!text)
		return -1;
	for (int c = 0; c < t->columns; c++) {
		if (strcmp(t->names[c], text) == 0) {
			free(text);
			return c;
		}
	}
	if (t->columns == TABLE_COLUMNS_MAX) {
		free(text);
		return -1;
	}
	t->names[t->columns] = text;
	return t->columns++;
}

int table_row_add(struct table *t)
{
	if (t->n == t->size) {
		size_t size = t->size ? 2 * t->size : 32;
		struct row *rows = reallocarray(t->rows, size, sizeof(*rows));

		if (!rows)
			return ENOMEM;
		t->rows = rows;
		t->size = size;
	}
	t->rows[t->n++] = (struct row){0};
	return 0;
}

int table_cell_set(struct table *t, int column, struct slice text)
{
	char **cell;

	if (column < 0 || t->n == 0)
		return 0;
	cell = &t->rows[t->n - 1].cells[column];
	free(*cell);
	*cell = escaped(text);
	return *cell ? 0 : ENOMEM;
}

size_t table_rows(const struct table *t)
{
	return t->n;
}

size_t table_text_width(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

static const char *cell_text(const struct table *t, size_t row, int column)
{
	const char *s = t->rows[row].cells[column];

	return s ? s : "";
}

/* The last column is not padded, so only the others cost their full width. */
static void fit(const struct table *t, size_t *widths, size_t room)
{
	for (;;) {
		size_t total = 0;
		int widest = 0;

		for (int c = 0; c < t->columns; c++) {
			total += widths[c] + (c ? GAP : 0);
			if (widths[c] >= widths[widest])
				widest = c;
		}
		if (total <= room || widths[widest] <= COLUMN_MIN)
			return;
		widths[widest]--;
	}
}

static bool is_number(const char *s)
{
	if (*s == '-')
		s++;
	return *s && s[strspn(s, "0123456789.")] == '\0';
}

static bool is_numeric(const struct table *t, int column)
{
	bool any = false;

	for (size_t r = 0; r < t->n; r++) {
		const char *s = cell_text(t, r, column);

		if (*s && !is_number(s))
			return false;
		any |= *s != '\0';
	}
	return any;
}

/* s in `width` columns, cut with "~" if it is longer. */
static void print_cell(FILE *to, const char *s, size_t width, bool right,
		       bool last)
{
	size_t have = table_text_width(slice_str(s));
	size_t keep = width, n = 0;

	if (have <= width) {
		fprintf(to, "%*s%s%*s", right ? (int)(width - have) : 0, "", s,
			right || last ? 0 : (int)(width - have), "");
		return;
	}
	for (keep = width - 1; s[n]; n++)
		if (((unsigned char)s[n] & 0xc0) != 0x80 && !keep--)
			break;
	fprintf(to, "%.*s~", (int)n, s);
}

static void print_line(FILE *to, const struct table *t, unsigned indent,
		       const char *const *cells, const size_t *widths,
		       const bool *right)
{
	fprintf(to, "%*s", (int)indent, "");
	for (int c = 0; c < t->columns; c++) {
		const char *s = cells[c] ? cells[c] : "";

		fprintf(to, "%*s", c ? GAP : 0, "");
		print_cell(to, s, widths[c], right[c], c == t->columns - 1);
	}
	fputc('\n', to);
}

void table_print(FILE *to, const struct table *t, unsigned indent,
		 unsigned width)
{
	size_t widths[TABLE_COLUMNS_MAX] = {0};
	bool right[TABLE_COLUMNS_MAX] = {false};

	for (int c = 0; c < t->columns; c++) {
		widths[c] = table_text_width(slice_str(t->names[c]));
		right[c] = is_numeric(t, c);
		for (size_t r = 0; r < t->n; r++) {
			struct slice s = slice_str(cell_text(t, r, c));
			size_t w = table_text_width(s);

			widths[c] = w > widths[c] ? w : widths[c];
		}
	}
	if (width > indent)
		fit(t, widths, width - indent);
	print_line(to, t, indent, (const char *const *)t->names, widths,
		   right);
	for (size_t r = 0; r < t->n; r++)
		print_line(to, t, indent,
			   (const char *const *)t->rows[r].cells, widths,
			   right);
}

unsigned table_width(FILE *to)
{
	struct winsize ws;

	if (ioctl(fileno(to), TIOCGWINSZ, &ws) == 0)
		return ws.ws_col;
	return 0;
}
