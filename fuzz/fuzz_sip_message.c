/* fuzz_sip_message.c: a message that is taken goes out by a draft and is taken
 * again, with every kept line equal to its octet. */
#include <errno.h>

#include <re_types.h>
#include <re_mem.h>

#include "b2bua/sip/draft.h"
#include "b2bua/sip/message_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

/* The next header of m that a draft does not write itself. */
static const struct header *kept_next(const struct message *m, size_t *at)
{
	while (*at < m->headers) {
		const struct header *h = &m->header[(*at)++];

		if (h->id != HEADER_VIA && h->id != HEADER_CONTENT_LENGTH)
			return h;
	}
	return NULL;
}

static void compare(const struct message *a, const struct message *b)
{
	const struct header *x, *y;
	size_t i = 0, j = 0;

	do {
		x = kept_next(a, &i);
		y = kept_next(b, &j);
		check(!x == !y);
		if (!x)
			break;
		check(slice_eq(x->name, y->name));
		check(slice_eq(x->value, y->value));
	} while (1);
	check(slice_eq(a->start, b->start));
	check(slice_eq(a->body, b->body));
	check(slice_eq(a->call_id, b->call_id));
	check(slice_eq(a->from.octets, b->from.octets));
	check(slice_eq(a->from.tag, b->from.tag));
	check(slice_eq(a->to.uri.octets, b->to.uri.octets));
	check(a->cseq == b->cseq && a->method == b->method);
}

static void rewrite(const struct message *m)
{
	struct obuf ob = OBUF_INIT;
	struct message *again;
	struct flaw flaw;
	struct draft d;
	int err;

	draft_init(&d, m);
	draft_insert(&d, SLICE_LIT("Via"), SLICE_LIT("SIP/2.0/UDP us"));
	err = draft_write(&d, &ob);
	check(!err || err == EMSGSIZE);
	if (!err && m->headers < MESSAGE_HEADERS_MAX - 2) {
		err = message_parse(&again, ob.p, ob.n, true, &flaw);
		check(!err);
		compare(m, again);
		mem_deref(again);
	}
	obuf_fini(&ob);
}

/* Whatever comes in: the answer to it holds no header that was not ours. */
static void reply(const struct message *m)
{
	struct obuf ob = OBUF_INIT;

	message_write_reply(&ob, m, NULL, &(struct reply){.status = 400});
	check(ob.err || slice_find(obuf_as_slice(&ob),
				   SLICE_LIT("\r\n\r\n")) == (ptrdiff_t)ob.n -
								      4);
	obuf_fini(&ob);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	for (int stream = 0; stream < 2; stream++) {
		struct message *m;
		struct flaw flaw;

		if (message_parse(&m, p, n, stream, &flaw)) {
			if (flaw.answerable)
				reply(flaw.answerable);
			mem_deref(flaw.answerable);
			continue;
		}
		rewrite(m);
		if (m->request)
			reply(m);
		mem_deref(m);
	}
	return 0;
}
