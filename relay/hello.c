#include "relay/hello.h"

#include <string.h>

enum {
	RECORD = 13, /* RFC 6347 4.1: type, version, epoch, sequence, length */
	MESSAGE = 12, /* 4.2.2: type, length, seq, fragment offset, length */
	TYPE_HANDSHAKE = 22,
	CLIENT_HELLO = 1,
	HELLO_VERIFY_REQUEST = 3,
	SESSION_ID_MAX = 32
};

static size_t u16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

static size_t u24(const uint8_t *p)
{
	return (size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2];
}

/* client_version, random, session_id, cookie: RFC 6347 4.2.1 */
static bool read_body(struct hello *hello, const uint8_t *p, size_t n)
{
	size_t at = 2 + HELLO_RANDOM;

	if (n < at + 1 || p[at] > SESSION_ID_MAX)
		return false;
	at += 1 + (size_t)p[at];
	if (n < at + 1 || n - at - 1 < p[at])
		return false;
	hello->random = p + 2;
	hello->cookie = p + at + 1;
	hello->cookie_n = p[at];
	return true;
}

void hello_read(struct hello *hello, const uint8_t *p, size_t n)
{
	const uint8_t *m = p + RECORD;
	size_t length, offset, part;

	*hello = (struct hello){.kind = HELLO_NOT};
	if (n < RECORD + MESSAGE || p[0] != TYPE_HANDSHAKE || p[1] != 0xfe ||
	    u16(p + 3) != 0 || u16(p + 11) > n - RECORD ||
	    u16(p + 11) < MESSAGE || m[0] != CLIENT_HELLO)
		return;
	length = u24(m + 1);
	offset = u24(m + 6);
	part = u24(m + 9);
	if (part > u16(p + 11) - MESSAGE || offset > length ||
	    part > length - offset)
		return;

	memcpy(hello->record_seq, p + 5, sizeof(hello->record_seq));
	hello->seq = (uint16_t)u16(m + 4);
	if (hello->seq > HELLO_SEQ_MAX)
		return;
	if (offset)
		hello->kind = HELLO_REST;
	else if (read_body(hello, m + MESSAGE, part))
		hello->kind = HELLO_FIRST;
}

static void write_heads(uint8_t *to, const uint8_t record_seq[6], uint8_t type,
			uint16_t seq, size_t body)
{
	memset(to, 0, RECORD + MESSAGE);
	to[0] = TYPE_HANDSHAKE;
	to[1] = 0xfe; /* DTLS 1.0 before a version is agreed on */
	to[2] = 0xff;
	memcpy(to + 5, record_seq, 6);
	to[12] = (uint8_t)(MESSAGE + body);
	to[13] = type;
	to[16] = (uint8_t)body;
	to[17] = (uint8_t)(seq >> 8);
	to[18] = (uint8_t)seq;
	to[24] = (uint8_t)body;
}

void hello_write_verify(uint8_t to[HELLO_VERIFY], const struct hello *hello,
			const uint8_t cookie[HELLO_COOKIE])
{
	uint8_t *p = to + RECORD + MESSAGE;

	/* The record's number is the ClientHello's: RFC 6347 4.2.1 */
	write_heads(to, hello->record_seq, HELLO_VERIFY_REQUEST, hello->seq,
		    3 + HELLO_COOKIE);
	p[0] = 0xfe;
	p[1] = 0xff;
	p[2] = HELLO_COOKIE;
	memcpy(p + 3, cookie, HELLO_COOKIE);
}

void hello_write_primer(uint8_t to[HELLO_PRIMER], uint16_t seq)
{
	uint8_t record_seq[6] = {0, 0, 0, 0, 0, (uint8_t)seq};
	uint8_t *p = to + RECORD + MESSAGE;

	write_heads(to, record_seq, CLIENT_HELLO, seq,
		    HELLO_PRIMER - RECORD - MESSAGE);
	memset(p, 0, HELLO_PRIMER - RECORD - MESSAGE);
	p[0] = 0xfe; /* DTLS 1.2; random, session id and cookie are zero */
	p[1] = 0xfd;
	p[37] = 2; /* octets of cipher suites */
	p[38] = 0xc0; /* ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 */
	p[39] = 0x2b;
	p[40] = 1; /* compression methods: null */
}
