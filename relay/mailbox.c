/* mailbox: letters from any thread to one (mailbox.h). */
#include "relay/mailbox.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int mailbox_init(struct mailbox *box)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		return errno;
	*box = (struct mailbox){.fd = fd};
	box->last = &box->first;
	pthread_mutex_init(&box->lock, NULL);
	return 0;
}

void mailbox_fini(struct mailbox *box)
{
	pthread_mutex_destroy(&box->lock);
	close(box->fd);
}

int mailbox_offer(struct mailbox *box, struct letter *letter, unsigned limit)
{
	const uint64_t one = 1;
	int err = ENOBUFS;

	pthread_mutex_lock(&box->lock);
	if (box->waiting < limit) {
		letter->next = NULL;
		*box->last = letter;
		box->last = &letter->next;
		box->waiting++;
		err = 0;
	}
	pthread_mutex_unlock(&box->lock);
	/* Fails only when 2^64 - 1 rings wait: then it is readable anyway. */
	if (!err && write(box->fd, &one, sizeof(one)) < 0)
		return 0;
	return err;
}

void mailbox_post(struct mailbox *box, struct letter *letter)
{
	mailbox_offer(box, letter, UINT_MAX);
}

struct letter *mailbox_take(struct mailbox *box)
{
	struct letter *all;
	uint64_t rings;

	/* Before the list is taken: a ring that comes between belongs to a
	 * letter that is taken now, and wakes the reader once for nothing. */
	if (read(box->fd, &rings, sizeof(rings)) < 0 && errno != EAGAIN)
		return NULL;
	pthread_mutex_lock(&box->lock);
	all = box->first;
	box->first = NULL;
	box->last = &box->first;
	box->waiting = 0;
	pthread_mutex_unlock(&box->lock);
	return all;
}
