/* streams: the media streams of a call, out of the relay's `query` reply. */
#ifndef CTL_STREAMS_H
#define CTL_STREAMS_H

#include "ctl/table.h"
#include "lib/ctl/value.h"

/* One row per stream of the call; call: its Call-ID at the relay. */
void streams_add(struct table *t, struct slice call, const struct value *query);

#endif
