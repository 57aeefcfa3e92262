/* hello: the first ClientHello of a stranger, looked at without remembering
 * him (RFC 6347 4.2.1). OpenSSL has two ways of its own: DTLSv1_listen() cannot
 * put a ClientHello together from two datagrams, and browsers send it in two;
 * SSL_accept() can, but needs a TLS state per source before the cookie is back.
 * So the cookie is done here, on the first fragment, in which it stands; then
 * a TLS state is made and led to where it would be had it sent that cookie.
 *
 * Pure functions over octets. */
#ifndef RELAY_HELLO_H
#define RELAY_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HELLO_COOKIE = 16,
	HELLO_RANDOM = 32,
	HELLO_VERIFY = 13 + 12 + 3 + HELLO_COOKIE, /* HelloVerifyRequest */
	HELLO_PRIMER = 13 + 12 + 42, /* the least ClientHello */
	HELLO_SEQ_MAX = 3 /* cookies that a client may be asked for in turn */
};

enum hello_kind {
	HELLO_NOT, /* something else */
	HELLO_FIRST, /* ClientHello, from its first octet */
	HELLO_REST, /* a later fragment of one */
};

struct hello {
	enum hello_kind kind;
	uint8_t record_seq[6];
	uint16_t seq; /* handshake message_seq */
	/* HELLO_FIRST */
	const uint8_t *random; /* HELLO_RANDOM octets, in the datagram */
	const uint8_t *cookie; /* cookie_n octets */
	uint8_t cookie_n;
};

/* Looks at the first record of a datagram. */
void hello_read(struct hello *hello, const uint8_t *p, size_t n);

/* The HelloVerifyRequest that answers it, with this cookie. */
void hello_write_verify(uint8_t to[HELLO_VERIFY], const struct hello *hello,
			const uint8_t cookie[HELLO_COOKIE]);

/* A ClientHello without cookie of message_seq seq <= HELLO_SEQ_MAX, to which a
 * server that wants cookies answers with a HelloVerifyRequest and nothing
 * else. */
void hello_write_primer(uint8_t to[HELLO_PRIMER], uint16_t seq);

#endif
