/* b64.c: text forms of octets. Thread: any. */
#include "lib/base/b64.h"

#include <errno.h>

static const char std_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void write_with(struct obuf *ob, const char *abc, bool pad,
		       const unsigned char *p, size_t n)
{
	for (; n; p += 3, n = n > 3 ? n - 3 : 0) {
		uint32_t v = (uint32_t)p[0] << 16 |
			     (n > 1 ? (uint32_t)p[1] << 8 : 0) |
			     (n > 2 ? p[2] : 0);
		size_t chars = n > 2 ? 4 : n + 1;

		for (size_t i = 0; i < chars; i++)
			obuf_chr(ob, abc[v >> (18 - 6 * i) & 63]);
		for (size_t i = chars; pad && i < 4; i++)
			obuf_chr(ob, '=');
	}
}

void b64_write(struct obuf *ob, const void *p, size_t n)
{
	write_with(ob, std_alphabet, true, p, n);
}

void b64url_write(struct obuf *ob, const void *p, size_t n)
{
	write_with(ob, url_alphabet, false, p, n);
}

void hex_write(struct obuf *ob, const void *p, size_t n, char sep)
{
	const unsigned char *c = p;

	for (size_t i = 0; i < n; i++) {
		if (i && sep)
			obuf_chr(ob, sep);
		obuf_chr(ob, "0123456789abcdef"[c[i] >> 4]);
		obuf_chr(ob, "0123456789abcdef"[c[i] & 15]);
	}
}

static int value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (ascii_digit(c))
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

static int parse(struct slice s, void *to, size_t size, size_t *n)
{
	unsigned char *out = to;
	size_t len = s.n / 4 * 3 + (s.n % 4 ? s.n % 4 - 1 : 0);
	uint32_t acc = 0;
	size_t w = 0;

	if (s.n % 4 == 1)
		return EBADMSG;
	if (len > size)
		return ENOSPC;
	for (size_t i = 0; i < s.n; i++) {
		int v = value(s.p[i]);

		if (v < 0)
			return EBADMSG;
		acc = acc << 6 | (uint32_t)v;
		if (i % 4)
			out[w++] = (unsigned char)(acc >> (6 - i % 4 * 2));
	}
	if ((s.n % 4 == 2 && acc & 15) || (s.n % 4 == 3 && acc & 3))
		return EBADMSG;
	*n = w;
	return 0;
}

int b64_parse(struct slice s, void *to, size_t size, size_t *n)
{
	if (s.n && s.n % 4 == 0 && s.p[s.n - 1] == '=')
		s.n -= s.p[s.n - 2] == '=' ? 2 : 1;
	return parse(s, to, size, n);
}

int b64url_parse(struct slice s, void *to, size_t size, size_t *n)
{
	if (slice_chr(s, '+') || slice_chr(s, '/'))
		return EBADMSG;
	return parse(s, to, size, n);
}

int hex_parse(struct slice s, char sep, void *to, size_t size, size_t *n)
{
	unsigned char *out = to;
	size_t step = sep ? 3 : 2;
	size_t w = 0;

	if (s.n % step != (sep ? 2 : 0))
		return EBADMSG;
	if (s.n / step + (sep ? 1 : 0) > size)
		return ENOSPC;
	for (size_t i = 0; i < s.n; i += step) {
		int hi = ascii_hex(s.p[i]), lo = ascii_hex(s.p[i + 1]);

		if (hi < 0 || lo < 0)
			return EBADMSG;
		if (sep && i + 2 < s.n && s.p[i + 2] != sep)
			return EBADMSG;
		out[w++] = (unsigned char)(hi << 4 | lo);
	}
	*n = w;
	return 0;
}
