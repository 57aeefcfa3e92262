/* quality: the E-model (quality.h). */
#include "relay/quality.h"

#include <math.h>

static const struct impairment {
	bool judged;
	double ie;
	double bpl;
} impairments[CODEC_COUNT] = {
	[CODEC_OTHER] = {true, 0, 25.1},
	[CODEC_G711] = {true, 0, 25.1},
	[CODEC_G722] = {true, 0, 25.1}, /* G.113 has it for wideband only */
	[CODEC_G723] = {true, 15, 16.1},
	[CODEC_G726] = {true, 7, 25.1}, /* no Bpl: G.711's */
	[CODEC_G728] = {true, 7, 25.1}, /* the same */
	[CODEC_G729] = {true, 11, 19},
	[CODEC_GSM] = {true, 20, 10}, /* no Bpl: GSM-EFR's */
	[CODEC_GSM_EFR] = {true, 5, 10},
	[CODEC_AMR] = {true, 5, 10}, /* 12.2 kbit/s is GSM-EFR */
	[CODEC_ILBC] = {true, 11, 32},
};

/* G.107 section 7.4.2, of a one-way delay in ms. */
static double delay_impairment(double ms)
{
	double x;

	if (ms <= 100)
		return 0;
	x = log2(ms / 100);
	return 25 * (pow(1 + pow(x, 6), 1.0 / 6) -
		     3 * pow(1 + pow(x / 3, 6), 1.0 / 6) + 2);
}

static double mos_of(double r)
{
	if (r <= 0)
		return 1;
	if (r >= 100)
		return 4.5;
	return fmax(1, 1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r));
}

bool quality_judge(struct quality *q, enum codec codec)
{
	const struct impairment *i = &impairments[codec];
	double loss = q->loss / 1e4; /* percent */
	double ms = q->rtt_us / 2e3 + q->jitter_us * 2e-3;
	double ie;

	if (!i->judged)
		return false;
	ie = i->ie + (95 - i->ie) * loss / (loss + i->bpl);
	q->mos = (uint32_t)lround(
		100 * mos_of(93.2 - delay_impairment(ms) - ie));
	return true;
}

struct quality quality_mean(const struct quality_sums *sums)
{
	uint64_t n = sums->n;

	if (!n)
		return (struct quality){0};
	return (struct quality){
		.mos = (uint32_t)(sums->mos / n),
		.loss = (uint32_t)(sums->loss / n),
		.jitter_us = (uint32_t)(sums->jitter_us / n),
		.rtt_us = (uint32_t)(sums->rtt_us / n),
		.leg_us = (uint32_t)(sums->leg_us / n),
	};
}
