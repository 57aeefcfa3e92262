/* test_cert.c: certificates, the TNAuthList in them, and bad ones. */
#include "unit.h"

#include <openssl/x509.h>
#include <re_types.h>
#include <re_mem.h>
#include <stdlib.h>

#include "b2bua/identity/cert.h"
#include "b2bua/identity/es256.h"
#include "lib/base/b64.h"
#include "lib/base/clk.h"
#include "pki.h"

static struct pki pki;

static struct cert *chain_of(X509 *a, X509 *b)
{
	struct obuf ob = OBUF_INIT;
	const char *why;
	struct cert *c;

	pki_pem(&ob, a, b);
	assert_int_equal(cert_parse(&c, obuf_as_slice(&ob), &why), 0);
	obuf_fini(&ob);
	return c;
}

static int tn_parse(struct tnauth *t, const char *hex)
{
	unsigned char der[512];
	size_t n;

	assert_int_equal(hex_parse(slice_str(hex), 0, der, sizeof(der), &n),
			 0);
	return tnauth_parse(t, slice_of(der, n));
}

static void rfc9118_certificate(void **state)
{
	const struct tnauth *t;
	struct obuf ob = OBUF_INIT;
	const char *why;
	struct cert *c;
	bool broken;
	size_t n;
	char *pem = file_read("rfc9118.pem", &n), *subject;
	(void)state;

	assert_int_equal(cert_parse(&c, slice_of(pem, n), &why), 0);
	t = cert_tnauth(c, &broken);
	assert_non_null(t);
	assert_int_equal(t->n, 1);
	assert_string_equal(tnauth_spc(t), "1234");
	assert_false(tnauth_covers(t, "1234"));
	tnauth_write_text(&ob, t);
	assert_true(slice_eq_str(obuf_as_slice(&ob),
				 "service provider 1234"));
	subject = cert_subject_dup(c);
	assert_string_equal(subject, "CN=SHAKEN,OU=VoIP,O=Bogus Example "
				     "Telecom,L=Herndon,ST=VA,C=US");
	assert_true(es256_key(cert_key(c)));
	assert_true(cert_valid_at(c, 1640000000));
	assert_false(cert_valid_at(c, PKI_NOW));
	free(subject);
	obuf_fini(&ob);
	mem_deref(c);
	free(pem);
}

static void tnauth_entries(void **state)
{
	struct obuf ob = OBUF_INIT;
	struct tnauth t;
	(void)state;

	/* SPC 4321, range 12155551200 + 100, one 911 */
	assert_int_equal(tn_parse(&t,
		"3025" "a006" "160434333231"
		"a112" "3010" "160b3132313535353531323030" "020164"
		"a205" "1603393131"), EBADMSG); /* length is wrong */
	assert_int_equal(tn_parse(&t,
		"3023" "a006" "160434333231"
		"a112" "3010" "160b3132313535353531323030" "020164"
		"a205" "1603393131"), 0);
	assert_int_equal(t.n, 3);
	assert_true(tnauth_covers(&t, "12155551200"));
	assert_true(tnauth_covers(&t, "12155551299"));
	assert_false(tnauth_covers(&t, "12155551300"));
	assert_false(tnauth_covers(&t, "12155551199"));
	assert_false(tnauth_covers(&t, "2155551200"));
	assert_true(tnauth_covers(&t, "911"));
	assert_false(tnauth_covers(&t, "4321"));
	tnauth_write_text(&ob, &t);
	assert_true(slice_eq_str(obuf_as_slice(&ob),
		"service provider 4321, numbers 12155551200 to 12155551299, "
		"number 911"));
	obuf_fini(&ob);
}

static void tnauth_refused(void **state)
{
	static const char *const bad[] = {
		"", "30", "3000", "0500", "3080", "30020500",
		"3008a00616043433323100", /* octets behind it */
		"3008a006160434333221", /* not alphanumeric */
		"3006a006160434", /* cut short */
		"3006800434333231", /* IMPLICIT tag */
		"3008a006130434333231", /* PrintableString */
		"3004a0021600", /* empty */
		"3014a1123010160b3132313535353531323030020101", /* count 1 */
		"3014a1123010160b31323135353535313230300201ff", /* -1 */
		"300ca10a300816033939380201" "02", /* 998 + 2 = 1000 */
		"300ba1093007160431323301" "02", /* broken inside */
		"3014a2121610" "31323334353637383930313233343536",
		"3006a2041602" "2b31", /* "+1" */
		"3008a306160434333231", /* [3] */
		"308200" "06a2041602" "3131", /* length not minimal */
	};
	struct tnauth t;
	char many[2048] = "308201" "86";
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (tn_parse(&t, bad[i]) == 0)
			fail_msg("accepted: %s", bad[i]);
	for (unsigned i = 0; i < 65; i++)
		strcat(many, "a20416023131");
	assert_int_equal(tn_parse(&t, many), E2BIG);
}

static void trust(void **state)
{
	struct pki_cert good, old, self, mid, below, fake, leaf_as_ca,
		may, may_not;
	struct cert_anchors *a;
	struct cert *c;
	const char *why;
	(void)state;

	pki_issue(&pki, &good, &(struct pki_leaf){.name = "good"});
	pki_issue(&pki, &old, &(struct pki_leaf){.name = "old",
						 .until = PKI_NOW - 10});
	pki_issue(&pki, &self, &(struct pki_leaf){.name = "self",
						  .self_signed = true});
	pki_issue(&pki, &mid, &(struct pki_leaf){.name = "mid", .ca = true});
	pki_issue(&pki, &below, &(struct pki_leaf){.name = "below",
						   .issuer = &mid});
	pki_issue(&pki, &leaf_as_ca, &(struct pki_leaf){.name = "leaf"});
	pki_issue(&pki, &fake, &(struct pki_leaf){.name = "fake",
						  .issuer = &leaf_as_ca});
	pki_issue(&pki, &may, &(struct pki_leaf){
		.name = "may", .usage = "critical,digitalSignature"});
	pki_issue(&pki, &may_not, &(struct pki_leaf){
		.name = "maynot", .usage = "critical,keyAgreement"});
	assert_int_equal(cert_anchors_new(&a, pki.anchors, &why), 0);

	struct {
		X509 *leaf, *other;
		int err;
	} v[] = {
		{good.x, NULL, 0},
		{good.x, pki.ca, 0},
		{old.x, NULL, EKEYREJECTED},
		{self.x, NULL, EKEYREJECTED},
		{below.x, mid.x, 0},
		{below.x, NULL, EKEYREJECTED},
		{fake.x, leaf_as_ca.x, EKEYREJECTED},
		{may.x, NULL, 0},
		{may_not.x, NULL, EKEYREJECTED},
	};
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		c = chain_of(v[i].leaf, v[i].other);
		assert_int_equal(cert_trusted(c, a, PKI_NOW, 2, &why),
				 v[i].err);
		mem_deref(c);
	}
	cert_anchors_free(a);
	/* an anchor may be the signer itself; nobody is trusted by default */
	assert_int_equal(cert_anchors_new(&a, self.cert_file, &why), 0);
	c = chain_of(self.x, NULL);
	assert_int_equal(cert_trusted(c, a, PKI_NOW, 2, &why), 0);
	cert_anchors_free(a);
	assert_int_equal(cert_anchors_new(&a, NULL, &why), 0);
	assert_int_equal(cert_trusted(c, a, PKI_NOW, 2, &why), EKEYREJECTED);
	mem_deref(c);
	cert_anchors_free(a);
	assert_int_equal(cert_anchors_new(&a, "/nonexistent", &why), ENOENT);
	assert_int_equal(cert_anchors_new(&a, good.key_file, &why), EBADMSG);

	pki_cert_fini(&good);
	pki_cert_fini(&old);
	pki_cert_fini(&self);
	pki_cert_fini(&mid);
	pki_cert_fini(&below);
	pki_cert_fini(&fake);
	pki_cert_fini(&leaf_as_ca);
	pki_cert_fini(&may);
	pki_cert_fini(&may_not);
}

static void names(void **state)
{
	struct pki_cert pc;
	struct cert *c;
	(void)state;

	pki_issue(&pki, &pc, &(struct pki_leaf){
		.name = "names", .cn = "cn.example",
		.dns = "DNS:example.org,DNS:*.wild.example,"
		       "URI:sip:sip.example"});
	c = chain_of(pc.x, NULL);
	assert_true(cert_names_host(c, SLICE_LIT("example.org")));
	assert_true(cert_names_host(c, SLICE_LIT("EXAMPLE.org")));
	assert_true(cert_names_host(c, SLICE_LIT("a.wild.example")));
	assert_false(cert_names_host(c, SLICE_LIT("sub.example.org")));
	assert_false(cert_names_host(c, SLICE_LIT("cn.example")));
	assert_false(cert_names_host(c, SLICE_NONE));
	assert_true(cert_names_domain(c, SLICE_LIT("example.org")));
	assert_true(cert_names_domain(c, SLICE_LIT("SIP.example")));
	assert_false(cert_names_domain(c, SLICE_LIT("a.wild.example")));
	assert_false(cert_names_domain(c, SLICE_LIT("example.org\0x")));
	mem_deref(c);
	pki_cert_fini(&pc);

	pki_issue(&pki, &pc, &(struct pki_leaf){.name = "cn",
						.cn = "only.example"});
	c = chain_of(pc.x, NULL);
	assert_true(cert_names_host(c, SLICE_LIT("only.example")));
	assert_true(cert_names_domain(c, SLICE_LIT("only.example")));
	mem_deref(c);
	pki_cert_fini(&pc);
}

static void refused(const struct pki_leaf *leaf, const char *want)
{
	struct obuf ob = OBUF_INIT;
	struct cert *c = NULL;
	const char *why;
	struct pki_cert pc;

	pki_issue(&pki, &pc, leaf);
	pki_pem(&ob, pc.x, NULL);
	assert_int_equal(cert_parse(&c, obuf_as_slice(&ob), &why), EBADMSG);
	assert_string_equal(why, want);
	obuf_fini(&ob);
	pki_cert_fini(&pc);
}

static void bombs(void **state)
{
	struct obuf ob = OBUF_INIT;
	struct cert *c = NULL;
	const char *why;
	(void)state;

	refused(&(struct pki_leaf){.name = "bomb1", .explicit_curve = true},
		"its key has explicit curve parameters");
	for (int i = 0; i < 5; i++)
		pki_pem(&ob, pki.ca, NULL);
	assert_int_equal(cert_parse(&c, obuf_as_slice(&ob), &why), E2BIG);
	assert_string_equal(why, "more than 4 certificates");
	while (ob.n <= CERT_OCTETS_MAX)
		obuf_chr(&ob, '\n');
	assert_int_equal(cert_parse(&c, obuf_as_slice(&ob), &why), E2BIG);
	obuf_fini(&ob);
	assert_int_equal(cert_parse(&c, SLICE_LIT(""), &why), EBADMSG);
	assert_int_equal(cert_parse(&c, SLICE_LIT("<html>"), &why), EBADMSG);
	assert_int_equal(cert_parse(&c, SLICE_LIT("\x30\x03\x02\x01\x01"),
				    &why), EBADMSG);
}

/* Every shortened and every bent DER is refused or parsed, never more. */
static void bent_octets(void **state)
{
	unsigned char *der = NULL;
	int n = i2d_X509(pki.ca, &der);
	const char *why;
	struct cert *c;
	(void)state;

	for (int i = 0; i < n; i++) {
		assert_int_not_equal(cert_parse(&c, slice_of(der, (size_t)i),
						&why), 0);
		der[i] ^= 0x81;
		if (!cert_parse(&c, slice_of(der, (size_t)n), &why))
			mem_deref(c);
		der[i] ^= 0x81;
	}
	OPENSSL_free(der);
}

static void other_keys(void **state)
{
	struct pki_cert pc;
	struct cert *c;
	(void)state;

	pki_issue(&pki, &pc, &(struct pki_leaf){.name = "p384",
						.curve = "secp384r1"});
	c = chain_of(pc.x, NULL);
	assert_false(es256_key(cert_key(c)));
	assert_int_equal(cert_rsa_bits(c), 0);
	mem_deref(c);
	pki_cert_fini(&pc);
	pki_issue(&pki, &pc, &(struct pki_leaf){.name = "rsa",
						.rsa_bits = 2048});
	c = chain_of(pc.x, NULL);
	assert_false(es256_key(cert_key(c)));
	assert_int_equal(cert_rsa_bits(c), 2048);
	mem_deref(c);
	pki_cert_fini(&pc);
}

static int setup(void **state)
{
	(void)state;
	pki_init(&pki);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pki_fini(&pki);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc9118_certificate),
		cmocka_unit_test(tnauth_entries),
		cmocka_unit_test(tnauth_refused),
		cmocka_unit_test(trust),
		cmocka_unit_test(names),
		cmocka_unit_test(bombs),
		cmocka_unit_test(bent_octets),
		cmocka_unit_test(other_keys),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
