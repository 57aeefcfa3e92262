/* scrape: the HTTP listener for metrics (scrape.h). */
#include "relay/scrape.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/base/log.h"

enum { BACKLOG = 16 };

struct scraper {
	struct scrape *scrape; /* NULL: the slot is free */
	struct bufferevent *bev;
	struct event *deadline;
	bool answered;
	bool ended; /* by the other side */
};

struct scrape {
	int fd;
	struct event *event, *again;
	struct event_base *base;
	void (*write)(void *arg, struct obuf *ob);
	void *arg;
	struct obuf page;
	uint64_t page_ms; /* clk_ms() of its making */
	struct obuf refusal;
	struct scraper scraper[SCRAPE_CLIENTS];
};

/* ---- the request -------------------------------------------------------- */

static bool is_path(struct slice target, const char *path)
{
	return slice_eq_str(slice_cut(&target, '?'), path);
}

static unsigned line_status(struct slice line, bool *head)
{
	struct slice method = slice_cut(&line, ' ');
	struct slice target = slice_cut(&line, ' ');

	if (!method.n || !target.n || !slice_starts(line, "HTTP/"))
		return 400;
	if (!slice_eq_str(line, "HTTP/1.0") && !slice_eq_str(line, "HTTP/1.1"))
		return 505;
	*head = slice_eq_str(method, "HEAD");
	if (!*head && !slice_eq_str(method, "GET"))
		return 405;
	return is_path(target, "/metrics") ? 200 : 404;
}

int scrape_request_read(struct slice octets, struct scrape_request *r)
{
	struct slice line;
	bool head = false;
	unsigned status;

	if (octets.n > SCRAPE_REQUEST_MAX)
		return EMSGSIZE;
	if (slice_find(octets, SLICE_LIT("\r\n\r\n")) < 0)
		return octets.n == SCRAPE_REQUEST_MAX ? EMSGSIZE : EAGAIN;
	line = slice_of(octets.p,
			(size_t)slice_find(octets, SLICE_LIT("\r\n")));
	status = line_status(line, &head);
	*r = (struct scrape_request){.status = status, .head = head};
	return 0;
}

/* ---- a connection ------------------------------------------------------- */

static void scraper_end(struct scraper *c)
{
	event_free(c->deadline);
	bufferevent_free(c->bev);
	*c = (struct scraper){0};
}

static const char *reason(unsigned status)
{
	switch (status) {
	case 200:
		return "OK";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 431:
		return "Request Header Fields Too Large";
	case 503:
		return "Service Unavailable";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Bad Request";
	}
}

static struct obuf *page_fresh(struct scrape *s)
{
	uint64_t now_ms = clk_ms();

	if (!s->page_ms || now_ms - s->page_ms >= SCRAPE_PAGE_MS) {
		obuf_reset(&s->page);
		s->write(s->arg, &s->page);
		s->page_ms = now_ms;
	}
	return &s->page;
}

static void reply(struct scraper *c, unsigned status, bool head)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);
	struct obuf *page = &c->scrape->refusal;

	if (status == 200)
		page = page_fresh(c->scrape);
	if (status == 200 && page->err)
		status = 503;
	if (status != 200) {
		page = &c->scrape->refusal;
		obuf_reset(page);
		obuf_fmt(page, "%u %s\n", status, reason(status));
	}
	evbuffer_add_printf(
		out,
		"HTTP/1.1 %u %s\r\n"
		"Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
		"Content-Length: %zu\r\n%s"
		"Cache-Control: no-store\r\nConnection: close\r\n\r\n",
		status, reason(status), page->n,
		status == 405 ? "Allow: GET, HEAD\r\n" : "");
	if (!head)
		evbuffer_add(out, page->p, page->n);
	c->answered = true;
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct scraper *c = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t n = evbuffer_get_length(in);
	struct scrape_request r;
	int err;

	if (c->answered) {
		evbuffer_drain(in, n);
		return;
	}
	err = scrape_request_read(slice_of(evbuffer_pullup(in, -1), n), &r);
	if (err == EAGAIN)
		return;
	evbuffer_drain(in, n);
	if (err)
		reply(c, 431, false);
	else
		reply(c, r.status, r.head);
}

/* All is with the kernel: our side ends, and the other's end is awaited, until
 * the deadline. A close with octets unread would be a reset, which can take
 * the page with it. */
static void on_written(struct bufferevent *bev, void *arg)
{
	struct scraper *c = arg;

	if (c->answered && c->ended)
		scraper_end(c);
	else if (c->answered)
		shutdown(bufferevent_getfd(bev), SHUT_WR);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct scraper *c = arg;

	/* Who shuts his side down may still read. */
	if ((what & BEV_EVENT_EOF) && c->answered &&
	    evbuffer_get_length(bufferevent_get_output(bev)))
		c->ended = true;
	else
		scraper_end(c);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	scraper_end(arg);
}

static int scraper_open(struct scrape *s, struct scraper *c, int fd)
{
	static const struct timeval limit = {
		SCRAPE_LIMIT_MS / 1000, SCRAPE_LIMIT_MS % 1000 * 1000};

	c->deadline = event_new(s->base, -1, 0, on_deadline, c);
	if (!c->deadline || event_add(c->deadline, &limit))
		goto fail;
	c->bev = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c->bev)
		goto fail;
	c->scrape = s;
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, SCRAPE_REQUEST_MAX + 1);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	return 0;
fail:
	if (c->deadline)
		event_free(c->deadline);
	*c = (struct scraper){0};
	return ENOMEM;
}

/* ---- the listener ------------------------------------------------------- */

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct scrape *s = arg;

	(void)fd;
	(void)what;
	event_add(s->event, NULL);
}

static void on_connect(evutil_socket_t listener, short what, void *arg)
{
	static const struct timeval second = {1, 0};
	struct scrape *s = arg;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	unsigned i = 0;

	(void)what;
	if (fd < 0) {
		/* Without descriptors it would wake us for ever. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			event_del(s->event);
			event_add(s->again, &second);
		}
		return;
	}
	while (i < SCRAPE_CLIENTS && s->scraper[i].scrape)
		i++;
	if (i == SCRAPE_CLIENTS || scraper_open(s, &s->scraper[i], fd))
		close(fd);
}

static int listen_at(const union addr *at, int *fd)
{
	int one = 1, err = 0;
	int s = socket(at->sa.sa_family,
		       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (s < 0)
		return errno;
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s, &at->sa, addr_len(at)) || listen(s, BACKLOG))
		err = errno;
	if (err)
		close(s);
	else
		*fd = s;
	return err;
}

int scrape_open(struct scrape **sp, const union addr *at)
{
	struct scrape *s = calloc(1, sizeof(*s));
	char text[ADDR_TEXT];
	int err;

	if (!s)
		return ENOMEM;
	err = listen_at(at, &s->fd);
	if (err) {
		log_error("metrics %s: cannot listen (%s)", addr_text(at, text),
			  strerror(err));
		free(s);
		return err;
	}
	*sp = s;
	return 0;
}

int scrape_serve(struct scrape *s, struct event_base *base,
		 void (*write)(void *arg, struct obuf *ob), void *arg)
{
	s->base = base;
	s->write = write;
	s->arg = arg;
	s->event = event_new(base, s->fd, EV_READ | EV_PERSIST, on_connect, s);
	s->again = event_new(base, -1, 0, on_again, s);
	if (!s->event || !s->again || event_add(s->event, NULL))
		return ENOMEM;
	return 0;
}

void scrape_close(struct scrape *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < SCRAPE_CLIENTS; i++)
		if (s->scraper[i].scrape)
			scraper_end(&s->scraper[i]);
	if (s->event)
		event_free(s->event);
	if (s->again)
		event_free(s->again);
	close(s->fd);
	obuf_fini(&s->page);
	obuf_fini(&s->refusal);
	free(s);
}
