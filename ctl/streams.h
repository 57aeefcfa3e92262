/* streams: the media streams of a call, out of the relay's `query` reply. */
#ifndef CTL_STREAMS_H
#define CTL_STREAMS_H

#include "ctl/show.h"

/* A table with a row per stream, under it why packets were dropped, and a
 * second table of how they arrive. */
void streams_show(const struct show *s, const struct value *query);

#endif
