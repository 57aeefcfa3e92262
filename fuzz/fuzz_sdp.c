/* fuzz_sdp.c: the view of a session description (lib/pkt/sdp.h): its parts
 * lie in the octets, one behind the other, and so do all slices. */
#include "lib/pkt/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void inside(struct slice s, struct slice part)
{
	if (s.p)
		check(s.p >= part.p && s.p + s.n <= part.p + part.n);
}

static void media_check(const struct sdpv_media *m, struct slice all)
{
	struct slice rest = m->formats, format;
	struct sockaddr_storage ss;
	unsigned formats = 0;

	inside(m->line, m->whole);
	inside(m->type, m->line);
	inside(m->formats, m->line);
	while (sdpv_format_next(&rest, &format)) {
		inside(format, m->formats);
		formats++;
	}
	check(formats == m->format_count && formats <= SDPV_FORMATS_MAX);
	for (unsigned i = 0; i < m->crypto_count; i++) {
		inside(m->crypto[i].key_salt, m->whole);
		inside(m->crypto[i].params, m->whole);
		check(m->crypto[i].mki_n <= 128);
	}
	for (unsigned i = 0; i < m->fingerprint_count; i++)
		inside(m->fingerprint[i].value, all);
	inside(m->conn.address, all);
	inside(m->ice_ufrag, all);
	inside(m->mid, m->whole);
	sdpv_conn_sockaddr(&m->conn, m->port, &ss);
	sdpv_conn_sockaddr(&m->rtcp_conn, m->rtcp_port, &ss);
	sdpv_attr(m->whole, "mid");
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct sdp_view view;
	struct slice all = slice_of(p, n);
	struct sdpv_origin origin;
	struct sdpv_line line;
	const char *at;
	size_t octets = 0;

	if (sdpv_parse(&view, all))
		return 0;
	at = view.session.p + view.session.n;
	check(view.session.p == (const char *)p);
	for (unsigned i = 0; i < view.media_count; i++) {
		check(view.media[i].whole.p == at);
		at += view.media[i].whole.n;
		media_check(&view.media[i], all);
	}
	inside(slice_of(view.session.p, (size_t)(at - view.session.p)), all);
	while (sdpv_line_next(&all, &line))
		octets += line.whole.n;
	check(octets == n);
	sdpv_origin_parse(view.origin, &origin);
	return 0;
}
