#include "relay/sdp_edit.h"

#include "lib/pkt/sdp.h"

static bool is_line(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
			return false;
	return true;
}

bool sdp_edit_add(struct sdp_edits *edits, enum sdp_edit_verb verb,
		  struct slice media, struct slice value, struct slice instead)
{
	if (edits->n == SDP_EDITS_MAX || !media.n || !value.n ||
	    !is_line(value) || !is_line(instead) ||
	    (verb == SDP_EDIT_SUBSTITUTE && !instead.n))
		return false;
	edits->v[edits->n].verb = verb;
	edits->v[edits->n].media = media;
	edits->v[edits->n].value = value;
	edits->v[edits->n++].instead = instead;
	return true;
}

/* In which part we are: the m-line's type, or absent. */
static bool applies(struct slice media, struct slice part)
{
	if (!part.p)
		return slice_caseeq_str(media, "none") ||
		       slice_caseeq_str(media, "global");
	return slice_caseeq(media, part);
}

static bool is_named(struct slice value, struct slice want)
{
	struct slice word = value, name = value;

	word = slice_cut(&word, ' ');
	name = slice_cut(&name, ':');
	if (want.n && want.p[want.n - 1] == ':')
		want.n--;
	return slice_eq(value, want) || slice_eq(word, want) ||
	       slice_eq(name, want);
}

static bool part_has(struct slice part, struct slice value)
{
	struct sdpv_line line;

	while (sdpv_line_next(&part, &line))
		if (line.type == 'a' && slice_eq(line.value, value))
			return true;
	return false;
}

static void attr_write(struct obuf *ob, struct slice value, const char *eol)
{
	obuf_str(ob, "a=");
	obuf_slice(ob, value);
	obuf_str(ob, eol);
}

static void line_write(struct obuf *ob, const struct sdpv_line *line,
		       struct slice type, const char *eol,
		       const struct sdp_edits *e)
{
	for (unsigned i = 0; line->type == 'a' && i < e->n; i++) {
		if (e->v[i].verb == SDP_EDIT_ADD ||
		    !applies(e->v[i].media, type) ||
		    !is_named(line->value, e->v[i].value))
			continue;
		if (e->v[i].verb == SDP_EDIT_SUBSTITUTE)
			attr_write(ob, e->v[i].instead, eol);
		return;
	}
	obuf_slice(ob, line->whole);
}

static void part_write(struct obuf *ob, struct slice part, struct slice type,
		       const char *eol, const struct sdp_edits *e)
{
	struct slice rest = part, tail;
	struct sdpv_line line;

	/* Nothing may follow a blank line. */
	for (tail = rest; sdpv_line_next(&rest, &line) && line.type;
	     tail = rest)
		line_write(ob, &line, type, eol, e);
	for (unsigned i = 0; i < e->n; i++)
		if (e->v[i].verb == SDP_EDIT_ADD &&
		    applies(e->v[i].media, type) &&
		    !part_has(part, e->v[i].value))
			attr_write(ob, e->v[i].value, eol);
	obuf_slice(ob, tail);
}

/* From rest's start to the octet before the next m= behind the first line. */
static struct slice part_take(struct slice *rest)
{
	struct slice part = *rest, ahead = *rest;
	struct sdpv_line line;

	if (sdpv_line_next(&ahead, &line))
		while (ahead.n && !slice_starts(ahead, "m="))
			if (!sdpv_line_next(&ahead, &line))
				break;
	part.n = (size_t)(ahead.p - part.p);
	*rest = ahead;
	return part;
}

void sdp_edit(struct obuf *ob, struct slice sdp, const struct sdp_edits *e)
{
	const char *nl = slice_chr(sdp, '\n');
	const char *eol = nl && nl > sdp.p && nl[-1] == '\r' ? "\r\n" : "\n";
	struct slice type = SLICE_NONE;

	while (sdp.n) {
		struct slice part = part_take(&sdp);

		if (slice_starts(part, "m=")) {
			type = slice_of(part.p + 2, part.n - 2);
			type = slice_cut(&type, ' ');
		}
		part_write(ob, part, type, eol, e);
	}
}
