/* log.c: one escaped line per event, in one write(2). Thread: any. */
#include "lib/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/base/obuf.h"

#define LINE_MAX_OCTETS 1000

static const char *program_name = "countersign";
static enum log_level threshold = LOG_LEVEL_INFO;
static bool journal;

static const char *const names[] = {"error", "warn", "info", "debug"};

void log_init(const char *program, enum log_level level)
{
	program_name = program;
	threshold = level;
	journal = getenv("JOURNAL_STREAM") != NULL;
}

int log_level_parse(const char *name, enum log_level *level)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	}
	return EINVAL;
}

bool log_enabled(enum log_level level)
{
	return level <= threshold;
}

static void prefix(struct obuf *ob, enum log_level level)
{
	static const int syslog_level[] = {3, 4, 6, 7};
	char date[25];

	if (journal) {
		obuf_fmt(ob, "<%d>", syslog_level[level]);
		return;
	}
	clk_iso(clk_wall_us(), date);
	obuf_fmt(ob, "%s %s %-5s ", date, program_name, names[level]);
}

__attribute__((format(printf, 2, 0)))
static void line(enum log_level level, const char *fmt, va_list ap)
{
	/* worst case each octet leaves as \u00xx */
	char out[LINE_MAX_OCTETS * 6 + 100];
	char text[LINE_MAX_OCTETS + 1];
	struct obuf ob = OBUF_FIXED(out, sizeof(out));
	ssize_t ignored;

	if (!log_enabled(level))
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	prefix(&ob, level);
	obuf_escaped(&ob, slice_str(text));
	obuf_chr(&ob, '\n');
	ignored = write(STDERR_FILENO, ob.p, ob.n);
	(void)ignored;
}

#define LOG_AT(level)                     \
	do {                              \
		va_list ap;               \
		va_start(ap, fmt);        \
		line((level), fmt, ap);   \
		va_end(ap);               \
	} while (0)

void log_error(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_ERROR);
}

void log_warn(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_WARN);
}

void log_info(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_INFO);
}

void log_debug(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_DEBUG);
}

void log_fatal(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_ERROR);
	exit(1);
}

bool log_limit_pass(struct log_limit *lim)
{
	if (!bucket_take(&lim->bucket, 1, 5, clk_us())) {
		lim->held++;
		return false;
	}
	lim->last = lim->held;
	lim->held = 0;
	return true;
}
