/* fuzz_ice: a whole session of ICE against the packet path: checks, media,
 * restarts and noise at a leg that shares a port. Leg A does ICE at the hub and
 * is plain RTP, leg B is plain RTP at a port of its own.
 *
 * An input is records: one octet of flags, one of length, octets.
 *	bits 0, 1	which of four sources it comes from
 *	bit 2		the octets are attributes of a check that has our user
 *			name, MESSAGE-INTEGRITY and FINGERPRINT; without, they
 *			are the datagram
 *	bit 3		the password of that check is wrong
 *	bit 4		before: our credentials change (restart)
 *	bit 5		before: consent is 31 s old
 *	bit 6		before: the leg goes, and comes again
 *	bit 7		it comes from B's peer, at B's port
 * Whatever comes: STUN leaves only to who has shown the password, media only to
 * B's peer and to a source that was shown to be A's. */
#include <stdlib.h>

#include "lib/base/siphash.h"
#include "lib/io/io_double.h"
#include "lib/pkt/stun.h"
#include "relay/hub.h"
#include "relay/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { SOURCES = 4, HUB_FD = 1, B_FD = 3 };

static struct io *io;
static struct counters counters;
static struct path *path;
static struct bridge bridge;
static struct hub hub;
static union addr source[SOURCES], peer_b;
static bool shown[SOURCES];
static struct ice_creds creds;

static void init(void)
{
	int fd[2][COMPONENTS] = {{HUB_FD, HUB_FD}, {B_FD, 4}};

	siphash_init();
	if (crypt_init_process() || io_double_new(&io) ||
	    path_new(&path, io, &counters))
		abort();
	for (unsigned i = 0; i < SOURCES; i++)
		addr_parse(i & 1 ? SLICE_LIT("2001:db8::1")
				 : SLICE_LIT("192.0.2.1"),
			   (uint16_t)(5000 + i), &source[i]);
	addr_parse(SLICE_LIT("198.51.100.2"), 6000, &peer_b);
	hub.fd = HUB_FD;
	bridge_init(&bridge, fd);
}

/* serial 0: no agent */
static void leg_a(unsigned serial)
{
	struct leg_change change = {
		.side = MEDIA_A,
		.facts = {.set = true, .recv = true, .send = true, .mux = true,
			  .security = LEG_RTP},
		.new_ice = true,
	};

	memset(creds.ufrag, 'a' + (int)(serial % 26), ICE_UFRAG);
	memset(creds.pwd, 'A' + (int)(serial % 26), ICE_PWD);
	if (serial && ice_new(&change.ice, &creds, 0, &hub))
		abort();
	bridge_leg_apply(&bridge, &change);
	ice_free(change.ice);
}

static void leg_b(void)
{
	struct leg_change change = {
		.side = MEDIA_B,
		.facts = {.set = true, .recv = true, .send = true, .mux = true,
			  .security = LEG_RTP, .said = {peer_b, ADDR_NONE}},
	};

	bridge_leg_apply(&bridge, &change);
}

static size_t check_make(uint8_t *to, const uint8_t *attrs, size_t n,
			 bool wrong)
{
	static const uint8_t id[STUN_ID];
	struct evp_hmac hmac;
	struct stunv_writer w;
	struct slice covered;
	char user[ICE_UFRAG + 8];
	uint8_t *mac;

	memcpy(user, creds.ufrag, ICE_UFRAG);
	memcpy(user + ICE_UFRAG, ":peer", 5);
	stunv_begin(&w, to, IO_OCTETS, STUN_REQUEST, STUN_BINDING, id);
	stunv_put_username(&w, slice_of(user, ICE_UFRAG + 5));
	n &= ~(size_t)3;
	memcpy(to + w.n, attrs, n);
	w.n += n;
	octets_put_u16(to + 2, (uint16_t)(w.n - STUN_HEADER));
	mac = stunv_put_integrity(&w, &covered);
	evp_hmac_init(&hmac, (const uint8_t *)creds.pwd,
		      wrong ? ICE_PWD - 1 : ICE_PWD);
	evp_hmac_start(&hmac);
	evp_hmac_add(&hmac, (const uint8_t *)covered.p, covered.n);
	evp_hmac_end(&hmac, mac);
	stunv_put_fingerprint(&w);
	return w.n;
}

static unsigned source_of(const union addr *a)
{
	unsigned i = 0;

	while (i < SOURCES && !addr_eq(a, &source[i]))
		i++;
	return i;
}

static void check_sent(void)
{
	uint8_t octets[IO_OCTETS];
	struct io_packet out = {.p = octets};

	while (!io_double_take(io, &out)) {
		unsigned from = source_of(&out.peer);

		if (out.fd == B_FD) {
			if (!addr_eq(&out.peer, &peer_b))
				abort();
			continue;
		}
		if (out.fd != HUB_FD || from == SOURCES || !shown[from])
			abort();
	}
}

static void before(uint8_t flags, unsigned *serial)
{
	if (flags & 0x40) {
		leg_a(0);
		memset(shown, 0, sizeof(shown));
	}
	if (flags & 0x50)
		leg_a(++*serial);
	if (flags & 0x20)
		bridge.leg[MEDIA_A].component[0].consent_ms -= 31000;
}

static void record(uint8_t flags, const uint8_t *p, size_t n)
{
	uint8_t octets[IO_OCTETS];
	unsigned from = flags & 3;

	if (flags & 0x80) {
		io_double_put(io, B_FD, &peer_b, p, n);
		path_receive(path, &bridge.leg[MEDIA_B].component[0]);
	} else {
		if (flags & 4) {
			n = check_make(octets, p, n, flags & 8);
			shown[from] |= !(flags & 8);
			p = octets;
		}
		io_double_put(io, HUB_FD, &source[from], p, n);
		path_receive_hub(path, &hub);
	}
	path_run(path);
	check_sent();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	unsigned serial = 1;

	if (!io)
		init();
	memset(shown, 0, sizeof(shown));
	leg_a(serial);
	leg_b();
	while (n >= 2) {
		size_t len = p[1] < n - 2 ? p[1] : n - 2;

		before(p[0], &serial);
		record(p[0], p + 2, len);
		p += 2 + len;
		n -= 2 + len;
	}
	leg_a(0);
	for (unsigned i = 0; i < HUB_BUCKETS; i++)
		if (hub.agent[i] || hub.pair[i])
			abort();
	return 0;
}
