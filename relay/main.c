/* countersign-relay: terminates DTLS-SRTP, SDES-SRTP and RTP between legs and
 * re-encrypts, as control sockets tell it to.
 *
 * The start ladder is the table `steps`: down to start, up to stop. */
#include <config.h>
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "lib/base/clk.h"
#include "lib/base/daemon.h"
#include "lib/base/log.h"
#include "lib/base/siphash.h"
#include "relay/cmd.h"
#include "relay/config.h"
#include "relay/control.h"
#include "relay/crypt.h"
#include "relay/hep.h"
#include "relay/limit.h"
#include "relay/metrics.h"
#include "relay/plane.h"
#include "relay/record.h"
#include "relay/scrape.h"
#include "relay/session.h"

struct relay {
	struct config *config;
	struct event_base *base;
	struct control *control;
	struct scrape *scrape; /* NULL: none */
	struct hep *hep; /* NULL: none */
	struct metrics metrics;
	struct handshake_pool *handshakes;
	struct recorder *recorder; /* NULL: none */
	struct plane *plane;
	struct sessions *sessions;
	struct cmd *cmd;
	struct event *rotate, *sweep, *terminate, *interrupt;
};

static int process_start(struct relay *r)
{
	(void)r;
	siphash_init();
	return daemon_harden();
}

static int base_start(struct relay *r)
{
	r->base = event_base_new();
	return r->base ? 0 : ENOMEM;
}

static void base_stop(struct relay *r)
{
	event_base_free(r->base);
}

/* Bound while we may still be root, served when all else stands. */
static int control_start(struct relay *r)
{
	return control_open(&r->control, r->config);
}

static void control_stop(struct relay *r)
{
	control_close(r->control);
}

static int scrape_start(struct relay *r)
{
	if (!addr_is_set(&r->config->metrics))
		return 0;
	return scrape_open(&r->scrape, &r->config->metrics);
}

static void scrape_stop(struct relay *r)
{
	scrape_close(r->scrape);
}

static int user_start(struct relay *r)
{
	int err = daemon_drop(r->config->user);

	if (err)
		log_error("relay: cannot become user %s",
			  r->config->user);
	return err;
}

static int crypt_start(struct relay *r)
{
	int err = crypt_init_process();

	if (!err)
		err = crypt_engine_choose(r->config->srtp_engine);
	if (err == ENOTSUP)
		log_error("srtp-engine: %s is not here, or not for this "
			  "processor", r->config->srtp_engine);
	if (!err)
		log_info("relay: SRTP by %s", crypt_engine_chosen());
	return err;
}

static int handshakes_start(struct relay *r)
{
	return handshake_pool_open(&r->handshakes,
				   r->config->handshake_threads);
}

static void handshakes_stop(struct relay *r)
{
	handshake_pool_close(r->handshakes);
}

static int recorder_start(struct relay *r)
{
	const struct config *c = r->config;

	if (!c->recording_dir[0])
		return 0;
	return recorder_new(&r->recorder, c->recording_dir,
			    plane_workers_for(c->workers));
}

static void recorder_stop(struct relay *r)
{
	recorder_free(r->recorder);
}

static int plane_start(struct relay *r)
{
	struct plane_conf conf = {.workers = r->config->workers,
				  .base = r->base,
				  .handshakes = r->handshakes,
				  .recorder = r->recorder};
	int err = plane_new(&r->plane, &conf);

	for (size_t i = 0; !err && i < r->config->ninterfaces; i++) {
		const struct config_interface *c = &r->config->interfaces[i];

		err = plane_interface_add(r->plane, c->name, c->address,
					  c->advertise, c->port_min,
					  c->port_max);
		if (!err && c->shared_port)
			err = plane_interface_share(r->plane, c->name,
						    c->shared_port);
		if (err)
			log_error("interface %s: %s: not usable (%s)", c->name,
				  c->address, strerror(err));
	}
	return err;
}

static void plane_stop(struct relay *r)
{
	plane_free(r->plane);
}

static int hep_start(struct relay *r)
{
	const struct config *c = r->config;
	struct hep_conf conf = {.collector = c->hep,
				.id = c->hep_id,
				.interval = c->hep_interval};

	return addr_is_set(&c->hep) ? hep_open(&r->hep, &conf) : 0;
}

static void hep_stop(struct relay *r)
{
	hep_close(r->hep);
}

static void session_ended(void *arg, const struct session *s)
{
	hep_session(arg, s);
}

static int sessions_start(struct relay *r)
{
	const struct config *c = r->config;
	struct sessions_conf conf = {
		.plane = r->plane,
		.recorder = r->recorder,
		.sessions_max = c->sessions_max,
		.load_max = c->load_max,
		.bandwidth_max = c->bandwidth_max,
		.ended = r->hep ? session_ended : NULL,
		.ended_arg = r->hep,
		.offer_timeout = c->offer_timeout,
		.silence_timeout = c->silence_timeout,
		.hold_timeout = c->hold_timeout,
	};

	return sessions_new(&r->sessions, &conf);
}

static void sessions_stop(struct relay *r)
{
	sessions_free(r->sessions);
}

static int cmd_start(struct relay *r)
{
	struct cmd_conf conf = {.sessions = r->sessions,
				.plane = r->plane,
				.handshakes = r->handshakes,
				.templates = r->config->templates,
				.ntemplates = r->config->ntemplates};

	return cmd_new(&r->cmd, &conf);
}

static void cmd_stop(struct relay *r)
{
	cmd_free(r->cmd);
}

static void sweep(evutil_socket_t fd, short what, void *arg)
{
	struct relay *r = arg;
	struct counter_sums sums;

	(void)fd;
	(void)what;
	plane_counters(r->plane, &sums);
	limit_measure(sums.v[COUNTER_OCTETS_IN] + sums.v[COUNTER_OCTETS_OUT],
		      clk_ms());
	sessions_sweep(r->sessions, clk_ms());
	if (r->hep)
		hep_tick(r->hep, r->sessions, clk_ms());
}

static void rotate(evutil_socket_t fd, short what, void *arg)
{
	struct relay *r = arg;
	int err = handshake_pool_rotate(r->handshakes);

	(void)fd;
	(void)what;
	if (err)
		log_error("relay: no new certificate, the old one stays (%s)",
			  strerror(err));
	else
		log_info("relay: new certificate %s",
			 handshake_pool_fingerprint(r->handshakes));
}

/* 0: never */
static int rotate_start(struct relay *r)
{
	const struct timeval age = {
		.tv_sec = (time_t)r->config->certificate_age};

	if (!age.tv_sec)
		return 0;
	r->rotate = event_new(r->base, -1, EV_PERSIST, rotate, r);
	return r->rotate ? event_add(r->rotate, &age) : ENOMEM;
}

static void terminate(evutil_socket_t sig, short what, void *arg)
{
	struct relay *r = arg;

	(void)what;
	log_info("relay: stopping (signal %d)", (int)sig);
	event_base_loopbreak(r->base);
}

static int events_start(struct relay *r)
{
	static const struct timeval second = {1, 0};

	r->sweep = event_new(r->base, -1, EV_PERSIST, sweep, r);
	r->terminate = evsignal_new(r->base, SIGTERM, terminate, r);
	r->interrupt = evsignal_new(r->base, SIGINT, terminate, r);
	if (!r->sweep || !r->terminate || !r->interrupt ||
	    event_add(r->sweep, &second) || event_add(r->terminate, NULL) ||
	    event_add(r->interrupt, NULL) || rotate_start(r))
		return ENOMEM;
	return 0;
}

static void events_stop(struct relay *r)
{
	if (r->rotate)
		event_free(r->rotate);
	if (r->sweep)
		event_free(r->sweep);
	if (r->terminate)
		event_free(r->terminate);
	if (r->interrupt)
		event_free(r->interrupt);
}

static void page_write(void *arg, struct obuf *ob)
{
	const struct relay *r = arg;

	metrics_write(&r->metrics, ob);
}

static int metrics_start(struct relay *r)
{
	r->metrics = (struct metrics){.sessions = r->sessions,
				      .plane = r->plane,
				      .handshakes = r->handshakes,
				      .hep = r->hep,
				      .since_ms = clk_ms()};
	sweep(-1, 0, r);
	return r->scrape ? scrape_serve(r->scrape, r->base, page_write, r) : 0;
}

static int serving_start(struct relay *r)
{
	return control_serve(r->control, r->base, r->cmd);
}

static const struct step {
	const char *what;
	int (*start)(struct relay *r);
	void (*stop)(struct relay *r); /* NULL: nothing to undo */
} steps[] = {
	{"process", process_start, NULL},
	{"event loop", base_start, base_stop},
	{"control sockets", control_start, control_stop},
	{"metrics listener", scrape_start, scrape_stop},
	{"user", user_start, NULL},
	{"crypto", crypt_start, NULL},
	{"handshake threads", handshakes_start, handshakes_stop},
	{"recordings", recorder_start, recorder_stop},
	{"media plane", plane_start, plane_stop},
	{"hep", hep_start, hep_stop},
	{"sessions", sessions_start, sessions_stop},
	{"commands", cmd_start, cmd_stop},
	{"events", events_start, events_stop},
	{"metrics", metrics_start, NULL},
	{"serving", serving_start, NULL},
};

enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

static int run(struct relay *r)
{
	size_t up = 0;
	int err = 0;

	while (!err && up < STEPS) {
		err = steps[up].start(r);
		if (err)
			log_error("relay: %s: %s", steps[up].what,
				  strerror(err));
		else
			up++;
	}
	if (!err) {
		log_info("relay: ready");
		sd_notify(0, "READY=1");
		if (event_base_dispatch(r->base) < 0)
			err = EIO;
		sd_notify(0, "STOPPING=1");
	}
	while (up--)
		if (steps[up].stop)
			steps[up].stop(r);
	return err;
}

/* ---- command line ------------------------------------------------------- */

static void usage(FILE *to)
{
	const struct cmd_row *row;

	fputs("usage: countersign-relay [-n] [-c FILE]\n"
	      "       countersign-relay -d | -h | -V\n\n"
	      "  -c FILE  configuration, " SYSCONFDIR "/relay.conf without\n"
	      "  -n       check the configuration, then end\n"
	      "  -d       print every item of the configuration\n"
	      "  -h       this text\n"
	      "  -V       version\n\n"
	      "Commands of its control sockets (countersignctl sends them):\n",
	      to);
	for (size_t i = 0; (row = cmd_row(i)); i++)
		fprintf(to, "  %-10s  %s\n", row->name, row->help);
}

static int load(struct config **config, const char *path)
{
	struct schema_flaw flaw;
	enum log_level level = LOG_LEVEL_INFO;
	int err = config_load(config, path, &flaw);

	if (err) {
		log_error("%s:%d: %s", path, flaw.line,
			  flaw.text[0] ? flaw.text : strerror(err));
		return err;
	}
	log_level_parse((*config)->log_level, &level);
	log_init("countersign-relay", level);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {{"help", 0, NULL, 'h'},
					      {"version", 0, NULL, 'V'},
					      {0}};
	const char *path = SYSCONFDIR "/relay.conf";
	struct relay r = {0};
	bool check = false;
	int opt, err;

	log_init("countersign-relay", LOG_LEVEL_INFO);
	while ((opt = getopt_long(argc, argv, "c:ndhVf", longs, NULL)) != -1)
		switch (opt) {
		case 'c':
			path = optarg;
			break;
		case 'n':
			check = true;
			break;
		case 'd':
			config_dump(stdout);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		case 'V':
			puts("countersign-relay " PACKAGE_VERSION);
			return 0;
		case 'f': /* the foreground is the only place it runs */
			break;
		default:
			usage(stderr);
			return 1;
		}
	if (load(&r.config, path))
		return 1;
	err = check ? 0 : run(&r);
	config_free(r.config);
	return err ? 1 : 0;
}
