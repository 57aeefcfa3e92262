/* wheel: timers of the SIP core. Starting and stopping is O(1) with any number
 * pending; resolution 1 ms, longest 49 days; CLOCK_MONOTONIC, so a step of the
 * wall clock neither fires nor stalls one. Four rings of 256 slots.
 * Thread: the SIP thread. */
#ifndef SIP_WHEEL_H
#define SIP_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

struct wheel;

/* Lies inside its owner. Zeroed = not running. The owner stops it before it
 * goes away. */
struct wheel_timer {
	struct wheel_timer *next, **prev; /* prev: NULL when not running */
	uint64_t at; /* wheel's ms */
	void (*fn)(void *arg);
	void *arg;
	uint16_t slot; /* of all rings */
};

/* manual: time moves only by wheel_advance() (tests). Else a timerfd in libre's
 * loop drives it: call after libre_init(), on the loop's thread. */
int wheel_new(struct wheel **wp, bool manual);
/* No timer of it fires any more; the timers are the owners'. */
void wheel_free(struct wheel *w);

/* (Re)starts t: fn(arg) once, delay_ms from now, never from inside this call.
 * fn may start and stop any timer, free its owner, and start t again. */
void wheel_start(struct wheel *w, struct wheel_timer *t, uint64_t delay_ms,
		 void (*fn)(void *arg), void *arg);
void wheel_stop(struct wheel *w, struct wheel_timer *t);
static inline bool wheel_timer_running(const struct wheel_timer *t)
{
	return t->prev != 0;
}

/* Milliseconds since wheel_new(). */
uint64_t wheel_now(const struct wheel *w);
unsigned wheel_pending(const struct wheel *w);
/* Fires all that is due in the next ms milliseconds, in order (manual). */
void wheel_advance(struct wheel *w, uint64_t ms);

#endif
