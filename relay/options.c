#include "relay/options.h"

#include "lib/base/log.h"

static void unknown(const char *what, struct slice word)
{
	static struct log_limit lim;

	if (log_limit_pass(&lim))
		log_info("control: unknown %s ignored: %.*s (%u kept back)",
			 what, (int)(word.n > 64 ? 64 : word.n), word.p,
			 lim.last);
}

/* ---- words of lists ----------------------------------------------------- */

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
	QUIET("session connection"),
};

static const struct word support_words[] = {
	FLAG("load limit", load_limit),
};

static const struct word flag_words[] = {
	FLAG("SIP source address", sip_source),
	FLAG("no rtcp attribute", no_rtcp_attribute),
	FLAG("full rtcp attribute", full_rtcp_attribute),
	FLAG("fatal", fatal),
	FLAG("fast", fast),
	/* What these ask for is how this relay always works: the SDP's
	 * address, one source per stream, ends of legs that never hand over. */
	QUIET("trust address"),
	QUIET("strict source"),
	QUIET("symmetric"),
	QUIET("asymmetric"),
	QUIET("port latching"),
	QUIET("media handover"),
	QUIET("recrypt"),
	QUIET("to tag"),
	QUIET("reset"),
	QUIET("loop protect"),
	QUIET("record call"),
};

static bool mux_word(struct options *o, struct slice s)
{
	return SET_WORD(o, mux_words, s);
}

static bool replace_word(struct options *o, struct slice s)
{
	return SET_WORD(o, replace_words, s);
}

static bool support_word(struct options *o, struct slice s)
{
	return SET_WORD(o, support_words, s);
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

static enum suite sdes_suite(struct slice name)
{
	for (int i = SUITE_NONE + 1; i < SUITE_COUNT; i++)
		if (value_word_eq(name, slice_str(suite_info(i)->name)))
			return (enum suite)i;
	return SUITE_NONE;
}

/* Suites that do not exist here may be switched off, not asked for. */
static bool sdes_word(struct options *o, struct slice s)
{
	bool only = has_prefix(s, "only-");

	if (value_word_eq(s, SLICE_LIT("off")) ||
	    value_word_eq(s, SLICE_LIT("no")) ||
	    value_word_eq(s, SLICE_LIT("disable"))) {
		o->sdes.off = true;
		return true;
	}
	if (only) {
		/* bit 0 keeps "only" meaningful if none is known */
		o->sdes.only |= 1 | 1u << sdes_suite(behind(s, 5));
		return true;
	}
	if (has_prefix(s, "no-")) {
		o->sdes.without |= 1u << sdes_suite(behind(s, 3));
		return true;
	}
	return value_word_eq(s, SLICE_LIT("nonew")) ||
	       value_word_eq(s, SLICE_LIT("pad")) ||
	       value_word_eq(s, SLICE_LIT("static")) ||
	       value_word_eq(s, SLICE_LIT("prefer"));
}

static bool dtls_word(struct options *o, struct slice s)
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
		o->dtls = v[i].dtls;
		return true;
	}
	return false;
}

static bool learning_word(struct options *o, struct slice s)
{
	o->strict = value_word_eq(s, SLICE_LIT("off"));
	return true;
}

/* There is no ICE agent here: its lines never pass, whatever is asked. */
static bool ice_word(struct options *o, struct slice s)
{
	(void)o;
	return value_word_eq(s, SLICE_LIT("remove")) ||
	       value_word_eq(s, SLICE_LIT("default"));
}

static const struct {
	const char *prefix;
	bool (*fn)(struct options *o, struct slice s);
} flag_prefixes[] = {
	{"rtcp-mux-", mux_word},
	{"replace-", replace_word},
	{"SDES-", sdes_word},
	{"DTLS-", dtls_word},
	{"DTLS=", dtls_word},
	{"ICE=", ice_word},
	{"endpoint-learning-", learning_word},
};

static bool flag_word(struct options *o, struct slice s)
{
	enum sdpv_proto proto = sdpv_proto_parse(s);

	if (SET_WORD(o, flag_words, s))
		return true;
	if (proto != SDPV_OTHER) {
		o->proto = proto;
		return true;
	}
	for (size_t i = 0; i < sizeof(flag_prefixes) / sizeof(*flag_prefixes);
	     i++)
		if (has_prefix(s, flag_prefixes[i].prefix))
			return flag_prefixes[i].fn(
				o, behind(s, strlen(flag_prefixes[i].prefix)));
	return false;
}

static void each_word(struct options *o, const struct value *v,
		      const char *what,
		      bool (*fn)(struct options *, struct slice))
{
	struct value_words w = value_words(v);
	struct slice s;

	while (value_word_next(&w, &s))
		if (!fn(o, s))
			unknown(what, s);
}

/* ---- keys --------------------------------------------------------------- */

static void key_flags(struct options *o, const struct value *v)
{
	each_word(o, v, "flag", flag_word);
}

static void key_mux(struct options *o, const struct value *v)
{
	each_word(o, v, "rtcp-mux", mux_word);
}

static void key_replace(struct options *o, const struct value *v)
{
	each_word(o, v, "replace", replace_word);
}

static void key_supports(struct options *o, const struct value *v)
{
	each_word(o, v, "supports", support_word);
}

static void key_sdes(struct options *o, const struct value *v)
{
	each_word(o, v, "SDES", sdes_word);
}

static void key_dtls(struct options *o, const struct value *v)
{
	each_word(o, v, "DTLS", dtls_word);
}

static void key_ice(struct options *o, const struct value *v)
{
	each_word(o, v, "ICE", ice_word);
}

static void key_learning(struct options *o, const struct value *v)
{
	each_word(o, v, "endpoint-learning", learning_word);
}

/* direction=[a b]: a towards the sender of the SDP, b towards the other */
static void key_direction(struct options *o, const struct value *v)
{
	struct value_words w = value_words(v);
	struct slice s;

	for (int i = 0; i < 2 && value_word_next(&w, &s); i++)
		o->interface[i] = s;
}

static void key_interface(struct options *o, const struct value *v)
{
	if (!o->interface[0].p && !o->interface[1].p)
		o->interface[0] = o->interface[1] = value_as_str(v);
}

static void key_from_interface(struct options *o, const struct value *v)
{
	o->interface[0] = value_as_str(v);
}

static void key_to_interface(struct options *o, const struct value *v)
{
	o->interface[1] = value_as_str(v);
}

static void key_proto(struct options *o, const struct value *v)
{
	o->proto = sdpv_proto_parse(value_as_str(v));
	if (o->proto == SDPV_OTHER)
		unknown("transport-protocol", value_as_str(v));
}

static void key_family(struct options *o, const struct value *v)
{
	struct slice s = value_as_str(v);

	if (slice_caseeq_str(s, "IP4"))
		o->family = AF_INET;
	else if (slice_caseeq_str(s, "IP6"))
		o->family = AF_INET6;
	else
		unknown("address-family", s);
}

/* [IP4, 192.0.2.1] */
static void key_received(struct options *o, const struct value *v)
{
	struct value_words w = value_words(v);
	struct slice family, address;

	if (!value_word_next(&w, &family) || !value_word_next(&w, &address) ||
	    addr_parse(address, 0, &o->received))
		unknown("received-from", value_as_str(v));
}

static const struct {
	const char *key;
	void (*fn)(struct options *o, const struct value *v);
	size_t slice; /* if no fn: offset of a slice that takes the string */
	size_t number; /* or of an int64_t; both 0: known, no effect */
} keys[] = {
#define STRING(key, field) {key, NULL, offsetof(struct options, field), 0}
#define NUMBER(key, field) {key, NULL, 0, offsetof(struct options, field)}
	{"command", NULL, 0, 0},
	{"call-id", NULL, 0, 0}, /* the first field: set by hand */
	STRING("from-tag", from_tag),
	STRING("to-tag", to_tag),
	STRING("via-branch", via_branch),
	STRING("sdp", sdp),
	STRING("label", label),
	STRING("media-address", media_address),
	NUMBER("delete-delay", delete_delay),
	NUMBER("limit", limit),
	{"flags", key_flags, 0, 0},
	{"replace", key_replace, 0, 0},
	{"rtcp-mux", key_mux, 0, 0},
	{"supports", key_supports, 0, 0},
	{"SDES", key_sdes, 0, 0},
	{"DTLS", key_dtls, 0, 0},
	{"ICE", key_ice, 0, 0},
	{"endpoint-learning", key_learning, 0, 0},
	{"direction", key_direction, 0, 0},
	{"interface", key_interface, 0, 0},
	{"from-interface", key_from_interface, 0, 0},
	{"to-interface", key_to_interface, 0, 0},
	{"transport-protocol", key_proto, 0, 0},
	{"address-family", key_family, 0, 0},
	{"received-from", key_received, 0, 0},
	{"sip-message-type", NULL, 0, 0},
	{"TOS", NULL, 0, 0},
	{"metadata", NULL, 0, 0},
};

static bool key_set(struct options *o, struct slice key, const struct value *v)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!value_word_eq(key, slice_str(keys[i].key)))
			continue;
		if (keys[i].fn)
			keys[i].fn(o, v);
		else if (keys[i].slice)
			*(struct slice *)((char *)o + keys[i].slice) =
				value_as_str(v);
		else if (keys[i].number)
			*(int64_t *)((char *)o + keys[i].number) =
				value_as_int(v, -1);
		return true;
	}
	return false;
}

void options_parse(struct options *o, const struct value *request)
{
	*o = (struct options){.delete_delay = -1, .limit = 32};
	o->call_id = value_get_str(request, "call-id");
	for (const struct value *v = value_first(request); v;
	     v = value_next(v))
		if (!key_set(o, value_key(v), v))
			unknown("key", value_key(v));
}
