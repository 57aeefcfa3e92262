/* test_fetch.c: certificates by URL: the rules, the real child process, and a
 * web server that behaves badly. */
#include "unit.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <re.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "b2bua/identity/fetch.h"
#include "b2bua/identity/fetch_child.h"
#include "lib/base/clk.h"
#include "pki.h"

static struct pki pki;
static struct pki_cert web;
static uint16_t web_port;
static pid_t web_pid;

/* ---- rules ------------------------------------------------------------- */

static void urls(void **state)
{
	static const struct {
		const char *url;
		bool ok, lab_ok;
	} v[] = {
		{"https://cert.example.org/a.pem", true, true},
		{"HTTPS://cert.example.org:443/a/b-c_d~e.pem", true, true},
		{"https://cert.example.org:8443", true, true},
		{"https://[2001:db8::1]:8443/a", true, true},
		{"https://cert.example.org/%61.pem", true, true},
		{"https://cert.example.org:8080/a", false, true},
		{"http://cert.example.org/a", false, false},
		{"file:///dev/random", false, false},
		{"gopher://cert.example.org/", false, false},
		{"https:///a", false, false},
		{"https://", false, false},
		{"https://user@host/a", false, false},
		{"https://user:pass@host/a", false, false},
		{"https://host/a?b", false, false},
		{"https://host/a#b", false, false},
		{"https://host/a;b=c", false, false},
		{"https://host/a b", false, false},
		{"https://host/a\nb", false, false},
		{"https://ho%73t/a", false, false},
		{"https://host\\@evil/a", false, false},
		{"https://host:/a", false, false},
		{"https://host:0443a/a", false, false},
		{"https://host:99999/a", false, false},
		{"https://[::1/a", false, false},
		{"https://[::1]x/a", false, false},
		{"https://h\xc3\xb6st/a", false, false},
		{"", false, false},
	};
	char big[2000] = "https://host/";
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct slice url = slice_str(v[i].url);

		if (!fetch_url_flaw(url, false) != v[i].ok ||
		    !fetch_url_flaw(url, true) != v[i].lab_ok)
			fail_msg("%s", v[i].url);
	}
	memset(big + 13, 'a', sizeof(big) - 14);
	assert_non_null(fetch_url_flaw(slice_str(big), true));
}

static bool special(const char *text)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &in4.sin_addr) == 1)
		return fetch_address_special((struct sockaddr *)&in4);
	assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	return fetch_address_special((struct sockaddr *)&in6);
}

static void addresses(void **state)
{
	static const char *const bad[] = {
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1",
		"100.127.255.255", "127.0.0.1", "127.255.0.1", "169.254.0.1",
		"169.254.169.254", "172.16.0.1", "172.31.255.255",
		"192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1",
		"198.18.0.1", "198.19.255.255", "198.51.100.1",
		"203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
		"64:ff9b::7f00:1", "100::1", "2001::1", "2001:1ff::1",
		"2001:db8::1", "2002:7f00:1::", "3fff::1", "3fff:fff::1",
		"fc00::1", "fd12::1", "fe80::1", "fec0::1", "ff02::1",
		"5f00::1", "4000::1",
	};
	static const char *const good[] = {
		"8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1",
		"172.32.0.1", "192.0.1.1", "192.169.0.1", "198.17.0.1",
		"198.20.0.1", "223.255.255.255", "2001:200::1",
		"2001:4860::1", "2003::1", "2a00::1", "3fff:1000::1",
	};
	struct sockaddr other = {.sa_family = AF_UNIX};
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!special(bad[i]))
			fail_msg("%s passes", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (special(good[i]))
			fail_msg("%s does not pass", good[i]);
	assert_true(fetch_address_special(&other));
}

/* ---- a web server ------------------------------------------------------ */

static void say(SSL *ssl, const char *status, const char *head, size_t n)
{
	char text[512];
	char *body = malloc(n + 1);
	int len = snprintf(text, sizeof(text), "HTTP/1.1 %s\r\n%s"
			   "Connection: close\r\n\r\n", status, head);

	memset(body, 'x', n);
	SSL_write(ssl, text, len);
	SSL_write(ssl, body, (int)n);
	free(body);
}

static void serve_one(SSL *ssl)
{
	char q[1024] = "";

	if (SSL_accept(ssl) != 1 || SSL_read(ssl, q, sizeof(q) - 1) <= 0)
		return;
	if (strstr(q, "/good"))
		say(ssl, "200 OK", "Content-Length: 100\r\n", 100);
	else if (strstr(q, "/full"))
		say(ssl, "200 OK", "", FETCH_SIZE_MAX);
	else if (strstr(q, "/big"))
		say(ssl, "200 OK", "", FETCH_SIZE_MAX + 1);
	else if (strstr(q, "/huge"))
		say(ssl, "200 OK", "Content-Length: 10000000000\r\n", 100);
	else if (strstr(q, "/moved"))
		say(ssl, "302 Found", "Location: /good\r\n", 0);
	else if (strstr(q, "/slow"))
		for (unsigned i = 0; i < 30; i++, usleep(100000))
			say(ssl, "200 OK", "Content-Length: 9999\r\n", 1);
	else
		say(ssl, "404 Not Found", "Content-Length: 0\r\n", 0);
	SSL_shutdown(ssl);
}

static void serve(int fd)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	SSL_CTX_use_certificate(ctx, web.x);
	SSL_CTX_use_PrivateKey(ctx, web.key);
	for (;;) {
		int c = accept(fd, NULL, NULL);

		if (fork() == 0) {
			SSL *ssl = SSL_new(ctx);

			signal(SIGPIPE, SIG_IGN);
			SSL_set_fd(ssl, c);
			serve_one(ssl);
			_exit(0);
		}
		close(c);
	}
}

static void web_start(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(fd, 64), 0);
	getsockname(fd, (struct sockaddr *)&sin, &len);
	web_port = ntohs(sin.sin_port);
	web_pid = fork();
	if (web_pid == 0) {
		setpgid(0, 0);
		signal(SIGCHLD, SIG_IGN);
		serve(fd);
	}
	setpgid(web_pid, web_pid);
	close(fd);
}

/* ---- fetching ---------------------------------------------------------- */

struct answer {
	unsigned n;
	int err;
	size_t octets;
	unsigned *left;
};

static void on_answer(void *arg, int err, const char *why,
		      struct slice octets)
{
	struct answer *a = arg;

	assert_non_null(why);
	a->n++;
	a->err = err;
	a->octets = octets.n;
	if (a->left && --*a->left == 0)
		re_cancel();
}

static void on_timeout(void *arg)
{
	(void)arg;
	re_cancel();
}

/* Runs the loop until all have an answer, or 6 s. */
static void run(const unsigned *left)
{
	struct tmr t;

	tmr_init(&t);
	tmr_start(&t, 6000, on_timeout, NULL);
	if (*left)
		re_main(NULL);
	tmr_cancel(&t);
	assert_int_equal(*left, 0);
}

static void ask(struct fetch *f, const char *path, struct answer *a,
		unsigned *left, struct fetch_wait **w)
{
	struct fetch_wait *wait;
	char url[128];

	snprintf(url, sizeof(url), "https://localhost:%u%s", web_port, path);
	*a = (struct answer){.left = left};
	++*left;
	assert_int_equal(fetch_get(w ? w : &wait, f, slice_str(url),
				   on_answer, a), 0);
}

static struct fetch *open_fetch(bool lab)
{
	struct fetch_conf conf = {.timeout_ms = 1000, .lab = lab,
				  .tls_anchors = pki.anchors};
	struct fetch *f;

	assert_int_equal(fetch_new(&f, &conf), 0);
	assert_int_equal(fetch_listen(f), 0);
	return f;
}

static void answers(void **state)
{
	static const struct {
		const char *path;
		int err;
		size_t n;
	} v[] = {
		{"/good", 0, 100},	{"/full", 0, FETCH_SIZE_MAX},
		{"/big", EMSGSIZE, 0},	{"/huge", EMSGSIZE, 0},
		{"/moved", ENOENT, 0},	{"/nothing", ENOENT, 0},
		{"/slow", ETIMEDOUT, 0},
	};
	struct fetch *f = open_fetch(true);
	struct answer a[7], again;
	struct fetch_stats st;
	unsigned left = 0;
	uint64_t start = clk_ms();
	(void)state;

	for (unsigned i = 0; i < 7; i++)
		ask(f, v[i].path, &a[i], &left, NULL);
	run(&left);
	assert_true(clk_ms() - start < 4000);
	for (unsigned i = 0; i < 7; i++) {
		assert_int_equal(a[i].n, 1);
		assert_int_equal(a[i].err, v[i].err);
		assert_int_equal(a[i].octets, v[i].n);
	}
	/* both good and bad news are kept: nobody is asked again */
	for (unsigned i = 0; i < 7; i++) {
		ask(f, v[i].path, &again, &left, NULL);
		assert_int_equal(again.n, 1);
		assert_int_equal(again.err, v[i].err);
		assert_int_equal(again.octets, v[i].n);
	}
	fetch_stats_get(f, &st);
	assert_int_equal(st.asked, 14);
	assert_int_equal(st.cached, 7);
	assert_int_equal(st.fetched, 2);
	assert_int_equal(st.failed, 5);
	fetch_free(f);
}

/* Many who want one thing: it is fetched once; one of them goes away. */
static void waiting_together(void **state)
{
	struct fetch *f = open_fetch(true);
	struct fetch_wait *w;
	struct fetch_stats st;
	struct answer a[20];
	unsigned left = 0;
	(void)state;

	for (unsigned i = 0; i < 20; i++)
		ask(f, "/good", &a[i], &left, &w);
	fetch_cancel(w);
	left--;
	run(&left);
	assert_int_equal(a[0].octets, 100);
	assert_int_equal(a[18].n, 1);
	assert_int_equal(a[19].n, 0);
	fetch_stats_get(f, &st);
	assert_int_equal(st.fetched, 1);
	fetch_free(f);
}

/* Not in a laboratory: loopback is never reached, however it is named. */
static void forbidden(void **state)
{
	static const char *const urls_special[] = {
		"https://127.0.0.1/a", "https://localhost/a",
		"https://127.1/a", "https://0x7f000001/a",
		"https://2130706433/a", "https://[::1]/a",
		"https://[::ffff:127.0.0.1]/a", "https://169.254.169.254/a",
		"https://0.0.0.0:8443/a", "http://127.0.0.1/a",
		"file:///etc/passwd",
	};
	enum { N = sizeof(urls_special) / sizeof(urls_special[0]) };
	struct fetch *f = open_fetch(false);
	struct fetch_wait *w;
	struct answer a[N];
	unsigned left = N;
	(void)state;

	for (unsigned i = 0; i < N; i++) {
		a[i] = (struct answer){.left = &left};
		fetch_get(&w, f, slice_str(urls_special[i]), on_answer,
			  &a[i]);
	}
	run(&left);
	for (unsigned i = 0; i < N; i++)
		if (a[i].err != EACCES)
			fail_msg("%s: %s", urls_special[i],
				 strerror(a[i].err));
	fetch_free(f);
}

static void server_not_trusted(void **state)
{
	struct fetch_conf conf = {.timeout_ms = 1000, .lab = true,
				  .tls_anchors = web.cert_file};
	struct pki_cert other;
	struct answer a;
	unsigned left = 0;
	struct fetch *f;
	(void)state;

	pki_issue(&pki, &other, &(struct pki_leaf){
		.name = "other", .self_signed = true, .ca = true});
	conf.tls_anchors = other.cert_file;
	assert_int_equal(fetch_new(&f, &conf), 0);
	fetch_listen(f);
	ask(f, "/good", &a, &left, NULL);
	run(&left);
	assert_int_equal(a.err, EPROTO);
	fetch_free(f);
	pki_cert_fini(&other);
}

static void flood(void **state)
{
	enum { N = FETCH_PENDING_MAX + 100 };
	static struct answer a[N];
	struct fetch *f = open_fetch(true);
	struct fetch_stats st;
	unsigned left = 0;
	char path[32];
	(void)state;

	for (unsigned i = 0; i < N; i++) {
		snprintf(path, sizeof(path), "/slow%u", i);
		ask(f, path, &a[i], &left, NULL);
	}
	for (unsigned i = FETCH_PENDING_MAX; i < N; i++)
		assert_int_equal(a[i].err, EBUSY);
	fetch_stats_get(f, &st);
	assert_int_equal(st.refused, 100);
	/* ends all waits with EPIPE */
	fetch_free(f);
	assert_int_equal(left, 0);
	assert_int_equal(a[0].err, EPIPE);
}

/* The child of that name, 0 if there is none (yet). */
static pid_t child_find(const char *want)
{
	char path[64], name[32] = "";
	FILE *list, *comm;
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children",
		 (int)getpid());
	list = fopen(path, "r");
	assert_non_null(list);
	while (strcmp(name, want) != 0 && fscanf(list, "%d", &pid) == 1) {
		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		comm = fopen(path, "r");
		if (!comm || fscanf(comm, "%31s", name) != 1)
			name[0] = 0;
		if (comm)
			fclose(comm);
	}
	fclose(list);
	return strcmp(name, want) == 0 ? pid : 0;
}

/* It gives itself its name a moment after the fork. */
static pid_t fetcher(void)
{
	pid_t pid = 0;

	for (int i = 0; !pid && i < 500; i++) {
		pid = child_find("fetch");
		if (!pid)
			usleep(10000);
	}
	assert_true(pid > 0);
	return pid;
}

static void child_dies(void **state)
{
	struct fetch *f = open_fetch(true);
	struct answer a, late;
	unsigned left = 0;
	(void)state;

	ask(f, "/slow", &a, &left, NULL);
	assert_int_equal(kill(fetcher(), SIGKILL), 0);
	run(&left);
	assert_int_equal(a.err, EPIPE);
	ask(f, "/good", &late, &left, NULL);
	assert_int_equal(late.err, EPIPE);
	fetch_free(f);
}

/* ---- set-up ------------------------------------------------------------ */

static int setup(void **state)
{
	(void)state;
	pki_init(&pki);
	pki_issue(&pki, &web, &(struct pki_leaf){
		.name = "web", .dns = "DNS:localhost",
		.until = clk_wall() + 86400});
	web_start();
	return libre_init();
}

static int teardown(void **state)
{
	(void)state;
	kill(-web_pid, SIGKILL);
	waitpid(web_pid, NULL, 0);
	pki_cert_fini(&web);
	pki_fini(&pki);
	libre_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls),
		cmocka_unit_test(addresses),
		cmocka_unit_test(answers),
		cmocka_unit_test(waiting_together),
		cmocka_unit_test(forbidden),
		cmocka_unit_test(server_not_trusted),
		cmocka_unit_test(flood),
		cmocka_unit_test(child_dies),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
