/* answer: what the called leg says before and with its answer, brought to the
 * caller. */
#ifndef CALL_ANSWER_H
#define CALL_ANSWER_H

#include "b2bua/call/call.h"

/* 101..199 of the called leg; a struct leg_ops handler. One with SDP is early
 * media: the relay makes it the caller's answer first. */
void answer_progress(void *arg, const struct message *resp);

#endif
