/* test_relay_config.c: relay.conf: the sample is the defaults, and what is
 * refused is refused with its line. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "relay/config.h"

static char path[] = "/tmp/countersign-test-XXXXXX";

static void file_write(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

#define INTERFACE "interface \"default\" {\naddress = {\"127.0.0.1\"}\n}\n"

static void the_sample_is_the_defaults(void **state)
{
	static const char *const named[] = {
		"control =", "user =", "log-level =", "workers =",
		"handshake-threads =", "srtp-engine =",
		"certificate-age =", "sessions-max =",
		"load-max =", "bandwidth-max =", "metrics =", "metrics-public =",
		"hep =", "hep-id =", "hep-interval =",
		"offer-timeout =", "silence-timeout =", "hold-timeout =",
		"address =", "advertise =", "port-min =", "port-max =",
		"shared-port =",
	};
	struct config *a, *b;
	struct schema_flaw flaw;
	char text[8192] = "";
	FILE *f = fopen(SAMPLE, "r");
	(void)state;

	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		assert_non_null(strstr(text, named[i]));

	file_write(INTERFACE);
	if (config_load(&a, SAMPLE, &flaw))
		fail_msg("%d: %s", flaw.line, flaw.text);
	assert_int_equal(config_load(&b, path, &flaw), 0);
	assert_string_equal(a->user, b->user);
	assert_string_equal(a->log_level, b->log_level);
	assert_string_equal(a->srtp_engine, b->srtp_engine);
	assert_int_equal(a->certificate_age, b->certificate_age);
	assert_int_equal(a->workers, b->workers);
	assert_int_equal(a->handshake_threads, b->handshake_threads);
	assert_int_equal(a->sessions_max, b->sessions_max);
	assert_int_equal(a->load_max, b->load_max);
	assert_int_equal(a->bandwidth_max, b->bandwidth_max);
	assert_false(addr_is_set(&a->metrics));
	assert_false(addr_is_set(&a->hep));
	assert_int_equal(a->hep_id, b->hep_id);
	assert_int_equal(a->hep_interval, b->hep_interval);
	assert_int_equal(a->offer_timeout, b->offer_timeout);
	assert_int_equal(a->silence_timeout, b->silence_timeout);
	assert_int_equal(a->hold_timeout, b->hold_timeout);
	assert_int_equal(a->ncontrols, 2);
	assert_int_equal(b->ncontrols, 2);
	assert_non_null(strstr(a->controls[0].path, "/countersign/relay.sock"));
	assert_true(addr_eq(&a->controls[1].addr, &b->controls[1].addr));
	assert_int_equal(a->ninterfaces, 1);
	assert_int_equal(a->interfaces[0].port_min, b->interfaces[0].port_min);
	assert_int_equal(a->interfaces[0].port_max, b->interfaces[0].port_max);
	assert_string_equal(a->interfaces[0].advertise, "");
	config_free(a);
	config_free(b);
}

static void two_families(void **state)
{
	struct config *c;
	struct schema_flaw flaw;
	(void)state;

	file_write("control = {\"udp:[::1]:2223\"}\n"
		   "interface \"x\" {\naddress = {\"127.0.0.1\", \"::1\"}\n"
		   "advertise = {\"192.0.2.1\"}\nport-min = 2000\n"
		   "port-max = 3000\n}\n");
	if (config_load(&c, path, &flaw))
		fail_msg("%d: %s", flaw.line, flaw.text);
	assert_int_equal(c->ninterfaces, 2);
	assert_string_equal(c->interfaces[0].advertise, "192.0.2.1");
	assert_string_equal(c->interfaces[1].address, "::1");
	assert_string_equal(c->interfaces[1].advertise, "");
	assert_int_equal(c->controls[0].addr.sa.sa_family, AF_INET6);
	config_free(c);
}

static void refused(void **state)
{
	static const struct {
		const char *text;
		int line; /* 0: any */
	} v[] = {
		{"", 0},
		{"colour = \"red\"\n" INTERFACE, 1},
		{"workers = 65\n" INTERFACE, 1},
		{"srtp-engine = \"nss\"\n" INTERFACE, 1},
		{"log-level = \"loud\"\n" INTERFACE, 1},
		{"\ncontrol = {\"udp:0.0.0.0:2223\"}\n" INTERFACE, 2},
		{"\ncontrol = {\"udp:192.0.2.1:2223\"}\n" INTERFACE, 2},
		{"control = {\"udp:[::]:2223\"}\n" INTERFACE, 1},
		{"control = {\"udp:127.0.0.1:0\"}\n" INTERFACE, 1},
		{"control = {\"udp:127.0.0.1\"}\n" INTERFACE, 1},
		{"control = {\"unix:relay.sock\"}\n" INTERFACE, 1},
		{"control = {\"sctp:127.0.0.1:1\"}\n" INTERFACE, 1},
		{"control = {}\n" INTERFACE, 0},
		{"interface \"x\" {\n}\n", 0},
		{"interface \"x\" {\naddress = {\"host\"}\n}\n", 2},
		{"interface \"x\" {\naddress = {\"127.0.0.1\"}\n"
		 "port-min = 3000\nport-max = 3000\n}\n", 3},
		{"interface \"x\" {\naddress = {\"127.0.0.1\"}\n"
		 "port-min = 3000\nport-max = 4000\nshared-port = 3500\n}\n",
		 5},
		{"interface \"x\" {\naddress = {\"127.0.0.1\"}\n"
		 "advertise = {\"x\"}\n}\n", 3},
		{"interface \"x\" {\naddress = {\"127.0.0.1\"}\n"
		 "advertise = {\"192.0.2.1\", \"192.0.2.2\"}\n}\n", 3},
	};
	struct config *c = NULL;
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct schema_flaw flaw = {0};

		file_write(v[i].text);
		if (config_load(&c, path, &flaw) != EINVAL)
			fail_msg("taken: %s", v[i].text);
		assert_true(flaw.text[0]);
		if (v[i].line && flaw.line != v[i].line)
			fail_msg("%s: line %d: %s", v[i].text, flaw.line,
				 flaw.text);
	}
	assert_null(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sample_is_the_defaults),
		cmocka_unit_test(two_families),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
