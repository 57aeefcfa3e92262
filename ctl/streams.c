#include "ctl/streams.h"

#include "ctl/table.h"

static void put(struct table *t, const char *column, struct slice text)
{
	table_cell_set(t, table_column(t, slice_str(column)), text);
}

static void put_int(struct table *t, const char *column, int64_t n)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%lld", (long long)n);

	put(t, column, slice_of(text, (size_t)len));
}

/* "192.0.2.1:5004" of an endpoint; "-" before it is known. */
static void put_endpoint(struct table *t, const struct value *endpoint)
{
	struct obuf ob = OBUF_INIT;
	struct slice address = value_get_str(endpoint, "address");

	if (!address.n)
		obuf_chr(&ob, '-');
	else if (slice_chr(address, ':'))
		obuf_fmt(&ob, "[%.*s]:", SLICE(address));
	else
		obuf_fmt(&ob, "%.*s:", SLICE(address));
	if (address.n)
		obuf_fmt(&ob, "%lld",
			 (long long)value_get_int(endpoint, "port", 0));
	put(t, "peer", obuf_as_slice(&ob));
	obuf_fini(&ob);
}

/* Where the leg's keys come from, and the cipher. With DTLS that does not
 * stand yet, the state of the handshake instead of a cipher. */
static void put_security(struct table *t, const struct value *media,
			 const struct value *stream)
{
	const struct value *dtls = value_get(stream, "DTLS");
	struct slice security = value_get_str(stream, "security");
	struct slice suite = value_get_str(stream, "crypto suite");

	if (!security.n)
		security = value_get_str(media, "security");
	if (slice_starts(security, "dtls"))
		put(t, "keys", SLICE_LIT("DTLS"));
	else if (slice_starts(security, "sdes"))
		put(t, "keys", SLICE_LIT("SDES"));
	else
		put(t, "keys", SLICE_LIT("none"));
	if (!suite.n && dtls)
		suite = value_get_str(dtls, "state");
	put(t, "cipher", suite.n ? suite : SLICE_LIT("-"));
}

static int64_t drops_sum(const struct value *drops)
{
	int64_t n = 0;

	for (const struct value *m = value_first(drops); m; m = value_next(m))
		n += value_as_int(m, 0);
	return n;
}

/* Thousandths with one digit, "3.9"; nothing if negative: not known. */
static void put_tenth(struct table *t, const char *column, int64_t thousandths)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%lld.%lld",
			 (long long)(thousandths / 1000),
			 (long long)(thousandths / 100 % 10));

	if (thousandths >= 0)
		put(t, column, slice_of(text, (size_t)n));
}

/* "audio RTP" */
static void put_name(struct table *t, struct slice type, bool rtcp)
{
	struct obuf ob = OBUF_INIT;

	obuf_slice(&ob, type);
	obuf_str(&ob, rtcp ? " RTCP" : " RTP");
	put(t, "stream", obuf_as_slice(&ob));
	obuf_fini(&ob);
}

/* What is said of each stream, in turn. */
struct walk {
	const struct show *s;
	struct table *t;
	void (*fn)(struct walk *w, const struct value *tag,
		   const struct value *media, const struct value *stream,
		   bool rtcp);
};

static void add_stream(struct walk *w, const struct value *tag,
		       const struct value *media, const struct value *stream,
		       bool rtcp)
{
	struct table *t = w->t;

	if (table_row_add(t))
		return;
	put(t, "leg", value_key(tag));
	put_name(t, value_get_str(media, "type"), rtcp);
	put_int(t, "port", value_get_int(stream, "local port", 0));
	put_endpoint(t, value_get(stream, "endpoint"));
	put_security(t, media, stream);
	put_int(t, "in",
		value_get_int(value_get(stream, "stats"), "packets", 0));
	put_int(t, "out",
		value_get_int(value_get(stream, "stats_out"), "packets", 0));
	put_int(t, "drop", drops_sum(value_get(stream, "drops")));
}

/* How it arrives, once something has. */
static void add_quality(struct walk *w, const struct value *tag,
			const struct value *media, const struct value *stream,
			bool rtcp)
{
	int64_t ms = value_get_int(value_get(stream, "DTLS"), "ms", -1);
	int64_t age = value_get_int(stream, "last packet ms", -1);
	int64_t rtt = value_get_int(stream, "round-trip time", 0);
	struct table *t = w->t;

	if ((ms < 0 && age < 0) || table_row_add(t))
		return;
	put(t, "leg", value_key(tag));
	put_name(t, value_get_str(media, "type"), rtcp);
	if (value_get(stream, "lost"))
		put_int(t, "lost", value_get_int(stream, "lost", 0));
	put_tenth(t, "jitter ms", value_get_int(stream, "jitter_us", -1));
	put_tenth(t, "rtt ms", rtt ? rtt : -1);
	put_tenth(t, "mos", value_get_int(stream, "MOS", -10) * 100);
	put_tenth(t, "age s", age);
	if (ms >= 0)
		put_int(t, "dtls ms", ms);
}

static void print_drops(struct walk *w, const struct value *tag,
			const struct value *media, const struct value *stream,
			bool rtcp)
{
	const struct value *drops = value_get(stream, "drops");
	struct obuf ob = OBUF_INIT, line = OBUF_INIT;

	(void)tag;
	(void)media;
	(void)rtcp;
	if (drops_sum(drops)) {
		obuf_fmt(&line, "dropped at port %lld: %.*s",
			 (long long)value_get_int(stream, "local port", 0),
			 SLICE(show_text(&ob, drops)));
		show_wrapped(w->s, 0, obuf_as_slice(&line));
	}
	obuf_fini(&ob);
	obuf_fini(&line);
}

static void walk(struct walk *w, const struct value *query)
{
	const struct value *tags = value_get(query, "tags");
	const struct value *tag, *media, *stream;

	for (tag = value_first(tags); tag; tag = value_next(tag)) {
		media = value_first(value_get(tag, "medias"));
		for (; media; media = value_next(media)) {
			/* In pairs; with rtcp-mux there is no second. */
			stream = value_first(value_get(media, "streams"));
			for (unsigned i = 0; stream; i++) {
				w->fn(w, tag, media, stream, i % 2);
				stream = value_next(stream);
			}
		}
	}
}

/* False: it would have no rows. */
static bool show_table(struct walk w, const struct value *query)
{
	bool any;

	w.t = table_new();
	if (!w.t)
		return false;
	walk(&w, query);
	any = table_rows(w.t) > 0;
	if (any)
		table_print(w.s->to, w.t, 0, w.s->width);
	table_free(w.t);
	return any;
}

void streams_show(const struct show *s, const struct value *query)
{
	struct walk rows = {.s = s, .fn = add_stream};
	struct walk drops = {.s = s, .fn = print_drops};
	struct walk quality = {.s = s, .fn = add_quality};

	if (!show_table(rows, query)) {
		show_line(s, 0, "no streams yet", SLICE_NONE);
		return;
	}
	walk(&drops, query);
	show_table(quality, query);
}
