#include "relay/sdp_rewrite.h"

#include <inttypes.h>

#include "lib/base/b64.h"

struct writing {
	struct obuf *ob;
	const struct rewrite *rw;
	const struct rewrite_media *media; /* NULL in the session part */
	const struct sdpv_media *from;
	bool session_keys; /* of the session part: they stay */
	bool ice_came; /* in some m-line */
	const char *eol; /* as the first line of the description has it */
	bool rtcp_done, mux_done, mux_only_done; /* written in their place */
};

/* ---- lines of ours ------------------------------------------------------ */

/* A last line without an ending gets one before another is written. */
static void line_begin(struct writing *w)
{
	if (w->ob->n && w->ob->p[w->ob->n - 1] != '\n')
		obuf_str(w->ob, w->eol);
}

static struct slice ending_of(struct slice whole)
{
	size_t n = whole.n;

	while (n && (whole.p[n - 1] == '\n' || whole.p[n - 1] == '\r'))
		n--;
	return slice_of(whole.p + n, whole.n - n);
}

static void write_address(struct writing *w)
{
	obuf_fmt(w->ob, "IN IP%c %s", w->rw->ip6 ? '6' : '4', w->rw->address);
}

static void write_rtcp(struct writing *w)
{
	obuf_fmt(w->ob, "a=rtcp:%u", w->media->rtcp_port);
	if (w->media->rtcp_full || w->from->rtcp_conn.set) {
		obuf_chr(w->ob, ' ');
		write_address(w);
	}
}

static void write_crypto(struct writing *w, const struct sdes_key *key)
{
	line_begin(w);
	obuf_fmt(w->ob, "a=crypto:%u %s inline:", key->tag,
		 suite_info(key->suite)->name);
	b64_write(w->ob, key->key_salt, suite_key_salt(key->suite));
	if (w->media->lifetime)
		obuf_str(w->ob, "|2^31");
	if (key->mki_n)
		obuf_fmt(w->ob, "|%" PRIu64 ":%u", key->mki, key->mki_n);
	obuf_str(w->ob, w->eol);
}

static void write_flag(struct writing *w, const char *name)
{
	line_begin(w);
	obuf_fmt(w->ob, "a=%s%s", name, w->eol);
}

static void write_candidate(struct writing *w, unsigned component,
			    uint16_t port)
{
	obuf_fmt(w->ob, "a=candidate:1 %u UDP %u %s %u typ host%s", component,
		 ice_priority(component), w->rw->address, port, w->eol);
}

/* RFC 8839: all we have is said at once. */
static void write_ice(struct writing *w)
{
	const struct rewrite_media *m = w->media;

	line_begin(w);
	obuf_fmt(w->ob, "a=ice-ufrag:%s%sa=ice-pwd:%s%s", m->ice->ufrag,
		 w->eol, m->ice->pwd, w->eol);
	write_flag(w, "ice-options:ice2 trickle");
	write_candidate(w, 1, m->port);
	if (m->ice_rtcp)
		write_candidate(w, 2, m->ice_rtcp);
	write_flag(w, "end-of-candidates");
}

static bool is_zero(struct slice address)
{
	return slice_eq_str(address, "0.0.0.0") || slice_eq_str(address, "::");
}

/* The old way to say hold (RFC 3264 section 8.4); the new one goes with it, as
 * the address may be replaced. Port 9: trickled ICE has no address yet. */
static bool is_held(const struct writing *w)
{
	return w->media && !w->media->reject && w->from->port != 9 &&
	       is_zero(w->from->conn.address) &&
	       (w->from->direction == SDPV_SENDRECV ||
		w->from->direction == SDPV_RECVONLY);
}

/* What a media part must say and did not have a place for. */
static void media_end(struct writing *w)
{
	const struct rewrite_media *m = w->media;

	if (m->mid_back && *m->mid_back && !w->from->mid.p) {
		/* RFC 5888 9.1: browsers match m-lines by it */
		line_begin(w);
		obuf_fmt(w->ob, "a=mid:%s%s", m->mid_back, w->eol);
	} else if (m->mid && !m->mid_none && !w->from->mid.p) {
		line_begin(w);
		obuf_fmt(w->ob, "a=mid:%u%s", m->mid, w->eol);
	}
	if (m->reject)
		return;
	if (is_held(w))
		write_flag(w, w->from->direction == SDPV_SENDRECV ? "sendonly"
								  : "inactive");
	if (m->rtcp_port && m->rtcp_add && !w->rtcp_done) {
		line_begin(w);
		write_rtcp(w);
		obuf_str(w->ob, w->eol);
	}
	if (m->rtcp_mux && !w->mux_done)
		write_flag(w, "rtcp-mux");
	if (m->rtcp_mux_only && !w->mux_only_done)
		write_flag(w, "rtcp-mux-only");
	if (m->setup != SDPV_SETUP_NONE) {
		line_begin(w);
		obuf_fmt(w->ob, "a=setup:%s%s", sdpv_setup_name(m->setup),
			 w->eol);
	}
	if (m->fingerprint) {
		line_begin(w);
		obuf_fmt(w->ob, "a=fingerprint:%s%s", m->fingerprint, w->eol);
	}
	for (unsigned i = 0; m->keys && i < m->keys->n; i++)
		write_crypto(w, &m->keys->v[i]);
	if (m->ice)
		write_ice(w);
}

/* ---- lines that came ---------------------------------------------------- */

/* Each returns true if it wrote, or dropped, the line. */
static bool drop_line(struct writing *w, const struct sdpv_line *line)
{
	(void)w;
	(void)line;
	return true;
}

static bool key_line(struct writing *w, const struct sdpv_line *line)
{
	(void)line;
	return w->media ? !w->media->keep_keys || w->media->reject
			: !w->session_keys;
}

static bool in_media(struct writing *w, const struct sdpv_line *line)
{
	(void)line;
	return w->media != NULL;
}

static bool group_line(struct writing *w, const struct sdpv_line *line)
{
	(void)w;
	return slice_starts(line->arg, "BUNDLE");
}

static bool rtcp_line(struct writing *w, const struct sdpv_line *line)
{
	if (!w->media || w->media->reject || !w->media->rtcp_port ||
	    w->rtcp_done)
		return true;
	w->rtcp_done = true;
	write_rtcp(w);
	obuf_slice(w->ob, ending_of(line->whole));
	return true;
}

static bool mux_line(struct writing *w, const struct sdpv_line *line)
{
	bool *done = &w->mux_done;
	bool want;

	if (!w->media || w->media->reject)
		return true;
	want = w->media->rtcp_mux;
	if (slice_eq_str(line->name, "rtcp-mux-only")) {
		want = w->media->rtcp_mux_only;
		done = &w->mux_only_done;
	}
	if (!want || *done)
		return true;
	*done = true;
	return false; /* as it came */
}

/* a=rtpmap and the like of a format that is not there any more */
static bool format_line(struct writing *w, const struct sdpv_line *line)
{
	return w->media && !codec_keeps(&w->media->codecs, line->arg);
}

/* "3/recvonly URI config" */
static bool extmap_line(struct writing *w, const struct sdpv_line *line)
{
	const struct options_extmap *x = w->rw->extmap;
	struct slice arg = line->arg, uri;

	if (!x || x->all)
		return x != NULL;
	slice_cut(&arg, ' ');
	uri = slice_cut(&arg, ' ');
	for (unsigned i = 0; i < x->n; i++)
		if (slice_eq(uri, x->strip[i]))
			return true;
	return false;
}

static bool extmap_all_line(struct writing *w, const struct sdpv_line *line)
{
	(void)line;
	return w->rw->extmap && w->rw->extmap->all;
}

static bool direction_line(struct writing *w, const struct sdpv_line *line)
{
	(void)line;
	return is_held(w);
}

static bool mid_line(struct writing *w, const struct sdpv_line *line)
{
	(void)line;
	return w->media && w->media->mid_none;
}

static const struct {
	const char *name;
	bool (*fn)(struct writing *w, const struct sdpv_line *line);
} attrs[] = {
	{"sendrecv", direction_line},
	{"recvonly", direction_line},
	{"mid", mid_line},
	{"rtpmap", format_line},
	{"fmtp", format_line},
	{"rtcp-fb", format_line},
	{"extmap", extmap_line},
	{"extmap-allow-mixed", extmap_all_line},
	{"rtcp", rtcp_line},
	{"rtcp-mux", mux_line},
	{"rtcp-mux-only", mux_line},
	{"setup", key_line},
	{"connection", key_line},
	{"fingerprint", key_line},
	{"tls-id", key_line},
	{"dtls-id", key_line},
	{"crypto", key_line},
	{"key-mgmt", key_line},
	{"zrtp-hash", key_line},
	{"ice-ufrag", drop_line},
	{"ice-pwd", drop_line},
	{"ice-options", drop_line},
	{"ice-lite", drop_line},
	{"ice-mismatch", drop_line},
	{"ice-pacing", drop_line},
	{"candidate", drop_line},
	{"remote-candidates", drop_line},
	{"end-of-candidates", drop_line},
	{"group", group_line},
	{"bundle-only", in_media},
};

static bool attr_line(struct writing *w, const struct sdpv_line *line)
{
	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++)
		if (slice_eq_str(line->name, attrs[i].name))
			return attrs[i].fn(w, line);
	return false;
}

static bool conn_line(struct writing *w, const struct sdpv_line *line)
{
	struct slice s = slice_trim(line->value);
	size_t n = s.n;

	while (n && s.p[n - 1] != ' ')
		n--;
	if (is_zero(slice_of(s.p + n, s.n - n)) && !w->rw->zero_address &&
	    !w->ice_came)
		return false;
	obuf_str(w->ob, "c=");
	write_address(w);
	obuf_slice(w->ob, ending_of(line->whole));
	return true;
}

static void copy_or(struct obuf *ob, struct slice instead, struct slice s)
{
	obuf_slice(ob, instead.p ? instead : s);
	obuf_chr(ob, ' ');
}

static bool origin_line(struct writing *w, const struct sdpv_line *line)
{
	const struct rewrite *rw = w->rw;
	struct sdpv_origin o;

	if (!rw->origin && !rw->username.p && !rw->version.p)
		return false;
	if (sdpv_origin_parse(line->value, &o))
		return false;
	obuf_str(w->ob, "o=");
	copy_or(w->ob, rw->username, o.user);
	copy_or(w->ob, SLICE_NONE, o.id);
	copy_or(w->ob, rw->version, o.version);
	if (rw->origin)
		write_address(w);
	else
		obuf_slice(w->ob, slice_span(o.nettype, o.address));
	obuf_slice(w->ob, ending_of(line->whole));
	return true;
}

static bool name_line(struct writing *w, const struct sdpv_line *line)
{
	if (w->media || !w->rw->session_name.p)
		return false;
	obuf_str(w->ob, "s=");
	obuf_slice(w->ob, w->rw->session_name);
	obuf_slice(w->ob, ending_of(line->whole));
	return true;
}

static void formats_write(struct writing *w)
{
	const struct codec_choice *c = &w->media->codecs;

	for (unsigned i = 0; c->changed && i < c->n; i++) {
		obuf_chr(w->ob, ' ');
		obuf_slice(w->ob, c->v[i]);
	}
	if (!c->changed && w->from->format_count) {
		obuf_chr(w->ob, ' ');
		obuf_slice(w->ob, w->from->formats);
	}
}

static bool media_line(struct writing *w, const struct sdpv_line *line)
{
	const struct rewrite_media *m = w->media;

	obuf_str(w->ob, "m=");
	obuf_slice(w->ob, w->from->type);
	obuf_fmt(w->ob, " %u ", m->reject ? 0u : m->port);
	if (m->proto == SDPV_OTHER || m->proto == w->from->proto)
		obuf_slice(w->ob, w->from->proto_text);
	else
		obuf_str(w->ob, sdpv_proto_name(m->proto));
	formats_write(w);
	obuf_slice(w->ob, ending_of(line->whole));
	return true;
}

static bool line_write(struct writing *w, const struct sdpv_line *line)
{
	switch (line->type) {
	case 'm':
		return media_line(w, line);
	case 'c':
		return conn_line(w, line);
	case 'k':
		return key_line(w, line);
	case 'o':
		return origin_line(w, line);
	case 's':
		return name_line(w, line);
	case 'a':
		return attr_line(w, line);
	default:
		return false;
	}
}

static void part_write(struct writing *w, struct slice part)
{
	struct sdpv_line line;

	while (sdpv_line_next(&part, &line)) {
		line_begin(w);
		if (!line_write(w, &line))
			obuf_slice(w->ob, line.whole);
	}
}

static bool keys_stay(const struct sdp_view *view, const struct rewrite *rw)
{
	bool any = false;

	for (unsigned i = 0; i < view->media_count; i++) {
		if (rw->media[i].reject || rw->media[i].hidden)
			continue;
		if (!rw->media[i].keep_keys)
			return false;
		any = true;
	}
	return any;
}

/* Ours in some m-line? */
static bool ice_goes(const struct sdp_view *view, const struct rewrite *rw)
{
	for (unsigned i = 0; i < view->media_count; i++)
		if (rw->media[i].ice && !rw->media[i].hidden)
			return true;
	return false;
}

static bool ice_came(const struct sdp_view *view)
{
	for (unsigned i = 0; i < view->media_count; i++)
		if (view->media[i].ice_ufrag.p)
			return true;
	return false;
}

void sdp_rewrite(struct obuf *ob, const struct sdp_view *view,
		 const struct rewrite *rw)
{
	struct sdpv_line first = {0};
	struct slice rest = view->session;
	struct writing w = {
		.ob = ob, .rw = rw, .session_keys = keys_stay(view, rw),
		.ice_came = ice_came(view)};

	sdpv_line_next(&rest, &first);
	w.eol = ending_of(first.whole).n == 1 ? "\n" : "\r\n";
	part_write(&w, view->session);
	if (ice_goes(view, rw))
		write_flag(&w, "ice-lite");
	if (rw->loop)
		write_flag(&w, rw->loop);
	for (unsigned i = 0; i < view->media_count; i++) {
		if (rw->media[i].hidden)
			continue;
		w.media = &rw->media[i];
		w.from = &view->media[i];
		w.rtcp_done = w.mux_done = w.mux_only_done = false;
		part_write(&w, view->media[i].whole);
		media_end(&w);
	}
	line_begin(&w);
}
