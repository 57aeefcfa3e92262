/* schema: a configuration file described by a table. A daemon writes one row
 * per item (name, type, default, limits, a line of help); parsing, checking
 * with line and reason, and the dump for the operator are made from it.
 * Syntax is libconfuse's: item = value, section "title" { ... }.
 *
 * Only while a daemon starts, one file at a time, one thread. */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include <confuse.h>
#include <stdio.h>

#include "lib/base/slice.h"

enum schema_type { SCHEMA_STR, SCHEMA_INT, SCHEMA_BOOL, SCHEMA_LIST };

struct schema_section {
	const char *name;
	bool titled; /* many, each with a title of its own; else at most one */
	const char *help;
};

struct schema_item {
	const char *section; /* "" : not in a section */
	const char *name;
	enum schema_type type;
	const char *dflt; /* as one would write it; lists: {"a", "b"} */
	/* SCHEMA_INT: "MIN..MAX"; SCHEMA_STR and SCHEMA_LIST: "a|b|c", the
	 * only values; "": no limit */
	const char *limits;
	const char *help;
};

struct schema {
	const struct schema_section *sections;
	size_t nsections;
	const struct schema_item *items;
	size_t nitems;
};

/* What is wrong with a file. line 0: not about a line (file not readable). */
struct schema_flaw {
	int line;
	char text[256];
};

struct schema_file; /* a parsed file; owns cfg and remembers lines */

/* Parses path and tests every value against its limits.
 * 0; EINVAL, ENOMEM or the errno of open(2), with *flaw filled.
 * The file is freed with schema_close(). */
int schema_open(struct schema_file **fp, const struct schema *schema,
		const char *path, struct schema_flaw *flaw);
void schema_close(struct schema_file *f);

/* The root; values are read with libconfuse's own cfg_getstr() and so on.
 * Strings live as long as the file. */
cfg_t *schema_root(const struct schema_file *f);

/* For a check that only the daemon can do: fills flaw with the line of the
 * item in sec (NULL item: of sec itself) and the text; returns EINVAL. */
int schema_refuse(const struct schema_file *f, cfg_t *sec, const char *item,
		  struct schema_flaw *flaw, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Every item with its help and default, as a file that parses. */
void schema_dump(FILE *to, const struct schema *schema);

#endif
