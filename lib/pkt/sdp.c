#include "lib/pkt/sdp.h"

#include <arpa/inet.h>
#include <errno.h>

/* ---- words -------------------------------------------------------------- */

static const char *const protos[] = {
	[SDPV_OTHER] = "",
	[SDPV_RTP_AVP] = "RTP/AVP",
	[SDPV_RTP_AVPF] = "RTP/AVPF",
	[SDPV_RTP_SAVP] = "RTP/SAVP",
	[SDPV_RTP_SAVPF] = "RTP/SAVPF",
	[SDPV_DTLS_SAVP] = "UDP/TLS/RTP/SAVP",
	[SDPV_DTLS_SAVPF] = "UDP/TLS/RTP/SAVPF",
};
static const char *const directions[] = {
	[SDPV_INACTIVE] = "inactive",
	[SDPV_SENDONLY] = "sendonly",
	[SDPV_RECVONLY] = "recvonly",
	[SDPV_SENDRECV] = "sendrecv",
};
static const char *const setups[] = {
	[SDPV_SETUP_NONE] = "",
	[SDPV_SETUP_ACTPASS] = "actpass",
	[SDPV_SETUP_ACTIVE] = "active",
	[SDPV_SETUP_PASSIVE] = "passive",
	[SDPV_SETUP_HOLDCONN] = "holdconn",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int word_index(const char *const *v, size_t n, struct slice s)
{
	for (size_t i = 0; i < n; i++)
		if (slice_caseeq_str(s, v[i]))
			return (int)i;
	return -1;
}

const char *sdpv_proto_name(enum sdpv_proto proto)
{
	return protos[proto];
}

enum sdpv_proto sdpv_proto_parse(struct slice s)
{
	int i = word_index(protos, COUNT(protos), s);

	return i < 0 ? SDPV_OTHER : (enum sdpv_proto)i;
}

bool sdpv_proto_is_dtls(enum sdpv_proto proto)
{
	return proto == SDPV_DTLS_SAVP || proto == SDPV_DTLS_SAVPF;
}

bool sdpv_proto_is_sdes(enum sdpv_proto proto)
{
	return proto == SDPV_RTP_SAVP || proto == SDPV_RTP_SAVPF;
}

bool sdpv_proto_is_feedback(enum sdpv_proto proto)
{
	return proto == SDPV_RTP_AVPF || proto == SDPV_RTP_SAVPF ||
	       proto == SDPV_DTLS_SAVPF;
}

const char *sdpv_direction_name(enum sdpv_direction direction)
{
	return directions[direction];
}

const char *sdpv_setup_name(enum sdpv_setup setup)
{
	return setups[setup];
}

/* ---- lines -------------------------------------------------------------- */

bool sdpv_line_next(struct slice *rest, struct sdpv_line *line)
{
	const char *nl;
	struct slice s = *rest, v;

	if (s.n == 0)
		return false;
	nl = memchr(s.p, '\n', s.n);
	*line = (struct sdpv_line){0};
	line->whole = slice_of(s.p, nl ? (size_t)(nl - s.p) + 1 : s.n);
	*rest = slice_of(s.p + line->whole.n, s.n - line->whole.n);

	v = line->whole;
	if (nl)
		v.n--;
	if (nl && v.n && v.p[v.n - 1] == '\r')
		v.n--;
	if (v.n < 2 || v.p[1] != '=') {
		line->value = v;
		return true;
	}
	line->type = v.p[0];
	line->value = slice_of(v.p + 2, v.n - 2);
	if (line->type == 'a') {
		line->arg = line->value;
		line->name = slice_cut(&line->arg, ':');
	}
	return true;
}

/* A bare CR or a NUL inside a line would be read differently by others. */
static bool line_ok(const struct sdpv_line *line)
{
	return line->type >= 'a' && line->type <= 'z' &&
	       !memchr(line->value.p, '\r', line->value.n) &&
	       !memchr(line->value.p, '\0', line->value.n);
}

static bool only_blank(struct slice s)
{
	return slice_trim(s).n == 0;
}

static bool word_next(struct slice *rest, struct slice *word)
{
	size_t n = 0;

	*word = *rest;
	if (rest->n == 0)
		return false;
	while (rest->n && rest->p[0] == ' ')
		*rest = slice_of(rest->p + 1, rest->n - 1);
	while (n < rest->n && rest->p[n] != ' ')
		n++;
	*word = slice_of(rest->p, n);
	*rest = slice_of(rest->p + n, rest->n - n);
	return n > 0;
}

bool sdpv_format_next(struct slice *rest, struct slice *format)
{
	return word_next(rest, format);
}

struct slice sdpv_attr(struct slice part, const char *name)
{
	struct sdpv_line line;

	while (sdpv_line_next(&part, &line)) {
		if (line.type != 'a' || !slice_eq_str(line.name, name))
			continue;
		return line.arg.p ? line.arg : slice_of(line.name.p, 0);
	}
	return SLICE_NONE;
}

int sdpv_origin_parse(struct slice value, struct sdpv_origin *origin)
{
	struct sdpv_origin o;
	struct slice end;

	if (!word_next(&value, &o.user) || !word_next(&value, &o.id) ||
	    !word_next(&value, &o.version) || !word_next(&value, &o.nettype) ||
	    !word_next(&value, &o.addrtype) || !word_next(&value, &o.address) ||
	    word_next(&value, &end))
		return EBADMSG;
	*origin = o;
	return 0;
}

/* "IN IP4 192.0.2.1/127" */
static int conn_parse(struct slice s, struct sdpv_conn *conn)
{
	struct slice net, family, address, end;
	bool ip6;

	if (!word_next(&s, &net) || !word_next(&s, &family) ||
	    !word_next(&s, &address) || word_next(&s, &end) ||
	    !slice_caseeq_str(net, "IN"))
		return EBADMSG;
	ip6 = slice_caseeq_str(family, "IP6");
	if (!ip6 && !slice_caseeq_str(family, "IP4"))
		return EBADMSG;
	address = slice_cut(&address, '/');
	if (address.n == 0)
		return EBADMSG;
	*conn = (struct sdpv_conn){.set = true, .ip6 = ip6, .address = address};
	return 0;
}

int sdpv_conn_sockaddr(const struct sdpv_conn *conn, uint16_t port,
		       struct sockaddr_storage *ss)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET,
				  .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
				   .sin6_port = htons(port)};
	char text[INET6_ADDRSTRLEN];

	if (!conn->set)
		return ENOENT;
	if (slice_copy(conn->address, text, sizeof(text)))
		return EAFNOSUPPORT;
	if (inet_pton(conn->ip6 ? AF_INET6 : AF_INET, text,
		      conn->ip6 ? (void *)&in6.sin6_addr
				: (void *)&in4.sin_addr) != 1)
		return EAFNOSUPPORT;
	*ss = (struct sockaddr_storage){0};
	if (conn->ip6)
		memcpy(ss, &in6, sizeof(in6));
	else
		memcpy(ss, &in4, sizeof(in4));
	return 0;
}

/* ---- attributes --------------------------------------------------------- */

struct parsing {
	struct sdp_view *view;
	/* Where attributes go: the media, or what the session gives them. */
	struct sdpv_media *m;
	struct sdpv_media session;
	bool own_fingerprint;
	unsigned lines; /* of this part */
	bool origin, in_media;
};

static int attr_direction(struct parsing *s, const struct sdpv_line *line)
{
	int i = word_index(directions, COUNT(directions), line->name);

	s->m->direction = (enum sdpv_direction)i;
	return 0;
}

static int attr_setup(struct parsing *s, const struct sdpv_line *line)
{
	int i = word_index(setups, COUNT(setups), slice_trim(line->arg));

	s->m->setup = i < 0 ? SDPV_SETUP_NONE : (enum sdpv_setup)i;
	return 0;
}

static int attr_fingerprint(struct parsing *s, const struct sdpv_line *line)
{
	struct slice rest = line->arg;
	struct sdpv_fingerprint fp;

	if (!word_next(&rest, &fp.hash) || !word_next(&rest, &fp.value))
		return EBADMSG;
	if (!s->own_fingerprint)
		s->m->fingerprint_count = 0;
	s->own_fingerprint = true;
	if (s->m->fingerprint_count < SDPV_FINGERPRINTS_MAX)
		s->m->fingerprint[s->m->fingerprint_count++] = fp;
	return 0;
}

/* RFC 3605: port, perhaps an address */
static int attr_rtcp(struct parsing *s, const struct sdpv_line *line)
{
	struct slice rest = line->arg, word;
	uint32_t port;

	if (!s->in_media)
		return 0;
	if (!word_next(&rest, &word) || slice_u32(word, 65535, &port))
		return EBADMSG;
	s->m->rtcp_port = (uint16_t)port;
	return only_blank(rest) ? 0 : conn_parse(rest, &s->m->rtcp_conn);
}

static int attr_rtcp_mux(struct parsing *s, const struct sdpv_line *line)
{
	(void)line;
	s->m->rtcp_mux = s->in_media;
	return 0;
}

static int attr_rtcp_mux_only(struct parsing *s, const struct sdpv_line *line)
{
	(void)line;
	s->m->rtcp_mux_only = s->in_media;
	return 0;
}

/* "KEY[|LIFETIME][|MKI:LENGTH]" behind "inline:", RFC 4568 section 6.1 */
static bool crypto_key_parse(struct slice s, struct sdpv_crypto *c)
{
	struct slice part;
	uint32_t n;

	c->key_salt = slice_cut(&s, '|');
	while (s.p) {
		part = slice_cut(&s, '|');
		if (!slice_chr(part, ':')) {
			if (c->lifetime.p || c->mki_n || part.n == 0)
				return false;
			c->lifetime = part;
			continue;
		}
		if (c->mki_n || slice_u64(slice_cut(&part, ':'), UINT64_MAX,
					  &c->mki) ||
		    slice_u32(part, 128, &n) || n == 0)
			return false;
		c->mki_n = n;
	}
	return c->key_salt.n > 0;
}

/* A line that we cannot use is not kept: the peer may offer others. */
static int attr_crypto(struct parsing *s, const struct sdpv_line *line)
{
	struct sdpv_crypto c = {0};
	struct slice rest = line->arg, tag, key;

	if (!s->in_media || s->m->crypto_count == SDPV_CRYPTOS_MAX)
		return 0;
	if (!word_next(&rest, &tag) || !word_next(&rest, &c.suite) ||
	    !word_next(&rest, &key) || slice_u32(tag, 999999999, &c.tag) ||
	    tag.n > 9 || !slice_casestarts(key, "inline:"))
		return 0;
	key = slice_cut(&key, ';');
	if (!crypto_key_parse(slice_of(key.p + 7, key.n - 7), &c))
		return 0;
	rest = slice_trim(rest);
	if (rest.n)
		c.params = rest;
	s->m->crypto[s->m->crypto_count++] = c;
	return 0;
}

static int attr_ufrag(struct parsing *s, const struct sdpv_line *line)
{
	s->m->ice_ufrag = line->arg;
	return 0;
}

static int attr_pwd(struct parsing *s, const struct sdpv_line *line)
{
	s->m->ice_pwd = line->arg;
	return 0;
}

static int attr_candidate(struct parsing *s, const struct sdpv_line *line)
{
	(void)line;
	s->m->candidate_count++;
	return 0;
}

static int attr_mid(struct parsing *s, const struct sdpv_line *line)
{
	s->m->mid = s->in_media ? line->arg : SLICE_NONE;
	return 0;
}

static int attr_ptime(struct parsing *s, const struct sdpv_line *line)
{
	uint32_t ms;

	if (line->arg.p && slice_u32(slice_trim(line->arg), 1000, &ms) == 0)
		s->m->ptime = ms;
	return 0;
}

static int attr_bundle_only(struct parsing *s, const struct sdpv_line *line)
{
	(void)line;
	s->m->bundle_only = s->in_media;
	return 0;
}

static int attr_ice_lite(struct parsing *s, const struct sdpv_line *line)
{
	(void)line;
	s->view->ice_lite = s->m->ice_lite = true;
	return 0;
}

static int attr_group(struct parsing *s, const struct sdpv_line *line)
{
	if (!s->in_media && !s->view->group.p &&
	    slice_starts(line->arg, "BUNDLE"))
		s->view->group = line->arg;
	return 0;
}

static const struct {
	const char *name;
	int (*fn)(struct parsing *s, const struct sdpv_line *line);
} attrs[] = {
	{"sendrecv", attr_direction},
	{"sendonly", attr_direction},
	{"recvonly", attr_direction},
	{"inactive", attr_direction},
	{"setup", attr_setup},
	{"fingerprint", attr_fingerprint},
	{"rtcp", attr_rtcp},
	{"rtcp-mux", attr_rtcp_mux},
	{"rtcp-mux-only", attr_rtcp_mux_only},
	{"crypto", attr_crypto},
	{"ice-ufrag", attr_ufrag},
	{"ice-pwd", attr_pwd},
	{"candidate", attr_candidate},
	{"mid", attr_mid},
	{"ptime", attr_ptime},
	{"bundle-only", attr_bundle_only},
	{"ice-lite", attr_ice_lite},
	{"group", attr_group},
};

static int attr_parse(struct parsing *s, const struct sdpv_line *line)
{
	for (size_t i = 0; i < COUNT(attrs); i++)
		if (slice_eq_str(line->name, attrs[i].name))
			return attrs[i].fn(s, line);
	return 0;
}

/* ---- the description ---------------------------------------------------- */

/* "audio 49170/2 RTP/AVP 0 8" */
static int media_line_parse(struct sdpv_media *m, struct slice s)
{
	struct slice port, count, rest, format;
	uint32_t n;

	if (!word_next(&s, &m->type) || !word_next(&s, &count) ||
	    !word_next(&s, &m->proto_text))
		return EBADMSG;
	port = slice_cut(&count, '/');
	if (slice_u32(port, 65535, &n))
		return EBADMSG;
	m->port = (uint16_t)n;
	m->port_count = 1;
	if (count.p) {
		if (slice_u32(count, 65535, &n) || n == 0)
			return EBADMSG;
		m->port_count = (uint16_t)n;
	}
	m->proto = sdpv_proto_parse(m->proto_text);
	while (s.n && s.p[0] == ' ')
		s = slice_of(s.p + 1, s.n - 1);
	m->formats = rest = s;
	while (sdpv_format_next(&rest, &format))
		if (++m->format_count > SDPV_FORMATS_MAX)
			return E2BIG;
	return m->format_count || m->port == 0 ? 0 : EBADMSG;
}

static int media_open(struct parsing *s, const struct sdpv_line *line)
{
	struct sdp_view *view = s->view;
	struct sdpv_media *m;

	if (view->media_count == SDPV_MEDIAS_MAX)
		return E2BIG;
	if (!s->in_media)
		view->conn = s->session.conn;
	m = &view->media[view->media_count++];
	*m = s->session;
	m->whole = m->line = line->whole;
	m->session = s->view->session;
	s->m = m;
	s->in_media = true;
	s->own_fingerprint = false;
	s->lines = 1;
	return media_line_parse(m, line->value);
}

static int conn_line(struct parsing *s, const struct sdpv_line *line)
{
	int err;

	if (s->in_media && s->m->conn_own)
		return 0; /* layered multicast: the first counts */
	err = conn_parse(line->value, &s->m->conn);
	if (!err)
		s->m->conn_own = s->in_media;
	return err;
}

static int line_parse(struct parsing *s, const struct sdpv_line *line)
{
	switch (line->type) {
	case 'v':
		return EBADMSG; /* the only one was taken already */
	case 'o':
		if (s->in_media || s->origin)
			return EBADMSG;
		s->origin = true;
		s->view->origin = line->value;
		return 0;
	case 'c':
		return conn_line(s, line);
	case 'a':
		return attr_parse(s, line);
	case 'm':
		return media_open(s, line);
	default:
		return 0;
	}
}

static int lines_parse(struct parsing *s, struct slice rest)
{
	struct sdpv_line line;
	int err = 0;

	while (!err && sdpv_line_next(&rest, &line)) {
		struct slice *part = s->in_media ? &s->m->whole
						 : &s->view->session;

		if (!line_ok(&line))
			return only_blank(slice_span(line.whole, rest))
				       ? 0
				       : EBADMSG;
		if (++s->lines > SDPV_LINES_MAX)
			return E2BIG;
		if (line.type != 'm')
			*part = slice_span(*part, line.whole);
		err = line_parse(s, &line);
	}
	return err;
}

int sdpv_parse(struct sdp_view *view, struct slice octets)
{
	struct parsing s = {.view = view,
			    .session.direction = SDPV_SENDRECV,
			    .lines = 1};
	struct slice rest = octets;
	struct sdpv_line line;
	int err;

	if (octets.n > SDPV_OCTETS_MAX)
		return E2BIG;
	*view = (struct sdp_view){.octets = octets};
	s.m = &s.session;
	if (!sdpv_line_next(&rest, &line) || !line_ok(&line) ||
	    line.type != 'v' || !slice_eq_str(slice_trim(line.value), "0"))
		return EBADMSG;
	view->session = line.whole;
	err = lines_parse(&s, rest);
	if (!err && !s.in_media)
		view->conn = s.session.conn;
	return err ? err : s.origin ? 0 : EBADMSG;
}
