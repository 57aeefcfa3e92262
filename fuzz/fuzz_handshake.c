/* fuzz_handshake: datagrams into a fresh handshake, server or client, without
 * threads and with the clock stopped. Nobody has the SDP's certificate, so
 * there are never keys; and who has not returned a cookie gets no more than he
 * sent.
 *
 * An input is one octet (bit 0: we are the client), then records: one octet of
 * flags (bits 0-1 source, 0 is the SDP's; bit 2: put our cookie where the
 * ClientHello has one, so that an input can pass it; bit 3: a second goes by),
 * two of length, the datagram. */
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "relay/handshake_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { RECORD_HEAD = 3 };

static struct handshake_pool *pool;
static uint8_t verify[HELLO_VERIFY]; /* the last that was sent */
static size_t octets_in, octets_out;

static void on_send(void *arg, const union addr *to, const void *p, size_t n)
{
	(void)arg;
	(void)to;
	octets_out += n;
	if (n == sizeof(verify))
		memcpy(verify, p, n);
}

static void on_keys(void *arg, const struct handshake_keys *keys)
{
	(void)arg;
	(void)keys;
	abort();
}

static void on_failed(void *arg, enum handshake_why why)
{
	(void)arg;
	(void)why;
}

static const struct handshake_ops ops = {on_send, on_keys, on_failed};

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* Asks for the cookie of this very ClientHello, and writes it in. */
static void pass_cookie(struct handshake *h, const union addr *from,
			uint8_t *p, size_t n, uint64_t now)
{
	struct hello hello;
	size_t at;

	hello_read(&hello, p, n);
	if (hello.kind != HELLO_FIRST || hello.cookie_n != HELLO_COOKIE)
		return;
	at = (size_t)(hello.cookie - p);
	source_datagram(h, from, p, n, now);
	memcpy(p + at, verify + sizeof(verify) - HELLO_COOKIE, HELLO_COOKIE);
}

static void feed(struct handshake *h, const uint8_t *p, size_t n)
{
	bool none = true; /* has returned a cookie */
	uint64_t now = 1000;
	union addr from;
	uint8_t *copy;
	size_t size;

	for (; n >= RECORD_HEAD; p += size, n -= size) {
		uint8_t flags = p[0];

		size = (size_t)p[1] << 8 | p[2];
		p += RECORD_HEAD;
		n -= RECORD_HEAD;
		if (size > n)
			size = n;
		from = h->addr;
		addr_set_port(&from, (uint16_t)(5000 + (flags & 3)));
		copy = malloc(size ? size : 1);
		must(copy != NULL);
		memcpy(copy, p, size);
		if (flags & 4)
			pass_cookie(h, &from, copy, size, now);
		now += flags & 8 ? 1000 : 1;
		octets_in += size;
		source_datagram(h, &from, copy, size, now);
		handshake_look(h, now);
		free(copy);
		none = none && !(flags & 4);
		if (h->conf.role == HANDSHAKE_PASSIVE && none)
			must(octets_out <= octets_in);
	}
}

static void init(void)
{
	if (pool_new(&pool, 1))
		abort();
	memset(pool->cookie_key, 7, sizeof(pool->cookie_key));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct handshake_fingerprint nobody = {.n = 32};
	struct handshake_conf conf = {.role = HANDSHAKE_PASSIVE};
	struct handshake *h;
	union addr addr;

	if (!pool)
		init();
	if (!n)
		return 0;
	octets_in = octets_out = 0;
	if (p[0] & 1)
		conf.role = HANDSHAKE_ACTIVE;
	if (addr_parse(SLICE_LIT("192.0.2.1"), 5000, &addr) ||
	    handshake_open(&h, pool, &conf, &ops, NULL) ||
	    handshake_peer(h, &addr, &nobody, 1))
		abort();
	h->id = 42;
	handshake_look(h, 1000);
	feed(h, p + 1, n - 1);
	pool->thread[0].todo = NULL; /* there is no thread that would take it */
	handshake_free(h);
	return 0;
}
