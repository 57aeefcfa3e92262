#include "lib/ctl/web.h"

#include <errno.h>

/* ---- requests ----------------------------------------------------------- */

static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_alpha(s.p[i]) && !ascii_digit(s.p[i]) &&
		    !strchr("!#$%&'*+-.^_`|~", s.p[i]))
			return false;
	return s.n > 0 && !memchr(s.p, '\0', s.n);
}

static bool is_text(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') ||
		    s.p[i] == 127)
			return false;
	return true;
}

/* A line without its CRLF. */
static bool line_take(struct slice *rest, struct slice *line)
{
	ptrdiff_t at = slice_find(*rest, SLICE_LIT("\r\n"));

	if (at < 0)
		return false;
	*line = slice_of(rest->p, (size_t)at);
	*rest = slice_of(rest->p + at + 2, rest->n - (size_t)at - 2);
	return true;
}

static int first_line(struct web_request *r, struct slice line)
{
	struct slice rest = line;

	r->method = slice_cut(&rest, ' ');
	r->path = slice_cut(&rest, ' ');
	if (!is_token(r->method) || !r->path.n || !is_text(r->path))
		return EBADMSG;
	if (slice_eq_str(rest, "HTTP/1.0"))
		r->close = true;
	else if (!slice_eq_str(rest, "HTTP/1.1"))
		return EBADMSG;
	return 0;
}

struct fields {
	struct web_request *r;
	uint64_t length;
	bool has_length;
};

/* A field that comes twice could be read as either. */
static int once(struct slice *to, struct slice value)
{
	if (to->p)
		return EBADMSG;
	*to = value;
	return 0;
}

static int length_field(struct fields *f, struct slice value)
{
	if (f->has_length || slice_u64(value, UINT32_MAX, &f->length))
		return EBADMSG;
	f->has_length = true;
	return 0;
}

static int field_take(struct fields *f, struct slice line)
{
	const struct {
		const char *name;
		struct slice *to;
	} v[] = {
		{"host", &f->r->host},
		{"origin", &f->r->origin},
		{"content-type", &f->r->content_type},
		{"upgrade", &f->r->upgrade},
		{"connection", &f->r->connection},
		{"sec-websocket-key", &f->r->socket_key},
		{"sec-websocket-version", &f->r->socket_version},
		{"sec-websocket-protocol", &f->r->socket_protocol},
	};
	struct slice value = line, name = slice_cut(&value, ':');

	if (!value.p || !is_token(name) || !is_text(value))
		return EBADMSG;
	value = slice_trim(value);
	if (slice_caseeq_str(name, "content-length"))
		return length_field(f, value);
	if (slice_caseeq_str(name, "transfer-encoding"))
		return EBADMSG;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (slice_caseeq_str(name, v[i].name))
			return once(v[i].to, value);
	return 0;
}

static int head_take(struct web_request *r, struct slice head,
		     uint64_t *length)
{
	struct fields f = {.r = r};
	struct slice line;
	unsigned n = 0;
	int err;

	if (!line_take(&head, &line))
		return EBADMSG;
	err = first_line(r, line);
	while (!err && line_take(&head, &line) && line.n)
		err = ++n > WEB_FIELDS_MAX ? E2BIG : field_take(&f, line);
	if (web_list_has(r->connection, "close"))
		r->close = true;
	*length = f.length;
	return err;
}

int web_request_read(struct slice stream, size_t max, struct web_request *r,
		     size_t *used)
{
	struct slice start = slice_of(
		stream.p, stream.n < WEB_HEAD_MAX ? stream.n : WEB_HEAD_MAX);
	ptrdiff_t at = slice_find(start, SLICE_LIT("\r\n\r\n"));
	struct web_request got = {0};
	uint64_t length = 0;
	size_t head;
	int err;

	if (at < 0)
		return stream.n < WEB_HEAD_MAX ? EAGAIN : E2BIG;
	head = (size_t)at + 4;
	err = head_take(&got, slice_of(stream.p, head), &length);
	if (err)
		return err;
	if (length > max || head + length > max)
		return E2BIG;
	if (stream.n - head < length)
		return EAGAIN;
	got.body = slice_of(stream.p + head, (size_t)length);
	*r = got;
	*used = head + (size_t)length;
	return 0;
}

bool web_list_has(struct slice list, const char *word)
{
	while (list.p)
		if (slice_caseeq_str(slice_trim(slice_cut(&list, ',')), word))
			return true;
	return false;
}

/* ---- responses ---------------------------------------------------------- */

static const char *reason(int status)
{
	switch (status) {
	case 101:
		return "Switching Protocols";
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 413:
		return "Content Too Large";
	case 415:
		return "Unsupported Media Type";
	default:
		return "Internal Server Error";
	}
}

void web_response_write(struct obuf *ob, int status, const char *fields,
			struct slice body, bool close)
{
	obuf_fmt(ob, "HTTP/1.1 %d %s\r\n", status, reason(status));
	if (fields)
		obuf_str(ob, fields);
	if (close)
		obuf_str(ob, "Connection: close\r\n");
	if (status != 101)
		obuf_fmt(ob, "Content-Length: %zu\r\n", body.n);
	obuf_str(ob, "\r\n");
	obuf_slice(ob, body);
}

/* ---- frames ------------------------------------------------------------- */

static uint64_t number(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static bool is_opcode(unsigned opcode)
{
	return opcode <= WEB_BINARY ||
	       (opcode >= WEB_CLOSE && opcode <= WEB_PONG);
}

int web_frame_read(struct slice stream, size_t max, struct web_frame *f,
		   size_t *used)
{
	const uint8_t *p = (const uint8_t *)stream.p;
	unsigned extra = 0, opcode;
	uint64_t n;

	if (stream.n < 2)
		return EAGAIN;
	opcode = p[0] & 0x0f;
	n = p[1] & 0x7f;
	if ((p[0] & 0x70) || !(p[1] & 0x80) || !is_opcode(opcode))
		return EBADMSG;
	if (opcode >= WEB_CLOSE && (!(p[0] & 0x80) || n > 125))
		return EBADMSG;
	if (n >= 126)
		extra = n == 126 ? 2 : 8;
	if (stream.n < 2u + extra + 4)
		return EAGAIN;
	if (extra) {
		n = number(p + 2, extra);
		if (n < (extra == 2 ? 126u : 65536u))
			return EBADMSG;
	}
	if (n > max)
		return E2BIG;
	if (stream.n - (2 + extra + 4) < n)
		return EAGAIN;
	f->fin = p[0] & 0x80;
	f->opcode = (enum web_opcode)opcode;
	memcpy(f->mask, p + 2 + extra, sizeof(f->mask));
	f->payload = slice_of(p + 2 + extra + 4, (size_t)n);
	*used = 2 + extra + 4 + (size_t)n;
	return 0;
}

void web_frame_take(const struct web_frame *f, struct obuf *ob)
{
	size_t start = ob->n;

	obuf_slice(ob, f->payload);
	for (size_t i = 0; !ob->err && i < f->payload.n; i++)
		ob->p[start + i] = (char)(ob->p[start + i] ^ f->mask[i % 4]);
}

void web_frame_write(struct obuf *ob, enum web_opcode opcode,
		     struct slice payload)
{
	unsigned shift = payload.n < 65536 ? 16 : 64;

	obuf_chr(ob, (char)(0x80 | opcode));
	if (payload.n < 126) {
		obuf_chr(ob, (char)payload.n);
	} else {
		obuf_chr(ob, shift == 16 ? 126 : 127);
		while (shift) {
			shift -= 8;
			obuf_chr(ob, (char)(uint64_t)(
					     (uint64_t)payload.n >> shift));
		}
	}
	obuf_slice(ob, payload);
}
