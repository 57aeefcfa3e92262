/* wheel.c: hierarchical timing wheel. Ring r has a slot for each value of the
 * r-th octet of a time; a timer lies in the ring of the highest octet in which
 * its time differs from now, and comes down a ring when now gets there.
 * Thread: the SIP thread. */
#include "b2bua/sip/wheel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <re_types.h>
#include <re_fmt.h>
#include <re_main.h>

#include "lib/base/clk.h"

/* Six octets of milliseconds are 8,900 years. */
enum { RINGS = 6, SLOTS = 256, NO_SLOT = 0xffff };

struct wheel {
	uint64_t now; /* all up to here has fired */
	uint64_t base; /* clk_ms() at time 0 */
	uint64_t armed; /* when the timerfd will wake us; 0: never */
	int fd; /* -1: manual */
	unsigned pending;
	uint64_t map[RINGS][SLOTS / 64]; /* slots that hold something */
	struct wheel_timer *slot[RINGS * SLOTS];
};

static unsigned digit(uint64_t t, unsigned ring)
{
	return (t >> (8 * ring)) & 255;
}

static void timer_link(struct wheel_timer **head, struct wheel_timer *t)
{
	t->next = *head;
	t->prev = head;
	if (t->next)
		t->next->prev = &t->next;
	*head = t;
}

static void timer_unlink(struct wheel *w, struct wheel_timer *t)
{
	*t->prev = t->next;
	if (t->next)
		t->next->prev = t->prev;
	t->prev = NULL;
	if (t->slot != NO_SLOT && !w->slot[t->slot])
		w->map[t->slot / SLOTS][t->slot % SLOTS / 64] &=
			~(1ULL << (t->slot % 64));
}

static void timer_place(struct wheel *w, struct wheel_timer *t)
{
	uint64_t diff = t->at ^ w->now;
	unsigned ring = 0;

	while (ring + 1 < RINGS && diff >> (8 * (ring + 1)))
		ring++;
	t->slot = (uint16_t)(ring * SLOTS + digit(t->at, ring));
	w->map[ring][t->slot % SLOTS / 64] |= 1ULL << (t->slot % 64);
	timer_link(&w->slot[t->slot], t);
}

/* First slot in use above `from` in a ring; SLOTS: none. */
static unsigned slot_next(const struct wheel *w, unsigned ring, unsigned from)
{
	for (unsigned i = (from + 1) / 64; i < SLOTS / 64; i++) {
		uint64_t bits = w->map[ring][i];

		if (i == (from + 1) / 64)
			bits &= ~0ULL << ((from + 1) % 64);
		if (bits)
			return i * 64 + (unsigned)__builtin_ctzll(bits);
	}
	return SLOTS;
}

/* When something next fires or comes down; 0: nothing is pending. */
static uint64_t event_next(const struct wheel *w)
{
	for (unsigned ring = 0; ring < RINGS; ring++) {
		unsigned s = slot_next(w, ring, digit(w->now, ring));
		uint64_t above = w->now >> (8 * (ring + 1));

		if (s < SLOTS)
			return (above << 8 | s) << (8 * ring);
	}
	return 0;
}

static struct wheel_timer *slot_take(struct wheel *w, unsigned n,
				     struct wheel_timer **list)
{
	*list = w->slot[n];
	w->slot[n] = NULL;
	w->map[n / SLOTS][n % SLOTS / 64] &= ~(1ULL << (n % 64));
	if (*list)
		(*list)->prev = list;
	for (struct wheel_timer *t = *list; t; t = t->next)
		t->slot = NO_SLOT;
	return *list;
}

/* Brings down what lies in the slots that now has reached, top ring first. */
static void cascade(struct wheel *w)
{
	for (unsigned ring = RINGS - 1; ring > 0; ring--) {
		struct wheel_timer *list;

		if (w->now & ((1ULL << (8 * ring)) - 1))
			continue;
		slot_take(w, ring * SLOTS + digit(w->now, ring), &list);
		while (list) {
			struct wheel_timer *t = list;

			timer_unlink(w, t);
			timer_place(w, t);
		}
	}
}

static void fire(struct wheel *w)
{
	struct wheel_timer *list;

	slot_take(w, digit(w->now, 0), &list);
	while (list) {
		struct wheel_timer *t = list;

		timer_unlink(w, t);
		w->pending--;
		t->fn(t->arg);
	}
}

static void advance_to(struct wheel *w, uint64_t to)
{
	uint64_t next;

	while ((next = event_next(w)) && next <= to) {
		w->now = next;
		cascade(w);
		fire(w);
	}
	if (to > w->now)
		w->now = to;
}

/* at 0: no alarm */
static void arm(struct wheel *w, uint64_t at)
{
	uint64_t ms = w->base + at;
	struct itimerspec its = {{0, 0}, {0, 0}};

	w->armed = at;
	if (at) {
		its.it_value.tv_sec = (time_t)(ms / 1000);
		its.it_value.tv_nsec = (long)(ms % 1000) * 1000000;
	}
	timerfd_settime(w->fd, TFD_TIMER_ABSTIME, &its, NULL);
}

static void on_alarm(int flags, void *arg)
{
	struct wheel *w = arg;
	uint64_t times;
	(void)flags;

	if (read(w->fd, &times, sizeof(times)) < 0)
		return;
	/* What the handlers start sees no alarm set and must not set one. */
	w->armed = 1;
	advance_to(w, clk_ms() - w->base);
	arm(w, event_next(w));
}

int wheel_new(struct wheel **wp, bool manual)
{
	struct wheel *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return ENOMEM;
	w->fd = -1;
	w->base = clk_ms();
	if (!manual) {
		w->fd = timerfd_create(CLOCK_MONOTONIC,
				       TFD_NONBLOCK | TFD_CLOEXEC);
		err = w->fd < 0 ? errno
				: fd_listen(w->fd, FD_READ, on_alarm, w);
		if (err) {
			wheel_free(w);
			return err;
		}
	}
	*wp = w;
	return 0;
}

void wheel_free(struct wheel *w)
{
	if (!w)
		return;
	if (w->fd >= 0) {
		fd_close(w->fd);
		close(w->fd);
	}
	for (unsigned i = 0; i < RINGS * SLOTS; i++)
		while (w->slot[i])
			timer_unlink(w, w->slot[i]);
	free(w);
}

uint64_t wheel_now(const struct wheel *w)
{
	return w->fd < 0 ? w->now : clk_ms() - w->base;
}

void wheel_start(struct wheel *w, struct wheel_timer *t, uint64_t delay_ms,
		 void (*fn)(void *arg), void *arg)
{
	uint64_t at = wheel_now(w) + delay_ms;
	uint64_t event;

	wheel_stop(w, t);
	t->fn = fn;
	t->arg = arg;
	/* The present millisecond has fired already. */
	t->at = at > w->now ? at : w->now + 1;
	timer_place(w, t);
	w->pending++;
	if (w->fd < 0 || w->armed == 1)
		return;
	event = event_next(w);
	if (!w->armed || event < w->armed)
		arm(w, event);
}

void wheel_stop(struct wheel *w, struct wheel_timer *t)
{
	if (!t->prev)
		return;
	timer_unlink(w, t);
	w->pending--;
}

unsigned wheel_pending(const struct wheel *w)
{
	return w->pending;
}

void wheel_advance(struct wheel *w, uint64_t ms)
{
	advance_to(w, w->now + ms);
}
