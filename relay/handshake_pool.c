/* The threads of handshake.h. Each owns the handshakes that were dealt to it:
 * takes their datagrams from its queue, looks at those that the control thread
 * has touched, and runs their timers. */
#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/base/rnd.h"
#include "relay/handshake_priv.h"

enum {
	THREADS_MAX = 64,
	BATCH = 32, /* datagrams between two looks at timers */
	RECORD = 13, /* RFC 6347 4.1 */
	TYPE_FIRST = 20, /* ChangeCipherSpec, Alert, Handshake */
	TYPE_LAST = 22,
	SLEEP_MAX_MS = 60000
};

/* ---- towards a thread ---- */

void pool_wake(struct pool_thread *t)
{
	const uint64_t one = 1;

	/* Sequentially consistent, after what was published: either the
	 * thread finds that before it sleeps, or it is seen asleep here. */
	if (atomic_exchange(&t->asleep, 0))
		(void)!write(t->wake, &one, sizeof(one));
}

void pool_todo(struct handshake *h, bool gone)
{
	struct pool_thread *t = h->thread;

	pthread_mutex_lock(&t->lock);
	h->gone = gone;
	if (!h->todo) {
		h->todo = true;
		h->todo_next = t->todo;
		t->todo = h;
	}
	pthread_mutex_unlock(&t->lock);
	pool_wake(t);
}

/* Alerts and handshake messages; a whole record at the least. Application data
 * is not for us, and heartbeats are for nobody. */
static bool is_wanted(const uint8_t *p, size_t n)
{
	return n >= RECORD && p[0] >= TYPE_FIRST && p[0] <= TYPE_LAST &&
	       p[1] == 0xfe && ((size_t)p[11] << 8 | p[12]) <= n - RECORD;
}

int handshake_input(struct handshake *h, const union addr *from, const void *p,
		    size_t n)
{
	struct pool_thread *t = h->thread;

	if (n > HANDSHAKE_DATAGRAM_MAX)
		return EMSGSIZE;
	if (!is_wanted(p, n)) {
		pool_count(h->pool, POOL_MALFORMED);
		return EBADMSG;
	}
	/* Counted before it is in, so that h is not freed under it. */
	if (atomic_fetch_add(&h->queued, 1) >= QUEUED_MAX ||
	    handshake_queue_push(t->queue, h, from, p, n)) {
		atomic_fetch_sub(&h->queued, 1);
		pool_count(h->pool, POOL_REFUSED);
		return ENOBUFS;
	}
	pool_wake(t);
	return 0;
}

/* ---- on the thread ---- */

static void list_in(struct pool_thread *t, struct handshake *h)
{
	if (h->active)
		return;
	h->active = true;
	h->active_prev = NULL;
	h->active_next = t->active;
	if (t->active)
		t->active->active_prev = h;
	t->active = h;
}

static void list_out(struct pool_thread *t, struct handshake *h)
{
	if (!h->active)
		return;
	h->active = false;
	if (h->active_prev)
		h->active_prev->active_next = h->active_next;
	else
		t->active = h->active_next;
	if (h->active_next)
		h->active_next->active_prev = h->active_prev;
}

/* In the list are just those that have a timer. */
static void look(struct pool_thread *t, struct handshake *h, uint64_t now)
{
	uint64_t due;

	pthread_mutex_lock(&h->lock);
	due = handshake_look(h, now);
	pthread_mutex_unlock(&h->lock);
	if (due == UINT64_MAX)
		list_out(t, h);
	else
		list_in(t, h);
	if (due < t->due_ms)
		t->due_ms = due;
}

static bool take_datagrams(struct pool_thread *t)
{
	struct handshake_slot *s = NULL;
	struct handshake *h;
	uint64_t now;
	unsigned i;

	for (i = 0; i < BATCH; i++) {
		s = handshake_queue_take(t->queue);
		if (!s)
			break;
		h = s->handshake;
		now = clk_ms();
		pool_count(t->pool, POOL_DATAGRAMS);
		pthread_mutex_lock(&h->lock);
		if (!h->closed)
			source_datagram(h, &s->from, s->p, s->n, now);
		pthread_mutex_unlock(&h->lock);
		look(t, h, now);
		handshake_queue_give_back(t->queue, s);
		atomic_fetch_sub(&h->queued, 1);
	}
	return i > 0;
}

/* One at a time: once out of the list it can be put in again, unless it is
 * gone, which nobody touches any more. */
static bool take_todo(struct pool_thread *t)
{
	struct handshake *h;
	bool gone = false;

	pthread_mutex_lock(&t->lock);
	h = t->todo;
	if (h) {
		t->todo = h->todo_next;
		h->todo = false;
		gone = h->gone;
	}
	pthread_mutex_unlock(&t->lock);
	if (!h)
		return false;
	look(t, h, clk_ms());
	if (gone) {
		h->todo_next = t->dead;
		t->dead = h;
	}
	return true;
}

static void bury(struct pool_thread *t)
{
	struct handshake **at = &t->dead, *h;

	while ((h = *at)) {
		if (atomic_load(&h->queued)) {
			at = &h->todo_next;
			continue;
		}
		*at = h->todo_next;
		list_out(t, h);
		handshake_free(h);
	}
}

static void run_timers(struct pool_thread *t, uint64_t now)
{
	struct handshake *h, *next;

	if (now < t->due_ms)
		return;
	t->due_ms = UINT64_MAX;
	for (h = t->active; h; h = next) {
		next = h->active_next;
		look(t, h, now);
	}
}

static bool is_idle(struct pool_thread *t)
{
	bool todo;

	pthread_mutex_lock(&t->lock);
	todo = t->todo != NULL;
	pthread_mutex_unlock(&t->lock);
	return !todo && handshake_queue_is_empty(t->queue) &&
	       !atomic_load(&t->stop);
}

static void rest(struct pool_thread *t)
{
	struct pollfd fd = {.fd = t->wake, .events = POLLIN};
	uint64_t now = clk_ms(), count, ms = SLEEP_MAX_MS;

	if (t->due_ms <= now)
		return;
	if (t->due_ms - now < ms)
		ms = t->due_ms - now;
	atomic_exchange(&t->asleep, 1);
	if (is_idle(t) && poll(&fd, 1, (int)ms) > 0)
		(void)!read(t->wake, &count, sizeof(count));
	atomic_exchange(&t->asleep, 0);
}

static void *thread_main(void *arg)
{
	struct pool_thread *t = arg;
	bool busy;

	while (!atomic_load(&t->stop)) {
		busy = take_datagrams(t);
		busy |= take_todo(t);
		bury(t);
		run_timers(t, clk_ms());
		if (!busy)
			rest(t);
	}
	return NULL;
}

/* ---- pool ---- */

/* Everybody has closed: what is queued is for nobody. */
static void drain(struct pool_thread *t)
{
	while (take_datagrams(t) || take_todo(t))
		;
	bury(t);
}

static int thread_init(struct pool_thread *t, struct handshake_pool *pool)
{
	if (pthread_mutex_init(&t->lock, NULL))
		return ENOMEM;
	t->pool = pool;
	t->due_ms = UINT64_MAX;
	t->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->queue = aligned_alloc(64, sizeof(*t->queue));
	if (t->wake < 0 || !t->queue)
		return ENOMEM;
	handshake_queue_init(t->queue);
	return 0;
}

static void thread_fini(struct pool_thread *t)
{
	if (!t->pool)
		return;
	if (t->queue)
		drain(t);
	pthread_mutex_destroy(&t->lock);
	free(t->queue);
	if (t->wake >= 0)
		close(t->wake);
}

int pool_new(struct handshake_pool **poolp, unsigned threads)
{
	struct handshake_pool *pool;
	unsigned i;
	int err;

	if (!threads || threads > THREADS_MAX)
		return EINVAL;
	pool = calloc(1, sizeof(*pool) + threads * sizeof(pool->thread[0]));
	if (!pool)
		return ENOMEM;
	pool->threads = threads;
	rnd_fill(pool->cookie_key, sizeof(pool->cookie_key));
	err = certificate_new(&pool->certificate);
	for (i = 0; i < threads && !err; i++)
		err = thread_init(&pool->thread[i], pool);
	if (err)
		pool_free(pool);
	else
		*poolp = pool;
	return err;
}

void pool_free(struct handshake_pool *pool)
{
	unsigned i;

	for (i = 0; i < pool->threads; i++)
		thread_fini(&pool->thread[i]);
	certificate_release(pool->certificate);
	OPENSSL_cleanse(pool, sizeof(*pool));
	free(pool);
}

static void stop_threads(struct handshake_pool *pool, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		atomic_store(&pool->thread[i].stop, true);
		pool_wake(&pool->thread[i]);
	}
	for (i = 0; i < n; i++)
		pthread_join(pool->thread[i].id, NULL);
}

int handshake_pool_open(struct handshake_pool **poolp, unsigned threads)
{
	struct handshake_pool *pool;
	sigset_t all, before;
	unsigned i;
	int err;

	err = pool_new(&pool, threads);
	if (err)
		return err;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (i = 0; i < threads; i++) {
		err = pthread_create(&pool->thread[i].id, NULL, thread_main,
				     &pool->thread[i]);
		if (err)
			break;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err) {
		stop_threads(pool, i);
		pool_free(pool);
		return EAGAIN;
	}
	*poolp = pool;
	return 0;
}

void handshake_pool_close(struct handshake_pool *pool)
{
	if (!pool)
		return;
	stop_threads(pool, pool->threads);
	pool_free(pool);
}

int handshake_pool_rotate(struct handshake_pool *pool)
{
	struct certificate *old = pool->certificate;
	int err = certificate_new(&pool->certificate);

	if (!err)
		certificate_release(old);
	return err;
}

struct certificate *handshake_pool_certificate(struct handshake_pool *pool)
{
	return certificate_hold(pool->certificate);
}

const char *handshake_pool_fingerprint(const struct handshake_pool *pool)
{
	return certificate_fingerprint(pool->certificate);
}

void handshake_pool_stats(const struct handshake_pool *pool,
			  struct handshake_pool_stats *st)
{
	uint64_t *const to[] = {
		[POOL_DATAGRAMS] = &st->datagrams,
		[POOL_REFUSED] = &st->refused,
		[POOL_MALFORMED] = &st->malformed,
		[POOL_COOKIES] = &st->cookies,
		[POOL_LIMITED] = &st->limited,
		[POOL_ATTEMPTS] = &st->attempts,
		[POOL_DONE] = &st->done,
		[POOL_FAILED] = &st->failed,
	};
	size_t i;

	for (i = 0; i < sizeof(to) / sizeof(to[0]); i++)
		*to[i] = atomic_load_explicit(&pool->counters.v[i],
					      memory_order_relaxed);
	st->ms = atomic_load_explicit(&pool->counters.ms,
				      memory_order_relaxed);
	for (i = 0; i < HANDSHAKE_WHY_COUNT; i++)
		st->why[i] = atomic_load_explicit(&pool->counters.why[i],
						  memory_order_relaxed);
}
