/* clk: time. Durations are measured on the monotonic clock only; wall time is
 * for dates that other people read. */
#ifndef BASE_CLK_H
#define BASE_CLK_H

#include <stdint.h>

uint64_t clk_us(void); /* monotonic, microseconds */
uint64_t clk_ms(void); /* monotonic, milliseconds */
int64_t clk_wall(void); /* seconds since 1970 UTC */
uint64_t clk_wall_us(void); /* microseconds since 1970 UTC */

/* "2026-11-23T09:25:25.123Z" into to[25] */
void clk_iso(uint64_t wall_us, char to[25]);

#endif
