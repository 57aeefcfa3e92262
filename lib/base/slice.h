/* slice: octets that somebody else owns. Never NUL-terminated, never freed.
 * A slice is valid as long as the buffer it points into. {NULL,0} is "absent";
 * {non-NULL,0} is "present and empty". */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *p;
	size_t n;
};

/* printf("%.*s", SLICE(s)) -- only for octets that were escaped or checked */
#define SLICE(s) (int)(s).n, (s).p
#define SLICE_NONE ((struct slice){NULL, 0})
#define SLICE_LIT(lit) ((struct slice){(lit), sizeof(lit) - 1})

static inline struct slice slice_of(const void *p, size_t n)
{
	return (struct slice){p, n};
}

static inline struct slice slice_str(const char *s)
{
	return (struct slice){s, s ? strlen(s) : 0};
}

/* From a's first octet to b's last; both lie in one buffer. */
static inline struct slice slice_span(struct slice a, struct slice b)
{
	return (struct slice){a.p, (size_t)(b.p + b.n - a.p)};
}

bool slice_eq(struct slice a, struct slice b);
bool slice_eq_str(struct slice a, const char *s);
/* ASCII case-insensitive, locale never consulted */
bool slice_caseeq(struct slice a, struct slice b);
bool slice_caseeq_str(struct slice a, const char *s);
bool slice_starts(struct slice a, const char *prefix);
bool slice_casestarts(struct slice a, const char *prefix);

/* Without leading and trailing SP, HT, CR, LF. */
struct slice slice_trim(struct slice s);
/* First occurrence of c; NULL if none. */
const char *slice_chr(struct slice s, char c);
/* Cuts *s at the first sep: returns what was before it, *s becomes what is
 * after it; without sep returns all and makes *s absent. */
struct slice slice_cut(struct slice *s, char sep);
/* Index of needle in s, or -1. */
ptrdiff_t slice_find(struct slice s, struct slice needle);

/* Decimal digits only, nothing else, value <= max. 0 or EINVAL/ERANGE;
 * *v is written only on success. */
int slice_u64(struct slice s, uint64_t max, uint64_t *v);
int slice_u32(struct slice s, uint32_t max, uint32_t *v);

/* A heap copy with a NUL behind it; the caller frees. NULL: no memory. */
char *slice_dup(struct slice s);
/* Into a fixed buffer, NUL-terminated. ENOSPC (and "" written) if it does
 * not fit, EINVAL if s holds a NUL. */
int slice_copy(struct slice s, char *to, size_t size);

static inline bool ascii_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool ascii_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* 0..15, or -1 */
static inline int ascii_hex(char c)
{
	if (ascii_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
