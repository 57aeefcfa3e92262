/* test_negotiate.c: what legs become by offer and answer; above all that SRTP
 * never becomes RTP by somebody else's wish, and that keys are new when they
 * must be and the same when they must be. */
#include "unit.h"

#include <stdio.h>

#include "relay/negotiate.h"

#define HEAD "v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4 192.0.2.1\r\n"
#define RTP HEAD "m=audio 5004 RTP/AVP 0\r\n"
#define KEY_A "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
#define KEY_B "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
#define SDES HEAD "m=audio 5004 RTP/SAVP 0\r\na=crypto:1 " \
	"AES_CM_128_HMAC_SHA1_80 inline:" KEY_A "\r\n"
#define SDES_B HEAD "m=audio 5004 RTP/SAVP 0\r\na=crypto:1 " \
	"AES_CM_128_HMAC_SHA1_80 inline:" KEY_B "\r\n"
#define BYTES8 "01:02:03:04:05:06:07:08:"
#define FP "a=fingerprint:sha-256 " BYTES8 BYTES8 BYTES8 \
	"01:02:03:04:05:06:07:08\r\n"
#define DTLS HEAD "m=audio 5004 UDP/TLS/RTP/SAVPF 0\r\n" FP

static struct sdp_view view;
static struct session_media sm;
static struct options o;
static struct leg_conf conf[2];
static bool reject;

static int setup(void **state)
{
	(void)state;
	sm = (struct session_media){0};
	o = (struct options){0};
	return 0;
}

static enum refusal offer(enum media_side side, const char *sdp)
{
	enum refusal why;

	assert_int_equal(sdpv_parse(&view, slice_str(sdp)), 0);
	why = negotiate_offer(&sm, side, &view.media[0], &o, true,
			      negotiate_passes(&view, &o));
	if (why)
		return why;
	sm.offer = sm.next;
	if (sm.offer.offer.n)
		sm.leg[media_other(side)].ours = sm.offer.offer;
	return why;
}

static enum refusal answer(const char *sdp)
{
	enum refusal why;

	assert_int_equal(sdpv_parse(&view, slice_str(sdp)), 0);
	why = negotiate_answer(&sm, &view.media[0], &o, conf, &reject);
	for (int i = 0; !why && !reject && i < 2; i++) {
		sm.leg[i].conf = conf[i];
		sm.leg[i].set = true;
	}
	return why;
}

/* An SDES answer that takes the n-th line of our offer. */
static const char *takes(unsigned n)
{
	static char text[512];
	const struct sdes_key *key = &sm.offer.offer.v[n];

	snprintf(text, sizeof(text), HEAD "m=audio 6000 RTP/SAVP 0\r\n"
		 "a=crypto:%u %s inline:%s\r\n", key->tag,
		 suite_info(key->suite)->name,
		 "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJQ==");
	if (suite_key_salt(key->suite) == 30)
		snprintf(text, sizeof(text), HEAD "m=audio 6000 RTP/SAVP 0\r\n"
			 "a=crypto:%u %s inline:" KEY_B "\r\n", key->tag,
			 suite_info(key->suite)->name);
	return text;
}

static void rtp_to_rtp(void **state)
{
	char text[ADDR_TEXT];
	(void)state;

	assert_int_equal(offer(MEDIA_A, RTP), REFUSAL_NONE);
	assert_int_equal(answer(HEAD "m=audio 6000 RTP/AVP 0\r\na=rtcp:7 IN "
				"IP4 192.0.2.9\r\n"), REFUSAL_NONE);
	assert_int_equal(conf[MEDIA_A].security, LEG_RTP);
	assert_string_equal(addr_text(&conf[MEDIA_A].rtp, text),
			    "192.0.2.1:5004");
	assert_string_equal(addr_text(&conf[MEDIA_A].rtcp, text),
			    "192.0.2.1:5005");
	assert_string_equal(addr_text(&conf[MEDIA_B].rtcp, text),
			    "192.0.2.9:7");
	assert_true(conf[MEDIA_A].recv && conf[MEDIA_A].send &&
		    conf[MEDIA_B].recv && conf[MEDIA_B].send);
}

/* what is offered, what is answered, what we say to that */
static void downgrades(void **state)
{
	static const struct {
		enum sdpv_proto proto;
		const char *answer;
		enum refusal why;
	} v[] = {
		{SDPV_RTP_SAVP, RTP, REFUSAL_DOWNGRADE},
		{SDPV_RTP_SAVPF, RTP, REFUSAL_DOWNGRADE},
		{SDPV_DTLS_SAVP, RTP, REFUSAL_DOWNGRADE},
		{SDPV_DTLS_SAVPF, RTP, REFUSAL_DOWNGRADE},
		{SDPV_RTP_SAVP, HEAD "m=audio 1 X 0\r\n", REFUSAL_DOWNGRADE},
		{SDPV_RTP_SAVP, HEAD "m=audio 1 RTP/AVP 0\r\na=crypto:1 "
		 "AES_CM_128_HMAC_SHA1_80 inline:" KEY_A "\r\n",
		 REFUSAL_DOWNGRADE},
		{SDPV_RTP_SAVP, HEAD "m=audio 1 RTP/SAVP 0\r\n",
		 REFUSAL_CRYPTO},
		{SDPV_RTP_SAVP, HEAD "m=audio 1 RTP/SAVP 0\r\na=crypto:9 "
		 "AES_CM_128_HMAC_SHA1_80 inline:" KEY_A "\r\n",
		 REFUSAL_CRYPTO},
		{SDPV_RTP_SAVP, HEAD "m=audio 1 RTP/SAVP 0\r\na=crypto:1 "
		 "NULL_HMAC_SHA1_80 inline:" KEY_A "\r\n", REFUSAL_CRYPTO},
		{SDPV_RTP_SAVP, DTLS, REFUSAL_ANSWER},
		{SDPV_DTLS_SAVP, HEAD "m=audio 1 UDP/TLS/RTP/SAVP 0\r\n",
		 REFUSAL_FINGERPRINT},
		{SDPV_DTLS_SAVP, SDES, REFUSAL_FINGERPRINT},
		{SDPV_DTLS_SAVP, HEAD "m=audio 1 UDP/TLS/RTP/SAVP 0\r\n"
		 "a=fingerprint:sha-1 00:01\r\n", REFUSAL_FINGERPRINT},
		{SDPV_RTP_AVP, SDES, REFUSAL_ANSWER},
		{SDPV_RTP_AVP, DTLS, REFUSAL_ANSWER},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		setup(NULL);
		o.proto = v[i].proto;
		assert_int_equal(offer(MEDIA_A, RTP), REFUSAL_NONE);
		if (answer(v[i].answer) != v[i].why)
			fail_msg("case %zu", i);
	}
}

static void bad_offers(void **state)
{
	static const struct {
		const char *sdp;
		enum refusal why;
	} v[] = {
		{"v=0\no=- 1 1 IN IP4 h\nm=audio 1 RTP/AVP 0\n",
		 REFUSAL_INCOMPLETE},
		{"v=0\no=- 1 1 IN IP4 h\nc=IN IP4 host.example\n"
		 "m=audio 1 RTP/AVP 0\n", REFUSAL_ADDRESS},
		{"v=0\no=- 1 1 IN IP4 h\nc=IN IP6 192.0.2.1\n"
		 "m=audio 1 RTP/AVP 0\n", REFUSAL_ADDRESS},
		{"v=0\no=- 1 1 IN IP4 h\nc=IN IP4 239.0.0.1\n"
		 "m=audio 1 RTP/AVP 0\n", REFUSAL_ADDRESS},
		{"v=0\no=- 1 1 IN IP4 h\nc=IN IP4 255.255.255.255\n"
		 "m=audio 1 RTP/AVP 0\n", REFUSAL_ADDRESS},
		{"v=0\no=- 1 1 IN IP4 h\nc=IN IP6 ff02::1\n"
		 "m=audio 1 RTP/AVP 0\n", REFUSAL_ADDRESS},
		{HEAD "m=audio 1 RTP/SAVP 0\r\n", REFUSAL_CRYPTO},
		{HEAD "m=audio 1 RTP/SAVP 0\r\na=crypto:1 "
		 "AES_CM_128_HMAC_SHA1_80 inline:" KEY_A "|256:1\r\n",
		 REFUSAL_CRYPTO},
		{HEAD "m=audio 1 RTP/SAVP 0\r\na=crypto:1 "
		 "AES_CM_128_HMAC_SHA1_80 inline:" KEY_A
		 " UNENCRYPTED_SRTP\r\n", REFUSAL_CRYPTO},
		{HEAD "m=audio 1 RTP/SAVP 0\r\na=crypto:1 "
		 "AES_CM_128_HMAC_SHA1_80 inline:c2hvcnQ=\r\n",
		 REFUSAL_CRYPTO},
		{HEAD "m=audio 1 RTP/SAVP 0\r\na=crypto:1 "
		 "F8_128_HMAC_SHA1_80 inline:" KEY_A "\r\n", REFUSAL_CRYPTO},
		{HEAD "m=audio 1 UDP/TLS/RTP/SAVP 0\r\n", REFUSAL_FINGERPRINT},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (offer(MEDIA_A, v[i].sdp) != v[i].why)
			fail_msg("case %zu", i);
	o.proto = SDPV_DTLS_SAVP;
	o.dtls = OPTIONS_DTLS_OFF;
	assert_int_equal(offer(MEDIA_A, RTP), REFUSAL_OPTIONS);
	o = (struct options){.proto = SDPV_RTP_SAVP, .sdes.only = 1};
	assert_int_equal(offer(MEDIA_A, RTP), REFUSAL_OPTIONS);
}

/* Hold and resume with the same keys: nothing new. New keys of the offerer:
 * ours are new too, on both legs. */
static void keys_of_a_dialog(void **state)
{
	struct sdes_keys first, none = {0};
	struct leg_key tx[2];
	(void)state;

	o.proto = SDPV_RTP_SAVP;
	assert_int_equal(offer(MEDIA_A, SDES), REFUSAL_NONE);
	first = sm.offer.offer;
	assert_int_equal(first.n, 4);
	for (unsigned i = 0; i < first.n; i++)
		assert_memory_not_equal(first.v[i].key_salt,
					none.v[0].key_salt, 16);
	assert_int_equal(answer(takes(2)), REFUSAL_NONE);
	assert_int_equal(conf[MEDIA_B].tx.n, 30);
	assert_memory_equal(conf[MEDIA_B].tx.key_salt, first.v[2].key_salt,
			    30);
	assert_memory_not_equal(conf[MEDIA_B].tx.key_salt,
				conf[MEDIA_A].tx.key_salt, 30);
	assert_memory_not_equal(conf[MEDIA_A].tx.key_salt,
				conf[MEDIA_A].rx.key_salt, 30);
	tx[0] = conf[0].tx;
	tx[1] = conf[1].tx;

	o.to_tag = SLICE_LIT("t");
	assert_int_equal(offer(MEDIA_A, SDES "a=sendonly\r\n"), REFUSAL_NONE);
	assert_memory_equal(&sm.offer.offer.v[2], &first.v[2],
			    sizeof(first.v[2]));
	assert_memory_not_equal(sm.offer.offer.v[0].key_salt,
				first.v[0].key_salt, 16);
	assert_int_equal(answer(takes(2)), REFUSAL_NONE);
	assert_memory_equal(&conf[0].tx, &tx[0], sizeof(tx[0]));
	assert_memory_equal(&conf[1].tx, &tx[1], sizeof(tx[1]));
	assert_true(conf[MEDIA_A].recv && conf[MEDIA_B].send);
	assert_false(conf[MEDIA_A].send || conf[MEDIA_B].recv);

	assert_int_equal(offer(MEDIA_A, SDES_B), REFUSAL_NONE);
	assert_int_equal(answer(takes(2)), REFUSAL_NONE);
	assert_memory_not_equal(&conf[0].tx, &tx[0], sizeof(tx[0]));
	assert_memory_not_equal(&conf[1].tx, &tx[1], sizeof(tx[1]));
}

/* No to-tag: perhaps another branch, which must not know the first one's. */
static void keys_of_another_branch(void **state)
{
	struct sdes_keys first;
	(void)state;

	o.proto = SDPV_RTP_SAVP;
	assert_int_equal(offer(MEDIA_A, RTP), REFUSAL_NONE);
	first = sm.offer.offer;
	assert_int_equal(offer(MEDIA_A, RTP), REFUSAL_NONE);
	for (unsigned i = 0; i < first.n; i++)
		assert_memory_not_equal(first.v[i].key_salt,
					sm.offer.offer.v[i].key_salt, 30);
}

/* An MKI is taken, and our answer has the same; another one is another key. A
 * lifetime is taken. */
static void mki(void **state)
{
	struct leg_key tx;
	(void)state;

	assert_int_equal(offer(MEDIA_A, HEAD "m=audio 1 RTP/SAVP 0\r\na=crypto:"
			       "7 AES_CM_128_HMAC_SHA1_80 inline:" KEY_A
			       "|2^20|258:4\r\n"), REFUSAL_NONE);
	assert_int_equal(answer(takes(0)), REFUSAL_NONE);
	assert_int_equal(conf[MEDIA_A].rx.mki_n, 4);
	assert_int_equal(conf[MEDIA_A].rx.mki, 258);
	assert_int_equal(conf[MEDIA_A].tx.mki_n, 4);
	assert_int_equal(conf[MEDIA_A].tx.mki, 258);
	assert_int_equal(conf[MEDIA_B].rx.mki_n, 0);
	assert_int_equal(conf[MEDIA_B].tx.mki_n, 0);
	tx = conf[MEDIA_A].tx;
	assert_int_equal(offer(MEDIA_A, HEAD "m=audio 1 RTP/SAVP 0\r\na=crypto:"
			       "7 AES_CM_128_HMAC_SHA1_80 inline:" KEY_A
			       "|258:4\r\n"), REFUSAL_NONE);
	assert_int_equal(answer(takes(0)), REFUSAL_NONE);
	assert_memory_equal(conf[MEDIA_A].tx.key_salt, tx.key_salt, tx.n);
	assert_int_equal(offer(MEDIA_A, HEAD "m=audio 1 RTP/SAVP 0\r\na=crypto:"
			       "7 AES_CM_128_HMAC_SHA1_80 inline:" KEY_A
			       "|259:4\r\n"), REFUSAL_NONE);
	assert_int_equal(answer(takes(0)), REFUSAL_NONE);
	assert_memory_not_equal(conf[MEDIA_A].tx.key_salt, tx.key_salt, tx.n);
}

static unsigned offered(enum suite suite)
{
	unsigned n = 0;

	for (unsigned i = 0; i < sm.offer.offer.n; i++)
		n += sm.offer.offer.v[i].suite == suite;
	return n;
}

static void suites_offered(void **state)
{
	(void)state;

	o.proto = SDPV_RTP_SAVP;
	offer(MEDIA_A, RTP);
	assert_int_equal(offered(SUITE_AEAD_AES_128_GCM), 1);
	assert_int_equal(offered(SUITE_AES_CM_128_HMAC_SHA1_32), 0);
	assert_int_equal(offered(SUITE_AES_192_CM_HMAC_SHA1_80), 0);
	offer(MEDIA_A, HEAD "m=audio 1 RTP/SAVP 0\r\na=crypto:1 "
	      "AES_CM_128_HMAC_SHA1_32 inline:" KEY_A "\r\n");
	assert_int_equal(offered(SUITE_AES_CM_128_HMAC_SHA1_32), 1);
	o.sdes.without = 1u << SUITE_AEAD_AES_128_GCM;
	offer(MEDIA_A, RTP);
	assert_int_equal(offered(SUITE_AEAD_AES_128_GCM), 0);
	o.sdes = (struct options_sdes){
		.only = 1 | 1u << SUITE_AES_CM_128_HMAC_SHA1_32};
	offer(MEDIA_A, RTP);
	assert_int_equal(sm.offer.offer.n, 1);
	assert_int_equal(offered(SUITE_AES_CM_128_HMAC_SHA1_32), 1);
}

static void dtls_roles(void **state)
{
	static const struct {
		const char *setup;
		enum options_dtls dtls;
		enum handshake_role role;
	} v[] = {
		{"a=setup:actpass\r\n", OPTIONS_DTLS_DEFAULT, HANDSHAKE_ACTIVE},
		{"a=setup:actpass\r\n", OPTIONS_DTLS_PASSIVE,
		 HANDSHAKE_PASSIVE},
		{"a=setup:active\r\n", OPTIONS_DTLS_DEFAULT,
		 HANDSHAKE_PASSIVE},
		{"a=setup:passive\r\n", OPTIONS_DTLS_PASSIVE,
		 HANDSHAKE_ACTIVE},
		{"", OPTIONS_DTLS_DEFAULT, HANDSHAKE_PASSIVE},
	};
	char sdp[1024];
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		setup(NULL);
		snprintf(sdp, sizeof(sdp), DTLS "%s", v[i].setup);
		o.dtls = v[i].dtls;
		assert_int_equal(offer(MEDIA_A, sdp), REFUSAL_NONE);
		assert_int_equal(sm.offer.conf.role, v[i].role);
	}
	setup(NULL);
	o.proto = SDPV_DTLS_SAVP;
	assert_int_equal(offer(MEDIA_A, DTLS "a=setup:actpass\r\n"),
			 REFUSAL_NONE);
	assert_int_equal(answer(DTLS "a=setup:active\r\n"), REFUSAL_NONE);
	assert_int_equal(conf[MEDIA_B].role, HANDSHAKE_PASSIVE);
	assert_int_equal(conf[MEDIA_B].fingerprints, 1);
	/* a second offer of the same peer keeps the roles */
	o.dtls = OPTIONS_DTLS_PASSIVE;
	assert_int_equal(offer(MEDIA_A, DTLS "a=setup:actpass\r\n"),
			 REFUSAL_NONE);
	assert_int_equal(sm.offer.conf.role, HANDSHAKE_ACTIVE);
	/* and the other side offering keeps its own */
	assert_int_equal(offer(MEDIA_B, DTLS "a=setup:actpass\r\n"),
			 REFUSAL_NONE);
	assert_int_equal(sm.offer.conf.role, HANDSHAKE_PASSIVE);
}

/* Before RFC 5764: SAVPF, a fingerprint, no a=crypto. */
static void dtls_under_an_old_name(void **state)
{
	(void)state;

	assert_int_equal(offer(MEDIA_A, HEAD "m=audio 1 RTP/SAVPF 0\r\n" FP),
			 REFUSAL_NONE);
	assert_int_equal(sm.offer.conf.security, LEG_DTLS);
	assert_int_equal(sm.offer.security, LEG_SDES);
}

static void mux(void **state)
{
	static const struct {
		bool offered, answered;
		struct options_mux mux;
		bool offer_on, a, b;
	} v[] = {
		{true, true, {0}, true, true, true},
		{true, false, {0}, true, false, false},
		{false, true, {0}, false, false, false},
		{true, false, {.demux = true}, false, true, false},
		{true, false, {.accept = true}, true, true, false},
		{true, true, {.reject = true}, true, false, true},
		{false, true, {.offer = true}, true, false, true},
		{false, true, {.require = true}, true, false, true},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		setup(NULL);
		o.mux = v[i].mux;
		offer(MEDIA_A, v[i].offered ? RTP "a=rtcp-mux\r\n" : RTP);
		assert_int_equal(sm.offer.mux_offer, v[i].offer_on);
		answer(v[i].answered ? RTP "a=rtcp-mux\r\n" : RTP);
		assert_int_equal(conf[MEDIA_A].rtcp_mux, v[i].a);
		assert_int_equal(conf[MEDIA_B].rtcp_mux, v[i].b);
	}
}

static void hold_and_reject(void **state)
{
	(void)state;

	assert_int_equal(offer(MEDIA_A, "v=0\no=- 1 1 IN IP4 h\n"
			       "c=IN IP4 0.0.0.0\nm=audio 1 RTP/AVP 0\n"),
			 REFUSAL_NONE);
	assert_false(addr_is_set(&sm.offer.conf.rtp));
	assert_int_equal(answer(HEAD "m=audio 0 RTP/AVP 0\r\n"), REFUSAL_NONE);
	assert_true(reject);
	assert_int_equal(offer(MEDIA_A, HEAD "m=message 9 TCP/MSRP *\r\n"),
			 REFUSAL_NONE);
	assert_true(sm.offer.reject);
}

static void the_sip_source_when_asked(void **state)
{
	char text[ADDR_TEXT];
	(void)state;

	o.sip_source = true;
	assert_int_equal(addr_parse(SLICE_LIT("203.0.113.5"), 0, &o.received),
			 0);
	assert_int_equal(offer(MEDIA_A, RTP), REFUSAL_NONE);
	assert_string_equal(addr_text(&sm.offer.conf.rtp, text),
			    "203.0.113.5:5004");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup(fn, setup)
		TEST(rtp_to_rtp),
		TEST(downgrades),
		TEST(bad_offers),
		TEST(keys_of_a_dialog),
		TEST(keys_of_another_branch),
		TEST(mki),
		TEST(suites_offered),
		TEST(dtls_roles),
		TEST(dtls_under_an_old_name),
		TEST(mux),
		TEST(hold_and_reject),
		TEST(the_sip_source_when_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
