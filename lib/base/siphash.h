/* siphash: SipHash-2-4 (Aumasson, Bernstein 2012), the hash of every table
 * whose keys strangers choose. The key is drawn once per process. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include "lib/base/slice.h"

uint64_t siphash_key(const void *p, size_t n, const unsigned char key[16]);
/* With the process's own secret key; call siphash_init() before threads. */
void siphash_init(void);
uint64_t siphash(const void *p, size_t n);

static inline uint64_t siphash_slice(struct slice s)
{
	return siphash(s.p, s.n);
}

#endif
