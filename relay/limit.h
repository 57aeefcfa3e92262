/* limit: whether a new session may be. Live ones are never hurt. */
#ifndef RELAY_LIMIT_H
#define RELAY_LIMIT_H

#include "relay/session.h"

/* REFUSAL_NONE, REFUSAL_SESSIONS or REFUSAL_LOAD; logs the latter two, at most
 * once a second. */
enum refusal limit_refusal(const struct sessions_conf *conf, size_t sessions);

#endif
