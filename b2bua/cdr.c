#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "b2bua/cdr.h"

struct cdr {
	char *path;
	int fd; /* -1: records go nowhere */
};

static int file_open(const char *path, int *fd)
{
	*fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	return *fd < 0 ? errno : 0;
}

int cdr_open(struct cdr **cp, const char *path)
{
	struct cdr *c = calloc(1, sizeof(*c));
	int err = ENOMEM;

	if (!c)
		return ENOMEM;
	c->fd = -1;
	c->path = strdup(path);
	if (c->path)
		err = path[0] ? file_open(path, &c->fd) : 0;
	if (err) {
		cdr_close(c);
		return err;
	}
	*cp = c;
	return 0;
}

void cdr_close(struct cdr *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	free(c->path);
	free(c);
}

int cdr_reopen(struct cdr *c)
{
	int fd, err;

	if (c->fd < 0)
		return 0;
	err = file_open(c->path, &fd);
	if (err)
		return err;
	close(c->fd);
	c->fd = fd;
	return 0;
}

/* Half a record would spoil the next one too: it is taken back, unless another
 * process has written behind it. */
static void half_undo(struct cdr *c, off_t n)
{
	off_t end = lseek(c->fd, 0, SEEK_CUR);
	struct stat st;

	if (end >= n && !fstat(c->fd, &st) && st.st_size == end)
		(void)!ftruncate(c->fd, end - n);
}

int cdr_write(struct cdr *c, struct slice record)
{
	struct iovec v[] = {
		{(void *)record.p, record.n},
		{(void *)"\n", 1},
	};
	ssize_t n;

	if (c->fd < 0)
		return 0;
	n = writev(c->fd, v, 2);
	if (n < 0)
		return errno;
	if ((size_t)n == record.n + 1)
		return 0;
	half_undo(c, n);
	return ENOSPC;
}
