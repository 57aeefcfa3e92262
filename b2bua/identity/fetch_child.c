/* fetch_child.c: libcurl in a process that has no key, no other socket and,
 * started as root, no privilege. */
#include "b2bua/identity/fetch_child.h"

#include <curl/curl.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TRANSFERS_MAX = 64, CHILD_FD = 3 };

struct transfer {
	CURL *easy;
	bool busy, forbidden;
	struct fetch_answer answer;
};

struct child {
	const struct fetch_conf *conf;
	CURLM *multi;
	struct transfer v[TRANSFERS_MAX];
	unsigned busy;
};

static size_t on_body(char *p, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;

	(void)one; /* always 1 */
	if (n > FETCH_SIZE_MAX - t->answer.n) {
		t->answer.err = EMSGSIZE;
		return 0;
	}
	memcpy(t->answer.octets + t->answer.n, p, n);
	t->answer.n += (uint32_t)n;
	return n;
}

/* The place where a name has become an address, and none can come after:
 * what passes here is what is connected to. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose,
			       struct curl_sockaddr *a)
{
	struct transfer *t = arg;

	if (purpose != CURLSOCKTYPE_IPCXN || fetch_address_special(&a->addr)) {
		t->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static void easy_set(struct transfer *t, const struct fetch_conf *conf)
{
	CURL *e = t->easy;
	long ms = conf->timeout_ms ? conf->timeout_ms : 2000;

	curl_easy_reset(e);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, ms);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, ms);
	curl_easy_setopt(e, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_MAXFILESIZE, (long)FETCH_SIZE_MAX);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (conf->tls_anchors)
		curl_easy_setopt(e, CURLOPT_CAINFO, conf->tls_anchors);
	if (!conf->lab) {
		curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket);
		curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
	}
}

static int error_of(const struct transfer *t, CURLcode rc)
{
	long status = 0;

	if (t->answer.err)
		return t->answer.err;
	if (t->forbidden)
		return EACCES;
	switch (rc) {
	case CURLE_OK:
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
		return status == 200 ? 0 : ENOENT;
	case CURLE_OPERATION_TIMEDOUT:
		return ETIMEDOUT;
	case CURLE_COULDNT_RESOLVE_HOST:
		return EHOSTUNREACH;
	case CURLE_FILESIZE_EXCEEDED:
		return EMSGSIZE;
	case CURLE_COULDNT_CONNECT:
		return ECONNREFUSED;
	default:
		return EPROTO; /* TLS, HTTP, URL */
	}
}

static void answer_send(const struct fetch_answer *a)
{
	size_t n = sizeof(*a) - sizeof(a->octets) + a->n;

	if (send(CHILD_FD, a, n, MSG_NOSIGNAL) != (ssize_t)n)
		_exit(1); /* the parent has gone */
}

static void transfer_end(struct child *c, struct transfer *t, CURLcode rc)
{
	t->answer.err = error_of(t, rc);
	if (t->answer.err)
		t->answer.n = 0;
	answer_send(&t->answer);
	curl_multi_remove_handle(c->multi, t->easy);
	t->busy = false;
	c->busy--;
}

static struct transfer *transfer_idle(struct child *c)
{
	for (unsigned i = 0; i < TRANSFERS_MAX; i++) {
		struct transfer *t = &c->v[i];

		if (t->busy)
			continue;
		if (!t->easy)
			t->easy = curl_easy_init();
		return t->easy ? t : NULL;
	}
	return NULL;
}

/* One packet from the parent; true if there may be more. */
static bool ask_read(struct child *c)
{
	struct transfer *t = transfer_idle(c);
	struct fetch_ask ask;
	ssize_t n;

	if (!t)
		return false;
	n = recv(CHILD_FD, &ask, sizeof(ask), MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		_exit(0);
	if (n < (ssize_t)offsetof(struct fetch_ask, url) ||
	    n >= (ssize_t)sizeof(ask))
		return false;
	((char *)&ask)[n] = 0; /* ends the URL */
	t->busy = true;
	t->forbidden = false;
	t->answer.id = ask.id;
	t->answer.err = 0;
	t->answer.n = 0;
	c->busy++;
	easy_set(t, c->conf);
	if (curl_easy_setopt(t->easy, CURLOPT_URL, ask.url) != CURLE_OK ||
	    curl_multi_add_handle(c->multi, t->easy) != CURLM_OK) {
		t->answer.err = EPROTO;
		answer_send(&t->answer);
		t->busy = false;
		c->busy--;
	}
	return true;
}

static void ended_read(struct child *c)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(c->multi, &left)) != NULL) {
		char *p = NULL;

		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &p);
		if (m->msg == CURLMSG_DONE && p)
			transfer_end(c, (struct transfer *)(void *)p,
				     m->data.result);
	}
}

static void loop(struct child *c)
{
	struct curl_waitfd parent = {.fd = CHILD_FD, .events = CURL_WAIT_POLLIN};
	int running;

	for (;;) {
		curl_multi_poll(c->multi, &parent,
				c->busy < TRANSFERS_MAX ? 1 : 0,
				c->busy ? 100 : 60000, NULL);
		while (ask_read(c))
			;
		curl_multi_perform(c->multi, &running);
		ended_read(c);
	}
}

static void limits_set(const struct fetch_conf *conf)
{
	struct rlimit none = {0, 0}, files = {512, 512};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NAME, "fetch");
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_FSIZE, &none);
	setrlimit(RLIMIT_NOFILE, &files);
	if (geteuid() == 0 && conf->uid &&
	    (setgroups(0, NULL) != 0 || setgid(conf->gid) != 0 ||
	     setuid(conf->uid) != 0))
		_exit(1);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* the terminal's ^C and the init system's TERM are for the parent */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

void fetch_child_run(int fd, const struct fetch_conf *conf)
{
	static struct child c;

	if (fd != CHILD_FD && dup2(fd, CHILD_FD) < 0)
		_exit(1);
	close_range(CHILD_FD + 1, ~0U, 0);
	limits_set(conf);
	c.conf = conf;
	if (getppid() == 1 || curl_global_init(CURL_GLOBAL_DEFAULT))
		_exit(1);
	c.multi = curl_multi_init();
	if (c.multi)
		loop(&c);
	_exit(1);
}
