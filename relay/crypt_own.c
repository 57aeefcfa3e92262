/* Our own engine, packet by packet: what a packet is, which index it has
 * (RFC 3711 3.3.1), whether it was there (3.3.2), and its octets. Nothing is
 * noted of a packet before its tag was right. */
#include "relay/crypt_own.h"

#include <errno.h>
#include <stddef.h>

#include "relay/mb.h"

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* ---- shape ---- */

/* RFC 3550 5.1, 5.3.1: fixed header, CSRCs, extension. SIZE_MAX: not in n. */
static size_t rtp_header(const uint8_t *p, size_t n)
{
	size_t at = CRYPT_RTP_HEADER + (p[0] & 15) * (size_t)4;

	if (p[0] & 0x10) {
		if (at + 4 > n)
			return SIZE_MAX;
		at += 4 + ((size_t)p[at + 2] << 8 | p[at + 3]) * 4;
	}
	return at;
}

static enum drop shape_rtcp(const struct crypt_job *job, bool sealed,
			    struct crypt_packet *pkt)
{
	const struct suite_info *s = suite_info(job->crypt->suite);
	size_t tail = sealed ? CRYPT_SRTCP_INDEX + (size_t)s->tag_rtcp : 0;
	uint32_t word;

	pkt->header = CRYPT_RTCP_HEADER;
	pkt->body = job->n - tail - pkt->header;
	pkt->ssrc = get_u32(job->p + 4);
	if (!sealed)
		return DROP_NONE;
	word = get_u32(job->p + job->n - CRYPT_SRTCP_INDEX -
		       (s->aead ? 0 : s->tag_rtcp));
	pkt->index = word & 0x7fffffff;
	/* Without E flag it is not encrypted: none of this key. */
	return word & 0x80000000 ? DROP_NONE : DROP_AUTH;
}

enum drop crypt_own_shape(const struct crypt_job *job, bool sealed,
			  struct crypt_packet *pkt)
{
	const struct suite_info *s = suite_info(job->crypt->suite);
	size_t n = job->n;

	if (n > UINT16_MAX ||
	    n < crypt_least(job->crypt->suite, job->rtcp, sealed))
		return job->rtcp ? DROP_RTCP_BAD : DROP_RTP_BAD;
	pkt->p = job->p;
	if (job->rtcp)
		return shape_rtcp(job, sealed, pkt);
	if (sealed)
		n -= s->tag_rtp;
	pkt->header = rtp_header(job->p, n);
	if (pkt->header > n)
		return DROP_RTP_BAD;
	pkt->body = n - pkt->header;
	pkt->ssrc = get_u32(job->p + 8);
	return DROP_NONE;
}

static uint16_t seq_of(const struct crypt_packet *pkt)
{
	return (uint16_t)(pkt->p[2] << 8 | pkt->p[3]);
}

/* ---- indexes ---- */

/* SRTCP starts with 1, as libsrtp2 does. */
static uint64_t next_rtcp(const struct crypt_source *src)
{
	return src && src->rtcp ? src->index_rtcp + 1 : 1;
}

enum drop crypt_own_take(struct crypt_own *c, bool rtcp,
			 struct crypt_packet *pkt)
{
	struct crypt_source *src = crypt_source_find(&c->state, pkt->ssrc);

	pkt->index = rtcp ? next_rtcp(src)
			  : crypt_index_guess(src, seq_of(pkt));
	if (!crypt_index_fresh(src, rtcp, pkt->index, c->head.window))
		return DROP_PROTECT;
	if (!src)
		src = crypt_source_add(&c->state, pkt->ssrc);
	if (!src)
		return DROP_SSRCS;
	crypt_index_note(src, rtcp, pkt->index);
	return DROP_NONE;
}

void crypt_own_expect(struct crypt_own *c, bool rtcp,
		      struct crypt_packet *pkt)
{
	if (!rtcp)
		pkt->index = crypt_index_guess(
			crypt_source_find(&c->state, pkt->ssrc), seq_of(pkt));
}

enum drop crypt_own_accept(struct crypt_own *c, bool rtcp,
			   const struct crypt_packet *pkt)
{
	struct crypt_source *src = crypt_source_find(&c->state, pkt->ssrc);

	if (!crypt_index_fresh(src, rtcp, pkt->index, c->head.window))
		return DROP_REPLAY;
	if (!src)
		src = crypt_source_add(&c->state, pkt->ssrc);
	if (!src)
		return DROP_SSRCS;
	crypt_index_note(src, rtcp, pkt->index);
	return DROP_NONE;
}

/* ---- one packet ---- */

/* Is it authentic under this index? Then it is opened. */
static enum drop try_index(struct crypt_own *c, struct crypt_job *job,
			   const struct crypt_source *src,
			   struct crypt_packet *pkt, uint64_t index)
{
	int err;

	if (!crypt_index_fresh(src, job->rtcp, index, c->head.window))
		return DROP_REPLAY;
	pkt->index = index;
	err = crypt_key_open(&c->key[job->rtcp], pkt);
	if (err)
		return err == EBADMSG ? DROP_AUTH : DROP_CRYPT;
	job->n = pkt->header + pkt->body;
	return crypt_own_accept(c, job->rtcp, pkt);
}

/* Where the nearest index is wrong, the one a sequence number cycle later is
 * tried: it is right for a stream whose first packets were lost just before its
 * sequence number wrapped, and for one that was gone for 32,768 packets and
 * more. One cycle earlier is never right: it lies behind the window. */
enum drop crypt_own_unprotect(struct crypt_own *c, struct crypt_job *job,
			      struct crypt_packet *pkt, uint64_t tried)
{
	const struct crypt_source *src =
		crypt_source_find(&c->state, pkt->ssrc);
	enum drop drop = DROP_AUTH;
	uint64_t index;

	if (!src && c->state.count == CRYPT_SSRC_MAX)
		return DROP_SSRCS;
	if (job->rtcp)
		return pkt->index == tried
			       ? DROP_AUTH
			       : try_index(c, job, src, pkt, pkt->index);
	index = crypt_index_guess(src, seq_of(pkt));
	if (index != tried)
		drop = try_index(c, job, src, pkt, index);
	if (drop != DROP_AUTH && drop != DROP_REPLAY)
		return drop;
	if (try_index(c, job, src, pkt, index + (1 << 16)) == DROP_NONE)
		return DROP_NONE;
	return drop;
}

enum drop crypt_own_seal(struct crypt_key *key, struct crypt_job *job,
			 const struct crypt_packet *pkt)
{
	if (crypt_key_seal(key, pkt))
		return DROP_CRYPT;
	job->n += crypt_key_tag(key) + (job->rtcp ? CRYPT_SRTCP_INDEX : 0);
	return DROP_NONE;
}

static enum drop protect(struct crypt_own *c, struct crypt_job *job)
{
	struct crypt_packet pkt;
	enum drop drop = crypt_own_shape(job, false, &pkt);

	if (drop == DROP_NONE)
		drop = crypt_own_take(c, job->rtcp, &pkt);
	if (drop == DROP_NONE)
		drop = crypt_own_seal(&c->key[job->rtcp], job, &pkt);
	return drop;
}

/* ---- the engines ---- */

static int make(struct crypt *head, const uint8_t *key_salt)
{
	struct crypt_own *c = (struct crypt_own *)(void *)head;
	bool mb = head->engine == &crypt_engine_mb;
	int err;

	c->state.version = CRYPT_STATE_VERSION;
	err = crypt_key_init(&c->key[0], head->suite, key_salt, false, mb);
	if (!err)
		err = crypt_key_init(&c->key[1], head->suite, key_salt, true,
				     mb);
	return err;
}

static void wipe(struct crypt *head)
{
	struct crypt_own *c = (struct crypt_own *)(void *)head;

	crypt_key_fini(&c->key[0]);
	crypt_key_fini(&c->key[1]);
}

static void unprotect_all(struct crypt_job **v, unsigned n)
{
	struct crypt_packet pkt;
	unsigned i;

	for (i = 0; i < n; i++) {
		v[i]->drop = crypt_own_shape(v[i], true, &pkt);
		if (v[i]->drop == DROP_NONE)
			v[i]->drop = crypt_own_unprotect(crypt_own_of(v[i]),
							 v[i], &pkt,
							 CRYPT_UNTRIED);
	}
}

static void protect_all(struct crypt_job **v, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		v[i]->drop = protect(crypt_own_of(v[i]), v[i]);
}

static struct crypt_state *state(struct crypt *head)
{
	return &((struct crypt_own *)(void *)head)->state;
}

const struct crypt_engine crypt_engine_evp = {
	.name = "evp",
	.make = make,
	.wipe = wipe,
	.size = sizeof(struct crypt_own),
	.unprotect = unprotect_all,
	.protect = protect_all,
	.state = state,
};

const struct crypt_engine crypt_engine_mb = {
	.name = "mb",
	.init = mb_init,
	.make = make,
	.wipe = wipe,
	.size = sizeof(struct crypt_own),
	.unprotect = crypt_batch_unprotect,
	.protect = crypt_batch_protect,
	.state = state,
};
