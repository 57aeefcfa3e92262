#include "relay/suite.h"

#include <assert.h>

/* RFC 4568 6.2, RFC 6188 4, RFC 7714 12; DTLS: RFC 5764 4.1.2, RFC 7714 14.2.
 * AES-192 and AES-256 in counter mode have no DTLS profile. */
static const struct suite_info table[SUITE_COUNT] = {
	[SUITE_AES_CM_128_HMAC_SHA1_80] = {
		.name = "AES_CM_128_HMAC_SHA1_80",
		.dtls = "SRTP_AES128_CM_SHA1_80", .profile = 0x0001,
		.key = 16, .salt = 14, .tag_rtp = 10, .tag_rtcp = 10,
	},
	[SUITE_AES_CM_128_HMAC_SHA1_32] = {
		.name = "AES_CM_128_HMAC_SHA1_32",
		.dtls = "SRTP_AES128_CM_SHA1_32", .profile = 0x0002,
		.key = 16, .salt = 14, .tag_rtp = 4, .tag_rtcp = 10,
	},
	[SUITE_AES_192_CM_HMAC_SHA1_80] = {
		.name = "AES_192_CM_HMAC_SHA1_80",
		.key = 24, .salt = 14, .tag_rtp = 10, .tag_rtcp = 10,
	},
	[SUITE_AES_192_CM_HMAC_SHA1_32] = {
		.name = "AES_192_CM_HMAC_SHA1_32",
		.key = 24, .salt = 14, .tag_rtp = 4, .tag_rtcp = 10,
	},
	[SUITE_AES_256_CM_HMAC_SHA1_80] = {
		.name = "AES_256_CM_HMAC_SHA1_80",
		.key = 32, .salt = 14, .tag_rtp = 10, .tag_rtcp = 10,
	},
	[SUITE_AES_256_CM_HMAC_SHA1_32] = {
		.name = "AES_256_CM_HMAC_SHA1_32",
		.key = 32, .salt = 14, .tag_rtp = 4, .tag_rtcp = 10,
	},
	[SUITE_AEAD_AES_128_GCM] = {
		.name = "AEAD_AES_128_GCM",
		.dtls = "SRTP_AEAD_AES_128_GCM", .profile = 0x0007,
		.key = 16, .salt = 12, .tag_rtp = 16, .tag_rtcp = 16,
		.aead = true,
	},
	[SUITE_AEAD_AES_256_GCM] = {
		.name = "AEAD_AES_256_GCM",
		.dtls = "SRTP_AEAD_AES_256_GCM", .profile = 0x0008,
		.key = 32, .salt = 12, .tag_rtp = 16, .tag_rtcp = 16,
		.aead = true,
	},
};

static const enum suite ranked[SUITE_COUNT - 1] = {
	SUITE_AEAD_AES_128_GCM,
	SUITE_AEAD_AES_256_GCM,
	SUITE_AES_CM_128_HMAC_SHA1_80,
	SUITE_AES_256_CM_HMAC_SHA1_80,

	SUITE_AES_192_CM_HMAC_SHA1_80,
	SUITE_AES_CM_128_HMAC_SHA1_32,
	SUITE_AES_256_CM_HMAC_SHA1_32,
	SUITE_AES_192_CM_HMAC_SHA1_32,
};

const struct suite_info *suite_info(enum suite s)
{
	assert(s > SUITE_NONE && s < SUITE_COUNT);
	return &table[s];
}

enum suite suite_ranked(unsigned i)
{
	assert(i < SUITE_COUNT - 1);
	return ranked[i];
}

enum suite suite_find(struct slice name)
{
	int s;

	for (s = SUITE_NONE + 1; s < SUITE_COUNT; s++)
		if (slice_eq_str(name, table[s].name))
			return (enum suite)s;
	return SUITE_NONE;
}

enum suite suite_find_profile(unsigned long profile)
{
	int s;

	for (s = SUITE_NONE + 1; s < SUITE_COUNT; s++)
		if (profile && table[s].profile == profile)
			return (enum suite)s;
	return SUITE_NONE;
}
