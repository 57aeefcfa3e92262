#include "relay/guard.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#include "lib/base/b64.h"

enum { MAC_OCTETS = 32 };

static const uint8_t *octets_of(const union addr *a, unsigned *bits)
{
	if (a->sa.sa_family == AF_INET) {
		*bits = 32;
		return (const uint8_t *)&a->v4.sin_addr;
	}
	*bits = 128;
	if (!IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr))
		return a->v6.sin6_addr.s6_addr;
	*bits = 32;
	return a->v6.sin6_addr.s6_addr + 12;
}

static unsigned bit(const uint8_t *p, unsigned i)
{
	return p[i / 8] >> (7 - i % 8) & 1;
}

int guard_net_parse(struct slice s, struct guard_net *net)
{
	struct slice bits = s, host = slice_cut(&bits, '/');
	struct guard_net v;
	const uint8_t *p;
	unsigned max;
	uint32_t n;

	if (addr_parse(host, 0, &v.addr))
		return EINVAL;
	p = octets_of(&v.addr, &max);
	v.bits = max;
	if (bits.p) {
		if (slice_u32(bits, max, &n))
			return EINVAL;
		v.bits = n;
	}
	for (unsigned i = v.bits; i < max; i++)
		if (bit(p, i))
			return EINVAL;
	*net = v;
	return 0;
}

int guard_key_load(struct guard *g, const char *path)
{
	char text[GUARD_KEY_MAX + 64];
	FILE *f = fopen(path, "re");
	struct slice key;
	size_t n;
	int err = 0;

	if (!f)
		return errno;
	n = fread(text, 1, sizeof(text), f);
	if (ferror(f))
		err = EIO;
	fclose(f);
	key = slice_trim(slice_of(text, n));
	if (!err && (key.n < GUARD_KEY_MIN || key.n > GUARD_KEY_MAX))
		err = EINVAL;
	if (!err) {
		memcpy(g->key, key.p, key.n);
		g->key_n = key.n;
	}
	OPENSSL_cleanse(text, sizeof(text));
	return err;
}

static bool is_in(const struct guard_net *net, const union addr *from)
{
	unsigned bits, from_bits;
	const uint8_t *p = octets_of(&net->addr, &bits);
	const uint8_t *q = octets_of(from, &from_bits);

	if (bits != from_bits)
		return false;
	for (unsigned i = 0; i < net->bits; i++)
		if (bit(p, i) != bit(q, i))
			return false;
	return true;
}

bool guard_source(const struct guard *g, const union addr *from)
{
	if (!addr_is_set(from))
		return false;
	for (size_t i = 0; i < g->n; i++)
		if (is_in(&g->nets[i], from))
			return true;
	return false;
}

static bool is_now(struct slice text, int64_t now_s)
{
	uint64_t t;

	if (slice_u64(text, INT64_MAX, &t))
		return false;
	return (int64_t)t >= now_s - GUARD_WINDOW_S &&
	       (int64_t)t <= now_s + GUARD_WINDOW_S;
}

bool guard_message(const struct guard *g, const struct ng_message *m,
		   int64_t now_s)
{
	struct slice rest = m->cookie, mac, signed_octets;
	uint8_t want[EVP_MAX_MD_SIZE], got[MAC_OCTETS];
	unsigned want_n = 0;
	size_t n = 0;
	bool ok;

	if (!g->key_n || !m->cookie.p)
		return false;
	mac = slice_cut(&rest, '~');
	if (!rest.n || hex_parse(mac, '\0', got, sizeof(got), &n) ||
	    n != MAC_OCTETS)
		return false;
	/* cookie, one space and payload lie behind one another */
	signed_octets = slice_span(rest, m->payload);
	ok = HMAC(EVP_sha256(), g->key, (int)g->key_n,
		  (const uint8_t *)signed_octets.p, signed_octets.n, want,
		  &want_n) &&
	     want_n == MAC_OCTETS && CRYPTO_memcmp(want, got, want_n) == 0;
	OPENSSL_cleanse(want, sizeof(want));
	return ok && is_now(slice_cut(&rest, '~'), now_s);
}
