#include "relay/codec.h"

/* RFC 3551 section 6: what a number means without a=rtpmap. */
static const struct {
	const char *format, *name;
} known[] = {
	{"0", "PCMU/8000"},  {"3", "GSM/8000"},	  {"4", "G723/8000"},
	{"5", "DVI4/8000"},  {"6", "DVI4/16000"}, {"7", "LPC/8000"},
	{"8", "PCMA/8000"},  {"9", "G722/8000"},  {"10", "L16/44100/2"},
	{"11", "L16/44100"}, {"12", "QCELP/8000"}, {"13", "CN/8000"},
	{"15", "G728/8000"}, {"18", "G729/8000"}, {"26", "JPEG/90000"},
	{"31", "H261/90000"}, {"34", "H263/90000"},
};

bool codec_rule_add(struct codec_rules *rules, enum codec_verb verb,
		    struct slice name)
{
	if (rules->n == CODEC_RULES_MAX || !name.n)
		return false;
	rules->v[rules->n].verb = verb;
	rules->v[rules->n++].name = name;
	return true;
}

static struct slice first_word(struct slice s)
{
	s = slice_trim(s);
	return slice_cut(&s, ' ');
}

/* What follows the format in the m-line's a=NAME of it; absent: none. */
static struct slice attr_of(const struct sdpv_media *m, const char *name,
			    struct slice format)
{
	struct slice rest = m->whole;
	struct sdpv_line line;

	while (sdpv_line_next(&rest, &line)) {
		struct slice arg = line.arg;

		if (line.type != 'a' || !slice_eq_str(line.name, name))
			continue;
		if (slice_eq(slice_cut(&arg, ' '), format))
			return slice_trim(arg);
	}
	return SLICE_NONE;
}

/* "opus/48000/2" */
static struct slice encoding(const struct sdpv_media *m, struct slice format)
{
	struct slice s = attr_of(m, "rtpmap", format);

	for (size_t i = 0; !s.p && i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_eq_str(format, known[i].format))
			return slice_str(known[i].name);
	return s;
}

static struct slice channels_or_1(struct slice s)
{
	return s.n ? s : SLICE_LIT("1");
}

/* What a rule says of clock and channels must be so; the rest of it, bit rates
 * and the like, is for who transcodes. */
static bool is_named(struct slice rule, struct slice format,
		     struct slice codec)
{
	struct slice want, has;

	if (slice_eq(rule, format))
		return true;
	want = slice_cut(&rule, '/');
	has = slice_cut(&codec, '/');
	if (!has.n || !slice_caseeq(want, has))
		return false;
	want = slice_cut(&rule, '/');
	has = slice_cut(&codec, '/');
	if (want.n && !slice_eq(want, has))
		return false;
	want = slice_cut(&rule, '/');
	return !want.n || slice_eq(want, channels_or_1(codec));
}

static bool is_all(struct slice rule)
{
	return slice_caseeq_str(rule, "all") || slice_caseeq_str(rule, "full");
}

static bool has_rule(const struct codec_rules *rules, enum codec_verb verb,
		     struct slice format, struct slice codec)
{
	for (unsigned i = 0; i < rules->n; i++)
		if (rules->v[i].verb == verb &&
		    is_named(rules->v[i].name, format, codec))
			return true;
	return false;
}

static bool stays(const struct codec_rules *rules, struct slice format,
		  struct slice codec)
{
	if (has_rule(rules, CODEC_STRIP, format, codec))
		return false;
	for (unsigned i = 0; i < rules->n; i++)
		if (rules->v[i].verb == CODEC_STRIP && is_all(rules->v[i].name))
			return has_rule(rules, CODEC_EXCEPT, format, codec);
	return true;
}

static bool has(const struct codec_choice *c, struct slice format)
{
	for (unsigned i = 0; i < c->n; i++)
		if (slice_eq(c->v[i], format))
			return true;
	return false;
}

static void add(struct codec_choice *c, struct slice format)
{
	if (c->n < SDPV_FORMATS_MAX && !has(c, format))
		c->v[c->n++] = format;
}

/* Formats by rules: those that nothing strips as they stand, then those that
 * "offer" brings back, in its order. */
static void choose_named(struct codec_choice *c, const struct sdpv_media *m,
			 const struct codec_rules *rules)
{
	struct slice rest, format;

	for (rest = m->formats; sdpv_format_next(&rest, &format);)
		if (stays(rules, format, encoding(m, format)))
			add(c, format);
	for (unsigned i = 0; i < rules->n; i++) {
		if (rules->v[i].verb != CODEC_OFFER)
			continue;
		for (rest = m->formats; sdpv_format_next(&rest, &format);)
			if (is_named(rules->v[i].name, format,
				     encoding(m, format)))
				add(c, format);
	}
}

/* "apt=96;rtx-time=3000" */
static struct slice repeats(const struct sdpv_media *m, struct slice format)
{
	struct slice params = attr_of(m, "fmtp", format);

	while (params.p) {
		struct slice word = slice_trim(slice_cut(&params, ';'));

		if (slice_casestarts(word, "apt="))
			return slice_of(word.p + 4, word.n - 4);
	}
	return SLICE_NONE;
}

static bool is_codec(struct slice encoding, const char *name)
{
	return slice_caseeq_str(slice_cut(&encoding, '/'), name);
}

static void drop_orphans(struct codec_choice *c, const struct sdpv_media *m)
{
	unsigned kept = 0;
	struct codec_choice was = *c;

	for (unsigned i = 0; i < was.n; i++) {
		struct slice of = repeats(m, was.v[i]);

		if (!is_codec(encoding(m, was.v[i]), "rtx") || !of.p ||
		    has(&was, of))
			c->v[kept++] = was.v[i];
	}
	c->n = kept;
}

static struct slice clock_of(struct slice encoding)
{
	slice_cut(&encoding, '/');
	return slice_cut(&encoding, '/');
}

/* The first, and events of its clock. */
static void keep_single(struct codec_choice *c, const struct sdpv_media *m)
{
	unsigned kept = 1;
	struct slice clock = clock_of(encoding(m, c->v[0]));

	for (unsigned i = 1; i < c->n; i++) {
		struct slice e = encoding(m, c->v[i]);

		if (is_codec(e, "telephone-event") &&
		    slice_eq(clock_of(e), clock))
			c->v[kept++] = c->v[i];
	}
	c->n = kept;
}

static bool is_same(const struct codec_choice *c, const struct sdpv_media *m)
{
	struct slice rest = m->formats, format;
	unsigned i = 0;

	for (; sdpv_format_next(&rest, &format); i++)
		if (i >= c->n || !slice_eq(c->v[i], format))
			return false;
	return i == c->n;
}

void codec_choose(struct codec_choice *c, const struct sdpv_media *m,
		  const struct codec_rules *rules, enum codec_in in)
{
	static const struct codec_rules none;

	c->n = 0;
	c->changed = false;
	if (m->proto == SDPV_OTHER ||
	    !(in == CODEC_IN_OFFER ? rules->n > 0 : rules->single))
		return;
	choose_named(c, m, in == CODEC_IN_OFFER ? rules : &none);
	drop_orphans(c, m);
	if (c->n && in == CODEC_IN_ANSWER)
		keep_single(c, m);
	c->changed = c->n && !is_same(c, m);
}

bool codec_keeps(const struct codec_choice *c, struct slice arg)
{
	struct slice format = first_word(arg);

	return !c->changed || slice_eq_str(format, "*") || has(c, format);
}
