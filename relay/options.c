#include "relay/options.h"

#include "lib/base/log.h"
#include "relay/flags.h"
#include "relay/options_priv.h"

void options_unknown(const char *what, struct slice word)
{
	static struct log_limit lim;

	if (log_limit_pass(&lim))
		log_info("control: unknown %s ignored: %.*s (%u kept back)",
			 what, (int)(word.n > 64 ? 64 : word.n), word.p,
			 lim.last);
}

struct slice options_unescape(struct reading *r, struct slice s)
{
	char p[512];
	size_t n = 0;

	if (!r->escaped || s.n < 2 || s.n > sizeof(p))
		return s;
	for (size_t i = 0; i < s.n; i++) {
		bool twice = i + 1 < s.n && s.p[i] == s.p[i + 1];

		if (twice && (s.p[i] == '-' || s.p[i] == '.'))
			p[n++] = s.p[i++] == '-' ? '=' : ' ';
		else
			p[n++] = s.p[i];
	}
	return value_as_str(
		value_new_str(r->context->pool, slice_of(p, n)));
}

static void each_word(struct reading *r, const struct value *v,
		      const char *what, options_word *fn)
{
	struct value_words w = value_words(v);
	struct slice s;

	while (value_word_next(&w, &s))
		if (!fn(r, s))
			options_unknown(what, s);
}

/* ---- keys --------------------------------------------------------------- */

/* direction=[a b]: a towards the sender of the SDP, b towards the other */
static void key_direction(struct reading *r, const struct value *v)
{
	struct value_words w = value_words(v);
	struct slice s;

	while (r->directions < 2 && value_word_next(&w, &s))
		r->o->interface[r->directions++] = s;
}

static void key_interface(struct reading *r, const struct value *v)
{
	struct options *o = r->o;

	if (!o->interface[0].p && !o->interface[1].p)
		o->interface[0] = o->interface[1] = value_as_str(v);
}

static void key_from_interface(struct reading *r, const struct value *v)
{
	r->o->interface[0] = value_as_str(v);
}

static void key_to_interface(struct reading *r, const struct value *v)
{
	r->o->interface[1] = value_as_str(v);
}

static void key_proto(struct reading *r, const struct value *v)
{
	struct slice s = value_as_str(v);
	enum sdpv_proto proto = sdpv_proto_parse(s);

	if (value_word_eq(s, SLICE_LIT("accept")))
		r->o->proto_accept = true;
	else if (proto == SDPV_OTHER)
		options_unknown("transport-protocol", s);
	else
		r->o->proto = proto;
}

static void key_passthrough(struct reading *r, const struct value *v)
{
	r->o->pass = value_word_eq(value_as_str(v), SLICE_LIT("on"));
}

static void key_family(struct reading *r, const struct value *v)
{
	struct slice s = value_as_str(v);

	if (slice_caseeq_str(s, "IP4"))
		r->o->family = AF_INET;
	else if (slice_caseeq_str(s, "IP6"))
		r->o->family = AF_INET6;
	else
		options_unknown("address-family", s);
}

/* [IP4, 192.0.2.1] */
static void key_received(struct reading *r, const struct value *v)
{
	struct value_words w = value_words(v);
	struct slice family, address;

	if (!value_word_next(&w, &family) || !value_word_next(&w, &address) ||
	    addr_parse(address, 0, &r->o->received))
		options_unknown("received-from", value_as_str(v));
}

/* 256 and more means none; what is negative changes nothing */
static void key_tos(struct reading *r, const struct value *v)
{
	int64_t tos = value_as_int(v, -1);

	r->o->tos = tos > 255 ? 0 : tos;
}

/* {"strip": [...], "offer": [...]}: a list of words per verb */
struct verb {
	const char *verb;
	options_word *fn;
};

static void each_verb(struct reading *r, const struct value *v,
		      const char *what, const struct verb *verbs, size_t n)
{
	for (v = value_first(v); v; v = value_next(v)) {
		size_t i = 0;

		while (i < n && !value_word_eq(value_key(v),
					       slice_str(verbs[i].verb)))
			i++;
		if (i < n)
			each_word(r, v, what, verbs[i].fn);
		else
			options_unknown(what, value_key(v));
	}
}

/* To mask is to strip, where nothing is transcoded. */
static void key_codec(struct reading *r, const struct value *v)
{
	static const struct verb verbs[] = {
		{"strip", options_strip_word},
		{"mask", options_strip_word},
		{"except", options_except_word},
		{"offer", options_codec_offer_word},
		{"accept", options_quiet_word},
		{"set", options_quiet_word},
	};

	each_verb(r, v, "codec", verbs, sizeof(verbs) / sizeof(*verbs));
}

static void key_extmap(struct reading *r, const struct value *v)
{
	static const struct verb verbs[] = {{"strip", options_extmap_word}};

	each_verb(r, v, "extmap", verbs, 1);
}

/* A list of pairs, or one pair. */
static void edit_substitutes(struct reading *r, struct slice media,
			     const struct value *v)
{
	const struct value *pair = value_first(v);

	if (value_kind(pair) != VALUE_LIST)
		pair = v;
	while (pair) {
		struct slice from = value_as_str(value_at(pair, 0));
		struct slice to = value_as_str(value_at(pair, 1));

		if (!sdp_edit_add(&r->o->edits, SDP_EDIT_SUBSTITUTE, media,
				  options_unescape(r, from),
				  options_unescape(r, to)))
			options_unknown("sdp-attr", from);
		pair = pair == v ? NULL : value_next(pair);
	}
}

static void edit_values(struct reading *r, struct slice media,
			enum sdp_edit_verb verb, const struct value *v)
{
	const struct value *one = value_kind(v) == VALUE_STR ? v
							     : value_first(v);

	for (; one; one = one == v ? NULL : value_next(one))
		if (!sdp_edit_add(&r->o->edits, verb, media,
				  options_unescape(r, value_as_str(one)),
				  SLICE_NONE))
			options_unknown("sdp-attr", value_as_str(one));
}

/* {"audio": {"add": [...], "remove": [...], "substitute": [[a, b]]}} */
static void key_edit(struct reading *r, const struct value *v)
{
	const struct value *media, *how;

	for (media = value_first(v); media; media = value_next(media))
		for (how = value_first(media); how; how = value_next(how)) {
			struct slice verb = value_key(how);

			if (slice_caseeq_str(verb, "add"))
				edit_values(r, value_key(media), SDP_EDIT_ADD,
					    how);
			else if (slice_caseeq_str(verb, "remove"))
				edit_values(r, value_key(media),
					    SDP_EDIT_REMOVE, how);
			else if (slice_caseeq_str(verb, "substitute"))
				edit_substitutes(r, value_key(media), how);
			else
				options_unknown("sdp-attr", verb);
		}
}

static void key_template(struct reading *r, const struct value *v)
{
	each_word(r, v, "template", options_template);
}

static void key_rtpp_flags(struct reading *r, const struct value *v);

static const struct key {
	const char *key;
	void (*fn)(struct reading *r, const struct value *v);
	options_word *word; /* or: for each word of it */
	size_t slice; /* or: offset of a slice that takes the string */
	size_t number; /* or of an int64_t; all 0: known, no effect */
} keys[] = {
#define QUIET(key) {key, NULL, NULL, 0, 0}
#define WHOLE(key, fn) {key, fn, NULL, 0, 0}
#define WORDS(key, fn) {key, NULL, fn, 0, 0}
#define STRING(key, field) {key, NULL, NULL, offsetof(struct options, field), 0}
#define NUMBER(key, field) {key, NULL, NULL, 0, offsetof(struct options, field)}
	QUIET("command"),
	QUIET("call-id"), /* the first field: set by hand */
	STRING("from-tag", from_tag),
	STRING("to-tag", to_tag),
	STRING("via-branch", via_branch),
	STRING("sdp", sdp),
	STRING("label", label),
	STRING("set-label", label),
	STRING("media-address", media_address),
	NUMBER("delete-delay", delete_delay),
	NUMBER("limit", limit),
	WORDS("flags", options_flag_word),
	WORDS("replace", options_replace_word),
	WORDS("rtcp-mux", options_mux_word),
	WORDS("supports", options_support_word),
	WORDS("SDES", options_sdes_word),
	WORDS("DTLS", options_dtls_word),
	WORDS("OSRTP", options_osrtp_word),
	WORDS("ICE", options_ice_word),
	WORDS("ICE-lite", options_ice_lite_word),
	WORDS("endpoint-learning", options_learning_word),
	WORDS("sdp-media-remove", options_remove_word),
	WORDS("codec-strip", options_strip_word),
	WORDS("codec-mask", options_strip_word),
	WORDS("codec-except", options_except_word),
	WORDS("codec-offer", options_codec_offer_word),
	WHOLE("codec", key_codec),
	WHOLE("extmap", key_extmap),
	WHOLE("sdp-attr", key_edit),
	WHOLE("direction", key_direction),
	WHOLE("interface", key_interface),
	WHOLE("from-interface", key_from_interface),
	WHOLE("to-interface", key_to_interface),
	WHOLE("transport-protocol", key_proto),
	WHOLE("address-family", key_family),
	WHOLE("received-from", key_received),
	WHOLE("TOS", key_tos),
	WHOLE("passthrough", key_passthrough),
	WHOLE("template", key_template),
	WHOLE("rtpp-flags", key_rtpp_flags),
	QUIET("sip-message-type"),
	QUIET("metadata"),
	QUIET("record-call"),
};

static bool key_set(struct reading *r, struct slice name,
		    const struct value *v)
{
	const struct key *key = keys;

	while (key < keys + sizeof(keys) / sizeof(keys[0]) &&
	       !value_word_eq(name, slice_str(key->key)))
		key++;
	if (key == keys + sizeof(keys) / sizeof(keys[0]))
		return false;
	if (key->fn)
		key->fn(r, v);
	else if (key->word)
		each_word(r, v, key->key, key->word);
	else if (key->slice)
		*(struct slice *)((char *)r->o + key->slice) = value_as_str(v);
	else if (key->number)
		*(int64_t *)((char *)r->o + key->number) = value_as_int(v, -1);
	return true;
}

/* ---- strings of flags --------------------------------------------------- */

/* internal, external: the two sides, as flags of their own */
static void flags_word(struct reading *r, struct slice key)
{
	if (r->directions < 2 && (slice_eq_str(key, "internal") ||
				  slice_eq_str(key, "external")))
		r->o->interface[r->directions++] = key;
	else if (!options_flag_word(r, key))
		options_unknown("flag", key);
}

static void flags_take(void *arg, struct slice key, const struct value *v)
{
	struct reading *r = arg;

	if (!v)
		flags_word(r, key);
	else if (value_word_eq(key, SLICE_LIT("rtpp-flags")) ||
		 !key_set(r, key, v))
		options_unknown("key", key);
}

static void flags_read(struct reading *r, struct slice s)
{
	bool escaped = r->escaped;

	r->escaped = true;
	if (flags_parse(r->context->pool, s, flags_take, r))
		options_unknown("end of flags", s);
	r->escaped = escaped;
}

static void key_rtpp_flags(struct reading *r, const struct value *v)
{
	flags_read(r, value_as_str(v));
}

bool options_template(struct reading *r, struct slice name)
{
	const struct options_context *c = r->context;

	if (r->templates == OPTIONS_TEMPLATES_DEPTH)
		return false;
	for (size_t i = 0; i < c->ntemplates; i++) {
		if (!slice_eq_str(name, c->templates[i].name))
			continue;
		r->templates++;
		flags_read(r, slice_str(c->templates[i].flags));
		r->templates--;
		return true;
	}
	return false;
}

static void transport_join(struct reading *r)
{
	static const enum sdpv_proto protos[2][2] = {
		{SDPV_RTP_AVP, SDPV_RTP_AVPF},
		{SDPV_RTP_SAVP, SDPV_RTP_SAVPF},
	};

	if (r->parts)
		r->o->proto = protos[r->srtp][r->feedback];
	if (r->parts && r->dtls)
		r->o->proto = r->feedback ? SDPV_DTLS_SAVPF : SDPV_DTLS_SAVP;
}

/* What says more than a template comes after it, wherever it stands. */
void options_parse(struct options *o, const struct options_context *context,
		   const struct value *request)
{
	struct reading r = {.o = o, .context = context};
	const struct value *v = value_get(request, "template");

	*o = (struct options){.delete_delay = -1, .limit = 32, .tos = -1};
	o->call_id = value_get_str(request, "call-id");
	if (v)
		key_template(&r, v);
	for (v = value_first(request); v; v = value_next(v))
		if (!value_word_eq(value_key(v), SLICE_LIT("template")) &&
		    !key_set(&r, value_key(v), v))
			options_unknown("key", value_key(v));
	transport_join(&r);
}
