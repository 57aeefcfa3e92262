/* Who may come: what a datagram's sender must have shown before anything is
 * kept of him. */
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clk.h"
#include "lib/base/siphash.h"
#include "relay/handshake_priv.h"

enum { COOKIE_MS = 30000 }; /* a cookie is good for one to two of these */

/* ---- cookies ---- */

struct cookie_input {
	uint8_t half;
	uint8_t host[16];
	uint8_t port[2];
	uint8_t random[HELLO_RANDOM];
	uint64_t handshake;
	uint64_t epoch;
};

/* RFC 6347 4.2.1: a MAC over the source and what the client must repeat. And
 * over which handshake: a cookie of one port opens no other. */
static void cookie_write(uint8_t to[HELLO_COOKIE], const struct handshake *h,
			 const union addr *from, const struct hello *hello,
			 uint64_t epoch)
{
	struct cookie_input in;
	uint64_t hash;

	memset(&in, 0, sizeof(in)); /* the padding too */
	if (from->sa.sa_family == AF_INET6)
		memcpy(in.host, &from->v6.sin6_addr, 16);
	else
		memcpy(in.host, &from->v4.sin_addr, 4);
	in.port[0] = (uint8_t)(addr_port(from) >> 8);
	in.port[1] = (uint8_t)addr_port(from);
	memcpy(in.random, hello->random, HELLO_RANDOM);
	in.handshake = h->id;
	in.epoch = epoch;
	for (in.half = 0; in.half < 2; in.half++) {
		hash = siphash_key(&in, sizeof(in), h->pool->cookie_key);
		memcpy(to + in.half * sizeof(hash), &hash, sizeof(hash));
	}
}

static bool cookie_is_good(const struct handshake *h, const union addr *from,
			   const struct hello *hello, uint64_t now)
{
	uint8_t want[HELLO_COOKIE];
	uint64_t epoch = now / COOKIE_MS;
	int i;

	if (hello->cookie_n != HELLO_COOKIE)
		return false;
	for (i = 0; i < 2; i++) {
		cookie_write(want, h, from, hello, epoch - (uint64_t)i);
		if (!CRYPTO_memcmp(want, hello->cookie, HELLO_COOKIE))
			return true;
	}
	return false;
}

/* 44 octets, for a ClientHello of 61 and more. */
static void ask_for_cookie(struct handshake *h, const union addr *from,
			   const struct hello *hello, uint64_t now)
{
	uint8_t verify[HELLO_VERIFY], cookie[HELLO_COOKIE];

	cookie_write(cookie, h, from, hello, now / COOKIE_MS);
	hello_write_verify(verify, hello, cookie);
	pool_count(h->pool, POOL_COOKIES);
	h->ops->send(h->arg, from, verify, sizeof(verify));
}

/* ---- slots ---- */

bool source_is_known(const struct handshake *h, const union addr *from)
{
	return addr_is_set(&h->addr) && addr_eq(&h->addr, from);
}

/* Once there are keys, a new association comes from where the peer is, or where
 * the SDP says. Gateways have one certificate for all their calls: somebody
 * who calls through the same one could have it make a handshake with this port
 * of ours, and with the right certificate (RFC 8844 section 2). */
bool source_is_allowed(const struct handshake *h, const union addr *from)
{
	if (source_is_known(h, from))
		return true;
	if (h->done)
		return addr_eq(&h->status.from, from);
	if (!addr_is_set(&h->addr))
		return true;
	switch (h->conf.from) {
	case HANDSHAKE_FROM_ANY:
		return true;
	case HANDSHAKE_FROM_HOST:
		return addr_eq_host(&h->addr, from);
	case HANDSHAKE_FROM_STRICT:
	default:
		return false;
	}
}

static struct attempt *attempt_find(struct handshake *h, const union addr *from)
{
	unsigned i;

	for (i = 0; i < HANDSHAKE_SOURCES; i++)
		if (h->attempt[i].ssl && addr_eq(&h->attempt[i].peer, from))
			return &h->attempt[i];
	return NULL;
}

/* A free slot, or the oldest that had its chance. Strangers leave slot 0 to
 * the SDP's address, and never push each other out faster than a handshake
 * needs to get on. */
static struct attempt *slot_for(struct handshake *h, const union addr *from,
				uint64_t now)
{
	unsigned i = addr_is_set(&h->addr) ? 1 : 0;
	struct attempt *oldest = NULL;

	if (source_is_known(h, from))
		return &h->attempt[0];
	for (; i < HANDSHAKE_SOURCES; i++) {
		struct attempt *a = &h->attempt[i];

		if (!a->ssl)
			return a;
		if (!oldest || a->started_ms < oldest->started_ms)
			oldest = a;
	}
	return now - oldest->started_ms >= ATTEMPT_EVICT_MS ? oldest : NULL;
}

/* Each attempt may cost us a handshake's worth of signatures. */
static bool may_attempt(struct handshake *h, const union addr *from)
{
	uint64_t now_us = clk_us();

	if (source_is_known(h, from))
		return bucket_take(&h->known, SOURCE_RATE, SOURCE_BURST,
				   now_us);
	return bucket_take(&h->strange, SOURCE_RATE, SOURCE_BURST, now_us) &&
	       bucket_take(&h->thread->strange, STRANGER_RATE, STRANGER_BURST,
			   now_us);
}

/* ---- fragments that overtook ---- */

static void stash_put(struct handshake *h, const union addr *from,
		      const uint8_t *p, size_t n)
{
	if (n > sizeof(h->stash->p))
		return;
	if (!h->stash)
		h->stash = malloc(sizeof(*h->stash));
	if (!h->stash)
		return;
	h->stash->from = *from;
	h->stash->n = (uint16_t)n;
	memcpy(h->stash->p, p, n);
}

static void stash_use(struct handshake *h, struct attempt *a, uint64_t now)
{
	if (!h->stash)
		return;
	if (a->ssl && addr_eq(&h->stash->from, &a->peer))
		attempt_datagram(a, h->stash->p, h->stash->n, now);
	free(h->stash);
	h->stash = NULL;
}

/* ---- a datagram ---- */

/* The cookie came back: somebody is really there. old: what he had before. */
static void begin(struct handshake *h, struct attempt *old,
		  const union addr *from, const struct hello *hello,
		  const uint8_t *p, size_t n, uint64_t now)
{
	struct attempt *a = old ? old : slot_for(h, from, now);

	if (!a || !may_attempt(h, from)) {
		pool_count(h->pool, POOL_LIMITED);
		return;
	}
	if (a->ssl)
		attempt_free(a);
	if (attempt_start(a, h, from, hello, now))
		return;
	attempt_datagram(a, p, n, now);
	stash_use(h, a, now);
}

/* A ClientHello's start, when we are the server. True: dealt with. */
static bool greet(struct handshake *h, struct attempt *a,
		  const union addr *from, const struct hello *hello,
		  const uint8_t *p, size_t n, uint64_t now)
{
	if (a && hello->cookie_n == HELLO_COOKIE &&
	    !CRYPTO_memcmp(a->cookie, hello->cookie, HELLO_COOKIE))
		return false; /* the same again: OpenSSL's to sort out */
	if (cookie_is_good(h, from, hello, now))
		begin(h, a, from, hello, p, n, now);
	else
		ask_for_cookie(h, from, hello, now);
	return true;
}

void source_datagram(struct handshake *h, const union addr *from,
		     const uint8_t *p, size_t n, uint64_t now)
{
	struct attempt *a = attempt_find(h, from);
	struct hello hello;

	if (!source_is_allowed(h, from))
		return;
	if (h->conf.role == HANDSHAKE_PASSIVE) {
		hello_read(&hello, p, n);
		if (hello.kind == HELLO_FIRST &&
		    greet(h, a, from, &hello, p, n, now))
			return;
		/* Of the ClientHello that has no cookie yet, the rest is not
		 * needed. */
		if (!a && hello.kind == HELLO_REST && hello.seq)
			stash_put(h, from, p, n);
	}
	if (a)
		attempt_datagram(a, p, n, now);
}
