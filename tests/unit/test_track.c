/* test_track.c: loss, jitter, round trip and MOS of streams, by RFC 3550's and
 * G.107's own arithmetic, with a clock that the test moves. */
#include "unit.h"

#include "lib/pkt/octets.h"
#include "lib/pkt/rtcp.h"
#include "relay/stream.h"

enum { X = 0x1234, Y = 0x9876, MS = 1000 };

static struct bridge bridge;
static struct counters counters;
static uint64_t now; /* us */

static struct payload_map payloads(const char *sdp)
{
	static struct sdp_view view;
	struct payload_map map;
	char text[1024];

	snprintf(text, sizeof(text),
		 "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
		 "c=IN IP4 192.0.2.1\r\nt=0 0\r\n%s", sdp);
	assert_int_equal(sdpv_parse(&view, slice_str(text)), 0);
	payload_map_fill(&map, &view.media[0]);
	return map;
}

static int setup(void **state)
{
	int fd[2][COMPONENTS] = {{-1, -1}, {-1, -1}};

	(void)state;
	bridge_init(&bridge, fd);
	memset(&counters, 0, sizeof(counters));
	now = 1000 * 1000 * MS;
	bridge.leg[MEDIA_B].facts.payloads =
		payloads("m=audio 4000 RTP/AVP 0 18 96 101\r\n"
			 "a=rtpmap:96 opus/48000/2\r\n"
			 "a=rtpmap:101 telephone-event/8000\r\n");
	return 0;
}

static void packet(uint8_t pt, uint16_t seq, uint32_t timestamp)
{
	struct rtp_view v = {.pt = pt, .seq = seq, .timestamp = timestamp,
			     .ssrc = X};

	stream_track(&bridge.stream[MEDIA_A], &v, now / MS);
	track_packet(&bridge.stream[MEDIA_A], &v, now, &counters);
}

static const struct track_cells *cells(void)
{
	return &bridge.stream[MEDIA_A].cells.track[0];
}

static struct quality_sums sums(void)
{
	struct quality_sums s;

	track_cells_read(cells(), &s);
	return s;
}

/* n packets of 20 ms at 8 kHz, from seq on. */
static uint16_t steady(uint16_t seq, unsigned n)
{
	while (n--) {
		packet(0, seq, seq * 160u);
		seq++;
		now += 20 * MS;
	}
	return seq;
}

static void rtpmap_and_static_types(void **state)
{
	struct payload_map m =
		payloads("m=audio 4 RTP/AVP 0 8 9 18 97 98 99 200 x\r\n"
			 "a=rtpmap:97 SILK/16000\r\na=rtpmap:98 L16/99999999\r\n"
			 "a=rtpmap:99\r\na=rtpmap:8 gsm-efr/8000\r\n"
			 "a=rtpmap:128 PCMU/8000\r\n");
	struct payload_map video =
		payloads("m=video 4 RTP/AVP 34 96\r\na=rtpmap:96 VP8/90000\r\n");

	(void)state;
	assert_int_equal(m.of[0].clock, 8000);
	assert_int_equal(m.of[0].codec, CODEC_G711);
	assert_int_equal(m.of[8].codec, CODEC_GSM_EFR);
	assert_int_equal(m.of[9].clock, 8000); /* RFC 3551 4.5.2 */
	assert_int_equal(m.of[9].codec, CODEC_G722);
	assert_int_equal(m.of[18].codec, CODEC_G729);
	assert_int_equal(m.of[97].clock, 16000);
	assert_int_equal(m.of[97].codec, CODEC_OTHER);
	assert_int_equal(m.of[98].clock, 0);
	assert_int_equal(m.of[99].clock, 0);
	assert_int_equal(m.of[3].clock, 0); /* not of this m-line */
	assert_int_equal(video.of[96].clock, 90000);
	assert_int_equal(video.of[96].codec, CODEC_NONE);
	assert_int_equal(video.of[34].clock, 90000);
}

static uint32_t mos(enum codec codec, uint32_t loss, uint32_t rtt_ms)
{
	struct quality q = {.loss = loss, .rtt_us = rtt_ms * MS};

	assert_true(quality_judge(&q, codec));
	return q.mos;
}

/* Worked by hand from G.107 (see quality.h). */
static void e_model(void **state)
{
	struct quality q = {0};

	(void)state;
	assert_int_equal(mos(CODEC_G711, 0, 0), 441);
	assert_int_equal(mos(CODEC_G711, 50000, 0), 392);
	assert_int_equal(mos(CODEC_G711, 0, 200), 441);
	assert_int_equal(mos(CODEC_G711, 0, 400), 434);
	assert_int_equal(mos(CODEC_G729, 0, 0), 410);
	assert_int_equal(mos(CODEC_G711, 1000000, 10000), 100);
	assert_true(mos(CODEC_G729, 50000, 300) < mos(CODEC_G729, 10000, 300));
	assert_false(quality_judge(&q, CODEC_NONE));
	assert_false(quality_judge(&q, CODEC_EVENT));
}

static void jitter_of_a_steady_stream_is_none(void **state)
{
	(void)state;
	steady(65500, 100); /* the sequence number wraps, time does not */
	assert_int_equal(counter_get(&cells()->lost), 0);
	assert_int_equal(counter_get(&cells()->clock), 8000);
	assert_true(track_cells_jitter_us(cells()) < 1000);
}

/* Each packet alternately 10 ms early and late: D is 20 ms, J goes there. */
static void jitter_by_a8(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 400; i++) {
		now += (i & 1 ? 40 : 0) * MS;
		packet(0, i, i * 160u);
	}
	assert_in_range(track_cells_jitter_us(cells()), 19 * MS, 21 * MS);
}

static void jitter_forgives_a_new_clock(void **state)
{
	uint16_t seq = steady(0, 50);

	(void)state;
	packet(0, seq, 0xdead0000);
	assert_true(track_cells_jitter_us(cells()) < 1000);
	for (int i = 1; i < 20; i++, now += 20 * MS)
		packet(101, (uint16_t)(seq + i), 0xdead0000); /* RFC 4733 */
	assert_true(track_cells_jitter_us(cells()) < 1000);
}

static void loss_of_the_interval(void **state)
{
	uint16_t seq = steady(0, 50);

	(void)state;
	seq = steady((uint16_t)(seq + 5), 46); /* 5 of 101 in 2 s */
	steady(seq, 20);
	assert_int_equal(counter_get(&cells()->lost), 5);
	assert_int_equal(sums().n, 1);
	assert_in_range(sums().lowest.loss, 45000, 55000);
	assert_in_range(sums().lowest.mos, 385, 400);
	assert_int_equal(counter_get(&counters.v[COUNTER_MOS_SAMPLES]), 1);
	assert_int_equal(counter_get(&counters.v[COUNTER_MOS_SUM]),
			 sums().lowest.mos);
	/* and from then on only every TRACK_SILENT_MS */
	steady((uint16_t)(seq + 20), TRACK_SILENT_MS / 20);
	assert_int_equal(sums().n, 2);
	assert_int_equal(sums().highest.loss, 0);
}

static void a_restart_is_no_loss(void **state)
{
	(void)state;
	steady(40000, 90);
	steady(5, 90);
	assert_int_equal(sums().n, 1);
	assert_int_equal(sums().lowest.loss, 0);
}

static void no_mos_without_a_known_type(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 200; i++, now += 20 * MS)
		packet(77, i, i * 160u);
	assert_int_equal(counter_get(&cells()->clock), 0);
	assert_int_equal(sums().n, 0);
}

/* An SR of ssrc with the NTP time, n = 0 or 1 report about another. */
static size_t report(uint8_t p[64], uint8_t type, uint32_t ssrc, uint32_t ntp,
		     const struct rtcp_report *r)
{
	size_t n = type == RTCP_SR ? 28 : 8;

	memset(p, 0, 64);
	octets_put_u32(p + 4, ssrc);
	if (type == RTCP_SR)
		octets_put_u32(p + 10, ntp);
	if (r) {
		octets_put_u32(p + n, r->ssrc);
		octets_put_u32(p + n + 4, (uint32_t)r->fraction << 24);
		octets_put_u32(p + n + 12, r->jitter);
		octets_put_u32(p + n + 16, r->lsr);
		octets_put_u32(p + n + 20, r->dlsr);
		n += 24;
	}
	p[0] = 0x80 | (r != NULL);
	p[1] = type;
	octets_put_u16(p + 2, (uint16_t)(n / 4 - 1));
	assert_int_equal(rtcpv_check(p, n), 0);
	return n;
}

static void say(enum media_side side, uint8_t type, uint32_t ssrc,
		uint32_t ntp, const struct rtcp_report *r)
{
	uint8_t p[64];
	size_t n = report(p, type, ssrc, ntp, r);

	track_rtcp(&bridge.stream[side], p, n, now, &counters);
}

static uint64_t rtt(enum media_side side)
{
	return counter_get(&bridge.stream[side].cells.rtt_us);
}

static void round_trip_of_a_leg(void **state)
{
	struct rtcp_report r = {.ssrc = X, .fraction = 26, .jitter = 80,
				.lsr = 0xabcd1234, .dlsr = 65536 / 2};

	(void)state;
	steady(0, 10);
	say(MEDIA_A, RTCP_SR, X, 0xabcd1234, NULL);
	now += 540 * MS; /* 500 of it at B */
	say(MEDIA_B, RTCP_RR, Y, 0, &r);
	assert_in_range(rtt(MEDIA_B), 39 * MS, 41 * MS);
	assert_int_equal(rtt(MEDIA_A), 0);
	assert_int_equal(sums().n, 1);
	assert_in_range(sums().lowest.loss, 101000, 102000);
	assert_int_equal(sums().lowest.jitter_us, 10 * MS);
	assert_in_range(sums().lowest.leg_us, 39 * MS, 41 * MS);
	assert_int_equal(sums().lowest.rtt_us, sums().lowest.leg_us);
}

static void round_trip_needs_our_report(void **state)
{
	struct rtcp_report r = {.ssrc = X, .lsr = 1, .dlsr = 0};

	(void)state;
	steady(0, 10);
	say(MEDIA_B, RTCP_RR, Y, 0, &r); /* quotes what never went by */
	say(MEDIA_A, RTCP_SR, X, 1, NULL);
	r.dlsr = 65536 * 60; /* longer than it can have had it */
	say(MEDIA_B, RTCP_RR, Y, 0, &r);
	r.dlsr = 0;
	now += 11 * 1000 * MS;
	say(MEDIA_B, RTCP_RR, Y, 0, &r); /* after all that time */
	assert_int_equal(rtt(MEDIA_B), 0);
}

static void reports_make_no_state_and_no_flood(void **state)
{
	struct rtcp_report r = {.ssrc = 0x777};

	(void)state;
	say(MEDIA_A, RTCP_SR, 0x777, 5, NULL);
	say(MEDIA_B, RTCP_RR, Y, 0, &r);
	assert_null(stream_track_find(&bridge.stream[MEDIA_A], 0x777));
	steady(0, 10);
	r.ssrc = X;
	now += TRACK_APART_MS * MS;
	for (int i = 0; i < 1000; i++)
		say(MEDIA_B, RTCP_RR, Y, 0, &r);
	assert_int_equal(sums().n, 1);
}

static void another_ssrc_starts_from_nothing(void **state)
{
	struct rtp_view v = {.pt = 0, .seq = 1};

	(void)state;
	steady(0, 150);
	assert_int_equal(sums().n, 1);
	for (uint32_t i = 1; i <= STREAM_TRACKS; i++) {
		now += 20 * MS;
		v.ssrc = 0x5000 + i;
		stream_track(&bridge.stream[MEDIA_A], &v, now / MS);
		track_packet(&bridge.stream[MEDIA_A], &v, now, &counters);
	}
	assert_int_equal(counter_get(&cells()->ssrc), 0x5000 + STREAM_TRACKS);
	assert_int_equal(counter_get(&cells()->packets), 1);
	assert_int_equal(sums().n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rtpmap_and_static_types),
		cmocka_unit_test(e_model),
		cmocka_unit_test_setup(jitter_of_a_steady_stream_is_none, setup),
		cmocka_unit_test_setup(jitter_by_a8, setup),
		cmocka_unit_test_setup(jitter_forgives_a_new_clock, setup),
		cmocka_unit_test_setup(loss_of_the_interval, setup),
		cmocka_unit_test_setup(a_restart_is_no_loss, setup),
		cmocka_unit_test_setup(no_mos_without_a_known_type, setup),
		cmocka_unit_test_setup(round_trip_of_a_leg, setup),
		cmocka_unit_test_setup(round_trip_needs_our_report, setup),
		cmocka_unit_test_setup(reports_make_no_state_and_no_flood,
				       setup),
		cmocka_unit_test_setup(another_ssrc_starts_from_nothing, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
