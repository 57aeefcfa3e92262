/* table: rows and columns of text for people, sized to their terminal.
 *
 * Cells are escaped when they are put in (outside octets never steer the
 * terminal) and freed with the table. When the table is wider than the
 * terminal, the widest columns are cut and end in "~". */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <stdio.h>

#include "lib/base/slice.h"

enum { TABLE_COLUMNS_MAX = 24 };

struct table;

/* NULL: no memory. */
struct table *table_new(void);
void table_free(struct table *t);

/* The column of that name, made if new. -1: no memory, or too many. */
int table_column(struct table *t, struct slice name);
/* Cells are set in the last row added. Column -1 is ignored. */
int table_row_add(struct table *t);
int table_cell_set(struct table *t, int column, struct slice text);
size_t table_rows(const struct table *t);

/* width 0: as wide as it needs. Numbers stand to the right. */
void table_print(FILE *to, const struct table *t, unsigned indent,
		 unsigned width);

/* Columns of the terminal that `to` is; 0: it is none. */
unsigned table_width(FILE *to);
/* Columns that s takes on a terminal (UTF-8 sequences count one). */
size_t table_text_width(struct slice s);

#endif
