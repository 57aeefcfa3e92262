/* call: one call from the INVITE that came in to the record that is written.
 * Its way is the table in steps.c; this is what it carries along.
 * Thread: the SIP thread. */
#ifndef CALL_CALL_H
#define CALL_CALL_H

#include "b2bua/call/leg.h"
#include "b2bua/call/media.h"
#include "b2bua/call/route.h"
#include "b2bua/cause.h"
#include "b2bua/identity/report.h"

enum call_by { CALL_BY_US, CALL_BY_CALLER, CALL_BY_CALLED };

/* Names of the numbers and addresses in the record: as they came, cut. */
enum { CALL_TEXT = 128 };

struct exchange;

struct call {
	struct le le; /* core->calls, later core->history */
	struct core *core;
	char id[9];
	unsigned step; /* steps.c */
	bool running; /* steps_run() is on the stack */

	struct server_tx *tx; /* the INVITE that came in */
	const struct message *invite; /* lives as long as tx */
	struct trunk *trunk[REPORT_LEGS];
	struct leg *leg[REPORT_LEGS];
	struct route route;
	struct wheel_timer timer; /* how long it may ring */

	/* verify */
	struct identity_op *verifying;
	struct verdicts *verdicts; /* NULL: not asked, or not yet */
	/* offer, sign, dial */
	struct media *media;
	struct obuf offer; /* SDP for the called side */
	struct obuf out; /* the INVITE as it goes out, but for Via */
	bool late; /* the INVITE has no offer: the 2xx makes one */
	bool offered;
	bool signing; /* identity_sign() has not answered yet */
	bool signed_; /* sign is done for this candidate */
	bool dialled;
	bool retry; /* this candidate is given up: the next one */
	/* answer */
	struct obuf answer; /* SDP for the caller */
	struct message *early; /* 18x whose SDP is at the relay, or waits */
	bool early_sent; /* the caller has had an answer: no failover now */
	struct message *answered; /* the 2xx */
	bool answer_ready;
	/* talk */
	struct exchange *exchanges; /* in-dialog requests under way */
	/* clear */
	struct media *closing; /* whose final statistics are awaited */
	struct media_stats stats;
	bool has_stats;
	bool cleared;

	enum cause cause; /* CAUSE_NONE: still up */
	unsigned code; /* SIP code the caller saw, or 200 */
	enum call_by by;
	struct obuf reason; /* value of Reason that came with the end */
	struct message *refusal; /* the failure of the last candidate */
	char why[IDENTITY_WHY]; /* more than the cause says; "" */

	/* for the record; wall clock in us, 0: did not happen */
	uint64_t started_us, ringing_us, answered_us, ended_us;
	char from[CALL_TEXT], to[CALL_TEXT], called[CALL_TEXT];
	char call_id[REPORT_LEGS][CALL_TEXT];
	char protocol[REPORT_LEGS][24]; /* of the first m-line, each leg */
	enum report_verdict privacy[REPORT_LEGS]; /* of the SDP seen last */
	char transport[REPORT_LEGS][8];
	char media_call_id[24];
	struct report *report;
};

/* An INVITE outside any dialog from a known trunk: a call begins. Answers by
 * itself whatever happens. */
void call_open(struct core *core, struct trunk *trunk, struct server_tx *tx);

/* Ends it for that cause, if it has not ended already; the steps go on at
 * clear. code: what an unanswered caller gets, 0: the cause's own. reason: value
 * of a Reason header that the other leg shall see, or absent. */
void call_end(struct call *call, enum cause cause, enum call_by by,
	      unsigned code, struct slice reason);

/* core's, when the daemon goes: record what was not recorded and free it. */
void call_abort(struct call *call);
/* Frees an ended call (history). */
void call_free(struct call *call);

/* Up or ended: by our id, or by the Call-ID of either leg. */
struct call *call_find(struct core *core, struct slice id);
const char *call_state(const struct call *call);
/* Seconds since it began, or that it lasted. */
uint64_t call_seconds(const struct call *call);
const char *call_by_name(enum call_by by);

/* The beginning of s that fits; octets as they came. */
void call_text_take(char to[CALL_TEXT], struct slice s);

static inline enum report_leg leg_other(enum report_leg leg)
{
	return leg == REPORT_LEG_A ? REPORT_LEG_B : REPORT_LEG_A;
}

#endif
