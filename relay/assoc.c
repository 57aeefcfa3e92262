/* assoc: one DTLS association of one component of a leg (assoc.h). */
#include "relay/assoc.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/log.h"

struct assoc {
	struct handshake *handshake;
	struct worker *worker;
	struct component *component;
	struct order fence;
};

/* Keys on their way to the worker. */
struct key_order {
	struct order order;
	const struct assoc *assoc; /* to compare only */
	struct component *component;
	struct crypt *rx;
	struct crypt *tx;
	union addr from;
};

static void keys_apply(struct worker *w, struct order *order)
{
	struct key_order *k = (struct key_order *)(void *)order;

	if (bridge_keys_apply(k->component, k->assoc, &k->from, &k->rx, &k->tx))
		counter_add(&worker_counters(w)->v[COUNTER_KEYS_INSTALLED], 1);
}

/* What is in it now are the keys that were replaced, or came too late. */
static void keys_done(struct order *order)
{
	struct key_order *k = (struct key_order *)(void *)order;

	crypt_free(k->rx);
	crypt_free(k->tx);
	free(k);
}

static void on_send(void *arg, const union addr *to, const void *p, size_t n)
{
	const struct assoc *a = arg;
	union addr at = *to;

	if (ice_is_agent_addr(to))
		at = ice_resolve(a->component);
	if (!addr_is_set(&at))
		return;
	/* What is lost is sent again by DTLS. */
	(void)!sendto(a->component->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL,
		      &at.sa, addr_len(&at));
}

static void on_keys(void *arg, const struct handshake_keys *keys)
{
	struct assoc *a = arg;
	struct key_order *k = calloc(1, sizeof(*k));

	if (!k)
		return;
	*k = (struct key_order){
		.order = {.apply = keys_apply, .done = keys_done},
		.assoc = a,
		.component = a->component,
		.from = keys->from,
	};
	if (crypt_new(&k->rx, keys->suite, keys->remote, keys->n,
		      CRYPT_UNPROTECT, CRYPT_WINDOW) ||
	    crypt_new(&k->tx, keys->suite, keys->local, keys->n, CRYPT_PROTECT,
		      CRYPT_WINDOW))
		keys_done(&k->order);
	else
		worker_post(a->worker, &k->order);
}

static void on_failed(void *arg, enum handshake_why why)
{
	/* A pool thread's own: whoever fails can fail again and again. */
	static _Thread_local struct log_limit lim;
	const struct assoc *a = arg;

	if (log_limit_pass(&lim))
		log_debug("dtls fd %d: handshake failed (%s; %u kept back)",
			  a->component->fd, handshake_why_row(why)->token,
			  lim.last);
}

static const struct handshake_ops ops = {
	.send = on_send,
	.keys = on_keys,
	.failed = on_failed,
};

int assoc_open(struct assoc **assoc, struct handshake_pool *pool,
	       struct worker *w, struct component *c,
	       struct certificate *certificate, const struct leg_conf *conf)
{
	const struct handshake_conf how = {
		.role = conf->role,
		.certificate = certificate,
		.from = conf->latch == LEG_LATCH_STRICT &&
				!conf->ice.ufrag[0] ?
				HANDSHAKE_FROM_STRICT : HANDSHAKE_FROM_ANY,
	};
	struct assoc *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return ENOMEM;
	a->worker = w;
	a->component = c;
	err = handshake_open(&a->handshake, pool, &how, &ops, a);
	if (err)
		free(a);
	else
		*assoc = a;
	return err;
}

int assoc_peer(struct assoc *a, const union addr *addr,
	       const struct leg_conf *conf)
{
	return handshake_peer(a->handshake, addr, conf->fingerprint,
			      conf->fingerprints);
}

static void fence_done(struct order *order)
{
	free((char *)order - offsetof(struct assoc, fence));
}

void assoc_retire(struct assoc *a)
{
	if (!a)
		return;
	handshake_close(a->handshake);
	a->handshake = NULL;
	/* Keys may still wait in the worker's mailbox, before this. */
	a->fence = (struct order){.done = fence_done};
	worker_post(a->worker, &a->fence);
}

struct handshake *assoc_handshake(const struct assoc *a)
{
	return a ? a->handshake : NULL;
}

int assoc_input(const struct assoc *a, const union addr *from, const void *p,
		size_t n)
{
	return handshake_input(a->handshake, from, p, n);
}
