/* value_priv: what value.c, value_bencode.c and value_json.c share. */
#ifndef CTL_VALUE_PRIV_H
#define CTL_VALUE_PRIV_H

#include "lib/ctl/value.h"

struct value {
	enum value_kind kind;
	struct value_pool *pool;
	struct slice key; /* as member of a dictionary */
	struct value *next; /* in the same list or dictionary */
	union {
		int64_t i; /* INT, BOOL */
		struct slice s; /* STR */
		struct {
			struct value *first, *last;
			size_t n;
		} in; /* LIST, DICT */
	};
};

void *value_pool_take(struct value_pool *pool, size_t n);
struct value *value_new(struct value_pool *pool, enum value_kind kind);
/* key is not copied */
void value_link(struct value *parent, struct slice key, struct value *v);
bool value_keys_differ(struct value *dict);

int value_parse_bencode(struct value_pool *pool, struct slice s,
			struct value **v);
int value_parse_json(struct value_pool *pool, struct slice s,
		     struct value **v);
void value_write_scalar(struct obuf *ob, const struct value *v,
			enum value_form form);

/* The length of "<n>:" and the octets behind it: 0 and *str, EAGAIN when s
 * ends before, EBADMSG. */
int value_bencode_str(struct slice s, struct slice *str);
/* "i<n>e", the same way; *len octets long. */
int value_bencode_int(struct slice s, int64_t *i, size_t *len);

#endif
