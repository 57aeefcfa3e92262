/* Words of lists, and flags, which are words of the list "flags" or of a
 * string. Each list has a table; a flag may also be a list's name and one of
 * its words: SDES-off. */
#include "relay/options_priv.h"

struct word {
	const char *word;
	size_t offset; /* of a bool of struct options; 0: known, no effect */
};

#define FLAG(word, field) {word, offsetof(struct options, field)}
#define QUIET(word) {word, 0}

static bool set_word(struct options *o, const struct word *v, size_t n,
		     struct slice s)
{
	for (size_t i = 0; i < n; i++) {
		if (!value_word_eq(s, slice_str(v[i].word)))
			continue;
		if (v[i].offset)
			*(bool *)((char *)o + v[i].offset) = true;
		return true;
	}
	return false;
}

#define SET_WORD(o, table, s) \
	set_word(o, table, sizeof(table) / sizeof((table)[0]), s)

static const struct word mux_words[] = {
	FLAG("offer", mux.offer),
	FLAG("require", mux.require),
	FLAG("demux", mux.demux),
	FLAG("accept", mux.accept),
	FLAG("reject", mux.reject),
};

static const struct word replace_words[] = {
	FLAG("origin", replace.origin),
	FLAG("username", replace.username),
	FLAG("SDP version", replace.version),
	FLAG("session name", replace.session_name),
	FLAG("zero address", replace.zero_address),
	FLAG("force increment sdp ver", replace.force_version),
	QUIET("session connection"),
};

static const struct word support_words[] = {
	FLAG("load limit", load_limit),
};

/* Two m-lines for one stream are not made here, nor expected. */
static const struct word osrtp_words[] = {
	FLAG("offer", osrtp.offer),
	FLAG("offer RFC", osrtp.offer),
	FLAG("accept", osrtp.accept),
	FLAG("accept RFC", osrtp.accept),
	QUIET("offer legacy"),
	QUIET("accept legacy"),
};

static const struct word flag_words[] = {
	FLAG("SIP source address", sip_source),
	FLAG("no rtcp attribute", no_rtcp_attribute),
	FLAG("full rtcp attribute", full_rtcp_attribute),
	FLAG("asymmetric", asymmetric),
	FLAG("media handover", handover),
	FLAG("generate mid", generate_mid),
	FLAG("loop protect", loop_protect),
	FLAG("single codec", codecs.single),
	FLAG("strip extmap", extmap.all),
	FLAG("passthrough", pass),
	FLAG("passthrough SDES", pass_sdes),
	FLAG("fatal", fatal),
	FLAG("fast", fast),
	FLAG("to tag", by_to_tag),
	FLAG("new branch", new_branch),
	/* What these ask for is how this relay always works: the SDP's
	 * address, one source per stream, ports that stay, nothing learned
	 * that would have to be unlearned, directions as they came. */
	QUIET("trust address"),
	QUIET("strict source"),
	QUIET("symmetric"),
	QUIET("port latching"),
	QUIET("no port latching"),
	QUIET("original sendrecv"),
	QUIET("recrypt"),
	QUIET("reset"),
	QUIET("record call"),
	FLAG("reject ICE", ice_reject),
	FLAG("fragment", fragment),
	QUIET("trickle ICE"),
	QUIET("unidirectional"),
	QUIET("reuse codecs"),
	QUIET("no codec renegotiation"),
	QUIET("discard recording"),
	QUIET("pad crypto"),
};

bool options_mux_word(struct reading *r, struct slice s)
{
	return SET_WORD(r->o, mux_words, s);
}

bool options_replace_word(struct reading *r, struct slice s)
{
	return SET_WORD(r->o, replace_words, s);
}

bool options_support_word(struct reading *r, struct slice s)
{
	return SET_WORD(r->o, support_words, s);
}

bool options_osrtp_word(struct reading *r, struct slice s)
{
	return SET_WORD(r->o, osrtp_words, s);
}

static struct slice behind(struct slice s, size_t n)
{
	return slice_of(s.p + n, s.n - n);
}

/* Whether s is prefix and something more, by the rule of keys. */
static bool has_prefix(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n > n && value_word_eq(slice_of(s.p, n), slice_str(prefix));
}

/* ---- SDES, DTLS --------------------------------------------------------- */

static enum suite sdes_suite(struct slice name)
{
	for (int i = SUITE_NONE + 1; i < SUITE_COUNT; i++)
		if (value_word_eq(name, slice_str(suite_info(i)->name)))
			return (enum suite)i;
	return SUITE_NONE;
}

/* "SUITE;SUITE;"; those that do not exist here are left out */
static void suites_list(struct slice s, enum suite v[SUITE_COUNT], unsigned *n)
{
	while (s.p && *n < SUITE_COUNT) {
		enum suite suite = sdes_suite(slice_cut(&s, ';'));

		if (suite != SUITE_NONE)
			v[(*n)++] = suite;
	}
}

static const struct word sdes_words[] = {
	FLAG("off", sdes.off),
	FLAG("no", sdes.off),
	FLAG("disable", sdes.off),
	FLAG("nonew", sdes.nonew),
	FLAG("lifetime", sdes.lifetime),
	/* An answer never changes a key that stands, base64 always ends as
	 * RFC 4648 has it, nothing ever leaves without encryption and a tag. */
	QUIET("pad"),
	QUIET("static"),
	QUIET("prefer"),
	QUIET("encrypted srtp"),
	QUIET("encrypted srtcp"),
	QUIET("authenticated srtp"),
};

/* Suites that do not exist here may be switched off, not asked for. */
bool options_sdes_word(struct reading *r, struct slice s)
{
	struct options_sdes *sdes = &r->o->sdes;

	if (SET_WORD(r->o, sdes_words, s))
		return true;
	if (has_prefix(s, "only-")) {
		/* bit 0 keeps "only" meaningful if none is known */
		sdes->only |= 1 | 1u << sdes_suite(behind(s, 5));
		return true;
	}
	if (has_prefix(s, "no-")) {
		sdes->without |= 1u << sdes_suite(behind(s, 3));
		return true;
	}
	if (has_prefix(s, "order:")) {
		suites_list(behind(s, 6), sdes->order, &sdes->order_n);
		return true;
	}
	if (has_prefix(s, "offerer_pref:")) {
		suites_list(behind(s, 13), sdes->prefer, &sdes->prefer_n);
		return true;
	}
	return false;
}

bool options_dtls_word(struct reading *r, struct slice s)
{
	static const struct {
		const char *word;
		enum options_dtls dtls;
	} v[] = {
		{"off", OPTIONS_DTLS_OFF},
		{"no", OPTIONS_DTLS_OFF},
		{"disable", OPTIONS_DTLS_OFF},
		{"passive", OPTIONS_DTLS_PASSIVE},
		{"active", OPTIONS_DTLS_ACTIVE},
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		if (!value_word_eq(s, slice_str(v[i].word)))
			continue;
		r->o->dtls = v[i].dtls;
		return true;
	}
	return false;
}

bool options_learning_word(struct reading *r, struct slice s)
{
	r->o->strict = value_word_eq(s, SLICE_LIT("off"));
	return true;
}

/* The agent is lite, in each direction and whatever is asked. */
bool options_ice_lite_word(struct reading *r, struct slice s)
{
	(void)r;
	return value_word_eq(s, SLICE_LIT("forward")) ||
	       value_word_eq(s, SLICE_LIT("backward")) ||
	       value_word_eq(s, SLICE_LIT("both")) ||
	       value_word_eq(s, SLICE_LIT("off"));
}

/* There is no candidate but ours, so that force-relay is force. */
bool options_ice_word(struct reading *r, struct slice s)
{
	static const struct {
		const char *word;
		enum options_ice ice;
	} v[] = {
		{"remove", OPTIONS_ICE_REMOVE},
		{"force", OPTIONS_ICE_FORCE},
		{"force-relay", OPTIONS_ICE_FORCE},
		{"optional", OPTIONS_ICE_OPTIONAL},
		{"default", OPTIONS_ICE_DEFAULT},
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		if (!value_word_eq(s, slice_str(v[i].word)))
			continue;
		r->o->ice = v[i].ice;
		return true;
	}
	return false;
}

/* ---- parts of an SDP ---------------------------------------------------- */

static bool codec_word(struct reading *r, enum codec_verb verb,
		       struct slice s)
{
	return codec_rule_add(&r->o->codecs, verb, options_unescape(r, s));
}

bool options_strip_word(struct reading *r, struct slice s)
{
	return codec_word(r, CODEC_STRIP, s);
}

bool options_except_word(struct reading *r, struct slice s)
{
	return codec_word(r, CODEC_EXCEPT, s);
}

bool options_codec_offer_word(struct reading *r, struct slice s)
{
	return codec_word(r, CODEC_OFFER, s);
}

bool options_extmap_word(struct reading *r, struct slice s)
{
	struct options_extmap *x = &r->o->extmap;

	if (value_word_eq(s, SLICE_LIT("all")))
		x->all = true;
	else if (x->n < OPTIONS_EXTMAPS)
		x->strip[x->n++] = options_unescape(r, s);
	else
		return false;
	return true;
}

bool options_remove_word(struct reading *r, struct slice s)
{
	if (r->o->removes == OPTIONS_REMOVES)
		return false;
	r->o->remove[r->o->removes++] = s;
	return true;
}

/* For those who transcode; who does not, has nothing to add. */
bool options_quiet_word(struct reading *r, struct slice s)
{
	(void)r;
	(void)s;
	return true;
}

/* VERB-MEDIA-VALUE; of substitute the value is FROM>TO */
static bool edit_word(struct reading *r, struct slice s)
{
	static const char *const verbs[] = {
		[SDP_EDIT_ADD] = "add",
		[SDP_EDIT_REMOVE] = "remove",
		[SDP_EDIT_SUBSTITUTE] = "substitute",
	};
	struct slice verb = slice_cut(&s, '-'), media = slice_cut(&s, '-');
	struct slice value = s;

	for (int i = SDP_EDIT_ADD; s.p && i <= SDP_EDIT_SUBSTITUTE; i++) {
		if (!slice_caseeq_str(verb, verbs[i]))
			continue;
		if (i == SDP_EDIT_SUBSTITUTE)
			value = slice_cut(&s, '>');
		return sdp_edit_add(&r->o->edits, (enum sdp_edit_verb)i, media,
				    options_unescape(r, value),
				    options_unescape(r, s));
	}
	return false;
}

/* ---- flags -------------------------------------------------------------- */

/* BUNDLE is not in it: each m-line has ports of its own. */
static void webrtc(struct options *o)
{
	o->proto = SDPV_DTLS_SAVPF;
	o->ice = OPTIONS_ICE_FORCE;
	o->sdes.off = true;
	o->mux.offer = o->mux.require = true;
	o->no_rtcp_attribute = true;
	o->generate_mid = true;
}

static bool transport_part(struct reading *r, struct slice s)
{
	if (slice_eq_str(s, "RTP"))
		r->srtp = r->dtls = false;
	else if (slice_eq_str(s, "AVP"))
		r->feedback = false;
	else if (slice_eq_str(s, "SRTP"))
		r->srtp = true;
	else if (slice_eq_str(s, "AVPF"))
		r->feedback = true;
	else if (slice_eq_str(s, "DTLS"))
		r->dtls = true;
	else
		return false;
	r->parts = true;
	return true;
}

static const struct {
	const char *prefix;
	options_word *fn;
} flag_prefixes[] = {
	{"rtcp-mux-", options_mux_word},
	{"replace-", options_replace_word},
	{"SDES-", options_sdes_word},
	{"DTLS-", options_dtls_word},
	{"DTLS=", options_dtls_word},
	{"ICE=", options_ice_word},
	{"ICE-lite=", options_ice_lite_word},
	{"ICE-lite-", options_ice_lite_word},
	{"OSRTP-", options_osrtp_word},
	{"endpoint-learning-", options_learning_word},
	{"codec-strip-", options_strip_word},
	{"codec-mask-", options_strip_word},
	{"codec-except-", options_except_word},
	{"codec-offer-", options_codec_offer_word},
	{"codec-accept-", options_quiet_word},
	{"codec-set-", options_quiet_word},
	{"extmap-strip-", options_extmap_word},
	{"sdp-media-remove-", options_remove_word},
	{"sdp-attr-", edit_word},
	{"template-", options_template},
};

bool options_flag_word(struct reading *r, struct slice s)
{
	enum sdpv_proto proto = sdpv_proto_parse(s);
	bool escaped = r->escaped, known = false;

	if (SET_WORD(r->o, flag_words, s) || transport_part(r, s))
		return true;
	if (value_word_eq(s, SLICE_LIT("WebRTC"))) {
		webrtc(r->o);
		return true;
	}
	if (proto != SDPV_OTHER) {
		r->o->proto = proto;
		return true;
	}
	r->escaped = true;
	for (size_t i = 0; i < sizeof(flag_prefixes) / sizeof(*flag_prefixes);
	     i++)
		if (has_prefix(s, flag_prefixes[i].prefix)) {
			known = flag_prefixes[i].fn(
				r, behind(s, strlen(flag_prefixes[i].prefix)));
			break;
		}
	r->escaped = escaped;
	return known;
}
