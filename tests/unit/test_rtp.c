/* test_rtp.c: what counts as RTP, RTCP and STUN, and what does not. */
#include "unit.h"

#include <stdlib.h>

#include "lib/pkt/demux.h"
#include "lib/pkt/rtcp.h"
#include "lib/pkt/rtp.h"
#include "lib/pkt/stun.h"

/* RFC 7983 section 7 and RFC 5761 section 4, every first and second octet */
static void demux_octets(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		uint8_t p[2] = {(uint8_t)i, 0};
		enum demux_kind want = DEMUX_UNKNOWN;

		if (i <= 3)
			want = DEMUX_STUN;
		else if (i >= 20 && i <= 63)
			want = DEMUX_DTLS;
		else if (i >= 128 && i <= 191)
			want = DEMUX_RTP;
		assert_int_equal(demux_datagram(p, 2), want);
		p[0] = 0x80;
		p[1] = (uint8_t)i;
		want = i >= 192 && i <= 223 ? DEMUX_RTCP : DEMUX_RTP;
		assert_int_equal(demux_datagram(p, 2), want);
		assert_int_equal(demux_datagram(p, 1), DEMUX_UNKNOWN);
		assert_int_equal(demux_datagram(p, 0), DEMUX_UNKNOWN);
	}
}

static void rtp_fields(void **state)
{
	/* 2 CSRCs, one word of extension, 3 octets payload, 2 of padding */
	static const uint8_t p[] = {
		0xb2, 0x80 | 96, 0x12, 0x34, 1, 2, 3, 4, 0xca, 0xfe, 0xba,
		0xbe, 0, 0, 0, 1, 0, 0, 0, 2, 0xbe, 0xde, 0, 1, 9, 9, 9, 9,
		'a', 'b', 'c', 0, 2,
	};
	struct rtp_view v;
	(void)state;

	assert_int_equal(rtpv_parse(p, sizeof(p), &v), 0);
	assert_int_equal(v.pt, 96);
	assert_true(v.marker);
	assert_int_equal(v.seq, 0x1234);
	assert_int_equal(v.timestamp, 0x01020304);
	assert_int_equal(v.ssrc, 0xcafebabe);
	assert_int_equal(v.extension, 8);
	assert_int_equal(v.header, 28);
	assert_int_equal(v.padding, 2);
	assert_int_equal(v.payload, 3);
	assert_int_equal(rtpv_parse_header(p, sizeof(p), &v), 0);
	assert_int_equal(v.payload, 5);
	for (size_t n = 0; n < 28; n++)
		assert_int_equal(rtpv_parse(p, n, &v), EBADMSG);
}

static void rtp_refuses(void **state)
{
	static const struct {
		const char *why;
		uint8_t first, last;
		size_t n;
		uint8_t words; /* of the extension, where first says so */
	} bad[] = {
		{"version 0", 0x00, 0, 20, 0},
		{"version 1", 0x40, 0, 20, 0},
		{"version 3", 0xc0, 0, 20, 0},
		{"one octet short", 0x80, 0, 11, 0},
		{"15 CSRCs in 71 octets", 0x8f, 0, 71, 0},
		{"extension header cut", 0x90, 0, 15, 0},
		{"extension longer than the packet", 0x90, 0, 20, 2},
		{"padding of 0", 0xa0, 0, 20, 0},
		{"padding longer than the payload", 0xa0, 9, 20, 0},
		{"padding without payload", 0xa0, 1, 12, 0},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t *p = calloc(1, bad[i].n);
		struct rtp_view v;

		p[0] = bad[i].first;
		if (bad[i].n > 15)
			p[15] = bad[i].words;
		if (bad[i].last)
			p[bad[i].n - 1] = bad[i].last;
		if (rtpv_parse(p, bad[i].n, &v) != EBADMSG)
			fail_msg("accepted: %s", bad[i].why);
		free(p);
	}
}

/* SR with one report (52 octets), SDES with one chunk (12), BYE (8) */
static const uint8_t compound[] = {
	0x81, 200, 0, 12, 0, 0, 0, 7, /* SR of SSRC 7 */
	0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5,
	0, 0, 0, 9, /* about SSRC 9 */
	0x40, 0xff, 0xff, 0xfe, /* a quarter lost; -2 in all */
	0, 1, 0, 2, 0, 0, 0, 0x99, 0, 0, 0, 0xaa, 0, 0, 0, 0xbb,
	0x81, 202, 0, 2, 0, 0, 0, 7, 1, 1, 'x', 0, /* SDES */
	0x81, 203, 0, 1, 0, 0, 0, 7, /* BYE */
};

static void rtcp_walk(void **state)
{
	static const uint8_t types[] = {RTCP_SR, RTCP_SDES, RTCP_BYE};
	struct rtcp_report r;
	struct rtcp_view v;
	uint32_t ssrc;
	size_t at = 0;
	(void)state;

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(rtcpv_next(compound, sizeof(compound), &at,
					    &v), 0);
		assert_int_equal(v.type, types[i]);
		assert_int_equal(rtcpv_ssrc(&v, &ssrc), 0);
		assert_int_equal(ssrc, 7);
		if (i == 0) {
			assert_int_equal(rtcpv_report(&v, 0, &r), 0);
			assert_int_equal(r.ssrc, 9);
			assert_int_equal(r.fraction, 0x40);
			assert_int_equal(r.lost, -2);
			assert_int_equal(r.highest, 0x10002);
			assert_int_equal(r.dlsr, 0xbb);
		}
		assert_int_equal(rtcpv_report(&v, 1, &r), ENOENT);
	}
	assert_int_equal(rtcpv_next(compound, sizeof(compound), &at, &v),
			 ENOENT);
	assert_int_equal(rtcpv_check(compound, sizeof(compound)), 0);
}

/* Every prefix, on the heap so that one octet too far is seen (threats M14) */
static void rtcp_prefixes(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(compound); n++) {
		uint8_t *p = malloc(n ? n : 1);
		int want = n == 52 || n == 64 ? 0 : EBADMSG;

		memcpy(p, compound, n);
		assert_int_equal(rtcpv_check(p, n), want);
		free(p);
	}
}

/* Lengths 0 to 64 of every type and count: never past the end, and what is
 * accepted has room for all it claims. */
static void rtcp_every_type(void **state)
{
	(void)state;
	for (size_t n = 0; n <= 64; n++) {
		uint8_t *p = calloc(1, n ? n : 1);

		for (unsigned type = 192; n >= 4 && type < 224; type++) {
			for (unsigned count = 0; count < 32; count++) {
				struct rtcp_report r;
				struct rtcp_view v;
				uint32_t ssrc;
				size_t at = 0;

				p[0] = (uint8_t)(0x80 | count);
				p[1] = (uint8_t)type;
				p[3] = (uint8_t)(n / 4 - 1);
				if (rtcpv_next(p, n, &at, &v))
					continue;
				rtcpv_ssrc(&v, &ssrc);
				for (unsigned i = 0; i < 33; i++)
					rtcpv_report(&v, i, &r);
			}
		}
		assert_int_equal(n < 4 ? rtcpv_check(p, n) : EBADMSG, EBADMSG);
		free(p);
	}
}

static void rtcp_refuses(void **state)
{
	static const uint8_t version[] = {0x01, 201, 0, 1, 0, 0, 0, 1};
	static const uint8_t type[] = {0x80, 96, 0, 1, 0, 0, 0, 1};
	static const uint8_t longer[] = {0x80, 201, 0, 2, 0, 0, 0, 1};
	static const uint8_t reports[] = {0x81, 201, 0, 1, 0, 0, 0, 1};
	static const uint8_t padded_first[] = {
		0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4,
		0x80, 201, 0, 1, 0, 0, 0, 1,
	};
	static const uint8_t padded_last[] = {
		0x80, 201, 0, 1, 0, 0, 0, 1,
		0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4,
	};
	static const uint8_t padded_all[] = {
		0xa0, 201, 0, 1, 0, 0, 0, 8,
	};
	uint8_t many[(RTCP_PACKETS + 1) * 4];
	(void)state;

	assert_int_equal(rtcpv_check(version, 8), EBADMSG);
	assert_int_equal(rtcpv_check(type, 8), EBADMSG);
	assert_int_equal(rtcpv_check(longer, 8), EBADMSG);
	assert_int_equal(rtcpv_check(reports, 8), EBADMSG);
	assert_int_equal(rtcpv_check(padded_first, 20), EBADMSG);
	assert_int_equal(rtcpv_check(padded_last, 20), 0);
	assert_int_equal(rtcpv_check(padded_all, 8), EBADMSG);
	for (size_t i = 0; i < sizeof(many); i += 4)
		memcpy(many + i, "\x80\xc0\0\0", 4);
	assert_int_equal(rtcpv_check(many, sizeof(many)), EBADMSG);
	assert_int_equal(rtcpv_check(many, sizeof(many) - 4), 0);
}

static void stun_header(void **state)
{
	uint8_t p[28] = {0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42};
	(void)state;

	assert_true(stunv_check(p, 28));
	assert_false(stunv_check(p, 27));
	assert_false(stunv_check(p, 19));
	p[3] = 7;
	assert_false(stunv_check(p, 27));
	p[3] = 8;
	p[4] = 0;
	assert_false(stunv_check(p, 28));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(demux_octets),
		cmocka_unit_test(rtp_fields),
		cmocka_unit_test(rtp_refuses),
		cmocka_unit_test(rtcp_walk),
		cmocka_unit_test(rtcp_prefixes),
		cmocka_unit_test(rtcp_every_type),
		cmocka_unit_test(rtcp_refuses),
		cmocka_unit_test(stun_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
