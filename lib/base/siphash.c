/* siphash.c: keyed hash for tables. Thread: any, after siphash_init(). */
#include "lib/base/siphash.h"

#include "lib/base/rnd.h"

static unsigned char process_key[16];

static uint64_t load(const unsigned char *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static void rounds(uint64_t v[4], int n)
{
	while (n--) {
		v[0] += v[1];
		v[1] = rotl(v[1], 13) ^ v[0];
		v[0] = rotl(v[0], 32);
		v[2] += v[3];
		v[3] = rotl(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotl(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotl(v[1], 17) ^ v[2];
		v[2] = rotl(v[2], 32);
	}
}

uint64_t siphash_key(const void *p, size_t n, const unsigned char key[16])
{
	const unsigned char *in = p;
	uint64_t k0 = load(key), k1 = load(key + 8);
	uint64_t v[4] = {
		k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
		k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573,
	};
	uint64_t last = (uint64_t)n << 56;
	size_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		uint64_t m = load(in + i);

		v[3] ^= m;
		rounds(v, 2);
		v[0] ^= m;
	}
	for (int shift = 0; i < n; i++, shift += 8)
		last |= (uint64_t)in[i] << shift;
	v[3] ^= last;
	rounds(v, 2);
	v[0] ^= last;
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void siphash_init(void)
{
	rnd_fill(process_key, sizeof(process_key));
}

uint64_t siphash(const void *p, size_t n)
{
	return siphash_key(p, n, process_key);
}
