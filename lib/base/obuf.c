/* obuf.c: the one growing writer. Thread: the owner's. */
#include "lib/base/obuf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LIMIT_DEFAULT (1u << 20)

void obuf_fini(struct obuf *ob)
{
	if (!ob->fixed)
		free(ob->p);
	*ob = OBUF_INIT;
}

void obuf_reset(struct obuf *ob)
{
	ob->n = 0;
	ob->err = 0;
}

static int grow(struct obuf *ob, size_t more)
{
	size_t limit = ob->limit ? ob->limit : LIMIT_DEFAULT;
	size_t size = ob->size ? ob->size : 256;
	char *p;

	if (ob->err)
		return ob->err;
	if (more <= ob->size - ob->n)
		return 0;
	if (ob->fixed || more > limit || ob->n > limit - more)
		return ob->err = EMSGSIZE;
	while (size < ob->n + more)
		size *= 2;
	p = realloc(ob->p, size);
	if (!p)
		return ob->err = ENOMEM;
	ob->p = p;
	ob->size = size;
	return 0;
}

void obuf_put(struct obuf *ob, const void *p, size_t n)
{
	if (!n || grow(ob, n))
		return;
	memcpy(ob->p + ob->n, p, n);
	ob->n += n;
}

void obuf_slice(struct obuf *ob, struct slice s)
{
	obuf_put(ob, s.p, s.n);
}

void obuf_str(struct obuf *ob, const char *s)
{
	obuf_put(ob, s, strlen(s));
}

void obuf_chr(struct obuf *ob, char c)
{
	obuf_put(ob, &c, 1);
}

void obuf_fmt(struct obuf *ob, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		ob->err = ob->err ? ob->err : EINVAL;
		return;
	}
	if (grow(ob, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	vsnprintf(ob->p + ob->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	ob->n += (size_t)n;
}

/* Length of a well-formed, printable UTF-8 sequence at s (RFC 3629), or 0.
 * C1 controls (U+0080..9F) steer terminals: not printable. */
static size_t utf8_len(struct slice s)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char c = (unsigned char)s.p[0];
	size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 0;
	uint32_t cp;

	if (c < 0x80)
		return c >= 0x20 && c != 0x7f;
	if (!len || c > 0xf4 || s.n < len)
		return 0;
	cp = c & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)s.p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | ((unsigned char)s.p[i] & 0x3f);
	}
	if (cp < least[len] || cp > 0x10ffff || cp < 0xa0)
		return 0;
	return cp >= 0xd800 && cp <= 0xdfff ? 0 : len;
}

void obuf_escaped(struct obuf *ob, struct slice s)
{
	while (s.n) {
		size_t len = utf8_len(s);

		if (!len) {
			obuf_fmt(ob, "\\u%04x", (unsigned char)s.p[0]);
			len = 1;
		} else if (s.p[0] == '"' || s.p[0] == '\\') {
			obuf_chr(ob, '\\');
			obuf_chr(ob, s.p[0]);
		} else {
			obuf_put(ob, s.p, len);
		}
		s.p += len;
		s.n -= len;
	}
}
