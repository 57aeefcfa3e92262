#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>

#include "lib/conf/schema.h"

struct line_note {
	const void *of; /* a cfg_opt_t, or a section's cfg_t */
	int line;
};

struct schema_file {
	cfg_t *cfg;
	struct line_note *notes;
	size_t nnotes;
	size_t room;
	/* libconfuse gives its callbacks no argument: what they need while
	 * the file is parsed */
	const struct schema *schema;
	struct schema_flaw *flaw;
};

static struct schema_file *parsing;

static void __attribute__((format(printf, 3, 0)))
flaw_set(struct schema_flaw *flaw, int line, const char *fmt, va_list ap)
{
	if (flaw->text[0])
		return; /* the first one is the one to mend */
	flaw->line = line;
	vsnprintf(flaw->text, sizeof(flaw->text), fmt, ap);
}

static void __attribute__((format(printf, 2, 0)))
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	flaw_set(parsing->flaw, cfg->line, fmt, ap);
}

static int note_line(struct schema_file *f, const void *of, int line)
{
	if (f->nnotes == f->room) {
		size_t room = f->room ? 2 * f->room : 64;
		void *p = realloc(f->notes, room * sizeof(*f->notes));

		if (!p)
			return ENOMEM;
		f->notes = p;
		f->room = room;
	}
	f->notes[f->nnotes++] = (struct line_note){of, line};
	return 0;
}

static int line_of(const struct schema_file *f, const void *of)
{
	for (size_t i = f->nnotes; i-- > 0;)
		if (f->notes[i].of == of)
			return f->notes[i].line;
	return 0;
}

static const struct schema_item *item_find(const struct schema *s,
					   const char *section,
					   const char *name)
{
	for (size_t i = 0; i < s->nitems; i++)
		if (!strcmp(s->items[i].section, section) &&
		    !strcmp(s->items[i].name, name))
			return &s->items[i];
	return NULL;
}

static bool choice_has(const char *choices, const char *value)
{
	struct slice left = slice_str(choices);

	while (left.p)
		if (slice_eq_str(slice_cut(&left, '|'), value))
			return true;
	return false;
}

static bool int_within(const char *limits, long value)
{
	long min, max;

	return sscanf(limits, "%ld..%ld", &min, &max) == 2 &&
	       value >= min && value <= max;
}

static int value_check(cfg_t *cfg, cfg_opt_t *opt,
		       const struct schema_item *item)
{
	if (!item->limits[0])
		return 0;
	if (item->type == SCHEMA_INT &&
	    !int_within(item->limits, cfg_opt_getnint(opt, 0))) {
		cfg_error(cfg, "%s must be %s", item->name, item->limits);
		return -1;
	}
	if (item->type != SCHEMA_STR && item->type != SCHEMA_LIST)
		return 0;
	for (unsigned i = 0; i < cfg_opt_size(opt); i++) {
		if (choice_has(item->limits, cfg_opt_getnstr(opt, i)))
			continue;
		cfg_error(cfg, "%s must be one of %s", item->name,
			  item->limits);
		return -1;
	}
	return 0;
}

/* Called by libconfuse behind each value that stands in the file. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *section = strcmp(cfg_name(cfg), "root") ? cfg_name(cfg)
							    : "";
	const struct schema_item *item =
		item_find(parsing->schema, section, cfg_opt_name(opt));

	if (note_line(parsing, opt, cfg->line))
		return -1;
	return item ? value_check(cfg, opt, item) : 0;
}

/* ... and behind each section. */
static int on_section(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *sec = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);

	return sec ? note_line(parsing, sec, cfg->line) : -1;
}

static cfg_opt_t opt_make(const struct schema_item *item)
{
	cfg_opt_t opt = CFG_END();

	opt.name = item->name;
	opt.validcb = on_value;
	switch (item->type) {
	case SCHEMA_STR:
		opt.type = CFGT_STR;
		opt.def.string = item->dflt;
		break;
	case SCHEMA_INT:
		opt.type = CFGT_INT;
		opt.def.number = strtol(item->dflt, NULL, 10);
		break;
	case SCHEMA_BOOL:
		opt.type = CFGT_BOOL;
		opt.def.boolean =
			strcmp(item->dflt, "true") ? cfg_false : cfg_true;
		break;
	case SCHEMA_LIST:
		opt.type = CFGT_STR;
		opt.flags = CFGF_LIST;
		/* libconfuse parses, and does not write, this text */
		opt.def.parsed = strdup(item->dflt);
		break;
	}
	return opt;
}

static void opts_free(cfg_opt_t *opts)
{
	for (cfg_opt_t *o = opts; o && o->name; o++) {
		opts_free(o->subopts);
		if (o->flags & CFGF_LIST)
			free(o->def.parsed);
	}
	free(opts);
}

/* The options of one section ("" : of the root, with room for sections). */
static cfg_opt_t *opts_make(const struct schema *s, const char *section,
			    size_t *n)
{
	cfg_opt_t *opts = calloc(s->nitems + s->nsections + 1, sizeof(*opts));

	*n = 0;
	for (size_t i = 0; opts && i < s->nitems; i++)
		if (!strcmp(s->items[i].section, section))
			opts[(*n)++] = opt_make(&s->items[i]);
	return opts;
}

static cfg_opt_t *schema_opts(const struct schema *s)
{
	size_t n, unused;
	cfg_opt_t *opts = opts_make(s, "", &n);

	for (size_t i = 0; opts && i < s->nsections; i++) {
		cfg_opt_t *o = &opts[n++];

		o->name = s->sections[i].name;
		o->type = CFGT_SEC;
		o->flags = s->sections[i].titled
				   ? CFGF_MULTI | CFGF_TITLE |
					     CFGF_NO_TITLE_DUPES
				   : CFGF_NONE;
		o->validcb = on_section;
		o->subopts = opts_make(s, o->name, &unused);
		if (!o->subopts) {
			opts_free(opts);
			return NULL;
		}
	}
	return opts;
}

/* libconfuse takes the end of the file for the end of every section and list
 * that is open: a lost brace would go unnoticed. So they are counted, outside
 * of comments and strings. *line is where the open one began; 0: none is. */
static void braces_count(FILE *from, int *line)
{
	int open[16] = {0}, depth = 0, at = 1, c, last = 0;
	int quote = 0; /* '"' or '\'' in a string, '#' or '*' in a comment */

	for (; (c = getc(from)) != EOF; last = c) {
		if (quote == '#' ? c == '\n'
				 : quote == '*' ? last == '*' && c == '/'
						: quote && c == quote)
			quote = 0;
		else if (quote && c == '\\' && quote != '*' && quote != '#')
			c = getc(from);
		else if (!quote && (c == '"' || c == '\'' || c == '#'))
			quote = c;
		else if (!quote && last == '/' && (c == '/' || c == '*'))
			quote = c == '/' ? '#' : '*';
		else if (!quote && c == '{' && ++depth < 16)
			open[depth] = at;
		else if (!quote && c == '}')
			depth--;
		at += c == '\n';
	}
	*line = depth > 0 ? open[depth < 16 ? depth : 15] : 0;
}

static int braces_check(struct schema_file *f, const char *path)
{
	FILE *from = fopen(path, "re");
	int err = 0;

	if (!from) {
		err = errno;
		snprintf(f->flaw->text, sizeof(f->flaw->text), "%s",
			 strerror(err));
		return err;
	}
	braces_count(from, &f->flaw->line);
	fclose(from);
	if (!f->flaw->line)
		return 0;
	snprintf(f->flaw->text, sizeof(f->flaw->text),
		 "the brace that opens here is never closed");
	return EINVAL;
}

static int file_parse(struct schema_file *f, const char *path)
{
	cfg_opt_t *opts = schema_opts(f->schema);
	int ret, err = 0;

	if (!opts)
		return ENOMEM;
	f->cfg = cfg_init(opts, CFGF_NONE);
	opts_free(opts);
	if (!f->cfg)
		return ENOMEM;
	cfg_set_error_function(f->cfg, on_error);
	errno = 0;
	ret = cfg_parse(f->cfg, path);
	if (ret == CFG_FILE_ERROR) {
		err = errno ? errno : EIO;
		snprintf(f->flaw->text, sizeof(f->flaw->text), "%s",
			 strerror(err));
	} else if (ret != CFG_SUCCESS) {
		err = EINVAL;
	}
	return err;
}

int schema_open(struct schema_file **fp, const struct schema *schema,
		const char *path, struct schema_flaw *flaw)
{
	struct schema_file *f = calloc(1, sizeof(*f));
	int err = ENOMEM;

	memset(flaw, 0, sizeof(*flaw));
	if (!f)
		goto out;
	f->schema = schema;
	f->flaw = flaw;
	err = braces_check(f, path);
	if (err)
		goto out;
	parsing = f;
	err = file_parse(f, path);
	parsing = NULL;
	f->flaw = NULL;
out:
	if (err) {
		if (!flaw->text[0])
			snprintf(flaw->text, sizeof(flaw->text), "%s",
				 strerror(err));
		schema_close(f);
		return err;
	}
	*fp = f;
	return 0;
}

void schema_close(struct schema_file *f)
{
	if (!f)
		return;
	if (f->cfg)
		cfg_free(f->cfg);
	free(f->notes);
	free(f);
}

cfg_t *schema_root(const struct schema_file *f)
{
	return f->cfg;
}

int schema_refuse(const struct schema_file *f, cfg_t *sec, const char *item,
		  struct schema_flaw *flaw, const char *fmt, ...)
{
	int line = item ? line_of(f, cfg_getopt(sec, item)) : 0;
	va_list ap;

	/* an item left at its default has no line: its section has */
	if (!line)
		line = line_of(f, sec);
	memset(flaw, 0, sizeof(*flaw));
	va_start(ap, fmt);
	flaw_set(flaw, line, fmt, ap);
	va_end(ap);
	return EINVAL;
}

static void item_dump(FILE *to, const struct schema_item *item,
		      const char *indent)
{
	const char *quote = item->type == SCHEMA_STR ? "\"" : "";

	fprintf(to, "%s# %s", indent, item->help);
	if (item->limits[0])
		fprintf(to, " (%s)", item->limits);
	fprintf(to, "\n%s%s = %s%s%s\n", indent, item->name, quote,
		item->dflt, quote);
}

static void section_dump(FILE *to, const struct schema *s, const char *name,
			 const char *indent)
{
	for (size_t i = 0; i < s->nitems; i++)
		if (!strcmp(s->items[i].section, name))
			item_dump(to, &s->items[i], indent);
}

void schema_dump(FILE *to, const struct schema *schema)
{
	section_dump(to, schema, "", "");
	for (size_t i = 0; i < schema->nsections; i++) {
		const struct schema_section *sec = &schema->sections[i];

		fprintf(to, "\n# %s\n%s%s {\n", sec->help, sec->name,
			sec->titled ? " \"NAME\"" : "");
		section_dump(to, schema, sec->name, "\t");
		fprintf(to, "}\n");
	}
}
