/* mailbox: letters from any thread to one. The reader waits on an eventfd, so
 * the sender's lock is never met on the packet path: only a thread that has
 * been told of letters takes it, once for all that wait.
 *
 * A letter is memory of the sender; it belongs to the reader once posted. */
#ifndef RELAY_MAILBOX_H
#define RELAY_MAILBOX_H

#include <pthread.h>

struct letter {
	struct letter *next;
};

struct mailbox {
	pthread_mutex_t lock;
	struct letter *first;
	struct letter **last;
	unsigned waiting;
	int fd; /* readable while letters wait */
};

/* 0 or errno */
int mailbox_init(struct mailbox *box);
/* Nothing may wait in it. */
void mailbox_fini(struct mailbox *box);

/* Always taken: for letters that exist once per object. Any thread. */
void mailbox_post(struct mailbox *box, struct letter *letter);
/* ENOBUFS if limit letters wait already; then the letter is still yours. */
int mailbox_offer(struct mailbox *box, struct letter *letter, unsigned limit);
/* All letters, oldest first, as a list by next; NULL if none. Reader only. */
struct letter *mailbox_take(struct mailbox *box);

#endif
