/* crypt_own: the crypt of our own engine, evp or mb; for crypt_own.c and
 * crypt_batch.c. */
#ifndef RELAY_CRYPT_OWN_H
#define RELAY_CRYPT_OWN_H

#include "relay/crypt_engine.h"
#include "relay/crypt_key.h"

struct crypt_own {
	struct crypt head;
	struct crypt_key key[2]; /* [rtcp] */
	struct crypt_state state;
};

/* No index has been tried. */
#define CRYPT_UNTRIED UINT64_MAX

static inline struct crypt_own *crypt_own_of(const struct crypt_job *job)
{
	return (struct crypt_own *)(void *)job->crypt;
}

/* What the job's packet is made of; sealed: its tag is there. DROP_NONE, or
 * what is wrong with it. */
enum drop crypt_own_shape(const struct crypt_job *job, bool sealed,
			  struct crypt_packet *pkt);

/* Before protecting: finds the index of pkt and takes it, for good. */
enum drop crypt_own_take(struct crypt_own *c, bool rtcp,
			 struct crypt_packet *pkt);
enum drop crypt_own_seal(struct crypt_key *key, struct crypt_job *job,
			 const struct crypt_packet *pkt);

/* The likeliest index of a packet to unprotect. */
void crypt_own_expect(struct crypt_own *c, bool rtcp,
		      struct crypt_packet *pkt);
/* An authentic packet: may it be taken, and if so it is noted. */
enum drop crypt_own_accept(struct crypt_own *c, bool rtcp,
			   const struct crypt_packet *pkt);
/* Whole way of one packet, after its shape; tried: an index under which its tag
 * is known to be wrong. */
enum drop crypt_own_unprotect(struct crypt_own *c, struct crypt_job *job,
			      struct crypt_packet *pkt, uint64_t tried);

/* crypt_batch.c: engine functions of mb */
void crypt_batch_unprotect(struct crypt_job **v, unsigned n);
void crypt_batch_protect(struct crypt_job **v, unsigned n);

#endif
