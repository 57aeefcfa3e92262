/* frame.c: messages out of a stream. Thread: the SIP thread. */
#include "b2bua/sip/frame.h"

#include <errno.h>
#include <stdlib.h>

enum { FRAME_STEP = 4096, FRAME_BODY_MAX = 65535 };

void frame_init(struct frame *f)
{
	memset(f, 0, sizeof(*f));
}

void frame_fini(struct frame *f)
{
	free(f->p);
	frame_init(f);
}

char *frame_room(struct frame *f, size_t *room)
{
	if (f->from) {
		f->n -= f->from;
		memmove(f->p, f->p + f->from, f->n);
		f->from = 0;
	}
	if (f->size - f->n < FRAME_STEP / 2) {
		size_t size = f->size ? f->size * 2 : FRAME_STEP;
		char *p = realloc(f->p, size);

		if (!p)
			return NULL;
		f->p = p;
		f->size = size;
	}
	*room = f->size - f->n;
	return f->p + f->n;
}

void frame_received(struct frame *f, size_t n)
{
	f->n += n;
}

static struct slice unread(const struct frame *f)
{
	return f->p ? slice_of(f->p + f->from, f->n - f->from)
		    : slice_of("", 0);
}

static void take(struct frame *f, size_t n)
{
	f->from += n;
	f->scanned = 0;
	f->head = 0;
	f->body = 0;
}

/* Where the head ends, having looked at each octet once; 0: not yet. */
static size_t head_find(struct frame *f, struct slice s)
{
	size_t back = f->scanned < 3 ? f->scanned : 3;
	struct slice fresh = slice_of(s.p + f->scanned - back,
				      s.n - f->scanned + back);
	ptrdiff_t at = slice_find(fresh, SLICE_LIT("\r\n\r\n"));

	if (at >= 0)
		return f->scanned - back + (size_t)at + 4;
	f->scanned = s.n;
	return 0;
}

/* The one Content-Length of a head (with its start line). false: none, two, or
 * no number, or a line that is none: nobody can say where the next message
 * begins. */
static bool length_find(struct slice head, size_t *length)
{
	struct header h;
	uint64_t n;
	int err;
	bool found = false;
	const char *nl = slice_chr(head, '\n');

	if (nl == head.p || nl[-1] != '\r')
		return false;
	header_skip(&head);
	while (!(err = header_next(&head, &h))) {
		if (h.id != HEADER_CONTENT_LENGTH)
			continue;
		if (found || slice_u64(h.value, FRAME_BODY_MAX, &n))
			return false;
		found = true;
		*length = (size_t)n;
	}
	return err == ENOENT && found;
}

static enum frame_result bad(struct frame *f, struct slice *message)
{
	struct slice s = unread(f);

	f->bad = true;
	if (s.n > MESSAGE_SIZE_MAX)
		s.n = MESSAGE_SIZE_MAX;
	*message = f->head ? slice_of(s.p, f->head) : s;
	return FRAME_BAD;
}

enum frame_result frame_next(struct frame *f, struct slice *message)
{
	struct slice s = unread(f);

	if (f->bad)
		return bad(f, message);
	if (!f->head) {
		if (slice_starts(s, "\r\n\r\n")) {
			take(f, 4);
			return FRAME_PING;
		}
		if (s.n == 0 || slice_eq_str(s, "\r") ||
		    slice_eq_str(s, "\r\n") || slice_eq_str(s, "\r\n\r"))
			return FRAME_MORE;
		if (slice_starts(s, "\r\n")) {
			take(f, 2);
			s = unread(f);
		}
		f->head = head_find(f, s);
		if (!f->head)
			return s.n < MESSAGE_SIZE_MAX ? FRAME_MORE
						      : bad(f, message);
		if (!length_find(slice_of(s.p, f->head), &f->body) ||
		    f->head + f->body > MESSAGE_SIZE_MAX)
			return bad(f, message);
	}
	if (s.n < f->head + f->body)
		return FRAME_MORE;
	*message = slice_of(s.p, f->head + f->body);
	take(f, message->n);
	return FRAME_MESSAGE;
}

bool frame_pending(const struct frame *f)
{
	return f->n - f->from > 0;
}
