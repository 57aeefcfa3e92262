/* The portable engine: libsrtp2, with OpenSSL under it (evp.h). One libsrtp2
 * session per crypt, with a template for any SSRC: libsrtp2 clones it for a
 * new SSRC after the tag has been verified, not before. What is added here is
 * what libsrtp2 has not: a bound on SSRCs, and the right ROC after a gap. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <srtp2/crypto_types.h>
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

#include "relay/crypt_engine.h"
#include "relay/evp.h"
#include "relay/trial.h"

/* What we know of an SSRC: the highest index that passed. */
struct known {
	uint32_t ssrc;
	bool rtp; /* index is of RTP; not yet, if only SRTCP came */
	uint64_t index; /* ROC << 16 | SEQ */
};

struct crypt_lib {
	struct crypt head;
	srtp_t session;
	unsigned count;
	struct known known[CRYPT_SSRC_MAX]; /* newest first */
	struct trial trial; /* CRYPT_UNPROTECT */
	uint8_t key_salt[SUITE_KEY_SALT_MAX];
};

enum { HALF = 1 << 15 };

static int init(void)
{
	return srtp_init() ? EIO : evp_types_install();
}

/* ---- policy ---- */

static srtp_cipher_type_id_t cipher_of(const struct suite_info *s)
{
	if (s->aead)
		return s->key == 16 ? SRTP_AES_GCM_128 : SRTP_AES_GCM_256;
	return s->key == 16 ? SRTP_AES_ICM_128 : SRTP_AES_ICM_256;
}

static srtp_crypto_policy_t policy_of(const struct suite_info *s, int tag)
{
	return (srtp_crypto_policy_t){
		.cipher_type = cipher_of(s),
		.cipher_key_len = s->key + s->salt,
		.auth_type = s->aead ? SRTP_NULL_AUTH : SRTP_HMAC_SHA1,
		.auth_key_len = s->aead ? 0 : EVP_HMAC,
		.auth_tag_len = tag,
		.sec_serv = sec_serv_conf_and_auth,
	};
}

static srtp_policy_t policy(struct crypt_lib *c)
{
	const struct suite_info *s = suite_info(c->head.suite);

	return (srtp_policy_t){
		.ssrc.type = c->head.dir == CRYPT_PROTECT ? ssrc_any_outbound
						     : ssrc_any_inbound,
		.rtp = policy_of(s, s->tag_rtp),
		.rtcp = policy_of(s, s->tag_rtcp),
		.key = c->key_salt,
		.window_size = c->head.window,
		/* A packet that was protected once is not protected again:
		 * were it another one, its keystream would be used twice. */
		.allow_repeat_tx = 0,
	};
}

/* AES-192 is left out because libsrtp2 derives its keys with AES-256 over a
 * padded key, which is not what RFC 6188 says (its section 7.4 does not
 * verify): no two kinds of peers agree. */
static int make(struct crypt *head, const uint8_t *key_salt)
{
	struct crypt_lib *c = (struct crypt_lib *)(void *)head;
	const struct suite_info *s = suite_info(head->suite);
	srtp_policy_t pol;

	if (s->key == 24)
		return ENOTSUP;
	memcpy(c->key_salt, key_salt, suite_key_salt(head->suite));
	pol = policy(c);
	if (srtp_create(&c->session, &pol))
		return ENOMEM;
	return head->dir == CRYPT_PROTECT ? 0
					  : trial_init(&c->trial, s, key_salt);
}

static void wipe(struct crypt *head)
{
	struct crypt_lib *c = (struct crypt_lib *)(void *)head;

	if (c->session)
		srtp_dealloc(c->session);
	trial_fini(&c->trial);
}

/* ---- SSRCs ---- */

static uint32_t ssrc_of(const struct crypt_job *job)
{
	uint32_t v;

	memcpy(&v, job->p + (job->rtcp ? 4 : 8), sizeof(v));
	return ntohl(v);
}

static uint16_t seq_of(const struct crypt_job *job)
{
	return (uint16_t)(job->p[2] << 8 | job->p[3]);
}

static struct known *known_find(struct crypt_lib *c, uint32_t ssrc)
{
	unsigned i;

	for (i = 0; i < c->count; i++)
		if (c->known[i].ssrc == ssrc)
			return &c->known[i];
	return NULL;
}

/* Room was made sure of before the packet was looked at. */
static struct known *known_add(struct crypt_lib *c, uint32_t ssrc)
{
	memmove(c->known + 1, c->known, c->count * sizeof(c->known[0]));
	c->count++;
	c->known[0] = (struct known){.ssrc = ssrc};
	return &c->known[0];
}

/* RFC 3711 3.3.1 and appendix A: the index nearest to the highest so far */
static uint64_t index_guess(const struct known *k, uint16_t seq)
{
	uint64_t roc;
	uint16_t last;

	if (!k || !k->rtp)
		return seq;
	roc = k->index >> 16;
	last = (uint16_t)k->index;
	if (last < HALF && seq - last > HALF)
		roc = roc ? roc - 1 : 0;
	else if (last >= HALF && last - HALF > seq)
		roc++;
	return roc << 16 | seq;
}

static void known_note(struct crypt_lib *c, struct known *k,
		       const struct crypt_job *job, uint64_t index)
{
	if (!k)
		k = known_add(c, ssrc_of(job));
	if (job->rtcp)
		return;
	if (!k->rtp || index > k->index)
		k->index = index;
	k->rtp = true;
}

/* ---- a wrong guess of the ROC ---- */

/* Puts the SSRC to index's ROC, for the packet that trial_passes() has found
 * authentic there. index is ahead of everything accepted so far, so nothing
 * can be played again by this. */
static bool follow(struct crypt_lib *c, uint32_t ssrc, bool new, uint64_t index)
{
	srtp_policy_t pol = policy(c);

	pol.ssrc.type = ssrc_specific;
	pol.ssrc.value = ssrc;
	if (new && srtp_add_stream(c->session, &pol))
		return false;
	return !srtp_set_stream_roc(c->session, ssrc, (uint32_t)(index >> 16));
}

/* The packet did not pass under the index that was guessed. One more guess is
 * made: a sequence number cycle later. That is right for a stream whose first
 * packets were lost just before its sequence number wrapped, and for one that
 * was gone for 32,768 packets and more. */
static bool retry(struct crypt_lib *c, struct crypt_job *job, bool new,
		  uint64_t *index, int *n)
{
	uint64_t later = *index + (1 << 16);
	uint32_t ssrc = ssrc_of(job);

	if (!trial_passes(&c->trial, job->p, job->n, (uint32_t)(later >> 16)))
		return false;
	*index = later;
	*n = (int)job->n;
	if (follow(c, ssrc, new, later) &&
	    !srtp_unprotect(c->session, job->p, n))
		return true;
	if (new) /* out of memory */
		srtp_remove_stream(c->session, htonl(ssrc));
	return false;
}

/* ---- one job ---- */

static enum drop drop_of(srtp_err_status_t status, bool rtcp)
{
	switch (status) {
	case srtp_err_status_ok:
		return DROP_NONE;
	case srtp_err_status_auth_fail:
	case srtp_err_status_cant_check: /* SRTCP without encryption */
		return DROP_AUTH;
	case srtp_err_status_replay_fail:
	case srtp_err_status_replay_old:
	case srtp_err_status_pkt_idx_old:
		return DROP_REPLAY;
	case srtp_err_status_parse_err:
	case srtp_err_status_bad_param:
		return rtcp ? DROP_RTCP_BAD : DROP_RTP_BAD;
	default:
		return DROP_CRYPT;
	}
}

static enum drop unprotect(struct crypt_lib *c, struct crypt_job *job)
{
	int n = (int)job->n;
	struct known *k;
	uint64_t index;
	enum drop drop;

	if (job->n > UINT16_MAX || job->n < crypt_least(c->head.suite, job->rtcp, true))
		return job->rtcp ? DROP_RTCP_BAD : DROP_RTP_BAD;
	k = known_find(c, ssrc_of(job));
	if (!k && c->count == CRYPT_SSRC_MAX)
		return DROP_SSRCS;

	index = index_guess(k, seq_of(job));
	drop = drop_of(job->rtcp ? srtp_unprotect_rtcp(c->session, job->p, &n)
				 : srtp_unprotect(c->session, job->p, &n),
		       job->rtcp);
	if ((drop == DROP_AUTH || drop == DROP_REPLAY) && !job->rtcp &&
	    retry(c, job, !k, &index, &n))
		drop = DROP_NONE;
	if (drop)
		return drop;
	known_note(c, k, job, index);
	job->n = (size_t)n;
	return DROP_NONE;
}

static enum drop protect(struct crypt_lib *c, struct crypt_job *job)
{
	int n = (int)job->n;
	uint32_t ssrc;
	enum drop drop;
	bool new;

	if (job->n > UINT16_MAX || job->n < crypt_least(c->head.suite, job->rtcp, false))
		return job->rtcp ? DROP_RTCP_BAD : DROP_RTP_BAD;
	ssrc = ssrc_of(job);
	new = !known_find(c, ssrc);
	if (new && c->count == CRYPT_SSRC_MAX)
		return DROP_SSRCS;

	drop = drop_of(job->rtcp ? srtp_protect_rtcp(c->session, job->p, &n)
				 : srtp_protect(c->session, job->p, &n),
		       job->rtcp);
	if (drop && new) /* nothing was protected: its stream may go */
		srtp_remove_stream(c->session, htonl(ssrc));
	if (drop)
		return drop == DROP_REPLAY ? DROP_PROTECT : drop;
	if (new)
		known_add(c, ssrc);
	job->n = (size_t)n;
	return DROP_NONE;
}

static void unprotect_all(struct crypt_job **v, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		v[i]->drop = unprotect((struct crypt_lib *)(void *)v[i]->crypt,
				       v[i]);
}

static void protect_all(struct crypt_job **v, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		v[i]->drop = protect((struct crypt_lib *)(void *)v[i]->crypt,
				     v[i]);
}

const struct crypt_engine crypt_engine_lib = {
	.name = "libsrtp2",
	.init = init,
	.make = make,
	.wipe = wipe,
	.size = sizeof(struct crypt_lib),
	.unprotect = unprotect_all,
	.protect = protect_all,
};
