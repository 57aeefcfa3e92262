/* test_sip_wheel.c: timers fire when they should, in order, once. */
#include "unit.h"

#include <stdlib.h>

#include <re_types.h>
#include <re_fmt.h>
#include <re_main.h>

#include "b2bua/sip/wheel.h"
#include "lib/base/clk.h"

struct probe {
	struct wheel *wheel;
	struct wheel_timer timer;
	uint64_t at; /* when it fired */
	unsigned fired;
};

static void on_probe(void *arg)
{
	struct probe *p = arg;

	p->at = wheel_now(p->wheel);
	p->fired++;
}

static void exact_to_the_millisecond(void **state)
{
	static const uint64_t delay[] = {0, 1, 2, 255, 256, 257, 511, 512,
		65535, 65536, 65537, 131071, 16777215, 16777216, 16777217,
		4294967295, 4294967296, 4294967297};
	enum { COUNT = sizeof(delay) / sizeof(delay[0]) };
	static const uint64_t start[] = {0, 1, 254, 255, 256, 65534, 65535,
					 16777215, 4294967290};
	(void)state;

	for (size_t s = 0; s < sizeof(start) / sizeof(start[0]); s++) {
		struct probe v[COUNT] = {0};
		struct wheel *w;

		assert_int_equal(wheel_new(&w, true), 0);
		wheel_advance(w, start[s]);
		for (size_t i = 0; i < COUNT; i++) {
			v[i].wheel = w;
			wheel_start(w, &v[i].timer, delay[i], on_probe, &v[i]);
		}
		assert_int_equal(wheel_pending(w), COUNT);
		wheel_advance(w, 5000000000);
		for (size_t i = 0; i < COUNT; i++) {
			assert_int_equal(v[i].fired, 1);
			assert_int_equal(v[i].at, start[s] +
					 (delay[i] ? delay[i] : 1));
		}
		assert_int_equal(wheel_pending(w), 0);
		wheel_free(w);
	}
}

/* Against the simplest model: every timer is due at one known time. */
static void many_at_random(void **state)
{
	enum { COUNT = 2000 };
	struct probe *v = calloc(COUNT, sizeof(*v));
	uint64_t due[COUNT], now = 0;
	struct wheel *w;
	unsigned seed = 7;
	(void)state;

	assert_int_equal(wheel_new(&w, true), 0);
	for (int round = 0; round < 200; round++) {
		for (int k = 0; k < 50; k++) {
			int i = rand_r(&seed) % COUNT;

			v[i].wheel = w;
			if (rand_r(&seed) % 4 == 0) {
				wheel_stop(w, &v[i].timer);
				continue;
			}
			due[i] = now + 1 + (unsigned)rand_r(&seed) % 70000;
			v[i].fired = 0;
			wheel_start(w, &v[i].timer, due[i] - now, on_probe,
				    &v[i]);
		}
		wheel_advance(w, 777);
		now += 777;
		for (int i = 0; i < COUNT; i++) {
			if (!v[i].wheel || !v[i].fired)
				continue;
			assert_int_equal(v[i].fired, 1);
			assert_int_equal(v[i].at, due[i]);
		}
		for (int i = 0; i < COUNT; i++)
			if (v[i].wheel && wheel_timer_running(&v[i].timer))
				assert_true(due[i] > now);
	}
	wheel_free(w);
	free(v);
}

struct again {
	struct wheel *wheel;
	struct wheel_timer timer, other;
	unsigned n;
};

static void on_again(void *arg)
{
	struct again *a = arg;

	wheel_stop(a->wheel, &a->other);
	if (++a->n < 5)
		wheel_start(a->wheel, &a->timer, 0, on_again, a);
}

/* A handler may start itself anew (not in this call) and stop others that are
 * due in the same millisecond. */
static void handlers_may_start_and_stop(void **state)
{
	struct again a = {.n = 0};
	struct probe p = {0};
	(void)state;

	assert_int_equal(wheel_new(&a.wheel, true), 0);
	p.wheel = a.wheel;
	wheel_start(a.wheel, &a.other, 10, on_probe, &p);
	wheel_start(a.wheel, &a.timer, 10, on_again, &a);
	wheel_advance(a.wheel, 10);
	assert_int_equal(a.n, 1);
	wheel_advance(a.wheel, 2);
	assert_int_equal(a.n, 3);
	wheel_advance(a.wheel, 100);
	assert_int_equal(a.n, 5);
	assert_true(p.fired <= 1);
	wheel_stop(a.wheel, &a.timer);
	wheel_free(a.wheel);
}

static void on_stop(void *arg)
{
	on_probe(arg);
	re_cancel();
}

static void real_clock(void **state)
{
	struct probe a = {0}, b = {0}, never = {0};
	uint64_t from;
	struct wheel *w;
	(void)state;

	assert_int_equal(libre_init(), 0);
	assert_int_equal(wheel_new(&w, false), 0);
	a.wheel = b.wheel = never.wheel = w;
	from = wheel_now(w);
	wheel_start(w, &never.timer, 60000, on_probe, &never);
	wheel_start(w, &b.timer, 300, on_stop, &b);
	wheel_start(w, &a.timer, 20, on_probe, &a);
	assert_int_equal(re_main(NULL), 0);
	assert_int_equal(a.fired, 1);
	assert_true(a.at - from >= 20 && a.at - from < 280);
	assert_true(b.at - from >= 300);
	assert_int_equal(never.fired, 0);
	wheel_free(w);
	libre_close();
}

static void cost_does_not_grow(void **state)
{
	enum { COUNT = 100000 };
	struct probe *v = calloc(COUNT, sizeof(*v));
	uint64_t from;
	struct wheel *w;
	(void)state;

	assert_int_equal(wheel_new(&w, true), 0);
	from = clk_us();
	for (int i = 0; i < COUNT; i++) {
		v[i].wheel = w;
		wheel_start(w, &v[i].timer, 32000 + i % 100, on_probe, &v[i]);
	}
	for (int i = 0; i < COUNT; i++)
		wheel_start(w, &v[i].timer, 500, on_probe, &v[i]);
	/* libre's sorted list needs minutes for this. */
	assert_true(clk_us() - from < 2000000);
	wheel_free(w);
	free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_to_the_millisecond),
		cmocka_unit_test(many_at_random),
		cmocka_unit_test(handlers_may_start_and_stop),
		cmocka_unit_test(real_clock),
		cmocka_unit_test(cost_does_not_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
