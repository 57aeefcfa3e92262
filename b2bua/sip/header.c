/* header.c: header fields in octets. Thread: any. */
#include "b2bua/sip/header.h"

#include <errno.h>

struct row {
	const char *name;
	uint8_t n;
	char compact;
	uint8_t many;
};

#define ONE HEADER_ONE
#define LIST HEADER_LIST
#define MANY HEADER_MANY
static const struct row rows[HEADER_IDS] = {
	[HEADER_OTHER] = {"", 0, 0, HEADER_MANY},
#define X(id, name, compact, many) \
	[HEADER_##id] = {name, sizeof(name) - 1, compact, many},
#include "b2bua/sip/header.def"
#undef X
};
#undef ONE
#undef LIST
#undef MANY

enum {
	TOKEN = OCTET_TOKEN,
	BLANK = OCTET_BLANK,
	CTL = OCTET_CTL,
	LOOSE = OCTET_LOOSE,
	BOTH = OCTET_LOOSE | OCTET_WORD,
};

const uint8_t header_octets[256] = {
	[0 ... 8] = CTL, ['\t'] = BLANK, ['\n'] = CTL | OCTET_NEWLINE,
	[11 ... 12] = CTL, ['\r'] = CTL | OCTET_NEWLINE, [14 ... 31] = CTL,
	[' '] = BLANK, [127] = CTL,
	['0' ... '9'] = TOKEN, ['A' ... 'Z'] = TOKEN, ['a' ... 'z'] = TOKEN,
	['-'] = TOKEN, ['.'] = TOKEN, ['!'] = TOKEN, ['%'] = TOKEN,
	['*'] = TOKEN, ['_'] = TOKEN, ['+'] = TOKEN, ['`'] = TOKEN,
	['\''] = TOKEN, ['~'] = TOKEN,
	['['] = BOTH, [']'] = BOTH, ['/'] = BOTH, [':'] = BOTH,
	['('] = BOTH, [')'] = BOTH, ['&'] = LOOSE, ['$'] = LOOSE,
	['<'] = OCTET_WORD, ['>'] = OCTET_WORD, ['\\'] = OCTET_WORD,
	['"'] = OCTET_WORD, ['?'] = OCTET_WORD, ['{'] = OCTET_WORD,
	['}'] = OCTET_WORD,
};

static int name_cmp(struct slice a, const struct row *r)
{
	size_t n = a.n < r->n ? a.n : r->n;

	for (size_t i = 0; i < n; i++) {
		int d = ascii_lower(a.p[i]) - ascii_lower(r->name[i]);

		if (d)
			return d;
	}
	return (int)a.n - r->n;
}

static enum header_id compact_find(char c)
{
	for (unsigned id = 1; id < HEADER_IDS; id++)
		if (rows[id].compact == c)
			return id;
	return HEADER_OTHER;
}

/* header.def is sorted by name; test_sip_message holds it to that. */
enum header_id header_id_find(struct slice name)
{
	unsigned low = 1, high = HEADER_IDS;

	if (name.n == 1)
		return compact_find(ascii_lower(name.p[0]));
	if (name.n > 64)
		return HEADER_OTHER;
	while (low < high) {
		unsigned mid = (low + high) / 2;
		int d = name_cmp(name, &rows[mid]);

		if (d == 0)
			return mid;
		if (d < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return HEADER_OTHER;
}

const char *header_name(enum header_id id)
{
	return rows[id].name;
}

enum header_many header_many(enum header_id id)
{
	return rows[id].many;
}

/* Control octets are lawful in one place only: behind a backslash in a quoted
 * string (quoted-pair, RFC 3261 25.1; RFC 4475 3.1.1.2 has them). */
bool header_value_valid(struct slice s)
{
	bool quoted = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (quoted && c == '\\' && i + 1 < s.n) {
			i++;
			if (s.p[i] == '\r' || s.p[i] == '\n')
				return false;
			continue;
		}
		if (c == '"')
			quoted = !quoted;
		if (c == '\r' && i + 2 < s.n && s.p[i + 1] == '\n' &&
		    octet_is(s.p[i + 2], BLANK)) {
			i += 2;
			continue;
		}
		if (octet_is(c, CTL))
			return false;
	}
	return true;
}

/* The end of the line that p begins in, folds included: just behind its CRLF.
 * NULL: none, or a CR or LF alone, or a fold with nothing in it (others take
 * that for the end of the head). *odd: a control octet was met. */
static const char *line_end(const char *p, const char *end, bool *odd)
{
	for (;;) {
		bool empty = true;

		while (p < end && !octet_is(*p, CTL))
			empty = octet_is(*p++, BLANK) && empty;
		if (p == end)
			return NULL;
		if (*p == '\n')
			return NULL;
		if (*p != '\r') {
			*odd = true;
			p++;
			continue;
		}
		if (p + 1 == end || p[1] != '\n')
			return NULL;
		p += 2;
		if (p == end || !octet_is(*p, BLANK))
			return p;
		while (p < end && octet_is(*p, BLANK))
			p++;
		if (p == end || *p == '\r' || *p == '\n')
			return NULL;
	}
}

int header_next(struct slice *head, struct header *h)
{
	const char *p = head->p, *end = head->p + head->n, *name_end;
	const char *next;
	bool odd = false;

	if (head->n >= 2 && p[0] == '\r' && p[1] == '\n') {
		*head = slice_of(p + 2, head->n - 2);
		return ENOENT;
	}
	while (p < end && octet_is(*p, TOKEN))
		p++;
	name_end = p;
	while (p < end && octet_is(*p, BLANK))
		p++;
	if (p == end || *p != ':' || name_end == head->p)
		return EBADMSG;
	p++;
	next = line_end(p, end, &odd);
	if (!next)
		return EBADMSG;
	if (odd && !header_value_valid(slice_of(p, next - 2 - p)))
		return EBADMSG;

	h->name = slice_of(head->p, (size_t)(name_end - head->p));
	h->id = header_id_find(h->name);
	h->value = slice_trim(slice_of(p, (size_t)(next - p)));
	h->line = slice_of(head->p, (size_t)(next - head->p));
	*head = slice_of(next, (size_t)(end - next));
	return 0;
}

void header_skip(struct slice *head)
{
	const char *nl = slice_chr(*head, '\n');
	size_t n = nl ? (size_t)(nl + 1 - head->p) : head->n;

	*head = slice_of(head->p + n, head->n - n);
}

bool header_item_next(struct slice *rest, struct slice *item)
{
	bool quoted = false, angle = false;
	size_t i;

	while (rest->n) {
		for (i = 0; i < rest->n; i++) {
			char c = rest->p[i];

			if (quoted) {
				if (c == '\\')
					i++;
				else if (c == '"')
					quoted = false;
			} else if (angle) {
				angle = c != '>';
			} else if (c == '"') {
				quoted = true;
			} else if (c == '<') {
				angle = true;
			} else if (c == ',') {
				break;
			}
		}
		if (i > rest->n)
			i = rest->n;
		*item = slice_trim(slice_of(rest->p, i));
		if (i < rest->n)
			i++;
		*rest = slice_of(rest->p + i, rest->n - i);
		if (item->n)
			return true;
	}
	return false;
}

bool header_has_token(struct slice list, const char *token)
{
	struct slice item;

	while (header_item_next(&list, &item))
		if (slice_caseeq_str(item, token))
			return true;
	return false;
}

static void lws_skip(struct slice *s)
{
	while (s->n && octet_is(s->p[0], BLANK | OCTET_NEWLINE)) {
		s->p++;
		s->n--;
	}
}

static struct slice run_take(struct slice *s, unsigned classes)
{
	struct slice run = {s->p, 0};

	while (run.n < s->n && octet_is(s->p[run.n], classes))
		run.n++;
	*s = slice_of(s->p + run.n, s->n - run.n);
	return run;
}

/* Octets from an opening to its closing octet, both included; n 0: no end. */
static struct slice enclosed_take(struct slice *s, char close)
{
	for (size_t i = 1; i < s->n; i++) {
		if (close == '"' && s->p[i] == '\\') {
			i++;
		} else if (s->p[i] == close) {
			struct slice v = slice_of(s->p, i + 1);

			*s = slice_of(s->p + v.n, s->n - v.n);
			return v;
		}
	}
	return slice_of(s->p, 0);
}

static struct slice param_value_take(struct slice *s)
{
	if (s->n && s->p[0] == '"')
		return enclosed_take(s, '"');
	if (s->n && s->p[0] == '<')
		return enclosed_take(s, '>');
	return run_take(s, TOKEN | LOOSE);
}

int param_next(struct slice *rest, struct param *p)
{
	struct slice s = *rest;
	struct param got = {.value = SLICE_NONE};

	lws_skip(&s);
	if (!s.n) {
		*rest = s;
		return ENOENT;
	}
	if (s.p[0] != ';')
		return EBADMSG;
	s = slice_of(s.p + 1, s.n - 1);
	lws_skip(&s);
	got.name = run_take(&s, TOKEN | LOOSE);
	if (!got.name.n)
		return EBADMSG;
	lws_skip(&s);
	if (s.n && s.p[0] == '=') {
		s = slice_of(s.p + 1, s.n - 1);
		lws_skip(&s);
		got.value = param_value_take(&s);
		if (!got.value.n)
			return EBADMSG;
		lws_skip(&s);
	}
	if (s.n && s.p[0] != ';')
		return EBADMSG;
	*rest = s;
	*p = got;
	return 0;
}

bool param_find(struct slice params, const char *name, struct slice *value)
{
	struct param p;

	while (!param_next(&params, &p)) {
		if (!slice_caseeq_str(p.name, name))
			continue;
		if (value)
			*value = p.value;
		return true;
	}
	return false;
}

bool header_token_valid(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!octet_is(s.p[i], TOKEN))
			return false;
	return s.n > 0;
}
