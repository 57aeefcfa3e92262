/* bucket.c: rate limits. Thread: the owner's. */
#include "lib/base/bucket.h"

bool bucket_take(struct bucket *b, uint32_t rate, uint32_t burst,
		 uint64_t now_us)
{
	uint64_t full = (uint64_t)burst * 1000000;
	uint64_t gone = now_us - b->at_us;

	if (!b->at_us || gone > full / rate)
		b->level = full;
	else
		b->level += gone * rate;
	if (b->level > full)
		b->level = full;
	b->at_us = now_us;
	if (b->level < 1000000)
		return false;
	b->level -= 1000000;
	return true;
}
