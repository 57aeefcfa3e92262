/* track: what a stream's packets and reports say about how it arrives: jitter,
 * loss by interval, round trips, and from them a MOS (quality.h).
 *
 * An interval ends with a report of the receiver (RFC 3550 section 6.4.1),
 * which heard both legs; where none comes, with what came in here, which knows
 * the first leg only: after TRACK_FIRST_MS, then every TRACK_SILENT_MS.
 *
 * A round trip is a sender report that went by here, to the report that
 * quotes it back: now - then - DLSR. It is of one leg; the sum of both legs is
 * what the two ends have. Nothing is kept of an SSRC that sent no RTP.
 *
 * Thread: the worker of the bridge; track_cells_read() any. */
#ifndef RELAY_TRACK_H
#define RELAY_TRACK_H

#include "lib/pkt/rtp.h"
#include "relay/counter.h"
#include "relay/quality.h"

struct media_track;
struct stream;
struct track;

/* No interval is shorter than TRACK_APART_MS, however many reports come. */
enum {
	TRACK_APART_MS = 500,
	TRACK_FIRST_MS = 2000,
	TRACK_SILENT_MS = 12000,
};

/* Of a struct track. */
struct track_timing {
	struct payload payload; /* of the last packet that was timed */
	bool timed; /* transit is set */
	uint32_t transit; /* RFC 3550 A.8, in timestamp units */
	uint32_t jitter; /* the same, scaled by 16 */
	/* at the end of the last interval */
	uint64_t ended_ms; /* 0: none has begun */
	uint64_t expected;
	uint64_t packets;
};

/* Sender reports that went by. */
enum { TRACK_REPORTS = 4 };

struct track_reports {
	unsigned next;
	struct {
		uint32_t ssrc;
		uint32_t lsr; /* middle 32 bits of its NTP time; 0: none */
		uint64_t us;
	} v[TRACK_REPORTS];
};

struct quality_cells {
	counter_cell mos, loss, jitter_us, rtt_us, leg_us, at;
};

/* What others may read of a track. A slot that another SSRC takes over is
 * read mixed for that moment. */
struct track_cells {
	counter_cell ssrc, packets, lost, last_ms, clock;
	counter_cell jitter; /* RFC 3550 A.8, in timestamp units */
	counter_cell newest; /* sequence number, extended */
	counter_cell n; /* intervals */
	struct quality_cells sum, lowest, highest;
};

/* An RTP packet, behind stream_track(). */
void track_packet(struct stream *s, const struct rtp_view *v, uint64_t now_us,
		  struct counters *counters);
/* An RTCP compound that rtcpv_check() found good, as the sender sent it. */
void track_rtcp(struct stream *s, const uint8_t *p, size_t n, uint64_t now_us,
		struct counters *counters);

/* All of it. */
void track_cells_show(const struct track_cells *cells, struct media_track *t);

/* Its jitter. */
uint32_t track_cells_jitter_us(const struct track_cells *cells);

void track_cells_read(const struct track_cells *cells,
		      struct quality_sums *sums);

#endif
