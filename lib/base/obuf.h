/* obuf: octets being written. Grows by itself up to a limit; an error sticks,
 * so a chain of writes is tested once, at its end:
 *
 *	struct obuf ob = OBUF_INIT;
 *	obuf_str(&ob, "CSeq: ");
 *	obuf_fmt(&ob, "%u INVITE\r\n", n);
 *	err = ob.err;		 // 0, ENOMEM or EMSGSIZE
 *	...
 *	obuf_fini(&ob);
 */
#ifndef BASE_OBUF_H
#define BASE_OBUF_H

#include "lib/base/slice.h"

struct obuf {
	char *p; /* octets; not NUL-terminated */
	size_t n; /* written so far */
	size_t size;
	size_t limit; /* 0: 1 MiB */
	bool fixed; /* p is the caller's memory: never grown or freed */
	int err;
};

#define OBUF_INIT ((struct obuf){0})
/* Over memory of the caller; overflow is EMSGSIZE. */
#define OBUF_FIXED(mem, len) \
	((struct obuf){.p = (mem), .size = (len), .fixed = true})

void obuf_fini(struct obuf *ob);
/* Empties it and forgets the error, keeps the memory. */
void obuf_reset(struct obuf *ob);

void obuf_put(struct obuf *ob, const void *p, size_t n);
void obuf_slice(struct obuf *ob, struct slice s);
void obuf_str(struct obuf *ob, const char *s);
void obuf_chr(struct obuf *ob, char c);
void obuf_fmt(struct obuf *ob, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* s as the inside of a JSON string: control octets, quotes, DEL and anything
 * that is not UTF-8 leave as \u00xx. Safe for a terminal and for a log. */
void obuf_escaped(struct obuf *ob, struct slice s);

static inline struct slice obuf_as_slice(const struct obuf *ob)
{
	return slice_of(ob->p ? ob->p : "", ob->n);
}

#endif
