/* limit: whether a new session may be. Live ones are never hurt.
 *
 * Thread: control thread only. */
#ifndef RELAY_LIMIT_H
#define RELAY_LIMIT_H

#include "relay/session.h"

/* REFUSAL_NONE, REFUSAL_SESSIONS, REFUSAL_BANDWIDTH or REFUSAL_LOAD; logs the
 * others, each at most once a second. */
enum refusal limit_refusal(const struct sessions_conf *conf, size_t sessions);

/* The bandwidth and the load of the last second. Call about once a second:
 * octets is all UDP payload, in and out, since the start. */
void limit_measure(uint64_t octets, uint64_t now_ms);
/* What limit_measure() found, in bits per second. */
uint64_t limit_bandwidth(void);

/* How many sessions were refused for that reason. */
uint64_t limit_refused(enum refusal why);

#endif
