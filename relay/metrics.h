/* metrics: the relay's numbers as a page in Prometheus' text format 0.0.4. Its
 * size depends on tables and interfaces, never on sessions. What a stream
 * looks like in particular is in `query`.
 *
 * Thread: control thread only. */
#ifndef RELAY_METRICS_H
#define RELAY_METRICS_H

#include "lib/base/obuf.h"
#include "relay/plane.h"
#include "relay/session.h"

#define METRICS_PREFIX "countersign_relay_"

struct metrics {
	struct sessions *sessions;
	struct plane *plane;
	struct handshake_pool *handshakes; /* NULL: none */
	const struct hep *hep; /* NULL: none */
	uint64_t since_ms; /* clk_ms() of the start */
};

/* Errors stick in ob. */
void metrics_write(const struct metrics *m, struct obuf *ob);

#endif
