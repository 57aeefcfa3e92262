/* rnd.c: getrandom(2) behind a small per-thread pool, because one SIP message
 * needs several tokens. A used octet is wiped at once. Thread: any. */
#include "lib/base/rnd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static _Thread_local unsigned char pool[256];
static _Thread_local size_t left;
static _Thread_local pid_t owner; /* a fork must not repeat our octets */

static void fetch(unsigned char *p, size_t n)
{
	while (n) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			abort();
		p += got;
		n -= (size_t)got;
	}
}

void rnd_fill(void *p, size_t n)
{
	if (n > sizeof(pool) / 4) {
		fetch(p, n);
		return;
	}
	if (left < n || owner != getpid()) {
		fetch(pool, sizeof(pool));
		left = sizeof(pool);
		owner = getpid();
	}
	left -= n;
	memcpy(p, pool + left, n);
	explicit_bzero(pool + left, n);
}

uint32_t rnd_u32(void)
{
	uint32_t v;

	rnd_fill(&v, sizeof(v));
	return v;
}

uint64_t rnd_u64(void)
{
	uint64_t v;

	rnd_fill(&v, sizeof(v));
	return v;
}

void rnd_hex(char *to, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c;

		rnd_fill(&c, 1);
		to[i] = "0123456789abcdef"[c & 15];
	}
	to[n] = '\0';
}
