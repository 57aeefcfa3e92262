/* crypt_state: which packets of a key were seen or sent: by SSRC the highest
 * index of RTP (ROC and sequence number, RFC 3711 3.3.1) and of SRTCP (3.4),
 * and a window of bits below each (3.3.2).
 *
 * Plain data without pointers and secrets: it can be written out, and read by
 * another process that takes a key over. Integers are in host order; version
 * says which layout it is.
 *
 * Nothing here looks at packets: who calls crypt_index_note() has verified one.
 *
 * Thread: that of the crypt it belongs to. */
#ifndef RELAY_CRYPT_STATE_H
#define RELAY_CRYPT_STATE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	CRYPT_SSRC_MAX = 32, /* SSRCs under one key */
	CRYPT_WINDOW = 1024, /* packets, of RTP */
	CRYPT_WINDOW_RTCP = 128,
	CRYPT_STATE_VERSION = 1,
};

struct crypt_source {
	uint32_t ssrc;
	uint8_t rtp, rtcp; /* 1: index of it is valid */
	uint8_t none[2];
	uint64_t index; /* highest of RTP: ROC << 16 | SEQ, 48 bits */
	uint64_t index_rtcp; /* highest of SRTCP, 31 bits */
	/* bit (i % size): index i was there; of those in the window */
	uint64_t seen[CRYPT_WINDOW / 64];
	uint64_t seen_rtcp[CRYPT_WINDOW_RTCP / 64];
};

struct crypt_state {
	uint32_t version;
	uint32_t count;
	struct crypt_source source[CRYPT_SSRC_MAX]; /* in order of arrival */
};

#define CRYPT_INDEX_MAX ((UINT64_C(1) << 48) - 1)
#define CRYPT_INDEX_RTCP_MAX ((UINT64_C(1) << 31) - 1)

/* Is it one that this program could have written? */
bool crypt_state_valid(const struct crypt_state *s);

/* NULL: not there */
struct crypt_source *crypt_source_find(struct crypt_state *s, uint32_t ssrc);
/* NULL: full */
struct crypt_source *crypt_source_add(struct crypt_state *s, uint32_t ssrc);

/* The index nearest to the highest so far (RFC 3711 3.3.1, appendix A); ROC 0
 * for a source that has sent no RTP yet. src may be NULL: not there. */
uint64_t crypt_index_guess(const struct crypt_source *src, uint16_t seq);

/* Not there yet, and not older than the window (RTP: 64..CRYPT_WINDOW; SRTCP
 * has CRYPT_WINDOW_RTCP)? src may be NULL. */
bool crypt_index_fresh(const struct crypt_source *src, bool rtcp,
		       uint64_t index, unsigned window);
/* It was there now. index is fresh. */
void crypt_index_note(struct crypt_source *src, bool rtcp, uint64_t index);

#endif
