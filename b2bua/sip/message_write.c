/* message_write.c: responses, ACK, CANCEL (RFC 3261 8.2.6, 17.1.1.3, 9.1).
 * Thread: the SIP thread. */
#include "b2bua/sip/message_write.h"

#include <errno.h>

#include "b2bua/sip/flow.h"
#include "lib/base/siphash.h"

const char *message_status_phrase(unsigned status)
{
	switch (status) {
#define X(code, phrase) \
	case code: \
		return phrase;
#include "b2bua/sip/status.def"
#undef X
	default:
		return "";
	}
}

static void line_write(struct obuf *ob, enum header_id id, struct slice value)
{
	obuf_str(ob, header_name(id));
	obuf_str(ob, ": ");
	obuf_slice(ob, value);
	obuf_str(ob, "\r\n");
}

/* The first line of id, if there is one. */
static void line_copy(struct obuf *ob, const struct message *m,
		      enum header_id id)
{
	const struct header *h = message_header(m, id);

	if (h)
		line_write(ob, id, h->value);
}

static void lines_copy(struct obuf *ob, const struct message *m,
		       enum header_id id)
{
	for (size_t i = 0; i < m->headers; i++)
		if (m->header[i].id == id)
			line_write(ob, id, m->header[i].value);
}

/* The top Via with received and rport by the source address, whatever it said
 * about them before: a client cannot send our answer elsewhere. */
static void via_write(struct obuf *ob, const struct via *v,
		      const struct flow *from)
{
	struct slice rest = v->params;
	struct slice sent = slice_of(v->octets.p,
				     (size_t)(v->params.p - v->octets.p));
	struct param p;
	char ip[64];

	obuf_slice(ob, slice_trim(sent));
	while (!param_next(&rest, &p)) {
		if (slice_caseeq_str(p.name, "received") ||
		    slice_caseeq_str(p.name, "rport"))
			continue;
		obuf_chr(ob, ';');
		obuf_slice(ob, p.name);
		if (p.value.p) {
			obuf_chr(ob, '=');
			obuf_slice(ob, p.value);
		}
	}
	sa_ntop(&from->peer, ip, sizeof(ip));
	obuf_fmt(ob, ";received=%s", ip);
	if (v->rport)
		obuf_fmt(ob, ";rport=%u", sa_port(&from->peer));
}

/* All Vias, in their order; the topmost with our marks. */
static void vias_write(struct obuf *ob, const struct message *req,
		       const struct flow *from)
{
	bool top = true;

	for (size_t i = 0; i < req->headers; i++) {
		const struct header *h = &req->header[i];
		struct slice rest = h->value, item;

		if (h->id != HEADER_VIA)
			continue;
		if (!top || !from || !req->via.octets.p ||
		    !header_item_next(&rest, &item)) {
			line_write(ob, HEADER_VIA, h->value);
			continue;
		}
		top = false;
		obuf_str(ob, "Via: ");
		via_write(ob, &req->via, from);
		rest = slice_trim(rest);
		if (rest.n) {
			obuf_str(ob, ", ");
			obuf_slice(ob, rest);
		}
		obuf_str(ob, "\r\n");
	}
}

static void tag_derived(struct obuf *ob, const struct message *req)
{
	uint64_t h = siphash_slice(req->via.branch) * 3 ^
		     siphash_slice(req->call_id) * 5 ^
		     siphash_slice(req->from.tag) * 7 ^ req->cseq;

	obuf_fmt(ob, "%016llx", (unsigned long long)siphash(&h, sizeof(h)));
}

static void to_write(struct obuf *ob, const struct message *req,
		     const struct reply *r)
{
	const struct header *h = message_header(req, HEADER_TO);

	if (!h)
		return;
	obuf_str(ob, "To: ");
	obuf_slice(ob, h->value);
	if (!req->to.tag.p && r->status > 100) {
		obuf_str(ob, ";tag=");
		if (r->to_tag.n)
			obuf_slice(ob, r->to_tag);
		else
			tag_derived(ob, req);
	}
	obuf_str(ob, "\r\n");
}

static void body_write(struct obuf *ob, struct slice type, struct slice body)
{
	if (type.p)
		line_write(ob, HEADER_CONTENT_TYPE, type);
	obuf_fmt(ob, "Content-Length: %zu\r\n\r\n", body.n);
	obuf_slice(ob, body);
}

int message_write_reply(struct obuf *ob, const struct message *req,
			const struct flow *from, const struct reply *r)
{
	const char *reason = r->reason ? r->reason
				       : message_status_phrase(r->status);
	size_t before = ob->n;

	obuf_fmt(ob, "SIP/2.0 %03u %s\r\n", r->status, reason);
	vias_write(ob, req, from);
	if (r->status > 100 && r->status < 300)
		lines_copy(ob, req, HEADER_RECORD_ROUTE);
	line_copy(ob, req, HEADER_FROM);
	to_write(ob, req, r);
	line_copy(ob, req, HEADER_CALL_ID);
	line_copy(ob, req, HEADER_CSEQ);
	if (r->status == 100)
		line_copy(ob, req, HEADER_TIMESTAMP);
	obuf_slice(ob, r->headers);
	body_write(ob, r->body_type, r->body);
	if (!ob->err && ob->n - before > MESSAGE_SIZE_MAX)
		ob->err = EMSGSIZE;
	return ob->err;
}

/* What ACK and CANCEL have in common: of the request, but To. */
static void follow_write(struct obuf *ob, const struct message *req,
			 const char *method, struct slice to)
{
	obuf_str(ob, method);
	obuf_chr(ob, ' ');
	obuf_slice(ob, req->uri_text);
	obuf_str(ob, " SIP/2.0\r\n");
	line_write(ob, HEADER_VIA, req->via.octets);
	lines_copy(ob, req, HEADER_ROUTE);
	obuf_str(ob, "Max-Forwards: 70\r\n");
	line_copy(ob, req, HEADER_FROM);
	line_write(ob, HEADER_TO, to);
	line_copy(ob, req, HEADER_CALL_ID);
	obuf_fmt(ob, "CSeq: %u %s\r\n", req->cseq, method);
}

int message_write_ack(struct obuf *ob, const struct message *req,
		      const struct message *resp)
{
	follow_write(ob, req, "ACK", message_value(resp, HEADER_TO));
	body_write(ob, SLICE_NONE, SLICE_NONE);
	return ob->err;
}

int message_write_cancel(struct obuf *ob, const struct message *req,
			 struct slice headers)
{
	follow_write(ob, req, "CANCEL", message_value(req, HEADER_TO));
	obuf_slice(ob, headers);
	body_write(ob, SLICE_NONE, SLICE_NONE);
	return ob->err;
}
