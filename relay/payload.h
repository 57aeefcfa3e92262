/* payload: what the payload types of an m-line are: the clock that their
 * timestamps run at, and the codec, as far as statistics care.
 *
 * Thread: any; pure functions over what they are given. */
#ifndef RELAY_PAYLOAD_H
#define RELAY_PAYLOAD_H

#include "lib/pkt/sdp.h"

enum codec {
	CODEC_NONE, /* no speech (video, FEC, ...): gets no MOS */
	CODEC_EVENT, /* RFC 4733: the timestamp stands still; no jitter */
	CODEC_OTHER, /* speech of a codec without published impairment */
	CODEC_G711,
	CODEC_G722,
	CODEC_G723,
	CODEC_G726,
	CODEC_G728,
	CODEC_G729,
	CODEC_GSM,
	CODEC_GSM_EFR,
	CODEC_AMR,
	CODEC_ILBC,
	CODEC_COUNT
};

struct payload {
	uint32_t clock : 24; /* Hz; 0: not known */
	uint32_t codec : 8; /* enum codec */
};

enum { PAYLOADS = 128 };

struct payload_map {
	struct payload of[PAYLOADS];
};

/* The map of an m-line: its a=rtpmap lines, and RFC 3551's static types for
 * the formats that have none. A clock that is no number, or above 2^24 - 1,
 * counts as not known. */
void payload_map_fill(struct payload_map *map, const struct sdpv_media *m);

#endif
