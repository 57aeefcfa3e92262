/* clk.c: the two clocks. Thread: any. */
#include "lib/base/clk.h"

#include <stdio.h>
#include <time.h>

static uint64_t us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t clk_us(void)
{
	return us(CLOCK_MONOTONIC);
}

uint64_t clk_ms(void)
{
	return us(CLOCK_MONOTONIC) / 1000;
}

uint64_t clk_wall_us(void)
{
	return us(CLOCK_REALTIME);
}

int64_t clk_wall(void)
{
	return (int64_t)(us(CLOCK_REALTIME) / 1000000);
}

void clk_iso(uint64_t wall_us, char to[25])
{
	time_t s = (time_t)(wall_us / 1000000);
	char date[21] = "";
	struct tm tm;

	if (gmtime_r(&s, &tm))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(to, 25, "%.19s.%03uZ", date,
		 (unsigned)(wall_us / 1000 % 1000));
}
