/* quality: how good a stream sounds, by the E-model (ITU-T G.107).
 *
 *	R   = 93.2 - Idd - Ie,eff		(all else at G.107's defaults)
 *	Idd = 0 up to 100 ms of one-way delay, then 7.4.2's curve
 *	Ie,eff = Ie + (95 - Ie) * Ppl / (Ppl + Bpl)	(random loss, BurstR 1)
 *	MOS = 1 + 0.035 R + 7e-6 R (R - 60) (100 - R)
 *
 * The one-way delay is half the round trip plus a receiver's buffer of twice
 * the jitter. Ie and Bpl are G.113 appendix I's, with G.711 having loss
 * concealment; a codec that it does not list is judged as if it were G.711.
 * So a MOS compares streams and shows what the network costs; it is no claim
 * about a wideband codec, which may well sound better than 4.4.
 *
 * Thread: any; pure functions. */
#ifndef RELAY_QUALITY_H
#define RELAY_QUALITY_H

#include "relay/payload.h"

/* An interval of a stream. */
struct quality {
	uint32_t mos; /* in hundredths: 100 to 450 */
	uint32_t loss; /* in millionths */
	uint32_t jitter_us;
	uint32_t rtt_us; /* sender to receiver and back */
	uint32_t leg_us; /* of the receiver's leg alone */
	int64_t at; /* wall clock, s */
};

/* Fills q->mos from the rest. False: this codec gets none. */
bool quality_judge(struct quality *q, enum codec codec);

/* All intervals of a stream. */
struct quality_sums {
	uint64_t n;
	uint64_t mos, loss, jitter_us, rtt_us, leg_us; /* sums */
	struct quality lowest, highest; /* by MOS; the first of equals */
};

/* The mean of the intervals; zeroes if there is none. */
struct quality quality_mean(const struct quality_sums *sums);

#endif
