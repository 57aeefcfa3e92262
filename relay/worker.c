/* worker: a thread that moves packets (worker.h).
 *
 * A turn of the loop: libevent says which ports have something, each is read
 * into the batch, and what is left when the turn ends is run. So a quiet relay
 * adds no delay, and a busy one has full batches. */
#include "relay/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "relay/crypt.h"
#include "relay/hub.h"
#include "relay/path.h"

struct worker {
	pthread_t thread;
	struct event_base *base;
	struct event letters;
	struct mailbox box;
	struct mailbox *back;
	struct io *io;
	struct path *path;
	bool stop;
	struct order stop_order;
	struct counters counters;
};

/* Orders change what packets of the batch point to: the batch goes first. */
static void on_letters(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	struct letter *letter = mailbox_take(&w->box);

	(void)fd;
	(void)what;
	path_run(w->path);
	while (letter) {
		struct order *order = order_of(letter);

		letter = letter->next;
		if (order->apply)
			order->apply(w, order);
		if (order != &w->stop_order)
			mailbox_post(w->back, &order->letter);
	}
}

static void on_port(evutil_socket_t fd, short what, void *arg)
{
	struct component *c = arg;
	struct worker *w = c->worker;

	(void)fd;
	(void)what;
	path_receive(w->path, c);
}

static void on_hub(evutil_socket_t fd, short what, void *arg)
{
	struct hub *hub = arg;

	(void)fd;
	(void)what;
	path_receive_hub(hub->worker->path, hub);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	/* Without it crypto is slower, no more. */
	if (crypt_thread_open())
		log_warn("worker: no memory for the multi-buffer engine");
	while (!w->stop) {
		event_base_loop(w->base, EVLOOP_ONCE);
		path_run(w->path);
	}
	crypt_thread_close();
	return NULL;
}

static void stop_apply(struct worker *w, struct order *order)
{
	(void)order;
	w->stop = true;
}

static void worker_fini(struct worker *w)
{
	if (w->base)
		event_base_free(w->base);
	path_free(w->path);
	io_free(w->io);
	free(w);
}

static struct event_base *base_new(void)
{
	struct event_config *conf = event_config_new();
	struct event_base *base = NULL;

	if (!conf)
		return NULL;
	/* One thread only: letters come by an eventfd. */
	if (!event_config_set_flag(conf, EVENT_BASE_FLAG_NOLOCK))
		base = event_base_new_with_config(conf);
	event_config_free(conf);
	return base;
}

static int thread_start(struct worker *w)
{
	sigset_t all;
	sigset_t was;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	err = pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	return err;
}

int worker_new(struct worker **worker, struct mailbox *back,
	       struct record_ring *ring)
{
	struct worker *w = calloc(1, sizeof(*w));
	int err = ENOMEM;

	if (!w)
		return ENOMEM;
	w->back = back;
	w->stop_order.apply = stop_apply;
	w->base = base_new();
	if (!w->base || io_mmsg_new(&w->io) ||
	    path_new(&w->path, w->io, &w->counters))
		goto out;
	w->path->ring = ring;
	err = mailbox_init(&w->box);
	if (err)
		goto out;
	event_assign(&w->letters, w->base, w->box.fd, EV_READ | EV_PERSIST,
		     on_letters, w);
	event_add(&w->letters, NULL);
	err = thread_start(w);
	if (err)
		mailbox_fini(&w->box);
out:
	if (err)
		worker_fini(w);
	else
		*worker = w;
	return err;
}

void worker_free(struct worker *w)
{
	worker_post(w, &w->stop_order);
	pthread_join(w->thread, NULL);
	event_del(&w->letters);
	mailbox_fini(&w->box);
	worker_fini(w);
}

void worker_post(struct worker *w, struct order *order)
{
	mailbox_post(&w->box, &order->letter);
}

int worker_offer(struct worker *w, struct order *order)
{
	return mailbox_offer(&w->box, &order->letter, WORKER_ORDERS);
}

void worker_watch(struct worker *w, struct component *c)
{
	c->worker = w;
	event_assign(&c->event, w->base, c->fd, EV_READ | EV_PERSIST, on_port,
		     c);
	event_add(&c->event, NULL);
}

void worker_unwatch(struct worker *w, struct component *c)
{
	(void)w;
	event_del(&c->event);
}

void worker_listen(struct worker *w, struct hub *hub)
{
	hub->worker = w;
	event_assign(&hub->event, w->base, hub->fd, EV_READ | EV_PERSIST,
		     on_hub, hub);
	event_add(&hub->event, NULL);
}

void worker_report(struct worker *w, struct order *order)
{
	mailbox_post(w->back, &order->letter);
}

struct counters *worker_counters(struct worker *w)
{
	return &w->counters;
}
