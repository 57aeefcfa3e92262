/* test_stun.c: STUN messages, read and written. Vectors of RFC 5769; the MAC
 * by OpenSSL, because lib/pkt has none. */
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "lib/pkt/stun.h"

static const char password[] = "VOkJxbRl1RmTxUk/WvJxBt";

/* RFC 5769 2.1 */
static const uint8_t request[] =
	"\x00\x01\x00\x58\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86"
	"\xfa\x87\xdf\xae\x80\x22\x00\x10STUN test client\x00\x24\x00\x04"
	"\x6e\x00\x01\xff\x80\x29\x00\x08\x93\x2f\xf9\xb1\x51\x26\x3b\x36"
	"\x00\x06\x00\x09" "evtj:h6vY   \x00\x08\x00\x14\x9a\xea\xa7\x0c"
	"\xbf\xd8\xcb\x56\x78\x1e\xf2\xb5\xb2\xd3\xf2\x49\xc1\xb5\x71\xa2"
	"\x80\x28\x00\x04\xe5\x7a\x3b\xcf";

/* RFC 5769 2.2 */
static const uint8_t response4[] =
	"\x01\x01\x00\x3c\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86"
	"\xfa\x87\xdf\xae\x80\x22\x00\x0btest vector \x00\x20\x00\x08"
	"\x00\x01\xa1\x47\xe1\x12\xa6\x43\x00\x08\x00\x14\x2b\x91\xf5\x99"
	"\xfd\x9e\x90\xc3\x8c\x74\x89\xf9\x2a\xf9\xba\x53\xf0\x6b\xe7\xd7"
	"\x80\x28\x00\x04\xc0\x7d\x4c\x96";

/* RFC 5769 2.3 */
static const uint8_t response6[] =
	"\x01\x01\x00\x48\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86"
	"\xfa\x87\xdf\xae\x80\x22\x00\x0btest vector \x00\x20\x00\x14"
	"\x00\x02\xa1\x47\x01\x13\xa9\xfa\xa5\xd3\xf1\x79\xbc\x25\xf4\xb5"
	"\xbe\xd2\xb9\xd9\x00\x08\x00\x14\xa3\x82\x95\x4e\x4b\xe6\x7b\xf1"
	"\x17\x84\xc9\x7c\x82\x92\xc2\x75\xbf\xe3\xed\x41\x80\x28\x00\x04"
	"\xc8\xfb\x0b\x4c";

enum {
	REQUEST = sizeof(request) - 1,
	RESPONSE4 = sizeof(response4) - 1,
	RESPONSE6 = sizeof(response6) - 1,
};

static void mac_of(const void *p, size_t n, uint8_t mac[STUN_MAC])
{
	unsigned len = STUN_MAC;

	assert_non_null(HMAC(EVP_sha1(), password, (int)strlen(password), p, n,
			     mac, &len));
}

static bool is_authentic(const struct stunv *m)
{
	uint8_t octets[STUN_OCTETS_MAX], mac[STUN_MAC];
	struct slice rest;

	assert_non_null(m->integrity);
	stunv_covered(m, octets, &rest);
	memcpy(octets + STUN_HEADER, rest.p, rest.n);
	mac_of(octets, STUN_HEADER + rest.n, mac);
	return !memcmp(mac, m->integrity, STUN_MAC);
}

static void reads_request_of_rfc_5769(void **state)
{
	struct stunv m;

	(void)state;
	assert_int_equal(stunv_parse(&m, request, REQUEST), 0);
	assert_int_equal(m.class, STUN_REQUEST);
	assert_int_equal(m.method, STUN_BINDING);
	assert_true(slice_eq_str(m.username, "evtj:h6vY"));
	assert_true(m.fingerprint);
	assert_true(m.has_priority);
	assert_int_equal(m.priority, 0x6e0001ff);
	assert_true(m.controlled);
	assert_false(m.controlling);
	assert_true(m.tie == 0x932ff9b151263b36);
	assert_false(m.use_candidate);
	assert_int_equal(m.unknowns, 0);
	assert_true(is_authentic(&m));
}

static void reads_responses_of_rfc_5769(void **state)
{
	static const uint8_t v4[] = {192, 0, 2, 1};
	static const uint8_t v6[] = {0x20, 0x01, 0x0d, 0xb8, 0x12, 0x34,
				     0x56, 0x78, 0x00, 0x11, 0x22, 0x33,
				     0x44, 0x55, 0x66, 0x77};
	struct stunv m;

	(void)state;
	assert_int_equal(stunv_parse(&m, response4, RESPONSE4), 0);
	assert_int_equal(m.class, STUN_SUCCESS);
	assert_true(m.has_mapped && !m.mapped.ip6);
	assert_int_equal(m.mapped.port, 32853);
	assert_memory_equal(m.mapped.host, v4, sizeof(v4));
	assert_true(is_authentic(&m));

	assert_int_equal(stunv_parse(&m, response6, RESPONSE6), 0);
	assert_true(m.has_mapped && m.mapped.ip6);
	assert_int_equal(m.mapped.port, 32853);
	assert_memory_equal(m.mapped.host, v6, sizeof(v6));
	assert_true(is_authentic(&m));
}

/* Whichever bit of a protected message is wrong: no message, or no MAC. */
static void one_wrong_bit_is_seen(void **state)
{
	uint8_t p[REQUEST];
	struct stunv m;

	(void)state;
	for (size_t bit = 0; bit < REQUEST * 8; bit++) {
		memcpy(p, request, REQUEST);
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(!stunv_parse(&m, p, REQUEST) && m.fingerprint &&
			     m.integrity && is_authentic(&m));
	}
}

static void every_prefix_is_refused(void **state)
{
	struct stunv m;

	(void)state;
	for (size_t n = 0; n < REQUEST; n++) {
		uint8_t *p = test_malloc(n ? n : 1);

		memcpy(p, request, n);
		assert_int_equal(stunv_parse(&m, p, n), EBADMSG);
		if (n >= STUN_HEADER) {
			/* and with a length that agrees */
			octets_put_u16(p + 2, (uint16_t)(n - STUN_HEADER));
			if (!stunv_parse(&m, p, n))
				assert_false(m.fingerprint);
		}
		test_free(p);
	}
}

static size_t finish(struct stunv_writer *w)
{
	struct slice covered;
	uint8_t *mac = stunv_put_integrity(w, &covered);

	if (mac)
		mac_of(covered.p, covered.n, mac);
	stunv_put_fingerprint(w);
	return w->err ? 0 : w->n;
}

static void writes_what_it_reads(void **state)
{
	static const uint8_t id[STUN_ID] = "transaction";
	struct stunv_addr a = {.ip6 = true, .port = 5004, .host = {0xfe, 0x80}};
	struct stunv_writer w;
	uint8_t p[256];
	struct stunv m;
	size_t n;

	(void)state;
	stunv_begin(&w, p, sizeof(p), STUN_REQUEST, STUN_BINDING, id);
	stunv_put_username(&w, SLICE_LIT("ours:theirs"));
	stunv_put_priority(&w, 77);
	stunv_put_role(&w, true, 0x0123456789abcdef);
	stunv_put_use_candidate(&w);
	stunv_put_mapped(&w, &a);
	n = finish(&w);
	assert_int_equal(stunv_parse(&m, p, n), 0);
	assert_true(is_authentic(&m) && m.fingerprint);
	assert_true(m.controlling && m.tie == 0x0123456789abcdef);
	assert_true(m.use_candidate);
	assert_int_equal(m.priority, 77);
	assert_true(m.mapped.ip6);
	assert_int_equal(m.mapped.port, 5004);
	assert_memory_equal(m.mapped.host, a.host, 16);
	assert_memory_equal(m.id, id, STUN_ID);
	assert_true(slice_eq_str(m.username, "ours:theirs"));

	/* in place, as an answer is made of its request */
	stunv_begin(&w, p, sizeof(p), STUN_ERROR, STUN_BINDING, m.id);
	stunv_put_error(&w, STUN_ROLE_CONFLICT, "Role Conflict");
	n = finish(&w);
	assert_int_equal(stunv_parse(&m, p, n), 0);
	assert_int_equal(m.class, STUN_ERROR);
	assert_int_equal(m.code, 487);
	assert_memory_equal(m.id, id, STUN_ID);
	assert_true(is_authentic(&m));
}

static void too_little_room_is_an_error(void **state)
{
	static const uint8_t id[STUN_ID];
	struct stunv_addr a = {.port = 1};

	(void)state;
	for (size_t room = 0; room < 64; room++) {
		uint8_t *p = test_malloc(room ? room : 1);
		struct stunv_writer w;

		stunv_begin(&w, p, room, STUN_SUCCESS, STUN_BINDING, id);
		stunv_put_mapped(&w, &a);
		assert_int_equal(finish(&w), 0);
		assert_int_equal(w.err, ENOSPC);
		test_free(p);
	}
}

/* RFC 8489 14.5: what stands behind MESSAGE-INTEGRITY is nobody's word. */
static void nothing_counts_behind_the_mac(void **state)
{
	static const uint8_t id[STUN_ID];
	struct stunv_writer w;
	uint8_t p[256];
	struct stunv m;
	struct slice covered;
	uint8_t *mac;

	(void)state;
	stunv_begin(&w, p, sizeof(p), STUN_REQUEST, STUN_BINDING, id);
	stunv_put_username(&w, SLICE_LIT("a:b"));
	mac = stunv_put_integrity(&w, &covered);
	mac_of(covered.p, covered.n, mac);
	stunv_put_use_candidate(&w);
	stunv_put_role(&w, true, 1);
	stunv_put_fingerprint(&w);
	assert_int_equal(stunv_parse(&m, p, w.n), 0);
	assert_true(m.fingerprint && is_authentic(&m));
	assert_false(m.use_candidate || m.controlling);
}

static void unknown_attributes(void **state)
{
	static const uint8_t v[] =
		"\x00\x01\x00\x0c\x21\x12\xa4\x42" "0123456789ab"
		"\x7f\x01\x00\x01x\0\0\0" /* must be understood */
		"\xff\x01\x00\x00"; /* need not */
	struct stunv m;

	(void)state;
	assert_int_equal(stunv_parse(&m, v, sizeof(v) - 1), 0);
	assert_int_equal(m.unknowns, 1);
	assert_int_equal(m.unknown[0], 0x7f01);
	assert_false(m.fingerprint);
}

static void limits(void **state)
{
	static const uint8_t id[STUN_ID];
	uint8_t p[STUN_OCTETS_MAX + 4];
	char name[STUN_USERNAME_MAX + 1] = {0};
	struct stunv_writer w;
	struct stunv m;

	(void)state;
	for (unsigned n = STUN_ATTRIBUTES_MAX; n < STUN_ATTRIBUTES_MAX + 2;
	     n++) {
		stunv_begin(&w, p, sizeof(p), STUN_REQUEST, STUN_BINDING, id);
		for (unsigned i = 0; i < n; i++)
			stunv_put_priority(&w, i);
		assert_int_equal(stunv_parse(&m, p, w.n),
				 n > STUN_ATTRIBUTES_MAX ? EBADMSG : 0);
	}
	for (size_t n = STUN_USERNAME_MAX; n < STUN_USERNAME_MAX + 2; n++) {
		stunv_begin(&w, p, sizeof(p), STUN_REQUEST, STUN_BINDING, id);
		stunv_put_username(&w, slice_of(name, n));
		assert_int_equal(stunv_parse(&m, p, w.n),
				 n > STUN_USERNAME_MAX ? EBADMSG : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_request_of_rfc_5769),
		cmocka_unit_test(reads_responses_of_rfc_5769),
		cmocka_unit_test(one_wrong_bit_is_seen),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(too_little_room_is_an_error),
		cmocka_unit_test(nothing_counts_behind_the_mac),
		cmocka_unit_test(unknown_attributes),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
