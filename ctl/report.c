#include "ctl/report.h"

#include "ctl/table.h"

/* "media_privacy" as people write it. */
static struct slice property_name(struct obuf *ob, const struct value *p)
{
	struct slice key = value_key(p);

	obuf_reset(ob);
	for (size_t i = 0; i < key.n; i++)
		obuf_chr(ob, key.p[i] == '_' ? ' ' : key.p[i]);
	return obuf_as_slice(ob);
}

/* A row per property, a column per leg. */
static void print_verdicts(const struct show *s, const struct value *legs)
{
	const struct value *first = value_first(legs);
	const struct value *p, *leg;
	struct table *t = table_new();
	struct obuf ob = OBUF_INIT;

	for (p = value_first(first); t && p; p = value_next(p)) {
		if (table_row_add(t))
			break;
		table_cell_set(t, table_column(t, SLICE_LIT("property")),
			       property_name(&ob, p));
		for (leg = first; leg; leg = value_next(leg)) {
			obuf_reset(&ob);
			obuf_fmt(&ob, "leg %.*s", SLICE(value_key(leg)));
			table_cell_set(
				t, table_column(t, obuf_as_slice(&ob)),
				value_get_str(value_get_slice(leg,
							      value_key(p)),
					      "verdict"));
		}
	}
	if (t)
		table_print(s->to, t, 2, s->width);
	table_free(t);
	obuf_fini(&ob);
}

/* "by signer Caller Telecom; method=RFC 8224, ..." */
static void print_evidence(const struct show *s, struct slice leg,
			   const struct value *p)
{
	const struct value *evidence = value_get(p, "evidence");
	struct slice name = value_get_str(p, "by_name");
	struct obuf ob = OBUF_INIT, text = OBUF_INIT;

	obuf_fmt(&text, "%.*s, leg %.*s: by %.*s", SLICE(property_name(&ob, p)),
		 SLICE(leg), SLICE(value_get_str(p, "by")));
	if (name.n)
		obuf_fmt(&text, " %.*s", SLICE(name));
	if (value_count(evidence)) {
		obuf_str(&text, "; ");
		obuf_slice(&text, show_text(&ob, evidence));
	}
	show_wrapped(s, 4, obuf_as_slice(&text));
	obuf_fini(&ob);
	obuf_fini(&text);
}

static void print_all_evidence(const struct show *s, const struct value *legs)
{
	const struct value *first = value_first(legs);
	const struct value *p, *leg, *q;

	show_line(s, 2, "by whose word, on what evidence", SLICE_NONE);
	for (p = value_first(first); p; p = value_next(p))
		for (leg = first; leg; leg = value_next(leg)) {
			q = value_get_slice(leg, value_key(p));
			if (!slice_eq_str(value_get_str(q, "by"), "nobody"))
				print_evidence(s, value_key(leg), q);
		}
}

/* "Contact: sip:a@b -> sip:c@d (topology hiding; breaks RFC 4474)" */
static void print_change(const struct show *s, const struct value *change)
{
	struct slice breaks = value_get_str(change, "breaks");
	struct obuf text = OBUF_INIT;

	obuf_fmt(&text, "%.*s: %.*s -> %.*s (%.*s",
		 SLICE(value_get_str(change, "field")),
		 SLICE(value_get_str(change, "was")),
		 SLICE(value_get_str(change, "now")),
		 SLICE(value_get_str(change, "reason")));
	if (breaks.n)
		obuf_fmt(&text, "; breaks %.*s", SLICE(breaks));
	obuf_chr(&text, ')');
	show_wrapped(s, 4, obuf_as_slice(&text));
	obuf_fini(&text);
}

static void print_changes(const struct show *s, const struct value *changes)
{
	const struct value *m = value_first(changes);

	show_line(s, 2, m ? "changed here" : "changed here: nothing",
		  SLICE_NONE);
	for (; m; m = value_next(m))
		print_change(s, m);
}

/* What came in, what we signed, what we changed. */
static void print_identity(const struct show *s, const struct value *report)
{
	show_line(s, 2, "identity chain here: ",
		  value_get_str(report, "chain"));
	fprintf(s->to, "  secure to the claimed identity: %s\n",
		value_get_bool(report, "secure_to_claimed_identity", false) ?
			"yes" : "no");
	show_line(s, 2, "because: ", value_get_str(report, "because"));
	show_member(s, "identity received", value_get(report, "identity"), 2);
	show_member(s, "signed by us", value_get(report, "signed"), 2);
	print_changes(s, value_get(report, "changed_here"));
}

void report_show(const struct show *s, const struct value *report)
{
	const struct value *legs = value_get(report, "legs");

	if (value_kind(report) != VALUE_DICT)
		return;
	show_line(s, 0, "security report", SLICE_NONE);
	print_verdicts(s, legs);
	print_all_evidence(s, legs);
	print_identity(s, report);
}

/* The octets around `at`, escaped octet by octet, so that the mark below can
 * be put under the right one. Returns where `at` stands in what was printed. */
static size_t print_window(const struct show *s, const char *label,
			   struct slice text, size_t at)
{
	size_t room = s->width > 40 ? s->width - 20 : 60;
	size_t from = at > room / 2 ? at - room / 2 : 0;
	struct obuf ob = OBUF_INIT;
	size_t mark = 0;

	for (size_t i = from; i < text.n && ob.n < room; i++) {
		if (i == at)
			mark = ob.n;
		obuf_escaped(&ob, slice_of(text.p + i, 1));
	}
	if (at >= text.n)
		mark = ob.n;
	fprintf(s->to, "  %-10s%s%.*s\n", label, from ? "..." : "",
		SLICE(obuf_as_slice(&ob)));
	obuf_fini(&ob);
	return mark + 12 + (from ? 3 : 0);
}

static void print_difference(const struct show *s, const struct value *v)
{
	struct slice ours = value_get_str(v, "ours");
	struct slice theirs = value_get_str(v, "theirs");
	int64_t at = value_get_int(v, "differs-at", -1);
	size_t mark;

	if (at < 0 || !theirs.n) {
		show_line(s, 2, "ours      ", ours);
		if (slice_eq(ours, theirs))
			show_line(s, 2, "signer's  ", SLICE_LIT("the same"));
		else if (theirs.n)
			show_line(s, 2, "signer's  ", theirs);
		return;
	}
	mark = print_window(s, "ours", ours, (size_t)at);
	print_window(s, "signer's", theirs, (size_t)at);
	fprintf(s->to, "%*s^ octet %lld\n", (int)mark, "", (long long)at);
}

static bool is_canonical(struct slice key)
{
	return value_word_eq(key, SLICE_LIT("ours")) ||
	       value_word_eq(key, SLICE_LIT("theirs")) ||
	       value_word_eq(key, SLICE_LIT("differs-at"));
}

static void print_assertion(const struct show *s, const struct value *v)
{
	struct obuf ob = OBUF_INIT, name = OBUF_INIT;

	for (const struct value *m = value_first(v); m; m = value_next(m)) {
		struct slice text = show_text(&ob, m);

		if (is_canonical(value_key(m)) || !text.n)
			continue;
		obuf_reset(&name);
		obuf_escaped(&name, value_key(m));
		fprintf(s->to, "  %-10.*s", SLICE(obuf_as_slice(&name)));
		show_line(s, 0, name.n < 10 ? "" : "  ", text);
	}
	print_difference(s, v);
	obuf_fini(&ob);
	obuf_fini(&name);
}

void report_show_why(const struct show *s, const struct value *reply)
{
	const struct value *list = value_get(reply, "why");
	const struct value *report = value_get(reply, "report");
	unsigned n = 0;

	if (value_count(list) == 0)
		fprintf(s->to, "no Identity was received with this call\n");
	for (const struct value *v = value_first(list); v; v = value_next(v)) {
		fprintf(s->to, "assertion %u\n", ++n);
		print_assertion(s, v);
	}
	if (report) {
		show_line(s, 0, "what became of it", SLICE_NONE);
		print_identity(s, report);
	}
}
