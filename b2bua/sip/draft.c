/* draft.c: a received message with edits, written out.
 * Thread: the SIP thread. */
#include "b2bua/sip/draft.h"

#include <errno.h>

void draft_init(struct draft *d, const struct message *in)
{
	memset(d, 0, sizeof(*d));
	d->in = in;
	d->drop[HEADER_VIA] = true;
}

void draft_request(struct draft *d, struct slice method, struct slice uri)
{
	d->method = method;
	d->uri = uri;
	d->status = 0;
}

void draft_status(struct draft *d, unsigned status, struct slice reason)
{
	d->status = status;
	d->reason = reason;
}

void draft_drop(struct draft *d, enum header_id id)
{
	d->drop[id] = true;
	d->replace[id] = SLICE_NONE;
}

void draft_replace(struct draft *d, enum header_id id, struct slice value)
{
	d->drop[id] = false;
	d->replace[id] = value;
}

static void line_add(struct draft *d, struct draft_line *v, unsigned *n,
		     struct draft_line line)
{
	if (*n == DRAFT_EDITS_MAX)
		d->overflow = true;
	else
		v[(*n)++] = line;
}

void draft_insert(struct draft *d, struct slice name, struct slice value)
{
	line_add(d, d->top, &d->tops, (struct draft_line){name, value});
}

void draft_append(struct draft *d, struct slice name, struct slice value)
{
	line_add(d, d->end, &d->ends, (struct draft_line){name, value});
}

void draft_body(struct draft *d, struct slice type, struct slice body)
{
	d->body_set = true;
	d->body_type = type;
	d->body = body;
	if (type.p)
		draft_replace(d, HEADER_CONTENT_TYPE, type);
	else
		draft_drop(d, HEADER_CONTENT_TYPE);
	if (body.n)
		return;
	draft_drop(d, HEADER_CONTENT_DISPOSITION);
	draft_drop(d, HEADER_CONTENT_ENCODING);
	draft_drop(d, HEADER_CONTENT_LANGUAGE);
	draft_drop(d, HEADER_MIME_VERSION);
}

/* Values may hold the folds they came with, and nothing else that could end a
 * line. */
static void line_write(struct obuf *ob, struct slice name, struct slice value)
{
	if (!header_token_valid(name) || !header_value_valid(value))
		ob->err = ob->err ? ob->err : EBADMSG;
	obuf_slice(ob, name);
	obuf_str(ob, ": ");
	obuf_slice(ob, value);
	obuf_str(ob, "\r\n");
}

static bool plain(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 127)
			return false;
	return s.n > 0;
}

static void start_write(const struct draft *d, struct obuf *ob)
{
	if (d->status) {
		obuf_fmt(ob, "SIP/2.0 %03u ", d->status);
		obuf_slice(ob, d->reason);
		if (!header_value_valid(d->reason) ||
		    slice_chr(d->reason, '\n'))
			ob->err = ob->err ? ob->err : EBADMSG;
	} else if (d->method.p) {
		obuf_slice(ob, d->method);
		obuf_chr(ob, ' ');
		obuf_slice(ob, d->uri);
		obuf_str(ob, " SIP/2.0");
		if (!header_token_valid(d->method) || !plain(d->uri))
			ob->err = ob->err ? ob->err : EBADMSG;
	} else if (d->in) {
		obuf_slice(ob, d->in->start);
	} else {
		ob->err = ob->err ? ob->err : EBADMSG;
	}
	obuf_str(ob, "\r\n");
}

static bool dropped(const struct draft *d, const struct header *h)
{
	return d->drop[h->id] || h->id == HEADER_CONTENT_LENGTH;
}

/* The line as it came, but with the colon at the name. */
static void line_keep(struct obuf *ob, const struct header *h)
{
	const char *colon = slice_chr(h->line, ':');

	obuf_slice(ob, h->name);
	obuf_slice(ob, slice_span(slice_of(colon, 0), h->line));
}

static void kept_write(const struct draft *d, struct obuf *ob, bool *done)
{
	for (size_t i = 0; d->in && i < d->in->headers; i++) {
		const struct header *h = &d->in->header[i];

		if (dropped(d, h))
			continue;
		if (!d->replace[h->id].p) {
			line_keep(ob, h);
		} else if (!done[h->id]) {
			line_write(ob, slice_str(header_name(h->id)),
				   d->replace[h->id]);
			done[h->id] = true;
		}
	}
}

static void head_write(const struct draft *d, struct obuf *ob)
{
	bool done[HEADER_IDS] = {false};

	start_write(d, ob);
	for (unsigned i = 0; i < d->tops; i++)
		line_write(ob, d->top[i].name, d->top[i].value);
	kept_write(d, ob, done);
	for (unsigned id = 1; id < HEADER_IDS; id++)
		if (d->replace[id].p && !done[id])
			line_write(ob, slice_str(header_name(id)),
				   d->replace[id]);
	for (unsigned i = 0; i < d->ends; i++)
		line_write(ob, d->end[i].name, d->end[i].value);
}

int draft_write(const struct draft *d, struct obuf *ob)
{
	struct slice body = d->body_set ? d->body : SLICE_NONE;
	size_t before = ob->n;

	if (!d->body_set && d->in)
		body = d->in->body;
	head_write(d, ob);
	obuf_fmt(ob, "Content-Length: %zu\r\n\r\n", body.n);
	obuf_slice(ob, body);
	if (!ob->err && (d->overflow || ob->n - before > MESSAGE_SIZE_MAX))
		ob->err = EMSGSIZE;
	return ob->err;
}
