/* countersign-b2bua: the start ladder, and the stop ladder back up. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <re_types.h>
#include <re_fmt.h>
#include <re_main.h>

#include "b2bua/control.h"
#include "b2bua/core.h"
#include "b2bua/identity/fetch.h"
#include "lib/base/daemon.h"
#include "lib/base/log.h"
#include "lib/base/siphash.h"

enum {
	FDS_MAX = 65536,
	STOP_MS = 3000, /* how long BYEs and the relay are waited for */
	STOP_POLL_MS = 20,
};

struct daemon {
	struct core *core;
	struct control *control;
	struct wheel_timer timer;
	unsigned waited_ms;
	int signals;
};

static const char usage[] =
	"usage: countersign-b2bua [-c FILE] [-n | -d | -f | -V | -h]\n"
	"\n"
	"  -c, --config FILE   configuration (" SYSCONFDIR "/b2bua.conf)\n"
	"  -n, --check         check the configuration, say line and reason\n"
	"  -d, --defaults      print every item with its help and default\n"
	"  -f, --foreground    stay in the foreground (always so)\n"
	"  -V, --version       print the version\n"
	"  -h, --help          print this\n";

struct options {
	const char *config;
	bool check;
};

static void options_parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, 'n'},
		{"defaults", no_argument, NULL, 'd'},
		{"foreground", no_argument, NULL, 'f'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	o->config = SYSCONFDIR "/b2bua.conf";
	while ((c = getopt_long(argc, argv, "c:ndfVh", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'n':
			o->check = true;
			break;
		case 'd':
			config_dump(stdout);
			exit(0);
		case 'f':
			break;
		case 'V':
			puts("countersign-b2bua " PACKAGE_VERSION);
			exit(0);
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		exit(2);
	}
}

static void flaw_fatal(const char *path, const struct schema_flaw *flaw)
	__attribute__((noreturn));
static void flaw_fatal(const char *path, const struct schema_flaw *flaw)
{
	if (flaw->line)
		log_fatal("%s:%d: %s", path, flaw->line, flaw->text);
	log_fatal("%s: %s", path, flaw->text);
}

static struct config *config_open(const char *path)
{
	struct schema_flaw flaw;
	struct config *config;

	if (config_load(&config, path, &flaw))
		flaw_fatal(path, &flaw);
	return config;
}

/* ---- privileges -------------------------------------------------------- */

static const struct passwd *user_find(const char *name)
{
	const struct passwd *pw;

	if (geteuid() || !name[0])
		return NULL;
	pw = getpwnam(name);
	if (!pw)
		log_fatal("user %s: no such user (item user; \"\" stays root)",
			  name);
	return pw;
}

/* What the unprivileged user must be able to write to later. */
static void cdr_hand_over(const struct config *config, const struct passwd *pw)
{
	if (pw && config->cdr[0] &&
	    chown(config->cdr, pw->pw_uid, pw->pw_gid))
		log_warn("cdr %s: %s", config->cdr, strerror(errno));
}

/* ---- signals and the end ----------------------------------------------- */

static void on_stop_poll(void *arg)
{
	struct daemon *d = arg;

	d->waited_ms += STOP_POLL_MS;
	if (core_idle(d->core) || d->waited_ms >= STOP_MS)
		re_cancel();
	else
		wheel_start(d->core->wheel, &d->timer, STOP_POLL_MS,
			    on_stop_poll, d);
}

static void daemon_stop(struct daemon *d)
{
	if (d->core->stopping) {
		re_cancel(); /* asked twice: at once */
		return;
	}
	log_info("stopping, %u calls", d->core->ncalls);
	sd_notify(0, "STOPPING=1");
	core_stop(d->core);
	wheel_start(d->core->wheel, &d->timer, 0, on_stop_poll, d);
}

static void on_signal(int flags, void *arg)
{
	struct daemon *d = arg;
	struct signalfd_siginfo si;
	int err;

	(void)flags;
	if (read(d->signals, &si, sizeof(si)) != sizeof(si))
		return;
	if (si.ssi_signo != SIGHUP) {
		daemon_stop(d);
		return;
	}
	err = cdr_reopen(d->core->cdr);
	if (err)
		log_error("cdr: %s", strerror(err));
}

static int signals_open(struct daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	d->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return d->signals < 0 ? errno
			      : fd_listen(d->signals, FD_READ, on_signal, d);
}

/* ---- the ladder -------------------------------------------------------- */

static struct fetch *fetch_start(const struct config *config,
				 const struct passwd *pw)
{
	struct fetch_conf conf = {
		.uid = pw ? pw->pw_uid : 0,
		.gid = pw ? pw->pw_gid : 0,
	};
	struct fetch *fetch = NULL;
	int err;

	if (!config->fetch)
		return NULL;
	err = fetch_new(&fetch, &conf);
	if (err)
		log_fatal("fetch: %s", strerror(err));
	return fetch;
}

static void runtime_open(void)
{
	int err = libre_init();

	if (!err)
		err = poll_method_set(METHOD_EPOLL);
	if (!err)
		err = fd_setsize(FDS_MAX);
	if (err)
		log_fatal("libre: %s", strerror(err));
}

static void control_start(struct daemon *d)
{
	const char *failed = "";
	int err = control_open(&d->control, &d->core->config->control, d->core,
			       &failed);

	if (err)
		log_fatal("control %s: %s", failed, strerror(err));
}

/* -n: all that can be known without opening a socket or a file of records. */
static int daemon_check(struct config *config, const char *path)
{
	struct schema_flaw flaw;
	struct core *core;

	config->cdr = "";
	runtime_open();
	if (core_new(&core, config, NULL, &flaw))
		flaw_fatal(path, &flaw);
	core_free(core);
	libre_close();
	return 0;
}

static int daemon_run(struct config *config, const char *path)
{
	const struct passwd *pw = user_find(config->user);
	struct fetch *fetch = fetch_start(config, pw);
	struct schema_flaw flaw;
	struct daemon d = {0};
	char why[256];
	int err;

	runtime_open();
	if (core_new(&d.core, config, fetch, &flaw))
		flaw_fatal(path, &flaw);
	cdr_hand_over(config, pw);
	if (core_listen(d.core, why))
		log_fatal("%s", why);
	control_start(&d);
	err = daemon_drop(d.core->config->user);
	if (err)
		log_fatal("user %s: %s", d.core->config->user, strerror(err));
	err = signals_open(&d);
	if (err)
		log_fatal("signals: %s", strerror(err));
	log_info("ready");
	sd_notify(0, "READY=1");
	re_main(NULL);
	control_close(d.control);
	fd_close(d.signals);
	close(d.signals);
	core_free(d.core);
	libre_close();
	return 0;
}

int main(int argc, char **argv)
{
	enum log_level level = LOG_LEVEL_INFO;
	struct options o = {0};
	struct config *config;
	int err;

	log_init("countersign-b2bua", level);
	options_parse(&o, argc, argv);
	config = config_open(o.config);
	log_level_parse(config->log_level, &level);
	log_init("countersign-b2bua", level);
	siphash_init();
	err = daemon_harden();
	if (err)
		log_fatal("hardening: %s", strerror(err));
	return o.check ? daemon_check(config, o.config)
		       : daemon_run(config, o.config);
}
