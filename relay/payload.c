/* payload: rtpmap lines and static payload types (payload.h). */
#include "relay/payload.h"

#include <string.h>

enum { CLOCK_MAX = (1 << 24) - 1 };

static const struct name {
	const char *name;
	enum codec codec;
} names[] = {
	{"PCMU", CODEC_G711},	 {"PCMA", CODEC_G711},
	{"G722", CODEC_G722},	 {"G723", CODEC_G723},
	{"G726-32", CODEC_G726}, {"AAL2-G726-32", CODEC_G726},
	{"G728", CODEC_G728},	 {"G729", CODEC_G729},
	{"GSM", CODEC_GSM},	 {"GSM-EFR", CODEC_GSM_EFR},
	{"AMR", CODEC_AMR},	 {"iLBC", CODEC_ILBC},
	{"telephone-event", CODEC_EVENT},
	{"tone", CODEC_EVENT},	 {"red", CODEC_NONE},
	{"ulpfec", CODEC_NONE},	 {"flexfec-03", CODEC_NONE},
	{"rtx", CODEC_NONE},
};

/* RFC 3551 section 6, tables 4 and 5. */
static const struct fixed {
	uint8_t type;
	uint32_t clock;
	enum codec codec;
} fixed[] = {
	{0, 8000, CODEC_G711},	 {3, 8000, CODEC_GSM},
	{4, 8000, CODEC_G723},	 {5, 8000, CODEC_OTHER},
	{6, 16000, CODEC_OTHER}, {7, 8000, CODEC_OTHER},
	{8, 8000, CODEC_G711},	 {9, 8000, CODEC_G722},
	{10, 44100, CODEC_NONE}, {11, 44100, CODEC_NONE},
	{12, 8000, CODEC_OTHER}, {13, 8000, CODEC_OTHER},
	{14, 90000, CODEC_NONE}, {15, 8000, CODEC_G728},
	{16, 11025, CODEC_OTHER}, {17, 22050, CODEC_OTHER},
	{18, 8000, CODEC_G729},	 {25, 90000, CODEC_NONE},
	{26, 90000, CODEC_NONE}, {28, 90000, CODEC_NONE},
	{31, 90000, CODEC_NONE}, {32, 90000, CODEC_NONE},
	{33, 90000, CODEC_NONE}, {34, 90000, CODEC_NONE},
};

static struct payload payload_of(bool audio, enum codec codec, uint32_t clock)
{
	if (!audio && codec != CODEC_EVENT)
		codec = CODEC_NONE;
	if (clock > CLOCK_MAX)
		clock = 0;
	return (struct payload){.clock = clock & CLOCK_MAX,
				.codec = (uint8_t)codec};
}

static enum codec codec_named(struct slice name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_caseeq_str(name, names[i].name))
			return names[i].codec;
	return CODEC_OTHER;
}

/* "96 opus/48000/2" */
static void rtpmap_take(struct payload_map *map, struct slice arg, bool audio)
{
	struct slice type = slice_cut(&arg, ' ');
	struct slice name = slice_cut(&arg, '/');
	struct slice clock = slice_cut(&arg, '/');
	uint32_t n, hz;

	if (slice_u32(type, PAYLOADS - 1, &n))
		return;
	if (slice_u32(slice_trim(clock), UINT32_MAX, &hz))
		hz = 0;
	map->of[n] = payload_of(audio, codec_named(slice_trim(name)), hz);
}

static void fixed_take(struct payload_map *map, struct slice format, bool audio)
{
	uint32_t n;

	if (slice_u32(format, PAYLOADS - 1, &n))
		return;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (n == fixed[i].type)
			map->of[n] = payload_of(audio, fixed[i].codec,
						fixed[i].clock);
}

void payload_map_fill(struct payload_map *map, const struct sdpv_media *m)
{
	bool audio = slice_eq_str(m->type, "audio");
	struct slice rest = m->formats, format;
	struct sdpv_line line;

	memset(map, 0, sizeof(*map));
	while (sdpv_format_next(&rest, &format))
		fixed_take(map, format, audio);
	rest = m->whole;
	while (sdpv_line_next(&rest, &line))
		if (line.type == 'a' && slice_eq_str(line.name, "rtpmap"))
			rtpmap_take(map, line.arg, audio);
}
