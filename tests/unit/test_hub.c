/* test_hub.c: legs that share a port: each finds its own by user name, then by
 * address, and nobody gets at another's. Both legs of the rig are on it. */
#include "unit.h"

#include "ice_peer.h"
#include "lib/base/siphash.h"
#include "relay/hub.h"
#include "rig.h"

enum { SHARED = 30 };

static struct rig rig;
static struct hub hub;
static struct ice_creds ours[2];
static union addr stranger;

static int process(void **state)
{
	(void)state;
	siphash_init();
	return crypt_init_process();
}

static void leg_ice(enum media_side side, const struct ice_creds *creds)
{
	struct leg_change change = {
		.side = side,
		.facts = rig_facts(&rig, side, LEG_RTP),
		.new_ice = true,
	};

	change.facts.mux = true;
	change.facts.said[0] = change.facts.said[1] = ADDR_NONE;
	if (creds)
		assert_int_equal(ice_new(&change.ice, creds, 0, &hub), 0);
	bridge_leg_apply(&rig.bridge, &change);
	ice_free(change.ice);
}

static int setup(void **state)
{
	(void)state;
	rig_init(&rig);
	hub.fd = SHARED;
	addr_parse(SLICE_LIT("203.0.113.66"), 7000, &stranger);
	for (unsigned side = 0; side < 2; side++) {
		rig.bridge.leg[side].component[0].fd = SHARED;
		ice_creds_make(&ours[side]);
		leg_ice(side, &ours[side]);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	leg_ice(MEDIA_A, NULL);
	leg_ice(MEDIA_B, NULL);
	/* Nothing is left in its tables. */
	for (size_t i = 0; i < HUB_BUCKETS; i++)
		if (hub.agent[i] || hub.pair[i])
			return -1;
	rig_fini(&rig);
	return 0;
}

static void put(const union addr *from, const void *p, size_t n)
{
	io_double_put(rig.io, SHARED, from, p, n);
	path_receive_hub(rig.path, &hub);
	path_run(rig.path);
}

static void check_from(enum media_side side, const union addr *from,
		       const struct check *how)
{
	uint8_t p[512];

	put(from, p, check_write(p, sizeof(p), &ours[side], how));
}

static void nominate(enum media_side side, const union addr *from)
{
	check_from(side, from, &(struct check){.how = USE});
	assert_int_equal(rig_take_raw(&rig), 0);
	assert_int_equal(rig.out.fd, SHARED);
	assert_int_equal(check_answer(rig.out.p, rig.out.n, &ours[side]).class,
			 STUN_SUCCESS);
}

static void media_from(const union addr *from, uint16_t seq)
{
	uint8_t p[IO_OCTETS];

	put(from, p, rig_rtp(p, 0xaaaa, seq));
}

static void each_leg_by_its_name_and_address(void **state)
{
	const union addr *a = &rig.peer[MEDIA_A][0];
	const union addr *b = &rig.peer[MEDIA_B][0];

	(void)state;
	nominate(MEDIA_A, a);
	nominate(MEDIA_B, b);
	media_from(a, 1);
	assert_int_equal(rig_take_raw(&rig), 0);
	assert_true(addr_eq(&rig.out.peer, b));
	media_from(b, 1);
	assert_int_equal(rig_take_raw(&rig), 0);
	assert_true(addr_eq(&rig.out.peer, a));
	assert_int_equal(rig.out.fd, SHARED);
}

static void nobody_without_a_name(void **state)
{
	static const uint8_t junk[] = "not a message of anybody";

	(void)state;
	media_from(&stranger, 1);
	check_from(MEDIA_A, &stranger, &(struct check){.user = "xx:peer"});
	put(&stranger, junk, sizeof(junk));
	put(&stranger, junk, 0);
	assert_int_equal(rig_sent(&rig), 0);
	assert_int_equal(rig_drops(&rig, DROP_HUB), 4);
	check_from(MEDIA_A, &stranger, &(struct check){.pwd = "wrong"});
	assert_int_equal(rig_sent(&rig), 0);
	assert_int_equal(rig_drops(&rig, DROP_ICE_AUTH), 1);
	media_from(&stranger, 2);
	assert_int_equal(rig_drops(&rig, DROP_HUB), 5);
}

/* Who knows one call's password gets no other call's peer. */
static void an_address_stays_with_its_leg(void **state)
{
	const union addr *a = &rig.peer[MEDIA_A][0];
	struct ice *ice = rig.bridge.leg[MEDIA_A].ice;

	(void)state;
	nominate(MEDIA_A, a);
	check_from(MEDIA_B, a, &(struct check){.how = USE});
	assert_int_equal(rig_sent(&rig), 0);
	assert_int_equal(rig_drops(&rig, DROP_ICE_TAKEN), 1);
	/* ... until that is dead */
	for (unsigned i = 0; i < ICE_PAIRS; i++)
		ice->pair[0][i].seen_ms -= ICE_CONSENT_MS + 1000;
	nominate(MEDIA_B, a);
	assert_ptr_equal(hub_pair_find(&hub, a)->at,
			 &rig.bridge.leg[MEDIA_B].component[0]);
}

static void a_restart_is_found_by_its_new_name(void **state)
{
	const union addr *a = &rig.peer[MEDIA_A][0];
	struct ice_creds was = ours[MEDIA_A];

	(void)state;
	nominate(MEDIA_A, a);
	nominate(MEDIA_B, &rig.peer[MEDIA_B][0]);
	ice_creds_make(&ours[MEDIA_A]);
	leg_ice(MEDIA_A, &ours[MEDIA_A]);
	assert_null(hub_agent_find(&hub, slice_str(was.ufrag)));
	media_from(a, 1); /* goes on */
	assert_int_equal(rig_take_raw(&rig), 0);
	nominate(MEDIA_A, &stranger);
	media_from(&stranger, 2);
	assert_int_equal(rig_take_raw(&rig), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(each_leg_by_its_name_and_address),
		T(nobody_without_a_name),
		T(an_address_stays_with_its_leg),
		T(a_restart_is_found_by_its_new_name),
	};

	return cmocka_run_group_tests(tests, process, NULL);
}
