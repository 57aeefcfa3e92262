/* Our own engine, a batch at once: suites with HMAC-SHA1 go through ipsec-mb's
 * lanes together, across crypts; the rest, and what did not pass at the first
 * try, goes packet by packet as in crypt_own.c.
 *
 * The order in a crypt is kept where it matters: indexes are taken, and
 * authentic packets accepted, in the order of the jobs. */
#include <openssl/crypto.h>
#include <string.h>

#include "relay/crypt_own.h"
#include "relay/mb.h"

struct item {
	struct crypt_job *job;
	struct crypt_own *crypt;
	struct crypt_key *key;
	struct crypt_packet pkt;
	struct mb_item mb;
};

struct batch {
	unsigned n;
	struct item item[MB_MOST];
	struct mb_item *mb[MB_MOST];
};

static struct item *item_add(struct batch *b, struct crypt_job *job,
			     const struct crypt_packet *pkt)
{
	struct item *it = &b->item[b->n++];

	it->job = job;
	it->crypt = crypt_own_of(job);
	it->key = &it->crypt->key[job->rtcp];
	it->pkt = *pkt;
	it->mb.key = it->key->mb_cm;
	return it;
}

static int cipher(struct item *const *v, unsigned n)
{
	struct mb_item *mb[MB_MOST];
	unsigned i;

	for (i = 0; i < n; i++) {
		struct item *it = v[i];

		it->mb.p = it->pkt.p + it->pkt.header;
		it->mb.n = it->pkt.body;
		crypt_key_counter(it->key, &it->pkt, it->mb.iv);
		mb[i] = &it->mb;
	}
	return mb_cipher(mb, n);
}

/* The ROC is hashed behind the packet, and so written there: over the tag,
 * which is kept meanwhile. */
static int hash(struct batch *b, bool restore)
{
	uint8_t under[MB_MOST][4];
	unsigned i;
	int err;

	for (i = 0; i < b->n; i++) {
		struct item *it = &b->item[i];
		size_t n = crypt_key_covered(it->key, &it->pkt);

		it->mb.p = it->pkt.p;
		it->mb.n = n;
		b->mb[i] = &it->mb;
		if (it->job->rtcp)
			continue;
		if (restore)
			memcpy(under[i], it->pkt.p + n, sizeof(under[i]));
		crypt_key_roc(&it->pkt, it->pkt.p + n);
		it->mb.n += sizeof(under[i]);
	}
	err = mb_hash(b->mb, b->n);
	for (i = 0; restore && i < b->n; i++) {
		struct item *it = &b->item[i];

		if (!it->job->rtcp)
			memcpy(it->pkt.p +
				       crypt_key_covered(it->key, &it->pkt),
			       under[i], sizeof(under[i]));
	}
	return err;
}

/* ---- protecting ---- */

static void sealed(struct item *it, int err)
{
	size_t tag = crypt_key_tag(it->key);
	size_t n = crypt_key_covered(it->key, &it->pkt);

	it->job->drop = err ? DROP_CRYPT : DROP_NONE;
	if (err)
		return;
	memcpy(it->pkt.p + n, it->mb.tag, tag);
	it->job->n = n + tag;
}

static void seal_all(struct batch *b)
{
	struct item *v[MB_MOST];
	unsigned i;
	int err;

	for (i = 0; i < b->n; i++) {
		v[i] = &b->item[i];
		crypt_key_index(v[i]->key, &v[i]->pkt);
	}
	err = cipher(v, b->n);
	if (!err)
		err = hash(b, false);
	for (i = 0; i < b->n; i++)
		sealed(&b->item[i], err);
}

void crypt_batch_protect(struct crypt_job **v, unsigned n)
{
	bool lanes = mb_thread_is_open() && n >= MB_LEAST;
	struct batch b;
	unsigned i;

	b.n = 0;
	for (i = 0; i < n; i++) {
		struct crypt_own *c = crypt_own_of(v[i]);
		struct crypt_key *key = &c->key[v[i]->rtcp];
		struct crypt_packet pkt;

		v[i]->drop = crypt_own_shape(v[i], false, &pkt);
		if (v[i]->drop == DROP_NONE)
			v[i]->drop = crypt_own_take(c, v[i]->rtcp, &pkt);
		if (v[i]->drop != DROP_NONE)
			continue;
		if (lanes && key->mb_cm)
			item_add(&b, v[i], &pkt);
		else
			v[i]->drop = crypt_own_seal(key, v[i], &pkt);
	}
	if (b.n >= MB_LEAST)
		seal_all(&b);
	else
		for (i = 0; i < b.n; i++)
			b.item[i].job->drop =
				crypt_own_seal(b.item[i].key, b.item[i].job,
					       &b.item[i].pkt);
}

/* ---- unprotecting ---- */

/* The tag was computed under pkt.index. true: accepted, to be deciphered. What
 * did not pass may by another index, so it goes the long way. */
static bool judge(struct item *it, int err)
{
	const uint8_t *tag = it->pkt.p + crypt_key_covered(it->key, &it->pkt);

	if (!err && !CRYPTO_memcmp(it->mb.tag, tag, crypt_key_tag(it->key))) {
		it->job->drop = crypt_own_accept(it->crypt, it->job->rtcp,
						 &it->pkt);
		return it->job->drop == DROP_NONE;
	}
	it->job->drop = crypt_own_unprotect(it->crypt, it->job, &it->pkt,
					    err ? CRYPT_UNTRIED
						: it->pkt.index);
	return false;
}

static void open_all(struct batch *b)
{
	struct item *v[MB_MOST];
	unsigned i, k = 0;
	int err = hash(b, true);

	for (i = 0; i < b->n; i++)
		if (judge(&b->item[i], err))
			v[k++] = &b->item[i];
	err = cipher(v, k);
	for (i = 0; i < k; i++) {
		v[i]->job->n = v[i]->pkt.header + v[i]->pkt.body;
		if (err)
			v[i]->job->drop = DROP_CRYPT;
	}
}

void crypt_batch_unprotect(struct crypt_job **v, unsigned n)
{
	bool lanes = mb_thread_is_open() && n >= MB_LEAST;
	struct batch b;
	unsigned i;

	b.n = 0;
	for (i = 0; i < n; i++) {
		struct crypt_own *c = crypt_own_of(v[i]);
		struct crypt_packet pkt;

		v[i]->drop = crypt_own_shape(v[i], true, &pkt);
		if (v[i]->drop != DROP_NONE)
			continue;
		if (lanes && c->key[v[i]->rtcp].mb_cm)
			crypt_own_expect(c, v[i]->rtcp,
					 &item_add(&b, v[i], &pkt)->pkt);
		else
			v[i]->drop = crypt_own_unprotect(c, v[i], &pkt,
							 CRYPT_UNTRIED);
	}
	if (b.n >= MB_LEAST)
		open_all(&b);
	else
		for (i = 0; i < b.n; i++)
			b.item[i].job->drop = crypt_own_unprotect(
				b.item[i].crypt, b.item[i].job,
				&b.item[i].pkt, CRYPT_UNTRIED);
}
