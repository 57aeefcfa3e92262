/* The B2BUA's configuration, matching of sources, and routing. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "b2bua/acl.h"
#include "b2bua/call/route.h"
#include "b2bua/config.h"

#define BASE \
	"relay \"main\" { control = \"unix:/run/r.sock\" }\n" \
	"realm \"in\" { listen = {\"udp:127.0.0.1:5060\"} }\n" \
	"realm \"out\" { listen = {\"tcp:127.0.0.1:5080\"} }\n"

static int load(const char *text, struct config **c, struct schema_flaw *flaw)
{
	char path[] = "/tmp/test_config.XXXXXX";
	int fd = mkstemp(path), err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	err = config_load(c, path, flaw);
	unlink(path);
	return err;
}

static struct config *good(const char *text)
{
	struct schema_flaw flaw;
	struct config *c;

	if (load(text, &c, &flaw))
		fail_msg("line %d: %s", flaw.line, flaw.text);
	return c;
}

/* ---- what is refused, with its line ------------------------------------ */

static const struct {
	const char *text;
	int line;
	const char *why;
} flaws[] = {
	{"relay \"main\" {}\n", 0, "no realm"},
	{"realm \"in\" { listen = {\"udp:127.0.0.1:1\"} }\n", 0, "one relay"},
	{"relay \"m\" {\n control = \"tcp:1\"\n}\n"
	 "realm \"in\" { listen = {\"udp:127.0.0.1:1\"} }\n", 2, "unix:PATH"},
	{BASE "realm \"x\" {\n listen = {\"udp:host:5060\"}\n}\n", 5,
	 "udp:ADDRESS:PORT"},
	{BASE "realm \"x\" {\n}\n", 5, "listens nowhere"},
	{BASE "trunk \"t\" {\n realm = \"inn\"\n}\n", 5, "no realm \"inn\""},
	{BASE "trunk \"t\" {\n realm = \"in\"\n sources = {\"10.0.0.1/8\"}\n}\n",
	 6, "ADDRESS[/BITS][:PORT]"},
	{BASE "trunk \"t\" {\n realm = \"in\"\n address = \"10.0.0.1\"\n}\n", 6,
	 "ADDRESS:PORT"},
	{BASE "trunk \"t\" {\n realm = \"out\"\n address = \"1.2.3.4:5\"\n}\n",
	 7, "no such socket"},
	{BASE "trunk \"t\" {\n realm = \"in\"\n address = \"[::1]:5\"\n}\n",
	 7, "no such socket"},
	{BASE "realm \"x\" {\n listen = {\"udp:127.0.0.1:1\"}\n"
	 " domains = {\"a.example\", \"a>b\"}\n}\n", 6, "no host name"},
	{BASE "realm \"x\" {\n listen = {\"udp:127.0.0.1:1\"}\n"
	 " advertise = \"a.example:0\"\n}\n", 6, "HOST[:PORT]"},
	{BASE "trunk \"t\" {\n realm = \"in\"\n signer = \"s\"\n}\n", 6,
	 "no signer"},
	{BASE "trunk \"t\" {\n realm = \"in\"\n sign = \"own\"\n}\n", 6,
	 "needs a signer"},
	{BASE "trunk \"t\" {\n media = \"srtp\"\n}\n", 5, "media must be"},
	{BASE "trunk \"t\" {\n try-timeout = 99\n}\n", 5, "1..32"},
	{BASE "signer \"s\" {\n key = \"k\"\n}\n", 6, "no certificate"},
	{BASE "identity {\n certificate-map = {\"https://x/a.pem\"}\n}\n", 5,
	 "URL FILE"},
	{BASE "route \"r\" {\n to = {\"t\"}\n}\n", 5, "no trunk \"t\""},
	{BASE "route \"r\" {\n}\n", 5, "leads nowhere"},
	{BASE "trunk \"t\" { realm = \"in\" }\nroute \"r\" {\n to = {\"t\"}\n}\n",
	 6, "has no address"},
};

static void test_flaws(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(flaws) / sizeof(*flaws); i++) {
		struct schema_flaw flaw;
		struct config *c = NULL;

		assert_int_equal(load(flaws[i].text, &c, &flaw), EINVAL);
		assert_null(c);
		if (!strstr(flaw.text, flaws[i].why))
			fail_msg("%zu: said \"%s\"", i, flaw.text);
		if (flaw.line != flaws[i].line)
			fail_msg("%zu: %s: line %d", i, flaw.text, flaw.line);
	}
}

static void test_trunk_items(void **state)
{
	struct config *c = good(BASE
		"signer \"s\" { key = \"k\" certificate = \"c\"\n"
		" info = \"https://x/c.pem\" attest = \"none\" }\n"
		"realm \"six\" { listen = {\"udp:[::1]:5060\"} }\n"
		"trunk \"t\" { realm = \"six\" address = \"[::1]:5070\"\n"
		" sources = {\"10.0.0.0/8\", \"[2001:db8::1]:5060\"}\n"
		" media = \"sdes-srtp\" topology = \"keep\" verify = \"require\"\n"
		" sign = \"resign\" signer = \"s\" numbers = {\"+1215\"}\n"
		" try-timeout = 3 answer-timeout = 60 calls-max = 7 }\n");
	const struct trunk *t = config_trunk_find(c, "t");

	(void)state;
	assert_non_null(t);
	assert_ptr_equal(t->realm, config_realm_find(c, "six"));
	assert_int_equal(t->nsources, 2);
	assert_int_equal(t->address.ss_family, AF_INET6);
	assert_int_equal(t->media, MEDIA_SDES);
	assert_string_equal(trunk_media_name(t->media), "sdes-srtp");
	assert_string_equal(trunk_media_transport(t->media), "RTP/SAVP");
	assert_false(trunk_media_passes(t, t));
	assert_false(t->hide);
	assert_false(t->sdes_over_cleartext);
	assert_int_equal(t->verify, VERIFY_REQUIRE);
	assert_int_equal(t->sign, SIGN_RESIGN);
	assert_ptr_equal(t->signer, &c->signers[0]);
	assert_int_equal(t->signer->attest, 0);
	assert_string_equal(t->numbers.v[0], "+1215");
	assert_int_equal(t->try_ms, 3000);
	assert_int_equal(t->answer_ms, 60000);
	assert_int_equal(t->calls_max, 7);
	config_free(c);
}

static void test_certificate_map(void **state)
{
	struct config *c = good(BASE "identity { anchors = \"a.pem\"\n"
		"fetch = true date-window = 600 skew = 7 bare-numbers = false\n"
		"certificate-map = {\"https://x/a.pem /etc/a.pem\"} }\n");

	(void)state;
	assert_int_equal(c->identity.n_certs, 1);
	assert_string_equal(c->identity.certs[0].url, "https://x/a.pem");
	assert_string_equal(c->identity.certs[0].file, "/etc/a.pem");
	assert_string_equal(c->identity.anchors, "a.pem");
	assert_int_equal(c->identity.freshness, 60);
	assert_int_equal(c->identity.date_window, 600);
	assert_int_equal(c->identity.skew, 7);
	assert_false(c->identity.bare_numbers);
	assert_true(c->fetch);
	config_free(c);
}

static void test_dump_names_every_item(void **state)
{
	static const char *const items[] = {
#define CONFIG_ITEM(section, name, type, dflt, limits, help) name,
#include "b2bua/config.def"
	};
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);

	(void)state;
	config_dump(to);
	fclose(to);
	for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++) {
		char row[64];

		snprintf(row, sizeof(row), "%s = ", items[i]);
		assert_non_null(strstr(text, row));
	}
	free(text);
}

/* ---- sources ----------------------------------------------------------- */

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage ss;

	assert_int_equal(acl_sockaddr_parse(text, &ss, NULL), 0);
	return ss;
}

static unsigned fit(const char *net, const char *from)
{
	struct sockaddr_storage ss = address(from);
	struct acl_net n;

	assert_int_equal(acl_net_parse(net, &n), 0);
	return acl_net_match(&n, (struct sockaddr *)&ss);
}

static void test_source_matches(void **state)
{
	(void)state;
	assert_true(fit("10.0.0.0/8", "10.255.1.2:9"));
	assert_false(fit("10.0.0.0/8", "11.0.0.1:9"));
	assert_true(fit("0.0.0.0/0", "1.2.3.4:5"));
	assert_true(fit("192.0.2.1", "192.0.2.1:7"));
	assert_false(fit("192.0.2.1", "192.0.2.2:7"));
	assert_true(fit("192.0.2.1:5060", "192.0.2.1:5060"));
	assert_false(fit("192.0.2.1:5060", "192.0.2.1:5061"));
	assert_true(fit("2001:db8::/32", "[2001:db8:1::2]:5"));
	assert_false(fit("2001:db8::/32", "[2001:db9::]:5"));
	assert_false(fit("0.0.0.0/0", "[2001:db8::1]:5"));
	assert_true(fit("10.0.0.0/8", "[::ffff:10.1.1.1]:5"));
	assert_true(fit("192.0.2.1:5060", "192.0.2.1:5060") >
		    fit("192.0.2.1", "192.0.2.1:5060"));
	assert_true(fit("192.0.2.1", "192.0.2.1:1") >
		    fit("192.0.2.0/24", "192.0.2.1:1"));
}

static void test_source_refused(void **state)
{
	static const char *const bad[] = {
		"", "10", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "a.b.c.d",
		"10.0.0.1:0", "10.0.0.1:65536", "[::1", "[::1]5060", "::1/129",
		"10.0.0.1:5060:1", "10.0.0.0/8x", " 10.0.0.1", "[10.0.0.1]x:1",
	};
	struct acl_net n;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (acl_net_parse(bad[i], &n) != EINVAL)
			fail_msg("taken: \"%s\"", bad[i]);
}

#define TRUNKS \
	BASE \
	"trunk \"wide\" { realm = \"in\" sources = {\"127.0.0.0/8\"}\n" \
	" address = \"127.0.0.1:1\" }\n" \
	"trunk \"one\" { realm = \"in\" sources = {\"127.0.0.9\"}\n" \
	" address = \"127.0.0.1:2\" }\n" \
	"trunk \"port\" { realm = \"in\" sources = {\"127.0.0.9:77\"}\n" \
	" address = \"127.0.0.1:3\" }\n"

static const char *matched(struct config *c, const char *realm,
			   const char *from)
{
	struct sockaddr_storage ss = address(from);
	const struct trunk *t =
		config_trunk_match(c, config_realm_find(c, realm),
				   (struct sockaddr *)&ss);

	return t ? t->name : "stranger";
}

static void test_closest_trunk_wins(void **state)
{
	struct config *c = good(TRUNKS);

	(void)state;
	assert_string_equal(matched(c, "in", "127.0.0.1:5"), "wide");
	assert_string_equal(matched(c, "in", "127.0.0.9:5"), "one");
	assert_string_equal(matched(c, "in", "127.0.0.9:77"), "port");
	assert_string_equal(matched(c, "in", "10.0.0.1:5"), "stranger");
	assert_string_equal(matched(c, "out", "127.0.0.9:77"), "stranger");
	config_free(c);
}

/* ---- routes ------------------------------------------------------------ */

static const char *routed(struct config *c, const char *from,
			  const char *called, struct route *r)
{
	if (route_find(c, config_trunk_find(c, from), slice_str(called), r))
		return "none";
	return r->conf->name;
}

static void test_longest_prefix(void **state)
{
	struct config *c = good(TRUNKS
		"route \"any\" { to = {\"one\", \"port\"} }\n"
		"route \"us\" { prefix = \"+1\" to = {\"port\"} }\n"
		"route \"pa\" { prefix = \"+1215\" from = {\"wide\"}\n"
		" to = {\"wide\", \"one\"} }\n");
	struct route r;

	(void)state;
	assert_string_equal(routed(c, "wide", "+12155551212", &r), "pa");
	/* never back to where it came from */
	assert_int_equal(r.n, 1);
	assert_string_equal(route_next(&r)->name, "one");
	assert_null(route_next(&r));
	assert_string_equal(routed(c, "one", "+12155551212", &r), "us");
	assert_string_equal(routed(c, "wide", "bob", &r), "any");
	assert_string_equal(route_next(&r)->name, "one");
	assert_string_equal(route_next(&r)->name, "port");
	assert_string_equal(routed(c, "port", "+1300", &r), "none");
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flaws),
		cmocka_unit_test(test_trunk_items),
		cmocka_unit_test(test_certificate_map),
		cmocka_unit_test(test_dump_names_every_item),
		cmocka_unit_test(test_source_matches),
		cmocka_unit_test(test_source_refused),
		cmocka_unit_test(test_closest_trunk_wins),
		cmocka_unit_test(test_longest_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
