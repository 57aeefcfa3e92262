/* record: rings, files, and the thread between them (record.h).
 *
 * The mutex guards only what control thread and writer hand to each other; no
 * file is touched under it. */
#include "relay/record.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/base/log.h"
#include "lib/base/rnd.h"
#include "relay/pcap.h"

enum {
	TURN_NS = 10 * 1000 * 1000, /* between looks into the rings */
	/* Turns after the stop in which a worker that had the id in its hands
	 * may still put packets. */
	TURNS_AFTER = 5,
};

struct place {
	uint32_t id;
	uint16_t have;
	uint16_t n;
	uint64_t us; /* wall clock */
	union addr from, to;
	uint8_t octets[RECORD_OCTETS];
};

/* One worker puts, the writer takes. */
struct record_ring {
	_Atomic uint32_t put;
	_Atomic uint32_t taken;
	struct place place[RECORD_PLACES];
};

struct recording {
	struct recording *next;
	uint32_t id;
	atomic_bool stop;
	unsigned turns; /* since */
	uint64_t octets;
	FILE *file;
	char name[RECORD_NAME];
};

struct recorder {
	int dir;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	struct recording *fresh; /* under the mutex: the writer's from now on */
	bool stop; /* under the mutex */
	struct recording *open; /* the writer's */
	uint32_t last_id; /* the control thread's */
	unsigned rings;
	struct record_ring *ring; /* [rings] */
};

/* ---- a worker's side ---------------------------------------------------- */

bool record_put(struct record_ring *ring, uint32_t id, const union addr *from,
		const union addr *to, const void *p, size_t n)
{
	uint32_t put = atomic_load_explicit(&ring->put, memory_order_relaxed);
	struct place *at = &ring->place[put % RECORD_PLACES];

	if (put - atomic_load_explicit(&ring->taken, memory_order_acquire) >=
	    RECORD_PLACES)
		return false;
	at->id = id;
	at->n = (uint16_t)n;
	at->have = (uint16_t)(n < RECORD_OCTETS ? n : RECORD_OCTETS);
	at->us = clk_wall_us();
	at->from = *from;
	at->to = *to;
	memcpy(at->octets, p, at->have);
	atomic_store_explicit(&ring->put, put + 1, memory_order_release);
	return true;
}

/* ---- the writer --------------------------------------------------------- */

static void place_write(struct recorder *r, const struct place *at)
{
	struct recording *rec = r->open;

	while (rec && rec->id != at->id)
		rec = rec->next;
	if (rec && rec->octets < RECORD_FILE_MAX &&
	    at->from.sa.sa_family == at->to.sa.sa_family)
		rec->octets += pcap_write(rec->file, at->us, &at->from,
					  &at->to, at->octets, at->have,
					  at->n);
}

static void ring_empty(struct recorder *r, struct record_ring *ring)
{
	uint32_t taken = atomic_load_explicit(&ring->taken,
					      memory_order_relaxed);
	uint32_t put = atomic_load_explicit(&ring->put, memory_order_acquire);

	while (taken != put) {
		place_write(r, &ring->place[taken % RECORD_PLACES]);
		taken++;
		atomic_store_explicit(&ring->taken, taken,
				      memory_order_release);
	}
}

static void recording_close(struct recording *rec)
{
	bool bad = ferror(rec->file) != 0;

	if (fclose(rec->file) || bad)
		log_error("recording %s: not all of it was written",
			  rec->name);
	free(rec);
}

/* all: the daemon goes. */
static void files_close(struct recorder *r, bool all)
{
	struct recording **at = &r->open;

	while (*at) {
		struct recording *rec = *at;

		if (all || (atomic_load(&rec->stop) &&
			    ++rec->turns > TURNS_AFTER)) {
			*at = rec->next;
			recording_close(rec);
		} else {
			at = &rec->next;
		}
	}
}

/* Takes over what is fresh; sleeps while there is nothing to record. True: the
 * end. */
static bool fresh_take(struct recorder *r)
{
	bool stop;

	pthread_mutex_lock(&r->mutex);
	while (!r->stop && !r->fresh && !r->open)
		pthread_cond_wait(&r->wake, &r->mutex);
	while (r->fresh) {
		struct recording *rec = r->fresh;

		r->fresh = rec->next;
		rec->next = r->open;
		r->open = rec;
	}
	stop = r->stop;
	pthread_mutex_unlock(&r->mutex);
	return stop;
}

static void *write_all(void *arg)
{
	static const struct timespec turn = {.tv_nsec = TURN_NS};
	struct recorder *r = arg;
	bool stop;

	do {
		stop = fresh_take(r);
		for (unsigned i = 0; i < r->rings; i++)
			ring_empty(r, &r->ring[i]);
		files_close(r, stop);
		if (!stop)
			nanosleep(&turn, NULL);
	} while (!stop);
	return NULL;
}

/* ---- the control thread's side ------------------------------------------ */

static int thread_start(struct recorder *r)
{
	sigset_t all, was;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	err = pthread_create(&r->thread, NULL, write_all, r);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	return err;
}

static void recorder_fini(struct recorder *r)
{
	if (r->dir >= 0)
		close(r->dir);
	free(r->ring);
	free(r);
}

int recorder_new(struct recorder **recorder, const char *dir, unsigned rings)
{
	struct recorder *r = calloc(1, sizeof(*r));
	int err = 0;

	if (!r)
		return ENOMEM;
	r->rings = rings;
	r->ring = calloc(rings, sizeof(*r->ring));
	r->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir < 0)
		err = errno;
	else if (!r->ring)
		err = ENOMEM;
	if (err) {
		recorder_fini(r);
		return err;
	}
	pthread_mutex_init(&r->mutex, NULL);
	pthread_cond_init(&r->wake, NULL);
	err = thread_start(r);
	if (err)
		recorder_fini(r);
	else
		*recorder = r;
	return err;
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->mutex);
	r->stop = true;
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->mutex);
	pthread_join(r->thread, NULL);
	pthread_cond_destroy(&r->wake);
	pthread_mutex_destroy(&r->mutex);
	recorder_fini(r);
}

unsigned recorder_rings(const struct recorder *r)
{
	return r->rings;
}

struct record_ring *recorder_ring(struct recorder *r, unsigned i)
{
	return &r->ring[i];
}

/* What a call-id has that a file's name should not becomes '_'. */
static void name_make(char name[RECORD_NAME], struct slice call_id)
{
	char random[17];
	char text[65];
	size_t n = 0;

	for (; n < call_id.n && n < sizeof(text) - 1; n++) {
		char c = call_id.p[n];
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			     (c >= 'A' && c <= 'Z') || c == '-';

		text[n] = plain ? c : '_';
	}
	text[n] = '\0';
	rnd_hex(random, 16);
	snprintf(name, RECORD_NAME, "%s-%s.pcap", text, random);
}

int recording_start(struct recorder *r, struct slice call_id,
		    struct recording **recording)
{
	struct recording *rec = calloc(1, sizeof(*rec));
	int fd;

	if (!rec)
		return ENOMEM;
	name_make(rec->name, call_id);
	fd = openat(r->dir, rec->name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0)
		rec->file = fdopen(fd, "w");
	if (!rec->file) {
		int err = errno;

		if (fd >= 0)
			close(fd);
		free(rec);
		return err;
	}
	pcap_begin(rec->file);
	rec->id = ++r->last_id ? r->last_id : ++r->last_id;
	pthread_mutex_lock(&r->mutex);
	rec->next = r->fresh;
	r->fresh = rec;
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->mutex);
	*recording = rec;
	return 0;
}

void recording_stop(struct recording *rec)
{
	if (rec)
		atomic_store(&rec->stop, true);
}

uint32_t recording_id(const struct recording *rec)
{
	return rec->id;
}

const char *recording_name(const struct recording *rec)
{
	return rec->name;
}
