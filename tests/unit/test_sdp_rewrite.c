/* test_sdp_rewrite.c: what is ours in a description, and that nothing else is
 * touched. */
#include "unit.h"

#include <stdio.h>

#include "relay/sdp_rewrite.h"

static struct sdp_view view;
static struct rewrite rw;
static struct obuf ob;

static int setup(void **state)
{
	(void)state;
	rw = (struct rewrite){.address = "198.51.100.1"};
	rw.media[0] = (struct rewrite_media){.proto = SDPV_RTP_AVP,
					     .port = 40000,
					     .rtcp_port = 40001};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	obuf_fini(&ob);
	ob = OBUF_INIT;
	return 0;
}

static const char *rewrite(const char *text)
{
	obuf_reset(&ob);
	assert_int_equal(sdpv_parse(&view, slice_str(text)), 0);
	sdp_rewrite(&ob, &view, &rw);
	assert_int_equal(ob.err, 0);
	obuf_chr(&ob, '\0');
	return ob.p;
}

static void only_what_is_ours(void **state)
{
	(void)state;

	assert_string_equal(rewrite(
		"v=0\r\n"
		"o=J\xfcrgen 1 2 IN IP4 10.0.0.1\r\n"
		"s= \t \r\n"
		"i=10.0.0.1 5004 RTP/AVP\r\n"
		"c=IN IP4 10.0.0.1\r\n"
		"b=AS:80\r\n"
		"t=0 0\r\n"
		"a=x-unknown:  5004 \r\n"
		"m=audio 5004 RTP/AVP  0 8   101\r\n"
		"i=\xe2\x82\xac\r\n"
		"c=IN IP4 10.0.0.2/127\r\n"
		"a=rtcp:5005 IN IP4 10.0.0.3\r\n"
		"a=rtpmap:101 telephone-event/8000\r\n"
		"a=fmtp:101 0-15\r\n"
		"a=sendonly\r\n"),
		"v=0\r\n"
		"o=J\xfcrgen 1 2 IN IP4 10.0.0.1\r\n"
		"s= \t \r\n"
		"i=10.0.0.1 5004 RTP/AVP\r\n"
		"c=IN IP4 198.51.100.1\r\n"
		"b=AS:80\r\n"
		"t=0 0\r\n"
		"a=x-unknown:  5004 \r\n"
		"m=audio 40000 RTP/AVP 0 8   101\r\n"
		"i=\xe2\x82\xac\r\n"
		"c=IN IP4 198.51.100.1\r\n"
		"a=rtcp:40001 IN IP4 198.51.100.1\r\n"
		"a=rtpmap:101 telephone-event/8000\r\n"
		"a=fmtp:101 0-15\r\n"
		"a=sendonly\r\n");
}

static void lines_end_as_they_came(void **state)
{
	(void)state;

	rw.media[0].rtcp_mux = true;
	assert_string_equal(
		rewrite("v=0\no=- 1 1 IN IP4 h\nm=audio 1 RTP/AVP 0\n"
			"c=IN IP4 10.0.0.1\na=x"),
		"v=0\no=- 1 1 IN IP4 h\nm=audio 40000 RTP/AVP 0\n"
		"c=IN IP4 198.51.100.1\na=x\na=rtcp-mux\n");
}

static void keys_and_ice_of_the_other_leg_go(void **state)
{
	(void)state;

	assert_string_equal(rewrite(
		"v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4 10.0.0.1\r\n"
		"k=clear:secret\r\na=key-mgmt:mikey AQAF\r\n"
		"a=group:BUNDLE 0 1\r\na=group:LS 0 1\r\na=ice-lite\r\n"
		"a=fingerprint:sha-256 AA\r\na=setup:actpass\r\n"
		"m=audio 5004 UDP/TLS/RTP/SAVPF 0\r\n"
		"k=base64:c2VjcmV0\r\na=mid:0\r\na=bundle-only\r\n"
		"a=ice-ufrag:x\r\na=ice-pwd:y\r\na=ice-options:trickle\r\n"
		"a=candidate:1 1 UDP 1 10.0.0.1 5004 typ host\r\n"
		"a=end-of-candidates\r\na=remote-candidates:1 h 1\r\n"
		"a=rtcp-mux\r\na=rtcp-mux-only\r\na=tls-id:abc\r\n"
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0\r\n"
		"a=fingerprint:sha-256 BB\r\na=setup:active\r\n"
		"a=connection:new\r\n"),
		"v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4 198.51.100.1\r\n"
		"a=group:LS 0 1\r\n"
		"m=audio 40000 RTP/AVP 0\r\n"
		"a=mid:0\r\n");
}

static void security_of_ours_is_added(void **state)
{
	struct sdes_keys keys = {
		.n = 2,
		.v = {{.tag = 1, .suite = SUITE_AES_CM_128_HMAC_SHA1_80},
		      {.tag = 7, .suite = SUITE_AEAD_AES_256_GCM}}};
	const char *text = "v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4 10.0.0.1\r\n"
			   "m=audio 5004 RTP/AVP 0\r\n";
	(void)state;

	memset(keys.v[0].key_salt, 'a', SUITE_KEY_SALT_MAX);
	memset(keys.v[1].key_salt, 'b', SUITE_KEY_SALT_MAX);
	rw.media[0].proto = SDPV_RTP_SAVP;
	rw.media[0].keys = &keys;
	assert_string_equal(rewrite(text),
		"v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4 198.51.100.1\r\n"
		"m=audio 40000 RTP/SAVP 0\r\n"
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
		"inline:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh\r\n"
		"a=crypto:7 AEAD_AES_256_GCM inline:"
		"YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJi"
		"YmI=\r\n");

	rw.media[0] = (struct rewrite_media){
		.proto = SDPV_DTLS_SAVPF, .port = 40000, .rtcp_port = 40001,
		.rtcp_add = true, .rtcp_mux = true, .rtcp_mux_only = true,
		.setup = SDPV_SETUP_ACTPASS, .fingerprint = "sha-256 AB:CD"};
	assert_string_equal(rewrite(text),
		"v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4 198.51.100.1\r\n"
		"m=audio 40000 UDP/TLS/RTP/SAVPF 0\r\n"
		"a=rtcp:40001\r\na=rtcp-mux\r\na=rtcp-mux-only\r\n"
		"a=setup:actpass\r\na=fingerprint:sha-256 AB:CD\r\n");
}

static void rejected_media_tells_nothing(void **state)
{
	(void)state;

	rw.media[0] = (struct rewrite_media){.reject = true};
	assert_string_equal(rewrite(
		"v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4 10.0.0.1\r\n"
		"m=application 5004 UDP/DTLS/SCTP webrtc-datachannel\r\n"
		"a=setup:active\r\na=fingerprint:sha-256 AA\r\n"
		"a=sctp-port:5000\r\na=rtcp:9\r\na=rtcp-mux\r\n"),
		"v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4 198.51.100.1\r\n"
		"m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"
		"a=sctp-port:5000\r\n");
}

static void zero_address_is_hold(void **state)
{
	static const char text[] =
		"v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4 0.0.0.0\r\n"
		"m=audio 5004 RTP/AVP 0\r\n";
	static const char both[] =
		"v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4 0.0.0.0\r\n"
		"m=audio 5004 RTP/AVP 0\r\na=recvonly\r\n";
	static const char trickled[] =
		"v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4 0.0.0.0\r\n"
		"m=audio 9 RTP/AVP 0\r\na=sendrecv\r\n";
	(void)state;

	assert_non_null(strstr(rewrite(text), "\r\nc=IN IP4 0.0.0.0\r\n"));
	assert_non_null(strstr(rewrite(text), "\r\na=sendonly\r\n"));
	rw.zero_address = true;
	assert_non_null(strstr(rewrite(text), "\r\nc=IN IP4 198.51.100.1\r\n"));
	assert_non_null(strstr(rewrite(text), "\r\na=sendonly\r\n"));
	assert_non_null(strstr(rewrite(both), "\r\na=inactive\r\n"));
	assert_null(strstr(rewrite(both), "recvonly"));
	assert_non_null(strstr(rewrite(trickled), "\r\na=sendrecv\r\n"));
	assert_null(strstr(rewrite(trickled), "sendonly"));
}

static void mid_is_not_answered_unasked(void **state)
{
	(void)state;

	rw.media[0].mid = 1;
	rw.media[0].mid_none = true;
	assert_null(strstr(rewrite(
		"v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4 192.0.2.1\r\n"
		"m=audio 5004 RTP/AVP 0\r\na=mid:1\r\n"), "a=mid"));
	assert_null(strstr(rewrite(
		"v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4 192.0.2.1\r\n"
		"m=audio 5004 RTP/AVP 0\r\n"), "a=mid"));
}

static void origin_and_name_on_request(void **state)
{
	(void)state;

	rw.address = "2001:db8::5";
	rw.ip6 = true;
	rw.origin = true;
	rw.username = SLICE_LIT("sbc");
	rw.version = SLICE_LIT("77");
	rw.session_name = SLICE_LIT("call");
	assert_string_equal(rewrite(
		"v=0\r\no=alice 1 2 IN IP4 10.0.0.1\r\ns=Alice\r\n"
		"m=audio 5004 RTP/AVP 0\r\nc=IN IP4 10.0.0.1\r\ns=odd\r\n"),
		"v=0\r\no=sbc 1 77 IN IP6 2001:db8::5\r\ns=call\r\n"
		"m=audio 40000 RTP/AVP 0\r\nc=IN IP6 2001:db8::5\r\n"
		"s=odd\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		TEST(only_what_is_ours),
		TEST(lines_end_as_they_came),
		TEST(keys_and_ice_of_the_other_leg_go),
		TEST(security_of_ours_is_added),
		TEST(rejected_media_tells_nothing),
		TEST(zero_address_is_hold),
		TEST(mid_is_not_answered_unasked),
		TEST(origin_and_name_on_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
