/* message.c: octets to a table of slices, once, in linear time.
 * Thread: the SIP thread. */
#include "b2bua/sip/message.h"

#include <errno.h>

#include <re_types.h>
#include <re_mem.h>

static const char *const methods[METHODS] = {
	[METHOD_OTHER] = "",
	[METHOD_INVITE] = "INVITE",
	[METHOD_ACK] = "ACK",
	[METHOD_BYE] = "BYE",
	[METHOD_CANCEL] = "CANCEL",
	[METHOD_OPTIONS] = "OPTIONS",
	[METHOD_REGISTER] = "REGISTER",
	[METHOD_PRACK] = "PRACK",
	[METHOD_SUBSCRIBE] = "SUBSCRIBE",
	[METHOD_NOTIFY] = "NOTIFY",
	[METHOD_PUBLISH] = "PUBLISH",
	[METHOD_INFO] = "INFO",
	[METHOD_REFER] = "REFER",
	[METHOD_MESSAGE] = "MESSAGE",
	[METHOD_UPDATE] = "UPDATE",
};

enum method method_find(struct slice name)
{
	for (unsigned m = 1; m < METHODS; m++)
		if (slice_eq_str(name, methods[m]))
			return m;
	return METHOD_OTHER;
}

const char *method_name(enum method m)
{
	return methods[m];
}

/* What the parser carries along. The first fault stays; parsing goes on, so
 * that a bad request can still be answered. */
struct parser {
	struct message *m;
	struct flaw flaw;
	bool stream;
	bool sip; /* the start line is SIP's: worth an answer */
	uint8_t seen[HEADER_IDS];
};

static void fault(struct parser *ps, int status, const char *reason)
{
	if (!ps->flaw.reason) {
		ps->flaw.status = status;
		ps->flaw.reason = reason;
	}
}

static void bad(struct parser *ps, const char *reason)
{
	fault(ps, 400, reason);
}

/* "SIP/" 1*DIGIT "." 1*DIGIT (RFC 3261 7.1); any case. */
static bool version_form(struct slice s)
{
	struct slice major;

	if (!slice_casestarts(s, "SIP/"))
		return false;
	s = slice_of(s.p + 4, s.n - 4);
	major = slice_cut(&s, '.');
	for (size_t i = 0; i < major.n; i++)
		if (!ascii_digit(major.p[i]))
			return false;
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_digit(s.p[i]))
			return false;
	return major.n && s.n;
}

static bool version_ours(struct slice s)
{
	return slice_caseeq_str(s, "SIP/2.0");
}

static void status_line(struct parser *ps, struct slice s)
{
	struct slice version = slice_cut(&s, ' ');
	struct slice code = slice_cut(&s, ' ');
	uint32_t status = 0;

	ps->m->request = false;
	ps->m->reason = s.p ? s : slice_of("", 0);
	if (!version_ours(version))
		fault(ps, 505, "Version Not Supported");
	if (code.n != 3 || slice_u32(code, 699, &status) || status < 100)
		bad(ps, "Bad Status Code");
	if (!header_value_valid(ps->m->reason))
		bad(ps, "Bad Reason Phrase");
	ps->m->status = status;
}

/* The last blank splits off the version: an URI with blanks in it (RFC 4475
 * 3.1.2.8) is then seen as a bad URI and can be answered. */
static void request_line(struct parser *ps, struct slice s)
{
	struct message *m = ps->m;
	struct slice version;
	const char *last;

	m->request = true;
	m->method_name = slice_cut(&s, ' ');
	m->method = method_find(m->method_name);
	last = s.n ? memrchr(s.p, ' ', s.n) : NULL;
	if (!header_token_valid(m->method_name) || !last) {
		bad(ps, "Bad Request-Line");
		return;
	}
	m->uri_text = slice_of(s.p, (size_t)(last - s.p));
	version = slice_span(slice_of(last + 1, 0), s);
	ps->sip = version_form(version) || slice_find(s,
			SLICE_LIT(" SIP/2.0")) > 0;
	if (!version_form(version))
		bad(ps, "Bad Request-Line");
	else if (!version_ours(version))
		fault(ps, 505, "Version Not Supported");
	if (address_uri_parse(&m->uri, m->uri_text) || m->uri.headers.p)
		bad(ps, "Bad Request-URI");
}

/* Takes the start line; *head becomes the fields. */
static void start_line(struct parser *ps, struct slice *head)
{
	const char *nl = slice_chr(*head, '\n');
	struct slice s;

	if (!nl || nl == head->p || nl[-1] != '\r') {
		bad(ps, "Bad Start-Line");
		header_skip(head);
		return;
	}
	s = slice_of(head->p, (size_t)(nl - 1 - head->p));
	*head = slice_span(slice_of(nl + 1, 0), *head);
	ps->m->start = s;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' && s.p[i] != '\t')
			bad(ps, "Bad Start-Line");
	if (slice_casestarts(s, "SIP/"))
		status_line(ps, s);
	else
		request_line(ps, s);
}

static void cseq_parse(struct parser *ps, struct slice v)
{
	size_t n = 0;
	struct slice method;
	struct message *m = ps->m;

	while (n < v.n && ascii_digit(v.p[n]))
		n++;
	method = slice_trim(slice_of(v.p + n, v.n - n));
	if (slice_u32(slice_of(v.p, n), INT32_MAX, &m->cseq) ||
	    method.n == v.n - n || !header_token_valid(method)) {
		bad(ps, "Bad CSeq");
		return;
	}
	if (!m->request) {
		m->method_name = method;
		m->method = method_find(method);
	} else if (!slice_eq(method, m->method_name)) {
		bad(ps, "CSeq Method Differs from Method");
	}
}

/* word [ "@" word ] (RFC 3261 25.1) */
static bool call_id_valid(struct slice s)
{
	bool at = false;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '@') {
			if (at || i == 0 || i + 1 == s.n)
				return false;
			at = true;
		} else if (!octet_is(s.p[i], OCTET_TOKEN | OCTET_WORD)) {
			return false;
		}
	}
	return s.n > 0;
}

static void vias_check(struct parser *ps, struct slice rest)
{
	struct slice item;
	struct via v;

	/* Via has no empty items (RFC 4475 3.1.2.1). */
	if (rest.n && (rest.p[0] == ',' || rest.p[rest.n - 1] == ','))
		bad(ps, "Bad Via");
	while (header_item_next(&rest, &item)) {
		bool top = ps->m->vias == 0;
		int err = via_parse(&v, item);

		if (err)
			bad(ps, "Bad Via");
		else if (top)
			ps->m->via = v;
		if (++ps->m->vias > MESSAGE_VIAS_MAX) {
			bad(ps, "Too Many Via");
			return;
		}
	}
}

static void address_one(struct parser *ps, struct address *a, struct slice v,
			const char *reason)
{
	if (address_parse(a, v))
		bad(ps, reason);
}

static void addresses_check(struct parser *ps, const struct header *h,
			    const char *reason)
{
	struct slice rest = h->value, item;
	struct address a;

	if (h->id == HEADER_CONTACT && slice_eq_str(h->value, "*"))
		return;
	while (header_item_next(&rest, &item))
		if (address_parse(&a, item) ||
		    (h->id != HEADER_CONTACT && !a.bracket))
			bad(ps, reason);
}

static void max_forwards(struct parser *ps, struct slice v)
{
	uint32_t n;

	if (slice_u32(v, 255, &n)) {
		bad(ps, "Bad Max-Forwards");
		return;
	}
	ps->m->max_forwards = n;
	ps->m->has_max_forwards = true;
}

static void field(struct parser *ps, const struct header *h)
{
	struct message *m = ps->m;

	if (h->line.n > MESSAGE_LINE_MAX)
		bad(ps, "Header Field Too Long");
	if (ps->seen[h->id] && header_many(h->id) == HEADER_ONE) {
		bad(ps, "Repeated Header Field");
		return;
	}
	ps->seen[h->id] = 1;
	switch (h->id) {
	case HEADER_VIA:
		vias_check(ps, h->value);
		break;
	case HEADER_FROM:
		address_one(ps, &m->from, h->value, "Bad From");
		break;
	case HEADER_TO:
		address_one(ps, &m->to, h->value, "Bad To");
		break;
	case HEADER_CALL_ID:
		m->call_id = h->value;
		if (!call_id_valid(h->value))
			bad(ps, "Bad Call-ID");
		break;
	case HEADER_CSEQ:
		cseq_parse(ps, h->value);
		break;
	case HEADER_MAX_FORWARDS:
		max_forwards(ps, h->value);
		break;
	case HEADER_CONTACT:
		addresses_check(ps, h, "Bad Contact");
		break;
	case HEADER_ROUTE:
		addresses_check(ps, h, "Bad Route");
		break;
	case HEADER_RECORD_ROUTE:
		addresses_check(ps, h, "Bad Record-Route");
		break;
	default:
		break;
	}
}

static void fields(struct parser *ps, struct slice head)
{
	struct message *m = ps->m;
	struct header h;
	int err;

	while (head.n && (err = header_next(&head, &h)) != ENOENT) {
		if (err) {
			bad(ps, "Bad Header Field");
			header_skip(&head);
			continue;
		}
		if (m->headers == MESSAGE_HEADERS_MAX) {
			bad(ps, "Too Many Header Fields");
			return;
		}
		m->header[m->headers++] = h;
		field(ps, &h);
	}
}

static void required(struct parser *ps)
{
	static const struct {
		enum header_id id;
		const char *reason;
	} must[] = {
		{HEADER_VIA, "Missing Via"},
		{HEADER_FROM, "Missing From"},
		{HEADER_TO, "Missing To"},
		{HEADER_CALL_ID, "Missing Call-ID"},
		{HEADER_CSEQ, "Missing CSeq"},
	};

	for (size_t i = 0; i < sizeof(must) / sizeof(must[0]); i++)
		if (!ps->seen[must[i].id])
			bad(ps, must[i].reason);
	if (ps->seen[HEADER_VIA] && !ps->m->vias)
		bad(ps, "Bad Via");
}

/* RFC 3261 18.3: a datagram's body is cut; a stream's was framed by it. */
static void body(struct parser *ps)
{
	struct message *m = ps->m;
	struct slice v = message_value(m, HEADER_CONTENT_LENGTH);
	uint64_t n;

	m->has_length = v.p != NULL;
	if (!v.p) {
		if (ps->stream)
			bad(ps, "Missing Content-Length");
		return;
	}
	if (slice_u64(v, UINT32_MAX, &n) || n > m->body.n ||
	    (ps->stream && n != m->body.n)) {
		bad(ps, "Bad Content-Length");
		return;
	}
	m->body.n = n;
	m->octets.n = m->head.n + m->body.n;
}

/* Octets of the head, with its empty line; 0: it has no end. *lines: in it. */
static size_t head_find(struct slice s, size_t *lines)
{
	const char *at = s.p, *end = s.p + s.n;

	for (*lines = 0; (at = memchr(at, '\n', (size_t)(end - at)));
	     ++*lines, at++)
		if (at - s.p >= 3 && memcmp(at - 3, "\r\n\r", 3) == 0)
			return (size_t)(at + 1 - s.p);
	return 0;
}

/* Allocates the message with room for as many rows as there are lines. */
static struct message *message_new(struct slice s, size_t head, size_t lines)
{
	size_t rows = lines < MESSAGE_HEADERS_MAX ? lines : MESSAGE_HEADERS_MAX;
	struct message *m;
	char *copy;

	m = mem_alloc(sizeof(*m) + rows * sizeof(m->header[0]) + s.n, NULL);
	if (!m)
		return NULL;
	memset(m, 0, sizeof(*m));
	copy = (char *)&m->header[rows];
	memcpy(copy, s.p, s.n);
	m->octets = slice_of(copy, s.n);
	m->head = slice_of(copy, head);
	m->body = slice_of(copy + head, s.n - head);
	m->max_forwards = 70;
	return m;
}

/* A Via that cannot be read still goes back as it came (RFC 4475 3.1.2.1). */
static bool answerable(const struct parser *ps)
{
	return ps->m->request && ps->sip && ps->seen[HEADER_VIA] &&
	       ps->m->method != METHOD_ACK;
}

static int finish(struct parser *ps, struct message **mp, struct flaw *flaw)
{
	if (!ps->flaw.reason) {
		*mp = ps->m;
		return 0;
	}
	*flaw = ps->flaw;
	if (answerable(ps))
		flaw->answerable = ps->m;
	else
		mem_deref(ps->m);
	return EBADMSG;
}

int message_parse(struct message **mp, const void *p, size_t n, bool stream,
		  struct flaw *flaw)
{
	struct parser ps = {.stream = stream};
	struct slice s = slice_of(p, n), head;
	size_t end, lines;

	while (s.n >= 2 && s.p[0] == '\r' && s.p[1] == '\n')
		s = slice_of(s.p + 2, s.n - 2);
	*flaw = (struct flaw){0, NULL, NULL};
	if (s.n > MESSAGE_SIZE_MAX) {
		*flaw = (struct flaw){513, "Message Too Large", NULL};
		return EMSGSIZE;
	}
	end = head_find(s, &lines);
	ps.m = message_new(s, end ? end : s.n, lines);
	if (!ps.m)
		return ENOMEM;
	head = ps.m->head;
	if (!end)
		bad(&ps, "Missing Empty Line");
	start_line(&ps, &head);
	fields(&ps, head);
	required(&ps);
	body(&ps);
	return finish(&ps, mp, flaw);
}
