#include "lib/ctl/ng.h"

#include <errno.h>

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int ng_split(struct slice datagram, struct ng_message *m)
{
	struct slice rest = datagram;
	struct slice cookie = slice_cut(&rest, ' ');

	if (cookie.n == 0 || cookie.n > NG_COOKIE_MAX || rest.n == 0)
		return EBADMSG;
	*m = (struct ng_message){.cookie = cookie, .payload = rest};
	return 0;
}

/* Whether s starts with a payload and no cookie: '{', or 'd' with the length
 * of a first key. "d12 " is a cookie. EAGAIN: cannot be told yet. */
static int is_payload(struct slice s, bool *yes)
{
	size_t i = 1;

	*yes = s.p[0] == '{';
	if (s.p[0] != 'd')
		return 0;
	while (i < s.n && ascii_digit(s.p[i]))
		i++;
	if (i == s.n)
		return i > NG_COOKIE_MAX ? EBADMSG : EAGAIN;
	*yes = i > 1 && s.p[i] == ':';
	return 0;
}

static int find_payload(struct ng_reader *reader, struct slice s)
{
	size_t blanks = 0, n = 0;
	bool payload;
	int err;

	while (blanks < s.n && blank(s.p[blanks]))
		blanks++;
	s = slice_of(s.p + blanks, s.n - blanks);
	if (s.n == 0)
		return EAGAIN;
	err = is_payload(s, &payload);
	if (err)
		return err;
	if (!payload) {
		while (n < s.n && n <= NG_COOKIE_MAX && !blank(s.p[n]))
			n++;
		if (n > NG_COOKIE_MAX)
			return EBADMSG;
		if (n == s.n)
			return EAGAIN;
		if (s.p[n] != ' ')
			return EBADMSG;
	}
	reader->skip = blanks + (payload ? 0 : n + 1);
	reader->cookie = n;
	reader->framed = true;
	return 0;
}

int ng_read(struct ng_reader *reader, struct slice stream,
	    struct ng_message *m, size_t *used)
{
	size_t n = 0;
	int err = 0;

	if (!reader->framed)
		err = find_payload(reader, stream);
	if (!err)
		err = value_scan(&reader->scan,
				 slice_of(stream.p + reader->skip,
					  stream.n - reader->skip),
				 &n);
	if (err)
		return err == EAGAIN && stream.n >= NG_MESSAGE_MAX ? E2BIG
								   : err;
	m->payload = slice_of(stream.p + reader->skip, n);
	m->cookie = SLICE_NONE;
	if (reader->cookie)
		m->cookie = slice_of(m->payload.p - 1 - reader->cookie,
				     reader->cookie);
	*used = reader->skip + n;
	*reader = (struct ng_reader){0};
	return 0;
}

void ng_write_cookie(struct obuf *ob, struct slice cookie)
{
	if (!cookie.n)
		return;
	obuf_slice(ob, cookie);
	obuf_chr(ob, ' ');
}
