/* fetch.c: the parent's side: cache, coalescing, and the child's answers. */
#include "b2bua/identity/fetch.h"

#include <errno.h>
#include <openssl/sha.h>
#include <re.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "b2bua/identity/fetch_child.h"
#include "lib/base/clk.h"
#include "lib/base/log.h"
#include "lib/base/siphash.h"

enum {
	BUCKETS = 1024,
	ENTRIES_MAX = 1024, /* x 32 kB: the cache's worst case is 32 MB */
	SWEEP_MS = 250,
	QUEUED_MS = 1000, /* beyond the child's own limit: it is overloaded */
};

struct entry {
	struct le le; /* in its bucket */
	uint8_t key[SHA256_DIGEST_LENGTH]; /* of the URL */
	uint32_t id; /* of the question; 0: answered */
	uint64_t deadline; /* ms; of the question, then of the answer */
	int err;
	char *octets;
	size_t n;
	struct list waits;
};

struct fetch_wait {
	struct le le;
	fetch_h *h;
	void *arg;
};

struct fetch {
	int fd;
	pid_t child;
	struct fetch_conf conf;
	struct list buckets[BUCKETS];
	size_t entries;
	unsigned pending;
	uint32_t id_last;
	struct tmr sweep;
	struct fetch_stats stats;
	struct fetch_answer answer; /* being read */
};

static const char *why_of(int err)
{
	switch (err) {
	case 0:
		return "";
	case ECONNREFUSED:
		return "its server does not answer";
	case EHOSTUNREACH:
		return "its host name is not known";
	case ETIMEDOUT:
		return "its server is too slow";
	case EMSGSIZE:
		return "it is larger than 32 kB";
	case EACCES:
		return "its URL or address is forbidden";
	case ENOENT:
		return "its server does not have it";
	case EBUSY:
		return "too many are being fetched";
	case EPIPE:
		return "the fetching process has died";
	default:
		return "its server does not speak proper HTTPS";
	}
}

/* ---- cache ------------------------------------------------------------- */

static struct list *bucket_of(struct fetch *f, const uint8_t *key)
{
	return &f->buckets[siphash(key, SHA256_DIGEST_LENGTH) % BUCKETS];
}

static void entry_destroy(void *arg)
{
	struct entry *e = arg;

	list_unlink(&e->le);
	free(e->octets);
}

static void entry_del(struct fetch *f, struct entry *e)
{
	list_unlink(&e->le); /* others may still hold it, none may find it */
	f->entries--;
	mem_deref(e);
}

static struct entry *entry_find(struct fetch *f, const uint8_t *key)
{
	struct le *le = bucket_of(f, key)->head;

	for (; le; le = le->next) {
		struct entry *e = le->data;

		if (memcmp(e->key, key, sizeof(e->key)) == 0)
			return e;
	}
	return NULL;
}

/* The answered entry that would go first; questions stay. */
static struct entry *entry_oldest(struct fetch *f)
{
	struct entry *old = NULL;

	for (unsigned i = 0; i < BUCKETS; i++) {
		for (struct le *le = f->buckets[i].head; le; le = le->next) {
			struct entry *e = le->data;

			if (!e->id && (!old || e->deadline < old->deadline))
				old = e;
		}
	}
	return old;
}

static struct entry *entry_add(struct fetch *f, const uint8_t *key)
{
	struct entry *e;

	if (f->entries >= ENTRIES_MAX)
		entry_del(f, entry_oldest(f));
	e = mem_zalloc(sizeof(*e), entry_destroy);
	if (!e)
		return NULL;
	memcpy(e->key, key, sizeof(e->key));
	list_append(bucket_of(f, key), &e->le, e);
	f->entries++;
	return e;
}

/* ---- answers ----------------------------------------------------------- */

static void wait_destroy(void *arg)
{
	struct fetch_wait *w = arg;

	list_unlink(&w->le);
}

/* A handler may cancel other waits, or ask again: the entry is kept alive,
 * the head of the list is read anew each time. */
static void entry_answer(struct entry *e)
{
	struct slice octets = slice_of(e->octets ? e->octets : "", e->n);
	struct le *le;

	mem_ref(e);
	while ((le = list_head(&e->waits)) != NULL) {
		struct fetch_wait *w = le->data;
		fetch_h *h = w->h;
		void *arg = w->arg;

		mem_deref(w);
		h(arg, e->err, why_of(e->err), octets);
	}
	mem_deref(e);
}

/* keep_s 0: forgotten as soon as the waiting ones know */
static void entry_settle(struct fetch *f, struct entry *e, int err,
			 unsigned keep_s)
{
	e->id = 0;
	e->err = err;
	e->deadline = clk_ms() + keep_s * UINT64_C(1000);
	f->pending--;
	if (err)
		f->stats.failed++;
	else
		f->stats.fetched++;
	mem_ref(e);
	if (!keep_s)
		entry_del(f, e);
	entry_answer(e);
	mem_deref(e);
}

static struct entry *entry_of(struct fetch *f, uint32_t id)
{
	for (unsigned i = 0; id && i < BUCKETS; i++) {
		for (struct le *le = f->buckets[i].head; le; le = le->next) {
			struct entry *e = le->data;

			if (e->id == id)
				return e;
		}
	}
	return NULL;
}

/* Ends every question that is older than its deadline; 0: every question. */
static void questions_end(struct fetch *f, int err, uint64_t now)
{
	bool again = true;

	while (again) { /* a handler may have changed any list */
		again = false;
		for (unsigned i = 0; !again && i < BUCKETS; i++) {
			struct le *le = f->buckets[i].head;

			while (le && !again) {
				struct entry *e = le->data;

				le = le->next;
				again = e->id && (!now || e->deadline <= now);
				if (again)
					entry_settle(f, e, err, 0);
			}
		}
	}
}

static void on_sweep(void *arg)
{
	struct fetch *f = arg;

	questions_end(f, ETIMEDOUT, clk_ms());
	if (f->pending)
		tmr_start(&f->sweep, SWEEP_MS, on_sweep, f);
}

static void child_lost(struct fetch *f)
{
	log_error("fetch: the child has died; certificates by URL cannot be "
		  "fetched until a restart");
	fd_close(f->fd);
	close(f->fd);
	f->fd = -1;
	questions_end(f, EPIPE, 0);
}

static bool answer_read(struct fetch *f)
{
	struct fetch_answer *a = &f->answer;
	ssize_t n = recv(f->fd, a, sizeof(*a), MSG_DONTWAIT);
	size_t head = sizeof(*a) - sizeof(a->octets);
	struct entry *e;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < (ssize_t)head || a->n > (size_t)n - head) {
		child_lost(f);
		return false;
	}
	e = entry_of(f, a->id);
	if (!e) /* too late */
		return true;
	if (!a->err) {
		e->octets = malloc(a->n + 1);
		if (!e->octets)
			a->err = ENOMEM;
		else
			memcpy(e->octets, a->octets, e->n = a->n);
	}
	entry_settle(f, e, a->err,
		     a->err ? f->conf.keep_failed_s : f->conf.keep_s);
	return f->fd >= 0;
}

static void on_readable(int flags, void *arg)
{
	(void)flags;
	while (answer_read(arg))
		;
}

/* ---- public ------------------------------------------------------------ */

int fetch_new(struct fetch **fp, const struct fetch_conf *conf)
{
	struct fetch *f = calloc(1, sizeof(*f));
	int pair[2];

	if (!f)
		return ENOMEM;
	f->conf = *conf;
	f->conf.tls_anchors = NULL; /* the child's alone */
	if (!f->conf.timeout_ms)
		f->conf.timeout_ms = 2000;
	if (!f->conf.keep_s)
		f->conf.keep_s = 86400;
	if (!f->conf.keep_failed_s)
		f->conf.keep_failed_s = 60;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		free(f);
		return errno;
	}
	f->child = fork();
	if (f->child == 0)
		fetch_child_run(pair[1], conf);
	close(pair[1]);
	f->fd = pair[0];
	if (f->child < 0) {
		close(f->fd);
		free(f);
		return EAGAIN;
	}
	for (unsigned i = 0; i < BUCKETS; i++)
		list_init(&f->buckets[i]);
	tmr_init(&f->sweep);
	*fp = f;
	return 0;
}

int fetch_listen(struct fetch *f)
{
	return fd_listen(f->fd, FD_READ, on_readable, f);
}

void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	questions_end(f, EPIPE, 0);
	tmr_cancel(&f->sweep);
	for (unsigned i = 0; i < BUCKETS; i++)
		list_flush(&f->buckets[i]);
	if (f->fd >= 0) {
		fd_close(f->fd);
		close(f->fd);
	}
	kill(f->child, SIGKILL);
	waitpid(f->child, NULL, 0);
	free(f);
}

static int ask_send(struct fetch *f, struct entry *e, struct slice url)
{
	struct fetch_ask ask;
	size_t size = offsetof(struct fetch_ask, url) + url.n;

	if (f->fd < 0)
		return EPIPE;
	if (f->pending >= FETCH_PENDING_MAX)
		return EBUSY;
	if (!++f->id_last)
		f->id_last = 1;
	ask.id = f->id_last;
	memcpy(ask.url, url.p, url.n);
	if (send(f->fd, &ask, size, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)size)
		return EBUSY;
	e->id = ask.id;
	e->deadline = clk_ms() + f->conf.timeout_ms + QUEUED_MS;
	if (!f->pending++)
		tmr_start(&f->sweep, SWEEP_MS, on_sweep, f);
	return 0;
}

/* A cached answer that is still good, or a question under way. */
static struct entry *entry_good(struct fetch *f, const uint8_t *key)
{
	struct entry *e = entry_find(f, key);

	if (e && !e->id && e->deadline <= clk_ms()) {
		entry_del(f, e);
		return NULL;
	}
	return e;
}

static int wait_add(struct fetch_wait **w, struct entry *e, fetch_h *h,
		    void *arg)
{
	*w = mem_zalloc(sizeof(**w), wait_destroy);
	if (!*w)
		return ENOMEM;
	(*w)->h = h;
	(*w)->arg = arg;
	list_append(&e->waits, &(*w)->le, *w);
	return 0;
}

/* What answers now (*e without id, or an error), or what to wait for. */
static int entry_get(struct fetch *f, struct slice url, struct entry **ep)
{
	uint8_t key[SHA256_DIGEST_LENGTH];
	struct entry *e;
	int err;

	if (fetch_url_flaw(url, f->conf.lab))
		return EACCES;
	SHA256((const uint8_t *)url.p, url.n, key);
	e = entry_good(f, key);
	if (!e) {
		e = entry_add(f, key);
		if (!e)
			return ENOMEM;
		err = ask_send(f, e, url);
		if (err) {
			entry_del(f, e);
			return err;
		}
	} else {
		f->stats.cached++;
	}
	*ep = e;
	return 0;
}

int fetch_get(struct fetch_wait **w, struct fetch *f, struct slice url,
	      fetch_h *h, void *arg)
{
	struct entry *e = NULL;
	int err = entry_get(f, url, &e);

	f->stats.asked++;
	*w = NULL;
	if (!err && e->id)
		err = wait_add(w, e, h, arg);
	else if (!err) {
		mem_ref(e);
		h(arg, e->err, why_of(e->err),
		  slice_of(e->octets ? e->octets : "", e->n));
		mem_deref(e);
		return 0;
	}
	if (err) {
		f->stats.refused++;
		h(arg, err, why_of(err), SLICE_NONE);
	}
	return 0;
}

void fetch_cancel(struct fetch_wait *w)
{
	mem_deref(w);
}

void fetch_stats_get(const struct fetch *f, struct fetch_stats *st)
{
	*st = f->stats;
}
