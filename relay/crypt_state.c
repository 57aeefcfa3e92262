#include "relay/crypt_state.h"

#include <string.h>

enum { HALF = 1 << 15 };

static bool source_valid(const struct crypt_source *src)
{
	return src->rtp <= 1 && src->rtcp <= 1 &&
	       src->index <= CRYPT_INDEX_MAX &&
	       src->index_rtcp <= CRYPT_INDEX_RTCP_MAX;
}

bool crypt_state_valid(const struct crypt_state *s)
{
	unsigned i, k;

	if (s->version != CRYPT_STATE_VERSION || s->count > CRYPT_SSRC_MAX)
		return false;
	for (i = 0; i < s->count; i++) {
		if (!source_valid(&s->source[i]))
			return false;
		for (k = 0; k < i; k++)
			if (s->source[k].ssrc == s->source[i].ssrc)
				return false;
	}
	return true;
}

struct crypt_source *crypt_source_find(struct crypt_state *s, uint32_t ssrc)
{
	unsigned i;

	for (i = 0; i < s->count; i++)
		if (s->source[i].ssrc == ssrc)
			return &s->source[i];
	return NULL;
}

struct crypt_source *crypt_source_add(struct crypt_state *s, uint32_t ssrc)
{
	struct crypt_source *src;

	if (s->count == CRYPT_SSRC_MAX)
		return NULL;
	src = &s->source[s->count++];
	memset(src, 0, sizeof(*src));
	src->ssrc = ssrc;
	return src;
}

uint64_t crypt_index_guess(const struct crypt_source *src, uint16_t seq)
{
	uint64_t roc;
	uint16_t last;

	if (!src || !src->rtp)
		return seq;
	roc = src->index >> 16;
	last = (uint16_t)src->index;
	if (last < HALF && seq - last > HALF)
		roc = roc ? roc - 1 : 0;
	else if (last >= HALF && last - HALF > seq)
		roc++;
	return roc << 16 | seq;
}

bool crypt_index_fresh(const struct crypt_source *src, bool rtcp,
		       uint64_t index, unsigned window)
{
	const uint64_t *seen;
	uint64_t newest;
	unsigned bit;

	if (index > (rtcp ? CRYPT_INDEX_RTCP_MAX : CRYPT_INDEX_MAX))
		return false;
	if (!src || !(rtcp ? src->rtcp : src->rtp))
		return true;
	newest = rtcp ? src->index_rtcp : src->index;
	if (index > newest)
		return true;
	if (newest - index >= (rtcp ? (unsigned)CRYPT_WINDOW_RTCP : window))
		return false;
	seen = rtcp ? src->seen_rtcp : src->seen;
	bit = index % (rtcp ? (unsigned)CRYPT_WINDOW_RTCP : CRYPT_WINDOW);
	return !(seen[bit / 64] >> bit % 64 & 1);
}

/* The window moves up to index: what lies between was not there. */
static void window_move(uint64_t *seen, unsigned size, uint64_t newest,
			uint64_t index)
{
	if (index - newest >= size) {
		memset(seen, 0, size / 8);
		return;
	}
	while (newest < index) {
		unsigned bit = ++newest % size;

		seen[bit / 64] &= ~(UINT64_C(1) << bit % 64);
	}
}

static void window_note(uint64_t *seen, unsigned size, uint64_t *newest,
			uint8_t *valid, uint64_t index)
{
	unsigned bit = index % size;

	if (!*valid || index > *newest) {
		window_move(seen, size, *valid ? *newest : index, index);
		*newest = index;
		*valid = 1;
	}
	seen[bit / 64] |= UINT64_C(1) << bit % 64;
}

void crypt_index_note(struct crypt_source *src, bool rtcp, uint64_t index)
{
	if (rtcp)
		window_note(src->seen_rtcp, CRYPT_WINDOW_RTCP,
			    &src->index_rtcp, &src->rtcp, index);
	else
		window_note(src->seen, CRYPT_WINDOW, &src->index, &src->rtp,
			    index);
}
