/* steps: the way of a call, one function a step. A step returns NEXT when it
 * is done, WAIT when something must happen first (it is entered again then,
 * and must see for itself what it has done already), RETRY from dial alone:
 * back to offer for the next candidate. DONE: the call is over. */
#ifndef CALL_STEPS_H
#define CALL_STEPS_H

#include "b2bua/call/call.h"

enum step_result { STEP_NEXT, STEP_WAIT, STEP_RETRY, STEP_DONE };

/* Goes on with the call where it stands. From any event; from inside a step it
 * returns at once. The call may be in the history afterwards. */
void steps_run(struct call *call);
const char *steps_name(unsigned step);

/* admit.c */
enum step_result step_admit(struct call *call);
enum step_result step_verify(struct call *call);
enum step_result step_route(struct call *call);
/* setup.c */
enum step_result step_offer(struct call *call);
enum step_result step_sign(struct call *call);
enum step_result step_dial(struct call *call);
/* answer.c */
enum step_result step_answer(struct call *call);
enum step_result step_connect(struct call *call);
enum step_result step_talk(struct call *call);
/* clear.c */
enum step_result step_clear(struct call *call);
enum step_result step_record(struct call *call);

/* What the legs of a call report to it. */
extern const struct leg_ops caller_ops; /* answer.c */
extern const struct leg_ops called_ops; /* setup.c */

#endif
