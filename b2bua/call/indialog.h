/* indialog: requests inside the dialogs of a call that is up, carried from the
 * one leg to the other: re-INVITE with its media through the relay (an offer
 * in the request or in the answer), INFO and MESSAGE as they are. OPTIONS is
 * answered here; what we do not carry gets 405 or 501.
 * Thread: the SIP thread. */
#ifndef CALL_INDIALOG_H
#define CALL_INDIALOG_H

#include "b2bua/call/call.h"

/* Handlers for struct leg_ops.request; arg is the call. */
void indialog_from_caller(void *arg, struct server_tx *tx);
void indialog_from_called(void *arg, struct server_tx *tx);

/* The call ends: what is under way is answered and let go. */
void indialog_close(struct call *call);

#endif
