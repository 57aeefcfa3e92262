/* flags: the string under `rtpp-flags`, which Kamailio's newer calls pass on
 * as an operator wrote it, and of templates in the configuration:
 *
 *	string = *( SP / item )
 *	item   = word / word "=" value
 *	value  = word / "[" *( SP / item / value ) "]"
 *
 * A word ends at white space, inside brackets also at "]". Brackets hold a
 * dictionary if their first item has a "=", else a list; in a dictionary,
 * items without one are left out.
 *
 * Thread: any; the pool's owner. */
#ifndef RELAY_FLAGS_H
#define RELAY_FLAGS_H

#include "lib/ctl/value.h"

/* One item of the top level. value: NULL for a word without "=". Keys are
 * slices of the string, strings in values are the pool's. */
typedef void flags_item(void *arg, struct slice key, const struct value *value);

/* Calls fn for each item, in order. A missing "]" counts as if it were at the
 * end. E2BIG: deeper or more than VALUE_DEPTH_MAX, VALUE_ITEMS_MAX; ENOMEM;
 * items before were passed on. No recursion. */
int flags_parse(struct value_pool *pool, struct slice s, flags_item *fn,
		void *arg);

#endif
