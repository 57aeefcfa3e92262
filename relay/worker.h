/* worker: a thread that moves packets: an event loop over the ports of the
 * bridges it owns, one batch path, a mailbox for orders. */
#ifndef RELAY_WORKER_H
#define RELAY_WORKER_H

#include "relay/counter.h"
#include "relay/order.h"
#include "relay/stream.h"

struct hub;
struct record_ring;
struct worker;

/* Orders that wait at most; more are refused (worker_offer). */
enum { WORKER_ORDERS = 8192 };

/* ring: for recordings, or NULL.
 * Starts the thread, signals blocked. Applied orders go to back. 0, ENOMEM or
 * errno. Control thread. */
int worker_new(struct worker **worker, struct mailbox *back,
	       struct record_ring *ring);
/* Stops and joins. Nothing may be posted any more; what waits comes back
 * first. Control thread. */
void worker_free(struct worker *worker);

/* Any thread. worker_offer: ENOBUFS when WORKER_ORDERS wait. */
void worker_post(struct worker *worker, struct order *order);
int worker_offer(struct worker *worker, struct order *order);

/* Inside an order: listen at the component's port, or no more. */
void worker_watch(struct worker *worker, struct component *c);
void worker_unwatch(struct worker *worker, struct component *c);
/* Inside an order: listen at the shared port, until the worker ends. */
void worker_listen(struct worker *worker, struct hub *hub);
/* Its thread: an order that goes to the control thread, straight. */
void worker_report(struct worker *worker, struct order *order);
/* Inside an order: its thread's counters, to add to. Any thread: to read. */
struct counters *worker_counters(struct worker *worker);

#endif
