/* show: a reply's tree as text for people.
 *
 * Names and order are the daemon's: a list of plain dictionaries becomes a
 * table, or if a few have many members a block each; a plain list one line,
 * anything else a heading and its members. Empty texts are left out.
 * What a daemon adds later is shown without a new client. */
#ifndef CTL_SHOW_H
#define CTL_SHOW_H

#include <stdio.h>

#include "lib/ctl/value.h"

struct show {
	FILE *to;
	unsigned width; /* of the terminal; 0: no limit */
};

/* All members but `result`. */
void show_dict(const struct show *s, const struct value *dict);
/* One member by its name, if it is there. */
void show_member(const struct show *s, const char *name, const struct value *v,
		 unsigned indent);
/* v as one line of JSON. */
void show_json(const struct show *s, const struct value *v);

/* A plain value as text into ob (emptied first); dictionaries and lists give
 * "k=v, k=v". Not escaped. */
struct slice show_text(struct obuf *ob, const struct value *v);
/* Escaped, broken at blanks to fit the width; further lines stand deeper. */
void show_wrapped(const struct show *s, unsigned indent, struct slice text);
/* Escaped, with a line end. */
void show_line(const struct show *s, unsigned indent, const char *label,
	       struct slice text);

#endif
