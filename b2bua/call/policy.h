/* policy: what a trunk allows an offer to hold, whichever message it comes in
 * and whichever way it goes. Thread: the SIP thread. */
#ifndef CALL_POLICY_H
#define CALL_POLICY_H

#include "b2bua/cause.h"
#include "b2bua/config.h"
#include "lib/base/slice.h"

/* CAUSE_NONE, or why it does not cross the hop to or from the trunk. Streams
 * with port 0 are not looked at. */
enum cause policy_offer(const struct trunk *t, struct slice sdp);

#endif
