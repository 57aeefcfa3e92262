/* crypt_key: the session keys of SRTP or of SRTCP, and one packet sealed or
 * opened with them (RFC 3711 3.1, 3.4, 4; RFC 6188; RFC 7714). No state but
 * contexts that are reused: indexes come from the caller.
 *
 * Thread: that of the crypt it belongs to. */
#ifndef RELAY_CRYPT_KEY_H
#define RELAY_CRYPT_KEY_H

#include "relay/evp.h"
#include "relay/suite.h"

struct crypt_key {
	const struct suite_info *suite;
	bool rtcp;
	/* suites with HMAC-SHA1 */
	struct evp_icm icm;
	struct evp_hmac hmac;
	struct mb_cm *mb_cm; /* NULL: not made */
	/* AEAD: one of the two */
	struct evp_gcm gcm;
	struct mb_gcm *mb_gcm;
	uint8_t salt[EVP_GCM_IV];
};

/* A packet without its tag, however it is used. Of SRTCP the word with E flag
 * and index stands behind the body, or, with AEAD, behind the tag. */
struct crypt_packet {
	uint8_t *p;
	size_t header; /* octets in the clear */
	size_t body; /* octets of text, plain or cipher */
	uint32_t ssrc;
	uint64_t index; /* RTP: ROC << 16 | SEQ; SRTCP: 31 bits */
};

/* For rtcp or not; mb: in ipsec-mb's form too. 0, ENOMEM, EIO;
 * crypt_key_fini() also after an error. */
int crypt_key_init(struct crypt_key *k, enum suite suite,
		   const uint8_t *key_salt, bool rtcp, bool mb);
void crypt_key_fini(struct crypt_key *k);

/* Octets of tag. */
static inline size_t crypt_key_tag(const struct crypt_key *k)
{
	return k->rtcp ? k->suite->tag_rtcp : k->suite->tag_rtp;
}

/* Encrypts, and writes the tag, and of SRTCP the index. Behind the body there
 * is room for SUITE_GROW_MAX. 0, EIO. */
int crypt_key_seal(struct crypt_key *k, const struct crypt_packet *pkt);
/* 0; EBADMSG: the tag is wrong, all octets are as they were; EIO. */
int crypt_key_open(struct crypt_key *k, const struct crypt_packet *pkt);

/* ---- pieces, for who does the work in batches (suites with HMAC) ---- */

/* The first counter block, salt in it (RFC 3711 4.1.1). */
void crypt_key_counter(const struct crypt_key *k,
		       const struct crypt_packet *pkt, uint8_t iv[16]);
/* Octets from p that the tag covers; with SRTP the ROC follows them. */
static inline size_t crypt_key_covered(const struct crypt_key *k,
				       const struct crypt_packet *pkt)
{
	return pkt->header + pkt->body + (k->rtcp ? 4 : 0);
}
/* The ROC as it is hashed. */
void crypt_key_roc(const struct crypt_packet *pkt, uint8_t to[4]);
/* Writes E flag and index of SRTCP where they belong. */
void crypt_key_index(const struct crypt_key *k,
		     const struct crypt_packet *pkt);

#endif
