/* fuzz_sip_frame.c: the same stream, whole and in pieces, is cut the same way,
 * and what is cut out is a message of exactly that length or none. */
#include <re_types.h>
#include <re_mem.h>

#include "b2bua/sip/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { STEPS_MAX = 4096 };

struct cut {
	enum frame_result result[STEPS_MAX];
	size_t length[STEPS_MAX];
	unsigned n;
};

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void step(struct frame *f, struct cut *c)
{
	struct slice s = SLICE_NONE;
	enum frame_result r;

	while (c->n < STEPS_MAX && (r = frame_next(f, &s)) != FRAME_MORE) {
		struct message *m;
		struct flaw flaw;

		if (c->n && c->result[c->n - 1] == FRAME_BAD)
			return;
		c->result[c->n] = r;
		c->length[c->n++] = r == FRAME_MESSAGE ? s.n : 0;
		if (r != FRAME_MESSAGE)
			continue;
		if (!message_parse(&m, s.p, s.n, true, &flaw)) {
			check(m->octets.n == s.n);
			mem_deref(m);
		}
		mem_deref(flaw.answerable);
	}
}

static void cut(struct cut *c, const uint8_t *p, size_t n, size_t piece)
{
	struct frame f;

	c->n = 0;
	frame_init(&f);
	while (n) {
		size_t room, some = n < piece ? n : piece;
		char *to = frame_room(&f, &room);

		check(to && room);
		some = some < room ? some : room;
		memcpy(to, p, some);
		frame_received(&f, some);
		p += some;
		n -= some;
		step(&f, c);
	}
	frame_fini(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct cut whole, pieces;
	static const size_t sizes[] = {1, 7};

	cut(&whole, p, n, n ? n : 1);
	for (size_t i = 0; i < 2; i++) {
		cut(&pieces, p, n, sizes[i]);
		check(whole.n == pieces.n);
		for (unsigned k = 0; k < whole.n; k++)
			check(whole.result[k] == pieces.result[k] &&
			      whole.length[k] == pieces.length[k]);
	}
	return 0;
}
