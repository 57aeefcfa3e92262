/* test_ice.c: the lite agent on a leg: who gets an answer, what is learned from
 * it, and what is not. No network: io_double. Side A does ICE and speaks plain
 * RTP or SDES, B is plain. */
#include "unit.h"

#include "lib/base/clk.h"
#include "lib/base/siphash.h"
#include "ice_peer.h"
#include "rig.h"

static struct rig rig;
static struct ice_creds ours;
static union addr stranger, elsewhere;
static unsigned selected;

static int process(void **state)
{
	(void)state;
	siphash_init();
	return crypt_init_process();
}

static void on_selected(struct component *c)
{
	(void)c;
	selected++;
}

static struct component *component(enum media_side side)
{
	return &rig.bridge.leg[side].component[COMPONENT_RTP];
}

/* Another agent on side A; with == NULL: none. */
static void leg_ice(const struct ice_creds *with, const char *peer,
		    enum leg_security security)
{
	struct leg_change change = {
		.side = MEDIA_A,
		.facts = rig_facts(&rig, MEDIA_A, security),
		.new_ice = true,
	};
	uint64_t hash = peer ? ice_peer_hash(slice_str(peer)) : 0;

	change.facts.mux = true;
	if (with) {
		change.facts.said[0] = change.facts.said[1] = ADDR_NONE;
		assert_int_equal(ice_new(&change.ice, with, hash, NULL), 0);
	}
	bridge_leg_apply(&rig.bridge, &change);
	ice_free(change.ice);
}

/* The same agent; the SDP now says who the peer is. */
static void leg_peer(const char *peer)
{
	struct leg_change change = {
		.side = MEDIA_A,
		.facts = rig.bridge.leg[MEDIA_A].facts,
		.ice_peer = ice_peer_hash(slice_str(peer)),
	};

	bridge_leg_apply(&rig.bridge, &change);
}

static int setup(void **state)
{
	(void)state;
	rig_init(&rig);
	selected = 0;
	rig.bridge.leg[MEDIA_A].component[0].selected = on_selected;
	ice_creds_make(&ours);
	addr_parse(SLICE_LIT("203.0.113.66"), 7000, &stranger);
	addr_parse(SLICE_LIT("2001:db8::9"), 7002, &elsewhere);
	leg_ice(&ours, "peer", LEG_RTP);
	rig_plain(&rig, MEDIA_B);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	leg_ice(NULL, NULL, LEG_RTP);
	rig_fini(&rig);
	return 0;
}

/* ---- the full agent's side ---- */

static void check_from(const union addr *from, const struct check *how)
{
	uint8_t p[512];

	rig_put(&rig, MEDIA_A, 0, from, p, check_write(p, sizeof(p), &ours, how));
	rig_run(&rig);
}

/* The answer to the last check, for that source, under our password. */
static struct stunv expect_answer(const union addr *to)
{
	struct stunv m;

	assert_int_equal(rig_take_raw(&rig), 0);
	assert_true(addr_eq(&rig.out.peer, to));
	assert_int_equal(rig.out.fd, 10);
	m = check_answer(rig.out.p, rig.out.n, &ours);
	return m;
}

static void nominate(const union addr *from)
{
	check_from(from, &(struct check){.how = USE});
	assert_int_equal(expect_answer(from).class, STUN_SUCCESS);
}

static void media_from(const union addr *from, uint16_t seq)
{
	uint8_t p[IO_OCTETS];

	rig_put(&rig, MEDIA_A, 0, from, p, rig_rtp(p, 0xaaaa, seq));
	rig_run(&rig);
}

static void expect_silence(enum drop drop)
{
	assert_int_equal(rig_sent(&rig), 0);
	assert_int_equal(rig_drops(&rig, drop), 1);
}

/* ---- who gets an answer ---- */

static void answers_who_knows_the_password(void **state)
{
	struct stunv m;

	(void)state;
	check_from(&stranger, &(struct check){0});
	m = expect_answer(&stranger);
	assert_int_equal(m.class, STUN_SUCCESS);
	assert_true(m.has_mapped && !m.mapped.ip6);
	assert_int_equal(m.mapped.port, 7000);
	assert_int_equal(m.mapped.host[0], 203);
	assert_int_equal(counter_get(&component(MEDIA_A)->checks), 1);
	check_from(&elsewhere, &(struct check){0});
	m = expect_answer(&elsewhere);
	assert_true(m.mapped.ip6);
	assert_int_equal(counter_get(&rig.counters.v[COUNTER_ICE_CHECKS]), 2);
}

static void no_octet_for_others(void **state)
{
	char other[64];
	const struct {
		struct check check;
		enum drop drop;
	} v[] = {
		{{.pwd = "another password of 32 character"}, DROP_ICE_AUTH},
		{{.how = NO_MAC}, DROP_ICE_AUTH},
		{{.how = NO_FINGERPRINT}, DROP_STUN_BAD},
		{{.user = "xxxxxxxxxxxx:peer"}, DROP_ICE_USER},
		{{.user = ours.ufrag}, DROP_ICE_USER},
		{{.user = other}, DROP_ICE_USER},
		{{.user = "", .how = USE}, DROP_ICE_USER},
	};

	(void)state;
	snprintf(other, sizeof(other), "%s:another", ours.ufrag);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		uint64_t before = rig_drops(&rig, v[i].drop);

		check_from(&rig.peer[MEDIA_A][0], &v[i].check);
		assert_int_equal(rig_sent(&rig), 0);
		assert_int_equal(rig_drops(&rig, v[i].drop), before + 1);
	}
	assert_int_equal(counter_get(&component(MEDIA_A)->checks), 0);
	assert_false(component(MEDIA_A)->learned);
}

/* Indications, responses, other methods */
static void only_binding_requests(void **state)
{
	static const uint16_t types[] = {0x0011, 0x0101, 0x0111, 0x0003};
	uint8_t p[512];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		size_t n = check_write(p, sizeof(p), &ours, &(struct check){
				.how = NO_FINGERPRINT});

		octets_put_u16(p, types[i]);
		rig_put(&rig, MEDIA_A, 0, &stranger, p, n);
		rig_run(&rig);
	}
	assert_int_equal(rig_sent(&rig), 0);
	assert_int_equal(rig_drops(&rig, DROP_STUN), 4);
}

static void a_lite_agent_is_controlled(void **state)
{
	struct stunv m;

	(void)state;
	check_from(&stranger, &(struct check){.how = CONTROLLED | USE});
	m = expect_answer(&stranger);
	assert_int_equal(m.class, STUN_ERROR);
	assert_int_equal(m.code, STUN_ROLE_CONFLICT);
	assert_false(component(MEDIA_A)->learned);
	assert_int_equal(counter_get(&rig.counters.v[COUNTER_ICE_CONFLICTS]),
			 1);
	media_from(&stranger, 1); /* and validates nothing */
	expect_silence(DROP_SOURCE);
}

static void says_what_it_does_not_understand(void **state)
{
	struct stunv m;

	(void)state;
	check_from(&stranger, &(struct check){.how = ODD | USE});
	m = expect_answer(&stranger);
	assert_int_equal(m.code, STUN_UNKNOWN_ATTRIBUTE);
	assert_false(component(MEDIA_A)->learned);
}

/* ---- what is learned ---- */

static void media_comes_from_validated_sources_only(void **state)
{
	(void)state;
	/* not even from where the SDP says */
	media_from(&rig.peer[MEDIA_A][0], 1);
	expect_silence(DROP_SOURCE);
	check_from(&stranger, &(struct check){0});
	expect_answer(&stranger);
	media_from(&stranger, 2);
	assert_int_equal(rig_take(&rig), MEDIA_B);
	/* ... but it teaches nothing */
	assert_false(component(MEDIA_A)->learned);
	rig_send(&rig, MEDIA_B, 0xbbbb, 1);
	rig_run(&rig);
	expect_silence(DROP_NO_PEER);
}

static void use_candidate_selects(void **state)
{
	(void)state;
	nominate(&stranger);
	assert_int_equal(selected, 1);
	rig_send(&rig, MEDIA_B, 0xbbbb, 1);
	rig_run(&rig);
	rig_take(&rig);
	assert_true(addr_eq(&rig.out.peer, &stranger));
	nominate(&stranger); /* consent checks of browsers look like that */
	assert_int_equal(selected, 1);
	nominate(&elsewhere);
	assert_int_equal(selected, 2);
	assert_int_equal(counter_get(&rig.counters.v[COUNTER_ICE_SELECTED]), 2);
	rig_send(&rig, MEDIA_B, 0xbbbb, 2);
	rig_run(&rig);
	rig_take(&rig);
	assert_true(addr_eq(&rig.out.peer, &elsewhere));
}

static void dtls_from_validated_sources_only(void **state)
{
	static const uint8_t hello[] = {22, 254, 253, 0, 0};

	(void)state;
	rig_dtls(&rig, MEDIA_A);
	rig_put(&rig, MEDIA_A, 0, &stranger, hello, sizeof(hello));
	rig_run(&rig);
	assert_int_equal(rig.dtls, 0);
	expect_silence(DROP_SOURCE);
	check_from(&stranger, &(struct check){0});
	expect_answer(&stranger);
	rig_put(&rig, MEDIA_A, 0, &stranger, hello, sizeof(hello));
	rig_run(&rig);
	assert_int_equal(rig.dtls, 1);
}

/* A browser that changes its mind in the middle of a handshake is no other. */
static void dtls_is_with_the_agent(void **state)
{
	static const uint8_t hello[] = {22, 254, 253, 0, 0};
	struct component *c = component(MEDIA_A);
	union addr first, at;

	(void)state;
	rig_dtls(&rig, MEDIA_A);
	check_from(&stranger, &(struct check){0});
	expect_answer(&stranger);
	rig_put(&rig, MEDIA_A, 0, &stranger, hello, sizeof(hello));
	rig_run(&rig);
	first = rig.dtls_from;
	assert_true(ice_is_agent_addr(&first));
	at = ice_resolve(c);
	assert_true(addr_eq(&at, &stranger));
	nominate(&elsewhere);
	rig_put(&rig, MEDIA_A, 0, &elsewhere, hello, sizeof(hello));
	rig_run(&rig);
	assert_int_equal(rig.dtls, 2);
	assert_true(addr_eq(&first, &rig.dtls_from));
	at = ice_resolve(c);
	assert_true(addr_eq(&at, &elsewhere));
}

static void many_sources_keep_the_selected(void **state)
{
	union addr from = stranger;

	(void)state;
	nominate(&stranger);
	for (unsigned i = 1; i <= 3 * ICE_PAIRS; i++) {
		addr_set_port(&from, (uint16_t)(7000 + i));
		check_from(&from, &(struct check){0});
		expect_answer(&from);
	}
	media_from(&stranger, 1);
	assert_int_equal(rig_take(&rig), MEDIA_B);
}

/* ---- consent ---- */

static void sending_ends_without_consent(void **state)
{
	struct component *c = component(MEDIA_A);

	(void)state;
	nominate(&stranger);
	c->consent_ms = clk_ms() - ICE_CONSENT_MS - 1000;
	rig_send(&rig, MEDIA_B, 0xbbbb, 1);
	rig_run(&rig);
	expect_silence(DROP_CONSENT);
	media_from(&stranger, 1); /* plain RTP is nobody's word */
	rig_take(&rig);
	rig_send(&rig, MEDIA_B, 0xbbbb, 2);
	rig_run(&rig);
	assert_int_equal(rig_drops(&rig, DROP_CONSENT), 2);
	check_from(&elsewhere, &(struct check){0}); /* not the selected one */
	expect_answer(&elsewhere);
	rig_send(&rig, MEDIA_B, 0xbbbb, 3);
	rig_run(&rig);
	assert_int_equal(rig_drops(&rig, DROP_CONSENT), 3);
	check_from(&stranger, &(struct check){0});
	expect_answer(&stranger);
	rig_send(&rig, MEDIA_B, 0xbbbb, 4);
	rig_run(&rig);
	assert_int_equal(rig_take(&rig), MEDIA_A);
}

static void authentic_media_is_a_sign_of_life(void **state)
{
	struct component *c = component(MEDIA_A);

	(void)state;
	rig_sdes(&rig, MEDIA_A, SUITE_AEAD_AES_128_GCM);
	rig.peer[MEDIA_A][0] = stranger;
	nominate(&stranger);
	c->consent_ms = clk_ms() - ICE_CONSENT_MS - 1000;
	rig_send(&rig, MEDIA_A, 0xaaaa, 1);
	rig_run(&rig);
	rig_take(&rig);
	rig_send(&rig, MEDIA_B, 0xbbbb, 1);
	rig_run(&rig);
	assert_int_equal(rig_take(&rig), MEDIA_A);
}

static void old_sources_are_validated_no_more(void **state)
{
	(void)state;
	nominate(&stranger);
	check_from(&elsewhere, &(struct check){0});
	expect_answer(&elsewhere);
	for (unsigned i = 0; i < ICE_PAIRS; i++)
		rig.bridge.leg[MEDIA_A].ice->pair[0][i].seen_ms -=
			ICE_CONSENT_MS + 1000;
	media_from(&elsewhere, 1);
	expect_silence(DROP_SOURCE);
}

/* ---- SDP again ---- */

static void restart_keeps_media_until_the_next_nomination(void **state)
{
	struct ice_creds was = ours;

	(void)state;
	nominate(&stranger);
	ice_creds_make(&ours);
	leg_ice(&ours, "peer", LEG_RTP);
	rig_send(&rig, MEDIA_B, 0xbbbb, 1);
	rig_run(&rig);
	rig_take(&rig);
	assert_true(addr_eq(&rig.out.peer, &stranger));
	media_from(&stranger, 1);
	assert_int_equal(rig_take(&rig), MEDIA_B);
	check_from(&stranger, &(struct check){.pwd = was.pwd, .how = USE});
	expect_silence(DROP_ICE_AUTH);
	nominate(&elsewhere);
	rig_send(&rig, MEDIA_B, 0xbbbb, 2);
	rig_run(&rig);
	rig_take(&rig);
	assert_true(addr_eq(&rig.out.peer, &elsewhere));
}

/* A callee checks before we have its answer; then another one answers. */
static void the_answer_says_who_the_peer_is(void **state)
{
	char other[64];

	(void)state;
	snprintf(other, sizeof(other), "%s:other", ours.ufrag);
	leg_ice(NULL, NULL, LEG_RTP);
	leg_ice(&ours, NULL, LEG_RTP);
	nominate(&stranger);
	check_from(&elsewhere, &(struct check){.user = other, .how = USE});
	expect_answer(&elsewhere);
	leg_peer("peer");
	rig_send(&rig, MEDIA_B, 0xbbbb, 1);
	rig_run(&rig);
	expect_silence(DROP_NO_PEER);
	media_from(&elsewhere, 1);
	expect_silence(DROP_SOURCE);
	media_from(&stranger, 2);
	assert_int_equal(rig_take(&rig), MEDIA_B);
}

static void without_ice_the_sdp_counts_again(void **state)
{
	(void)state;
	nominate(&stranger);
	leg_ice(NULL, NULL, LEG_RTP);
	media_from(&stranger, 1);
	expect_silence(DROP_SOURCE);
	media_from(&rig.peer[MEDIA_A][0], 2);
	assert_int_equal(rig_take(&rig), MEDIA_B);
	check_from(&stranger, &(struct check){0});
	expect_silence(DROP_STUN);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(answers_who_knows_the_password),
		T(no_octet_for_others),
		T(only_binding_requests),
		T(a_lite_agent_is_controlled),
		T(says_what_it_does_not_understand),
		T(media_comes_from_validated_sources_only),
		T(use_candidate_selects),
		T(dtls_from_validated_sources_only),
		T(dtls_is_with_the_agent),
		T(many_sources_keep_the_selected),
		T(sending_ends_without_consent),
		T(authentic_media_is_a_sign_of_life),
		T(old_sources_are_validated_no_more),
		T(restart_keeps_media_until_the_next_nomination),
		T(the_answer_says_who_the_peer_is),
		T(without_ice_the_sdp_counts_again),
	};

	return cmocka_run_group_tests(tests, process, NULL);
}
