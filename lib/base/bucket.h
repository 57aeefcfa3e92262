/* bucket: a token bucket on the monotonic clock. Zeroed is "full". */
#ifndef BASE_BUCKET_H
#define BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
	uint64_t at_us; /* when it was last looked at; 0: never */
	uint64_t level; /* micro-tokens */
};

/* Takes one token; false if there is none. rate: tokens a second (> 0),
 * burst: the most it holds (> 0). now_us: clk_us(). */
bool bucket_take(struct bucket *b, uint32_t rate, uint32_t burst,
		 uint64_t now_us);

#endif
