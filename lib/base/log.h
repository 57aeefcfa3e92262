/* log: five functions. "subject id: what (why)", one line each, never a key,
 * never from the packet path. To stderr with a journald level prefix when
 * started by systemd, with date and level otherwise.
 *
 * A line's arguments may hold octets from outside: the whole line is escaped
 * before it is written, so one event is always one line. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bucket.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* program: printed before each line; a literal. Before threads. */
void log_init(const char *program, enum log_level level);
/* "error" "warn" "info" "debug" -> 0 and *level, else EINVAL */
int log_level_parse(const char *name, enum log_level *level);
bool log_enabled(enum log_level level);

#define LOG_FMT(a, b) __attribute__((format(printf, a, b)))
void log_error(const char *fmt, ...) LOG_FMT(1, 2);
void log_warn(const char *fmt, ...) LOG_FMT(1, 2);
void log_info(const char *fmt, ...) LOG_FMT(1, 2);
void log_debug(const char *fmt, ...) LOG_FMT(1, 2);
/* log_error, then exit(1): only while starting */
void log_fatal(const char *fmt, ...) LOG_FMT(1, 2) __attribute__((noreturn));

/* For causes that strangers can provoke: at most 1 line a second per place
 * (burst 5). The next line that passes says how many were kept back.
 *	static struct log_limit lim;
 *	if (log_limit_pass(&lim)) log_warn("... (%u kept back)", lim.last);
 * Thread: one limit belongs to one thread. */
struct log_limit {
	struct bucket bucket;
	uint32_t held; /* kept back since the last line */
	uint32_t last; /* kept back before the line that now passes */
};
bool log_limit_pass(struct log_limit *lim);

#endif
