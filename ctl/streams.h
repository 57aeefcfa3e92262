/* streams: the media streams of a call, out of the relay's `query` reply. */
#ifndef CTL_STREAMS_H
#define CTL_STREAMS_H

#include "ctl/table.h"
#include "lib/ctl/value.h"

/* One row per stream of the call. */
void streams_add(struct table *t, const struct value *query);

#endif
