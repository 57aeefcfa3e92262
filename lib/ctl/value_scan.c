/* Where a value ends, for both forms, before anything is built. */
#include "lib/ctl/value_priv.h"

#include <errno.h>

static int scan_count(struct value_scan *scan)
{
	return ++scan->items > VALUE_ITEMS_MAX ? E2BIG : 0;
}

static int scan_open(struct value_scan *scan)
{
	if (scan->depth == VALUE_DEPTH_MAX)
		return E2BIG;
	scan->depth++;
	return scan_count(scan);
}

/* Inside a string, a backslash hides what follows it. */
static void scan_quoted(struct value_scan *scan, char c)
{
	if (scan->escaped)
		scan->escaped = false;
	else if (c == '\\')
		scan->escaped = true;
	else if (c == '"')
		scan->quoted = false;
}

static int scan_json(struct value_scan *scan, struct slice s)
{
	while (scan->at < s.n) {
		char c = s.p[scan->at++];
		int err = 0;

		if (scan->quoted)
			scan_quoted(scan, c);
		else if (c == '"')
			scan->quoted = true;
		else if (c == '{' || c == '[')
			err = scan_open(scan);
		else if (c == ',')
			err = scan_count(scan);
		else if ((c == '}' || c == ']') && --scan->depth == 0)
			return 0;
		if (err)
			return err;
	}
	return EAGAIN;
}

static int scan_bencode_step(struct value_scan *scan, struct slice rest)
{
	struct slice str;
	int64_t i;
	size_t n = 1;
	int err = 0;

	switch (rest.p[0]) {
	case 'd':
	case 'l':
		err = scan_open(scan);
		break;
	case 'e':
		scan->depth--;
		break;
	case 'i':
		err = value_bencode_int(rest, &i, &n);
		break;
	default:
		err = value_bencode_str(rest, &str);
		if (!err)
			n = (size_t)(str.p + str.n - rest.p);
	}
	if (!err)
		scan->at += n;
	return err;
}

static int scan_bencode(struct value_scan *scan, struct slice s)
{
	while (scan->at < s.n) {
		int err = scan_bencode_step(
			scan, slice_of(s.p + scan->at, s.n - scan->at));

		if (err || scan->depth == 0)
			return err;
	}
	return EAGAIN;
}

int value_scan(struct value_scan *scan, struct slice stream, size_t *n)
{
	int err;

	if (stream.n == 0)
		return EAGAIN;
	if (!scan->open)
		scan->open = stream.p[0];
	if (scan->open != 'd' && scan->open != '{')
		return EBADMSG;
	err = scan->open == 'd' ? scan_bencode(scan, stream)
				: scan_json(scan, stream);
	if (!err)
		*n = scan->at;
	return err;
}
