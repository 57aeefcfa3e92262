/* suite: the SRTP crypto suites we speak, one table for SDES (RFC 4568 6.2,
 * RFC 6188, RFC 7714) and DTLS-SRTP (RFC 5764 4.1.2, RFC 7714 14.2). A suite
 * without encryption or without a tag does not exist here: NULL and F8 cannot
 * be named, so they cannot be agreed on by mistake.
 *
 * Constant data; any thread. */
#ifndef RELAY_SUITE_H
#define RELAY_SUITE_H

#include "lib/base/slice.h"

enum suite {
	SUITE_NONE = 0, /* no suite; never in a table or a packet's way */
	SUITE_AES_CM_128_HMAC_SHA1_80,
	SUITE_AES_CM_128_HMAC_SHA1_32,
	SUITE_AES_192_CM_HMAC_SHA1_80,
	SUITE_AES_192_CM_HMAC_SHA1_32,
	SUITE_AES_256_CM_HMAC_SHA1_80,
	SUITE_AES_256_CM_HMAC_SHA1_32,
	SUITE_AEAD_AES_128_GCM,
	SUITE_AEAD_AES_256_GCM,
	SUITE_COUNT
};

enum {
	SUITE_KEY_MAX = 32,
	SUITE_SALT_MAX = 14,
	SUITE_KEY_SALT_MAX = SUITE_KEY_MAX + SUITE_SALT_MAX,
	SUITE_TAG_MAX = 16,
	/* what protecting may add: tag, and E-flag + index of SRTCP */
	SUITE_GROW_MAX = SUITE_TAG_MAX + 4
};

struct suite_info {
	const char *name; /* a=crypto's name: "AES_CM_128_HMAC_SHA1_80" */
	const char *dtls; /* OpenSSL's profile name, NULL: SDES only */
	uint16_t profile; /* DTLS protection profile number, 0: none */
	uint8_t key; /* octets of master key */
	uint8_t salt; /* octets of master salt */
	uint8_t tag_rtp; /* octets */
	uint8_t tag_rtcp; /* 10 for the _32 suites too (RFC 4568 6.2.2) */
	bool aead;
};

/* SUITE_NONE < s < SUITE_COUNT; never NULL */
const struct suite_info *suite_info(enum suite s);

/* All of them, best first: suite_ranked(0) ... suite_ranked(SUITE_COUNT - 2).
 * The first SUITE_DEFAULTS are offered to everybody; the rest, with truncated
 * tags or hardly implemented, to who asks, and on from who offered them. */
enum { SUITE_DEFAULTS = 4 };
enum suite suite_ranked(unsigned i);

/* By SDES name (case-sensitive, RFC 4568 9.2) or profile number; SUITE_NONE
 * if it is not one of ours. */
enum suite suite_find(struct slice name);
enum suite suite_find_profile(unsigned long profile);

/* Octets of key||salt, the form in which keys go around: "inline:" of SDES
 * holds just this, and handshake_keys too. */
static inline size_t suite_key_salt(enum suite s)
{
	return (size_t)suite_info(s)->key + suite_info(s)->salt;
}

#endif
