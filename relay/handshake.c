#include "relay/handshake.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clk.h"
#include "lib/base/rnd.h"
#include "relay/handshake_priv.h"

const struct handshake_why_row *handshake_why_row(enum handshake_why why)
{
	static const struct handshake_why_row rows[HANDSHAKE_WHY_COUNT] = {
		{"none", "did not fail"},
#define X(id, token, help) {token, help},
#include "relay/handshake.def"
#undef X
	};

	return &rows[why];
}

const char *handshake_state_name(enum handshake_state state)
{
	static const char *const names[] = {
		[HANDSHAKE_WAITING] = "waiting",
		[HANDSHAKE_RUNNING] = "running",
		[HANDSHAKE_PENDING] = "pending",
		[HANDSHAKE_DONE] = "done",
		[HANDSHAKE_FAILED] = "failed",
	};

	return names[state];
}

/* ---- control thread ---- */

static bool conf_is_good(const struct handshake_conf *conf)
{
	unsigned i;

	if (conf->suites > SUITE_COUNT)
		return false;
	for (i = 0; i < conf->suites; i++)
		if (conf->suite[i] <= SUITE_NONE ||
		    conf->suite[i] >= SUITE_COUNT ||
		    !suite_info(conf->suite[i])->dtls)
			return false;
	return true;
}

int handshake_open(struct handshake **hp, struct handshake_pool *pool,
		   const struct handshake_conf *conf,
		   const struct handshake_ops *ops, void *arg)
{
	struct handshake *h;
	unsigned i;

	if (!conf_is_good(conf))
		return EINVAL;
	h = calloc(1, sizeof(*h));
	if (!h)
		return ENOMEM;
	if (pthread_mutex_init(&h->lock, NULL)) {
		free(h);
		return ENOMEM;
	}
	i = atomic_fetch_add(&pool->next, 1) % pool->threads;
	h->pool = pool;
	h->thread = &pool->thread[i];
	h->conf = *conf;
	h->conf.certificate = certificate_hold(
		conf->certificate ? conf->certificate : pool->certificate);
	h->ops = ops;
	h->arg = arg;
	h->id = rnd_u64();
	h->restart_wait_ms = RESTART_MIN_MS;
	atomic_init(&h->queued, 0);
	*hp = h;
	return 0;
}

int handshake_peer(struct handshake *h, const union addr *addr,
		   const struct handshake_fingerprint *v, unsigned n)
{
	if (n > HANDSHAKE_FINGERPRINTS)
		return EINVAL;
	pthread_mutex_lock(&h->lock);
	h->addr = addr ? *addr : ADDR_NONE;
	h->fingerprints = n;
	if (n)
		memcpy(h->fingerprint, v, n * sizeof(*v));
	h->give_up = false;
	h->told = false;
	h->restart_ms = 0;
	h->restart_wait_ms = RESTART_MIN_MS;
	pthread_mutex_unlock(&h->lock);
	pool_todo(h, false);
	return 0;
}

static enum handshake_state state_now(const struct handshake *h)
{
	enum handshake_state state = h->status.state;
	unsigned i;

	if (h->done)
		return HANDSHAKE_DONE;
	for (i = 0; i < HANDSHAKE_SOURCES; i++) {
		if (!h->attempt[i].ssl)
			continue;
		if (h->attempt[i].finished)
			return HANDSHAKE_PENDING;
		state = HANDSHAKE_RUNNING;
	}
	return state;
}

void handshake_status(struct handshake *h, struct handshake_status *st)
{
	pthread_mutex_lock(&h->lock);
	*st = h->status;
	st->state = state_now(h);
	st->role = h->conf.role;
	memcpy(st->fingerprint, h->conf.certificate->fingerprint,
	       sizeof(st->fingerprint));
	pthread_mutex_unlock(&h->lock);
}

static void free_attempts(struct handshake *h)
{
	unsigned i;

	for (i = 0; i < HANDSHAKE_SOURCES; i++)
		if (h->attempt[i].ssl)
			attempt_free(&h->attempt[i]);
}

/* With the lock in hand no op is running; and once closed none will be. */
void handshake_close(struct handshake *h)
{
	if (!h)
		return;
	pthread_mutex_lock(&h->lock);
	h->closed = true;
	free_attempts(h);
	pthread_mutex_unlock(&h->lock);
	pool_todo(h, true);
}

/* ---- pool thread ---- */

void handshake_free(struct handshake *h)
{
	free_attempts(h);
	free(h->stash);
	certificate_release(h->conf.certificate);
	pthread_mutex_destroy(&h->lock);
	OPENSSL_cleanse(h, sizeof(*h));
	free(h);
}

/* As client: the first ClientHello, to the SDP's address; again after a while
 * if it came to nothing (the peer may not have heard of us yet). */
static void look_client(struct handshake *h, uint64_t now)
{
	struct attempt *a = &h->attempt[0];

	if (h->conf.role != HANDSHAKE_ACTIVE || h->done || h->give_up ||
	    !addr_is_set(&h->addr) || now < h->restart_ms)
		return;
	if (a->ssl && addr_eq(&a->peer, &h->addr))
		return;
	if (a->ssl)
		attempt_free(a);
	if (attempt_start(a, h, &h->addr, NULL, now))
		h->restart_ms = now + RESTART_MAX_MS;
}

static uint64_t due(const struct handshake *h)
{
	uint64_t first = UINT64_MAX, at;
	unsigned i;

	for (i = 0; i < HANDSHAKE_SOURCES; i++) {
		at = attempt_due(&h->attempt[i]);
		if (at < first)
			first = at;
	}
	if (h->conf.role == HANDSHAKE_ACTIVE && !h->done && !h->give_up &&
	    addr_is_set(&h->addr) && !h->attempt[0].ssl &&
	    h->restart_ms < first)
		first = h->restart_ms;
	return first;
}

uint64_t handshake_look(struct handshake *h, uint64_t now)
{
	unsigned i;

	if (h->closed)
		return UINT64_MAX;
	for (i = 0; i < HANDSHAKE_SOURCES; i++) {
		struct attempt *a = &h->attempt[i];

		if (a->ssl)
			attempt_judge(a, now);
		if (a->ssl && attempt_due(a) <= now)
			attempt_timer(a, now);
	}
	look_client(h, now);
	return due(h);
}
