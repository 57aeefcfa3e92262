/* value: the dictionaries that the control sockets carry, read from and
 * written to bencode or JSON.
 *
 * A tree lives in a pool, one pool per request: nothing in it is freed alone.
 * One pool belongs to one thread. Building never fails in the middle: an error
 * (ENOMEM) sticks in pool->err and is tested once, at the end;
 * builders take NULL trees quietly.
 *
 *	struct value_pool pool = VALUE_POOL_INIT;
 *	struct value *d = value_new_dict(&pool);
 *	value_put_str(d, "command", slice_str("ping"));
 *	value_write(&ob, d, VALUE_BENCODE);
 *	err = pool.err ? pool.err : ob.err;
 *	value_pool_fini(&pool);
 */
#ifndef CTL_VALUE_H
#define CTL_VALUE_H

#include "lib/base/obuf.h"

/* What a tree from outside may be at most. */
enum value_limit {
	VALUE_DEPTH_MAX = 16, /* lists and dictionaries inside each other */
	VALUE_ITEMS_MAX = 4096, /* values in a whole tree that was parsed */
};

enum value_kind {
	VALUE_NULL, /* JSON only; bencode writes an empty string */
	VALUE_BOOL, /* JSON only; bencode writes i1e or i0e */
	VALUE_INT,
	VALUE_STR, /* octets */
	VALUE_LIST,
	VALUE_DICT, /* order kept */
};

enum value_form { VALUE_BENCODE, VALUE_JSON };

struct value; /* opaque: the functions below */

struct value_chunk;
struct value_pool {
	struct value_chunk *chunk;
	size_t items;
	int err; /* sticks: 0 or ENOMEM */
};

#define VALUE_POOL_INIT ((struct value_pool){0})
/* Frees every value of it. The pool can be used again. */
void value_pool_fini(struct value_pool *pool);
/* Same, but keeps one chunk of memory for the next request. */
void value_pool_reset(struct value_pool *pool);

/* ---- from octets -------------------------------------------------------- */

/* The whole of `octets` as one value: bencode if it starts with 'd', JSON if
 * it starts with '{' (*form says which; NULL: not wanted). Nothing may follow,
 * except white space after JSON. Strings of bencode point into `octets`, which
 * must outlive the tree; strings of JSON are in the pool.
 * EPROTONOSUPPORT: neither form. EBADMSG: malformed, a key twice in one
 * dictionary, a number that is no int64 (a JSON real too). E2BIG: deeper or
 * more than the limits. ENOMEM. No recursion. */
int value_parse(struct value_pool *pool, struct slice octets,
		enum value_form *form, struct value **v);

/* Where the first value of a byte stream ends, without building it. Feed the
 * same buffer again when it has grown; work already done is not repeated.
 * Zeroed at the start of each value. 0 and *n = its length, EAGAIN: not
 * complete yet, EBADMSG/E2BIG: will never be one. */
struct value_scan {
	size_t at;
	unsigned depth;
	unsigned items;
	char open; /* 'd' or '{' once known */
	bool quoted, escaped;
};
int value_scan(struct value_scan *scan, struct slice stream, size_t *n);

/* ---- to octets ---------------------------------------------------------- */

/* JSON strings leave as valid UTF-8, other octets as \u00xx. Dictionaries are
 * written in the order they were built. Errors stick in ob. */
void value_write(struct obuf *ob, const struct value *v, enum value_form form);

/* ---- looking ------------------------------------------------------------ */
/* All take NULL and values of another kind: nothing is found. */

enum value_kind value_kind(const struct value *v); /* NULL: VALUE_NULL */
/* In keys, space, hyphen and underscore are the same; an exact match wins. */
const struct value *value_get(const struct value *dict, const char *key);
const struct value *value_get_slice(const struct value *dict, struct slice key);
/* The string there; absent if there is none. An integer is no string. */
struct slice value_get_str(const struct value *dict, const char *key);
/* The integer there; strings of digits (with '-') count, bools are 0 and 1. */
int64_t value_get_int(const struct value *dict, const char *key, int64_t dflt);
bool value_get_bool(const struct value *dict, const char *key, bool dflt);
/* Whether the list, or the comma- or space-separated string, under `key` holds
 * `flag`. Case-insensitive; space = hyphen = underscore. */
bool value_has_flag(const struct value *dict, const char *key,
		    const char *flag);
/* All words of such a list or string. In a list a word may hold spaces; in a
 * string they separate. */
struct value_words {
	const struct value *member;
	struct slice rest;
};
struct value_words value_words(const struct value *flags);
bool value_word_next(struct value_words *w, struct slice *word);
/* Whether two words are the same key or flag by the rule above. */
bool value_word_eq(struct slice a, struct slice b);

struct slice value_as_str(const struct value *v); /* absent if no string */
int64_t value_as_int(const struct value *v, int64_t dflt);

/* Members of a list or dictionary, in order. Counting is O(1), iterating
 * with first/next O(1) a step, value_at O(n). */
size_t value_count(const struct value *v);
const struct value *value_first(const struct value *v);
const struct value *value_next(const struct value *member);
const struct value *value_at(const struct value *v, size_t i);
/* The key of a member of a dictionary (not of the i-th: of this one). */
struct slice value_key(const struct value *member);

/* ---- building ----------------------------------------------------------- */
/* Octets given as slices and keys are copied into the pool. A value has one
 * parent at most. A key must not be in the dictionary already, unless it is
 * only iterated over: looking finds the first. */

struct value *value_new_dict(struct value_pool *pool);
struct value *value_new_list(struct value_pool *pool);
struct value *value_new_str(struct value_pool *pool, struct slice s);
struct value *value_new_int(struct value_pool *pool, int64_t i);
struct value *value_new_bool(struct value_pool *pool, bool b);

void value_put(struct value *dict, const char *key, struct value *v);
void value_put_slice(struct value *dict, struct slice key, struct value *v);
void value_put_str(struct value *dict, const char *key, struct slice s);
void value_put_cstr(struct value *dict, const char *key, const char *s);
void value_put_fmt(struct value *dict, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void value_put_int(struct value *dict, const char *key, int64_t i);
void value_put_bool(struct value *dict, const char *key, bool b);
/* A new, empty dictionary or list under key. */
struct value *value_put_dict(struct value *dict, const char *key);
struct value *value_put_list(struct value *dict, const char *key);

void value_append(struct value *list, struct value *v);
void value_append_str(struct value *list, struct slice s);
struct value *value_append_dict(struct value *list);

#endif
