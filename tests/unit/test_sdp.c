/* test_sdp.c: the view of a session description. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/pkt/sdp.h"

#define HEAD "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\n"
#define CONN "c=IN IP4 192.0.2.1\r\nt=0 0\r\n"
#define AUDIO "m=audio 5004 RTP/AVP 0 101\r\n"

static struct sdp_view view;

static int parse(const char *text)
{
	return sdpv_parse(&view, slice_str(text));
}

static void eq(struct slice s, const char *want)
{
	assert_int_equal(s.n, strlen(want));
	assert_memory_equal(s.p, want, s.n);
}

static void a_webrtc_like_offer(void **state)
{
	const struct sdpv_media *m = &view.media[0];
	(void)state;

	assert_int_equal(parse(
		HEAD CONN "a=group:BUNDLE 0 1\r\na=ice-lite\r\n"
		"a=setup:actpass\r\na=fingerprint:SHA-256 AB:CD\r\n"
		"a=recvonly\r\n"
		"m=audio 49170/2 UDP/TLS/RTP/SAVPF 111 0\r\n"
		"c=IN IP6 2001:db8::1\r\na=mid:0\r\na=rtcp-mux\r\n"
		"a=rtcp:53020 IN IP4 192.0.2.9\r\na=ice-ufrag:u\r\n"
		"a=ice-pwd:p\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"
		"a=ptime:20\r\na=sendonly\r\n"
		"m=video 0 RTP/AVP 96\r\na=setup:passive\r\n"
		"a=fingerprint:sha-512 00:11\r\na=bundle-only\r\n"), 0);
	assert_int_equal(view.media_count, 2);
	eq(view.group, "BUNDLE 0 1");
	assert_true(view.ice_lite);
	eq(m->type, "audio");
	assert_int_equal(m->port, 49170);
	assert_int_equal(m->port_count, 2);
	assert_int_equal(m->proto, SDPV_DTLS_SAVPF);
	eq(m->formats, "111 0");
	assert_int_equal(m->format_count, 2);
	assert_true(m->conn_own && m->conn.ip6);
	eq(m->conn.address, "2001:db8::1");
	assert_int_equal(m->rtcp_port, 53020);
	eq(m->rtcp_conn.address, "192.0.2.9");
	assert_true(m->rtcp_mux && !m->rtcp_mux_only);
	assert_int_equal(m->setup, SDPV_SETUP_ACTPASS);
	assert_int_equal(m->fingerprint_count, 1);
	eq(m->fingerprint[0].hash, "SHA-256");
	eq(m->fingerprint[0].value, "AB:CD");
	assert_int_equal(m->direction, SDPV_SENDONLY);
	eq(m->ice_ufrag, "u");
	assert_int_equal(m->candidate_count, 1);
	assert_int_equal(m->ptime, 20);
	eq(m->mid, "0");

	m++;
	assert_int_equal(m->port, 0);
	assert_true(!m->conn_own && m->conn.set && m->bundle_only);
	assert_int_equal(m->setup, SDPV_SETUP_PASSIVE);
	assert_int_equal(m->fingerprint_count, 1);
	eq(m->fingerprint[0].hash, "sha-512");
	assert_int_equal(m->direction, SDPV_RECVONLY);
	/* parts are all octets, without gaps */
	assert_ptr_equal(view.session.p + view.session.n,
			 view.media[0].whole.p);
	assert_ptr_equal(view.media[0].whole.p + view.media[0].whole.n,
			 view.media[1].whole.p);
	assert_ptr_equal(m->whole.p + m->whole.n,
			 view.octets.p + view.octets.n);
}

/* RFC 4568 section 9.1 and its examples */
static void crypto_lines(void **state)
{
	const struct sdpv_crypto *c = view.media[0].crypto;
	(void)state;

	assert_int_equal(parse(
		HEAD CONN AUDIO
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
		"inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4\r\n"
		"a=crypto:2 F8_128_HMAC_SHA1_80 inline:AAAA|2^20|1:4;"
		"inline:BBBB|2^20|2:4 FEC_ORDER=FEC_SRTP\r\n"
		"a=crypto:0123456789 AES_CM_128_HMAC_SHA1_80 inline:x\r\n"
		"a=crypto:3 X uri:y\r\na=crypto:4 X inline:\r\n"
		"a=crypto:5 X inline:k|1:999\r\na=crypto:6 X inline:k|\r\n"
		"a=crypto:\r\na=crypto\r\na=crypto:7 Y inline:k\n"), 0);
	assert_int_equal(view.media[0].crypto_count, 3);
	assert_int_equal(c[0].tag, 1);
	eq(c[0].suite, "AES_CM_128_HMAC_SHA1_80");
	eq(c[0].key_salt, "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj");
	eq(c[0].lifetime, "2^20");
	assert_int_equal(c[0].mki, 1);
	assert_int_equal(c[0].mki_n, 4);
	assert_null(c[0].params.p);
	eq(c[1].key_salt, "AAAA");
	eq(c[1].params, "FEC_ORDER=FEC_SRTP");
	assert_int_equal(c[2].tag, 7);
	assert_null(c[2].lifetime.p);
}

static void malformed(void **state)
{
	static const char *const bad[] = {
		"", "v=0", "v=1\r\no=- 1 1 IN IP4 1.2.3.4\r\n",
		"o=- 1 1 IN IP4 1.2.3.4\r\nv=0\r\n", "v=\nv=0\r\n",
		"hello", HEAD "v=0\r\n", HEAD "o=- 1 1 IN IP4 1.2.3.4\r\n",
		HEAD "\r\nc=IN IP4 1.2.3.4\r\n", HEAD "C=IN IP4 1.2.3.4\r\n",
		HEAD "c IN IP4 1.2.3.4\r\n", HEAD "c=IN IP5 1.2.3.4\r\n",
		HEAD "c=IN IP4\r\n", HEAD "c=IN IP4 /127\r\n",
		HEAD "c=IN IP4 1.2.3.4 5\r\n", HEAD "a=x\ry\r\n", HEAD "a=x\r",
		HEAD "m=audio\r\n", HEAD "m=audio 65536 RTP/AVP 0\r\n",
		HEAD "m=audio -1 RTP/AVP 0\r\n",
		HEAD "m=audio 1/0 RTP/AVP 0\r\n",
		HEAD "m=audio 1/x RTP/AVP 0\r\n", HEAD "m=audio 1 RTP/AVP\r\n",
		HEAD AUDIO "a=rtcp:70000\r\n", HEAD AUDIO "a=rtcp:\r\n",
		HEAD AUDIO "a=rtcp:1 IN IP4\r\n", HEAD AUDIO "v=0\r\n",
		HEAD "a=fingerprint:sha-256\r\n", HEAD "=\r\n",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(bad[i]) != EBADMSG)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(sdpv_parse(&view, SLICE_LIT(HEAD "a=x\0y\r\n")),
			 EBADMSG);
	assert_int_equal(parse(HEAD CONN "m=audio 0 RTP/AVP\r\n\r\n\n"), 0);
	assert_int_equal(parse(HEAD AUDIO "a=ptime:99999999999"), 0);
	assert_int_equal(view.media[0].ptime, 0);
}

static int repeated(const char *head, const char *line, int n)
{
	char *text = malloc(1 << 20);
	size_t len;
	int err;

	assert_non_null(text);
	len = (size_t)sprintf(text, "%s", head);
	for (int i = 0; i < n; i++)
		len += (size_t)sprintf(text + len, "%s", line);
	err = sdpv_parse(&view, slice_of(text, len));
	free(text);
	return err;
}

static void limits(void **state)
{
	(void)state;

	assert_int_equal(repeated(HEAD, AUDIO, SDPV_MEDIAS_MAX), 0);
	assert_int_equal(repeated(HEAD, AUDIO, SDPV_MEDIAS_MAX + 1), E2BIG);
	assert_int_equal(repeated(HEAD "m=audio 1 RTP/AVP", " 0",
				  SDPV_FORMATS_MAX), 0);
	assert_int_equal(repeated(HEAD "m=audio 1 RTP/AVP", " 0",
				  SDPV_FORMATS_MAX + 1), E2BIG);
	assert_int_equal(repeated(HEAD AUDIO, "a=x\n", SDPV_LINES_MAX - 1), 0);
	assert_int_equal(repeated(HEAD AUDIO, "a=x\n", SDPV_LINES_MAX), E2BIG);
	assert_int_equal(repeated(HEAD, "a=x\n", SDPV_LINES_MAX), E2BIG);
	assert_int_equal(repeated(HEAD, "b", SDPV_OCTETS_MAX), E2BIG);
	assert_int_equal(repeated(HEAD AUDIO, "a=crypto:1 X inline:k\n", 40),
			 0);
	assert_int_equal(view.media[0].crypto_count, SDPV_CRYPTOS_MAX);
	assert_int_equal(repeated(HEAD AUDIO, "a=fingerprint:a b\n", 40), 0);
	assert_int_equal(view.media[0].fingerprint_count,
			 SDPV_FINGERPRINTS_MAX);
}

static void addresses(void **state)
{
	struct sdpv_conn c = {.set = true, .address = SLICE_LIT("192.0.2.7")};
	struct sockaddr_storage ss;
	struct sockaddr_in in;
	(void)state;

	assert_int_equal(sdpv_conn_sockaddr(&c, 5004, &ss), 0);
	memcpy(&in, &ss, sizeof(in));
	assert_int_equal(ntohs(in.sin_port), 5004);
	assert_int_equal(ntohl(in.sin_addr.s_addr), 0xc0000207);
	c.address = SLICE_LIT("host.example");
	assert_int_equal(sdpv_conn_sockaddr(&c, 1, &ss), EAFNOSUPPORT);
	c.ip6 = true;
	c.address = SLICE_LIT("::1");
	assert_int_equal(sdpv_conn_sockaddr(&c, 1, &ss), 0);
	assert_int_equal(ss.ss_family, AF_INET6);
	c.set = false;
	assert_int_equal(sdpv_conn_sockaddr(&c, 1, &ss), ENOENT);
}

static void words(void **state)
{
	struct sdpv_origin o;
	(void)state;

	for (int i = SDPV_RTP_AVP; i <= SDPV_DTLS_SAVPF; i++)
		assert_int_equal(sdpv_proto_parse(slice_str(sdpv_proto_name(
			(enum sdpv_proto)i))), i);
	assert_int_equal(sdpv_proto_parse(SLICE_LIT("UDP/DTLS/SCTP")),
			 SDPV_OTHER);
	assert_int_equal(sdpv_origin_parse(SLICE_LIT("u 1 2 IN IP4 h"), &o), 0);
	eq(o.version, "2");
	assert_int_equal(sdpv_origin_parse(SLICE_LIT("u 1 2 IN IP4"), &o),
			 EBADMSG);
	assert_int_equal(sdpv_origin_parse(SLICE_LIT("u 1 2 IN IP4 h x"), &o),
			 EBADMSG);
	assert_int_equal(parse(HEAD AUDIO "a=x\r\na=y:z\r\n"), 0);
	eq(sdpv_attr(view.media[0].whole, "y"), "z");
	eq(sdpv_attr(view.media[0].whole, "x"), "");
	assert_null(sdpv_attr(view.media[0].whole, "z").p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_webrtc_like_offer),
		cmocka_unit_test(crypto_lines),
		cmocka_unit_test(malformed),
		cmocka_unit_test(limits),
		cmocka_unit_test(addresses),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
