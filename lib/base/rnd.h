/* rnd: octets nobody can guess, from the kernel. Cannot fail (aborts). */
#ifndef BASE_RND_H
#define BASE_RND_H

#include <stddef.h>
#include <stdint.h>

void rnd_fill(void *p, size_t n);
uint32_t rnd_u32(void);
uint64_t rnd_u64(void);
/* n lower-case hex digits and a NUL into to[n + 1] */
void rnd_hex(char *to, size_t n);

#endif
