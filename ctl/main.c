/* main.c: countersignctl, the operator's client of both control sockets. */
#include <getopt.h>
#include <stdlib.h>

#include "config.h"
#include "ctl/command.h"
#include "ctl/table.h"

enum { TIMEOUT_S = 5, TIMEOUT_MAX_S = 600 };

static void usage(FILE *to)
{
	fprintf(to, "usage: countersignctl [OPTIONS] COMMAND [ARGUMENT]\n\n");
	for (const struct command *c = command_table; c->name; c++)
		fprintf(to, "  %-8s %-10s %s\n", c->name, c->args, c->help);
	fprintf(to,
		"\n"
		"  --relay ADDRESS    the relay's control socket\n"
		"                     (unix:" RUNDIR "/relay.sock)\n"
		"  --b2bua ADDRESS    the B2BUA's control socket\n"
		"                     (unix:" RUNDIR "/b2bua.sock)\n"
		"                     each unix:PATH or udp:ADDRESS:PORT\n"
		"  --json             replies as they came, one line of JSON "
		"each\n"
		"  --width COLUMNS    instead of the terminal's; 0: no limit\n"
		"  --timeout SECONDS  how long to wait for a reply (%d)\n"
		"  -h, --help  -V, --version\n"
		"\n"
		"exit: 0 done, 1 refused by a daemon, 2 usage, "
		"3 daemon not reached\n",
		TIMEOUT_S);
}

static unsigned number(const char *text, unsigned max, const char *option)
{
	uint32_t n;

	if (slice_u32(slice_str(text), max, &n)) {
		fprintf(stderr,
			"countersignctl: %s takes a number from 0 to %u\n",
			option, max);
		exit(COMMAND_USAGE);
	}
	return n;
}

static enum command_exit run(struct command_context *ctx, int argc,
			     char **argv)
{
	const struct command *c = argc ? command_find(argv[0]) : NULL;

	if (!argc) {
		usage(stderr);
		return COMMAND_USAGE;
	}
	if (!c) {
		fprintf(stderr,
			"countersignctl: no command \"%s\" "
			"(countersignctl --help lists them)\n", argv[0]);
		return COMMAND_USAGE;
	}
	if (argc - 1 < c->args_min || argc - 1 > c->args_max) {
		fprintf(stderr, "usage: countersignctl %s %s\n", c->name,
			c->args);
		return COMMAND_USAGE;
	}
	return c->run(ctx, argv + 1);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"relay", required_argument, NULL, 'r'},
		{"b2bua", required_argument, NULL, 'b'},
		{"json", no_argument, NULL, 'j'},
		{"width", required_argument, NULL, 'w'},
		{"timeout", required_argument, NULL, 't'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	const char *relay = "unix:" RUNDIR "/relay.sock";
	const char *b2bua = "unix:" RUNDIR "/b2bua.sock";
	struct command_context ctx = {
		.show = {.to = stdout, .width = table_width(stdout)},
	};
	unsigned timeout = TIMEOUT_S;
	enum command_exit rc;
	int opt;

	while ((opt = getopt_long(argc, argv, "hV", longs, NULL)) != -1) {
		switch (opt) {
		case 'r':
			relay = optarg;
			break;
		case 'b':
			b2bua = optarg;
			break;
		case 'j':
			ctx.json = true;
			break;
		case 'w':
			ctx.show.width = number(optarg, 10000, "--width");
			break;
		case 't':
			timeout = number(optarg, TIMEOUT_MAX_S, "--timeout");
			break;
		case 'h':
			usage(stdout);
			return COMMAND_OK;
		case 'V':
			printf("countersignctl %s\n", PACKAGE_VERSION);
			return COMMAND_OK;
		default:
			return COMMAND_USAGE;
		}
	}
	client_init(&ctx.relay, "relay", relay, timeout * 1000);
	client_init(&ctx.b2bua, "b2bua", b2bua, timeout * 1000);
	rc = run(&ctx, argc - optind, argv + optind);
	client_fini(&ctx.relay);
	client_fini(&ctx.b2bua);
	return rc;
}
