/* ice_peer: a full ICE agent's side (ice_peer.h). */
#include "unit.h"

#include "ice_peer.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

static void mac_of(const char *pwd, const void *p, size_t n, uint8_t *mac)
{
	unsigned len = STUN_MAC;

	assert_non_null(HMAC(EVP_sha1(), pwd, (int)strlen(pwd), p, n, mac,
			     &len));
}

size_t check_write(uint8_t *p, size_t room, const struct ice_creds *ours,
		   const struct check *how)
{
	static const uint8_t id[STUN_ID] = "abcdefghijk";
	struct stunv_writer w;
	struct slice covered;
	char user[64];
	uint8_t *mac;

	snprintf(user, sizeof(user), "%s:peer", ours->ufrag);
	stunv_begin(&w, p, room, STUN_REQUEST, STUN_BINDING, id);
	stunv_put_username(&w, slice_str(how->user ? how->user : user));
	stunv_put_priority(&w, 1);
	stunv_put_role(&w, !(how->how & CONTROLLED), 42);
	if (how->how & USE)
		stunv_put_use_candidate(&w);
	if (how->how & ODD) { /* of a type that must be understood */
		stunv_put_use_candidate(&w);
		octets_put_u16(p + w.n - 4, 0x7abc);
	}
	mac = how->how & NO_MAC ? NULL : stunv_put_integrity(&w, &covered);
	if (mac)
		mac_of(how->pwd ? how->pwd : ours->pwd, covered.p, covered.n,
		       mac);
	if (!(how->how & NO_FINGERPRINT))
		stunv_put_fingerprint(&w);
	assert_int_equal(w.err, 0);
	return w.n;
}

struct stunv check_answer(const uint8_t *p, size_t n,
			  const struct ice_creds *ours)
{
	uint8_t octets[STUN_OCTETS_MAX], mac[STUN_MAC];
	struct slice rest;
	struct stunv m;

	assert_int_equal(stunv_parse(&m, p, n), 0);
	assert_true(m.fingerprint && m.integrity);
	stunv_covered(&m, octets, &rest);
	memcpy(octets + STUN_HEADER, rest.p, rest.n);
	mac_of(ours->pwd, octets, STUN_HEADER + rest.n, mac);
	assert_memory_equal(mac, m.integrity, STUN_MAC);
	return m;
}
