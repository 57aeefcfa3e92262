/* handshake_priv: shared by the files of handshake.h, and by the fuzz target,
 * which drives a handshake without threads.
 *
 *	handshake.c		the object: control thread's side
 *	handshake_source.c	who may come: cookies, slots, limits
 *	handshake_attempt.c	one TLS state towards one source
 *	handshake_tls.c		OpenSSL: context, own certificate, datagram BIO
 *	handshake_cert.c	which certificates of peers are looked at at all
 *	handshake_pool.c	threads, queues, timers
 *	handshake_queue.c	bounded queue of datagrams
 *	hello.c			ClientHello and HelloVerifyRequest octets
 *
 * Locking: a handshake's lock guards all of it but what says otherwise. A pool
 * thread holds it for one step (one datagram or one timer). A thread's lock
 * guards its list of handshakes to be looked at; it is taken last. */
#ifndef RELAY_HANDSHAKE_PRIV_H
#define RELAY_HANDSHAKE_PRIV_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "lib/base/bucket.h"
#include "relay/certificate.h"
#include "relay/handshake.h"
#include "relay/handshake_queue.h"
#include "relay/hello.h"

enum {
	ATTEMPT_DATAGRAMS_MAX = 256, /* from one source */
	ATTEMPT_OCTETS_MAX = 65536,
	ATTEMPT_PENDING_MS = 120000, /* finished, without fingerprint */
	ATTEMPT_LINGER_MS = 30000, /* done; to repeat our last flight */
	ATTEMPT_EVICT_MS = 1000, /* younger ones keep their slot */
	ATTEMPT_TIMER_US = 250000, /* first retransmission (RFC 6347: 1 s is
				    * too slow for a call) */
	ATTEMPT_TIMER_MAX_US = 2000000,
	RESTART_MIN_MS = 1000, /* as client, after a failure; doubles */
	RESTART_MAX_MS = 30000,
	SOURCE_RATE = 2, /* attempts a second with one handshake */
	SOURCE_BURST = 8,
	STRANGER_RATE = 200, /* of strangers, a second and thread */
	STRANGER_BURST = 400,
	QUEUED_MAX = 64, /* datagrams of one handshake in the queue */
};

/* Towards one source. ssl == NULL: slot is free. */
struct attempt {
	struct handshake *handshake;
	SSL *ssl;
	union addr peer;
	bool finished; /* TLS is; SSL_read() from now on */
	bool committed; /* fingerprint matched, keys given */
	bool alerted; /* an alert came that nobody can vouch for */
	bool mute; /* what OpenSSL writes is dropped */
	enum handshake_why why; /* set where it is known best */
	uint8_t cookie[HELLO_COOKIE];
	const uint8_t *in; /* record that OpenSSL may read now */
	size_t in_n;
	unsigned datagrams;
	size_t octets;
	uint64_t started_ms;
	unsigned took_ms;
	uint64_t deadline_ms; /* when it has to be over */
	uint64_t timer_ms; /* OpenSSL's timer; 0: not running */
};

/* A later fragment of a ClientHello that overtook the first. */
struct stash {
	union addr from;
	uint16_t n;
	uint8_t p[HANDSHAKE_MTU + 300];
};

struct pool_thread;

struct certificate {
	atomic_uint holders;
	SSL_CTX *ctx; /* key and certificate are in it */
	char fingerprint[FINGERPRINT_TEXT];
};

struct handshake {
	pthread_mutex_t lock;
	struct handshake_pool *pool;
	struct pool_thread *thread;
	struct handshake_conf conf; /* its certificate is held */
	const struct handshake_ops *ops;
	void *arg;
	uint64_t id; /* random, in the cookie */
	bool closed;

	union addr addr; /* the SDP's */
	unsigned fingerprints;
	struct handshake_fingerprint fingerprint[HANDSHAKE_FINGERPRINTS];

	/* [0] is for the SDP's address, once there is one */
	struct attempt attempt[HANDSHAKE_SOURCES];
	struct stash *stash; /* made when first needed */
	struct bucket known, strange;
	uint64_t restart_ms; /* client: not before; 0: at once */
	unsigned restart_wait_ms;
	bool give_up; /* client: another try cannot help */
	bool told; /* failed() for TIMEOUT has been called */

	bool done;
	struct handshake_status status; /* of the last failure, and info */

	/* thread's own */
	struct handshake *active_prev, *active_next;
	bool active;
	/* under the thread's lock */
	struct handshake *todo_next;
	bool todo, gone;
	/* without lock */
	atomic_uint queued;
};

/* What OpenSSL wrote in one step, kept until the step is over: keys are given
 * before the flight goes that lets the peer send under them. */
struct outbox {
	unsigned count;
	size_t used;
	uint16_t n[16];
	uint8_t p[16 * 1024];
};

struct pool_counters {
	atomic_ullong v[8];
	atomic_ullong ms; /* of those done */
	atomic_ullong why[HANDSHAKE_WHY_COUNT]; /* of those failed */
};

enum pool_counter {
	POOL_DATAGRAMS,
	POOL_REFUSED,
	POOL_MALFORMED,
	POOL_COOKIES,
	POOL_LIMITED,
	POOL_ATTEMPTS,
	POOL_DONE,
	POOL_FAILED,
};

struct pool_thread {
	struct handshake_pool *pool;
	pthread_t id;
	int wake; /* eventfd */
	atomic_int asleep;
	atomic_bool stop;
	struct handshake_queue *queue;
	pthread_mutex_t lock;
	struct handshake *todo; /* under lock */
	struct handshake *active; /* have an attempt, or will start one */
	struct handshake *dead; /* closed; freed when nothing is queued */
	uint64_t due_ms; /* nobody's timer is before */
	struct outbox outbox;
	struct bucket strange;
};

struct handshake_pool {
	struct certificate *certificate; /* of new sessions; control thread's */
	uint8_t cookie_key[16];
	struct pool_counters counters;
	atomic_uint next; /* round robin */
	unsigned threads;
	struct pool_thread thread[];
};

static inline void pool_count(struct handshake_pool *pool, enum pool_counter c)
{
	atomic_fetch_add_explicit(&pool->counters.v[c], 1,
				  memory_order_relaxed);
}

/* ---- handshake_pool.c ---- */

/* Without threads running: for the fuzz target. */
int pool_new(struct handshake_pool **pool, unsigned threads);
void pool_free(struct handshake_pool *pool);
/* Has the thread look at h. gone: it was closed, this is the last call. */
void pool_todo(struct handshake *h, bool gone);
/* Makes the thread that sleeps look. */
void pool_wake(struct pool_thread *t);

/* ---- handshake.c: on the pool thread, lock held ---- */

/* Something was told, or a timer may be due. Returns when it is wanted next;
 * UINT64_MAX: not before something happens. */
uint64_t handshake_look(struct handshake *h, uint64_t now);
/* Closed, and nothing of it is queued. */
void handshake_free(struct handshake *h);

/* ---- handshake_source.c: on the pool thread, lock held ---- */

void source_datagram(struct handshake *h, const union addr *from,
		     const uint8_t *p, size_t n, uint64_t now);
/* Is it the SDP's address? */
bool source_is_known(const struct handshake *h, const union addr *from);
/* May the peer come from there at all? */
bool source_is_allowed(const struct handshake *h, const union addr *from);

/* ---- handshake_attempt.c: lock held ---- */

/* As server (cookie: the one that came back, hello: where) or client (NULL).
 * 0, ENOMEM. The slot was free. */
int attempt_start(struct attempt *a, struct handshake *h,
		  const union addr *peer, const struct hello *hello,
		  uint64_t now);
/* Wipes and frees the slot; nothing is sent. */
void attempt_free(struct attempt *a);
void attempt_datagram(struct attempt *a, const uint8_t *p, size_t n,
		      uint64_t now);
void attempt_timer(struct attempt *a, uint64_t now);
/* A finished one: commits it if a fingerprint matches, ends it if there are
 * some and none does. */
void attempt_judge(struct attempt *a, uint64_t now);
uint64_t attempt_due(const struct attempt *a);

/* ---- handshake_tls.c ---- */

/* Sends what the outbox holds to that address. */
void outbox_send(struct handshake *h, const union addr *to);

/* 0, ENOMEM, EIO; *ctx to SSL_CTX_free(). fingerprint: of its certificate. */
int tls_context(SSL_CTX **ctx, char fingerprint[FINGERPRINT_TEXT]);
/* An SSL whose datagrams are the attempt's. NULL: no memory. */
SSL *tls_new(SSL_CTX *ctx, struct attempt *a);

/* ---- certificate.c ---- */

/* 0, ENOMEM, EIO; certificate_release(). */
int certificate_new(struct certificate **cp);

/* ---- handshake_cert.c ---- */

/* SSL_CTX_set_cert_verify_callback() */
int cert_verify(X509_STORE_CTX *store, void *arg);

#endif
