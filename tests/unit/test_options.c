/* test_options.c: what requests ask for: the string of flags, keys, words,
 * templates; which codecs stay; lines that are added and removed. */
#include "unit.h"

#include <errno.h>

#include "lib/base/log.h"
#include "relay/flags.h"
#include "relay/options.h"

static struct value_pool pool;
static struct options o;
static struct obuf out;
static const struct options_template templates[] = {
	{"web", "WebRTC replace-origin"},
	{"self", "template=self generate-mid"},
};

static int teardown(void **state)
{
	(void)state;
	value_pool_fini(&pool);
	obuf_fini(&out);
	out = OBUF_INIT;
	return 0;
}

/* ---- the string --------------------------------------------------------- */

static void show(const struct value *v)
{
	if (value_kind(v) == VALUE_STR)
		obuf_slice(&out, value_as_str(v));
	else
		value_write(&out, v, VALUE_JSON);
}

static void item(void *arg, struct slice key, const struct value *v)
{
	(void)arg;
	obuf_slice(&out, key);
	if (v) {
		obuf_chr(&out, '>');
		show(v);
	}
	obuf_chr(&out, ';');
}

static void grammar(void **state)
{
	static const struct {
		const char *in, *want;
	} v[] = {
		{"", ""},
		{"   ", ""},
		{"a", "a;"},
		{" a  b=c ", "a;b>c;"},
		{"a=", "a>;"},
		{"a=b=c", "a>b=c;"},
		{"=a b", "b;"},
		{"x=[a b]", "x>[\"a\",\"b\"];"},
		{"x=[ a b ] c", "x>[\"a\",\"b\"];c;"},
		{"x=[a=1 b=2]", "x>{\"a\":\"1\",\"b\":\"2\"};"},
		{"x=[a=[b c] d=[e]]f", "x>{\"a\":[\"b\",\"c\"],\"d\":[\"e\"]};f;"},
		{"x=[a=[b=[[c d] [e f]]]]",
		 "x>{\"a\":{\"b\":[[\"c\",\"d\"],[\"e\",\"f\"]]}};"},
		{"x=[a b", "x>[\"a\",\"b\"];"},
		{"x=[", "x>[];"},
		{"x=[] y", "x>[];y;"},
		{"x=[a=1 b] y", "x>{\"a\":\"1\"};y;"},
		{"] [ a", "];[;a;"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		obuf_reset(&out);
		assert_int_equal(flags_parse(&pool, slice_str(v[i].in), item,
					     NULL), 0);
		obuf_chr(&out, '\0');
		assert_string_equal(out.p, v[i].want);
	}
}

static void grammar_limits(void **state)
{
	static char deep[4096], many[20000];
	(void)state;

	memcpy(deep, "x=", 2);
	memset(deep + 2, '[', VALUE_DEPTH_MAX + 1);
	assert_int_equal(flags_parse(&pool, slice_str(deep), item, NULL),
			 E2BIG);
	deep[2 + VALUE_DEPTH_MAX] = '\0';
	assert_int_equal(flags_parse(&pool, slice_str(deep), item, NULL), 0);
	for (size_t i = 0; i < sizeof(many); i++)
		many[i] = i % 2 ? 'a' : ' ';
	assert_int_equal(flags_parse(&pool, slice_of(many, sizeof(many)), item,
				     NULL), E2BIG);
}

/* ---- options ------------------------------------------------------------ */

static void read_dict(const struct value *request)
{
	const struct options_context context = {&pool, templates, 2};

	options_parse(&o, &context, request);
}

static void read_flags(const char *flags)
{
	struct value *d = value_new_dict(&pool);

	value_put_cstr(d, "rtpp-flags", flags);
	read_dict(d);
}

static void read_json(const char *json)
{
	struct value *d;

	assert_int_equal(value_parse(&pool, slice_str(json), NULL, &d), 0);
	read_dict(d);
}

static void string_of_flags(void **state)
{
	char text[ADDR_TEXT];
	(void)state;

	read_flags("trust-address replace-origin replace=[username "
		   "zero-address] direction=pub direction=priv "
		   "transport-protocol=RTP/SAVP SDES-off rtcp-mux=[offer "
		   "require] received-from=[IP4 192.0.2.7] ICE=remove TOS=184 "
		   "media-address=192.0.2.9 generate-mid single-codec "
		   "loop-protect full-rtcp-attribute strip-extmap "
		   "codec=[strip=[PCMA all] except=[opus/48000/2]] "
		   "codec-mask-G729 codec-offer=[PCMU] delete-delay=5 "
		   "sdp-media-remove=[video image] OSRTP=[offer accept] "
		   "SDES-order:AEAD_AES_256_GCM;AES_CM_128_HMAC_SHA1_80; "
		   "set-label=x repacketize=20");
	assert_true(o.replace.origin && o.replace.username &&
		    o.replace.zero_address && o.sdes.off && o.mux.offer &&
		    o.mux.require && o.generate_mid && o.codecs.single &&
		    o.loop_protect && o.full_rtcp_attribute && o.extmap.all &&
		    o.osrtp.offer && o.osrtp.accept);
	assert_true(slice_eq_str(o.interface[0], "pub"));
	assert_true(slice_eq_str(o.interface[1], "priv"));
	assert_int_equal(o.proto, SDPV_RTP_SAVP);
	assert_string_equal(addr_host_text(&o.received, text), "192.0.2.7");
	assert_int_equal(o.tos, 184);
	assert_int_equal(o.delete_delay, 5);
	assert_true(slice_eq_str(o.label, "x"));
	assert_int_equal(o.removes, 2);
	assert_int_equal(o.codecs.n, 5);
	assert_int_equal(o.codecs.v[2].verb, CODEC_EXCEPT);
	assert_true(slice_eq_str(o.codecs.v[2].name, "opus/48000/2"));
	assert_int_equal(o.sdes.order_n, 2);
	assert_int_equal(o.sdes.order[0], SUITE_AEAD_AES_256_GCM);
}

static void transports_in_parts(void **state)
{
	static const struct {
		const char *flags;
		enum sdpv_proto proto;
	} v[] = {
		{"RTP AVP", SDPV_RTP_AVP},	  {"SRTP AVP", SDPV_RTP_SAVP},
		{"RTP AVPF", SDPV_RTP_AVPF},	  {"AVPF SRTP", SDPV_RTP_SAVPF},
		{"DTLS AVPF", SDPV_DTLS_SAVPF}, {"DTLS", SDPV_DTLS_SAVP},
		{"UDP/TLS/RTP/SAVP", SDPV_DTLS_SAVP},
		{"symmetric", SDPV_OTHER},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		read_flags(v[i].flags);
		assert_int_equal(o.proto, v[i].proto);
	}
	read_flags("internal external");
	assert_true(slice_eq_str(o.interface[1], "external"));
	read_flags("transport-protocol=accept");
	assert_true(o.proto_accept);
}

static void edits_escaped(void **state)
{
	(void)state;
	read_flags("sdp-attr=[audio=[add=[fmtp:101..a--b] "
		   "substitute=[[sendrecv sendonly] [a b]]] none=[remove=[x]]] "
		   "sdp-attr-substitute-none-ptime:20>ptime:40");
	assert_int_equal(o.edits.n, 5);
	assert_true(slice_eq_str(o.edits.v[0].value, "fmtp:101 a=b"));
	assert_true(slice_eq_str(o.edits.v[1].instead, "sendonly"));
	assert_int_equal(o.edits.v[3].verb, SDP_EDIT_REMOVE);
	assert_true(slice_eq_str(o.edits.v[4].instead, "ptime:40"));

	/* a dictionary needs no escapes, nor can it break lines */
	read_json("{\"sdp-attr\": {\"audio\": {\"add\": [\"a..b--c\", "
		  "\"x\\r\\na=y\"], \"substitute\": [\"p\", \"q\"]}}}");
	assert_int_equal(o.edits.n, 2);
	assert_true(slice_eq_str(o.edits.v[0].value, "a..b--c"));
	assert_true(slice_eq_str(o.edits.v[1].value, "p"));
}

static void templates_expand(void **state)
{
	(void)state;
	read_json("{\"rtcp-mux\": [\"demux\"], \"transport protocol\": "
		  "\"RTP/AVP\", \"template\": \"web\"}");
	assert_true(o.sdes.off && o.mux.require && o.mux.demux &&
		    o.replace.origin && o.no_rtcp_attribute && o.generate_mid);
	assert_int_equal(o.proto, SDPV_RTP_AVP); /* said beside it: stronger */
	read_flags("template=self");
	assert_true(o.generate_mid);
	read_flags("template=nosuch rtpp-flags=generate-mid");
	assert_false(o.generate_mid);
}

/* ---- codecs ------------------------------------------------------------- */

#define HEAD "v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4 192.0.2.1\r\n"
static const char many[] =
	HEAD "m=audio 5004 RTP/AVP 8 0 111 112 101 102 97\r\n"
	"a=rtpmap:111 opus/48000/2\r\na=rtpmap:112 opus/16000\r\n"
	"a=rtpmap:101 telephone-event/8000\r\n"
	"a=rtpmap:102 telephone-event/48000\r\n"
	"a=rtpmap:97 rtx/8000\r\na=fmtp:97 apt=8\r\n";

static const char *chosen(const char *flags, enum codec_in in)
{
	static struct sdp_view view;
	struct codec_choice c;

	read_flags(flags);
	assert_int_equal(sdpv_parse(&view, slice_str(many)), 0);
	codec_choose(&c, &view.media[0], &o.codecs, in);
	obuf_reset(&out);
	for (unsigned i = 0; c.changed && i < c.n; i++) {
		obuf_slice(&out, c.v[i]);
		obuf_chr(&out, ' ');
	}
	obuf_chr(&out, '\0');
	assert_true(codec_keeps(&c, SLICE_LIT("* nack")));
	return out.p;
}

static void codecs(void **state)
{
	(void)state;
	assert_string_equal(chosen("codec-strip-PCMA", CODEC_IN_OFFER),
			    "0 111 112 101 102 ");
	assert_string_equal(chosen("codec-strip-opus", CODEC_IN_OFFER),
			    "8 0 101 102 97 ");
	assert_string_equal(chosen("codec-strip-opus/48000/2", CODEC_IN_OFFER),
			    "8 0 112 101 102 97 ");
	assert_string_equal(chosen("codec-strip-opus/16000/1",
				   CODEC_IN_OFFER), "8 0 111 101 102 97 ");
	assert_string_equal(chosen("codec-strip-all codec-except=[PCMU "
				   "telephone-event/8000]", CODEC_IN_OFFER),
			    "0 101 ");
	/* what was not stripped needs no bringing back: it keeps its place */
	assert_string_equal(chosen("codec-offer=[opus PCMU]", CODEC_IN_OFFER),
			    "");
	assert_string_equal(chosen("codec-strip-PCMA codec-offer-PCMA",
				   CODEC_IN_OFFER),
			    "0 111 112 101 102 97 8 ");
	assert_string_equal(chosen("codec=[mask=full offer=[PCMU PCMA]]",
				   CODEC_IN_OFFER), "0 8 ");
	/* nothing left: all stay; nothing to change: nothing changes */
	assert_string_equal(chosen("codec-strip-all", CODEC_IN_OFFER), "");
	assert_string_equal(chosen("codec-strip-G729", CODEC_IN_OFFER), "");
	assert_string_equal(chosen("codec-strip-PCMA", CODEC_IN_ANSWER), "");
	assert_string_equal(chosen("single-codec", CODEC_IN_OFFER), "");
	assert_string_equal(chosen("single-codec", CODEC_IN_ANSWER),
			    "8 101 ");
}

/* ---- lines -------------------------------------------------------------- */

static void edits(void **state)
{
	static const char sdp[] = "v=0\r\na=x:1\r\nm=audio 1 RTP/AVP 0\r\n"
		"a=ssrc:1 a\r\na=ssrc:2 b\r\na=sendrecv\r\n"
		"m=video 2 RTP/AVP 9\r\na=sendrecv\r\n\r\n";
	(void)state;

	read_flags("sdp-attr=[none=[remove=[x:] add=[g]] audio=[remove=[ssrc:1]"
		   " add=[ssrc:2..b new:1] substitute=[[sendrecv sendonly]]] "
		   "video=[add=[v]]]");
	obuf_reset(&out);
	sdp_edit(&out, slice_str(sdp), &o.edits);
	obuf_chr(&out, '\0');
	assert_string_equal(out.p, "v=0\r\na=g\r\nm=audio 1 RTP/AVP 0\r\n"
		"a=ssrc:2 b\r\na=sendonly\r\na=new:1\r\n"
		"m=video 2 RTP/AVP 9\r\na=sendrecv\r\na=v\r\n\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(grammar, teardown),
		cmocka_unit_test_teardown(grammar_limits, teardown),
		cmocka_unit_test_teardown(string_of_flags, teardown),
		cmocka_unit_test_teardown(transports_in_parts, teardown),
		cmocka_unit_test_teardown(edits_escaped, teardown),
		cmocka_unit_test_teardown(templates_expand, teardown),
		cmocka_unit_test_teardown(codecs, teardown),
		cmocka_unit_test_teardown(edits, teardown),
	};

	log_init("test_options", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
