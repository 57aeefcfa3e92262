/* sign: the INVITE for the candidate at hand, and whose word it carries: the
 * original assertion if it still holds, our own if policy and authority allow,
 * or none, with the reason in the report. */
#ifndef CALL_SIGN_H
#define CALL_SIGN_H

#include "b2bua/call/call.h"

/* Fills call->out and sets call->signed_, maybe later (then steps_run()). Ends
 * the call if the message cannot be built. */
void sign_outgoing(struct call *call);

#endif
