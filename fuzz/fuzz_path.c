/* fuzz_path: datagrams against the whole packet path. Leg A is plain RTP with
 * rtcp-mux, leg B is SRTP under a key that no input knows. So whatever comes:
 * nothing may leave to A, nothing in clear to B, and nothing to anybody else.
 *
 * Beside it a bridge of two plain legs (where SSRCs collide and RTCP is
 * translated): nothing leaves longer than it came; and one whose octets are
 * passed: each leaves as it came. Neither hears a stranger.
 *
 * An input is records: one octet of flags (bit 0 component, bit 1 leg, bit 2
 * from a stranger, bit 3 the plain bridge, else bit 4 the passed one), one of
 * length, the datagram. */
#include <stdlib.h>

#include "lib/io/io_double.h"
#include "relay/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct io *io;
static struct counters counters;
static struct path *path;
static struct bridge bridge;
static struct bridge plain;
static struct bridge passed;
static union addr peer[2];
static union addr stranger;

enum { FDS = 4, SECURED_FD = 1, PLAIN_FD = 5, PASSED_FD = 9 };

static struct leg_facts facts(enum media_side side, enum leg_security security)
{
	return (struct leg_facts){
		.set = true, .recv = true, .send = true,
		.mux = security == LEG_RTP, .security = security,
		.said = {peer[side], peer[side]},
	};
}

/* Two legs without keys, and nothing learned yet. */
static void bare_reset(struct bridge *b, int first, enum leg_security security)
{
	int fd[2][COMPONENTS] = {{first, first + 1}, {first + 2, first + 3}};

	bridge_init(b, fd);
	for (unsigned side = 0; side < 2; side++) {
		struct leg_change change = {
			.side = side, .facts = facts(side, security)};

		bridge_leg_apply(b, &change);
	}
}

static void leg_init(enum media_side side, enum leg_security security)
{
	struct leg_change change = {
		.side = side,
		.facts = facts(side, security),
		.new_rx = {true, true},
		.new_tx = {true, true},
	};
	uint8_t key[30] = {1, 2, 3};

	if (security != LEG_RTP) {
		crypt_new(&change.rx[0], SUITE_AES_CM_128_HMAC_SHA1_80, key,
			  sizeof(key), CRYPT_UNPROTECT, CRYPT_WINDOW);
		key[0] = 9;
		crypt_new(&change.tx[0], SUITE_AES_CM_128_HMAC_SHA1_80, key,
			  sizeof(key), CRYPT_PROTECT, CRYPT_WINDOW);
		change.rx[1] = change.rx[0];
		change.tx[1] = change.tx[0];
	}
	bridge_leg_apply(&bridge, &change);
}

static void init(void)
{
	int fd[2][COMPONENTS] = {{1, 2}, {3, 4}};

	if (crypt_init_process() || io_double_new(&io) ||
	    path_new(&path, io, &counters))
		abort();
	addr_parse(SLICE_LIT("192.0.2.1"), 5000, &peer[MEDIA_A]);
	addr_parse(SLICE_LIT("2001:db8::2"), 6000, &peer[MEDIA_B]);
	addr_parse(SLICE_LIT("203.0.113.66"), 5000, &stranger);
	bridge_init(&bridge, fd);
}

static void bridge_reset(void)
{
	for (unsigned side = 0; side < 2; side++) {
		struct leg_change none = {
			.side = side,
			.new_rx = {true, true},
			.new_tx = {true, true},
		};

		bridge_leg_apply(&bridge, &none);
		crypt_free(none.rx[0]);
		crypt_free(none.tx[0]);
	}
	leg_init(MEDIA_A, LEG_RTP);
	leg_init(MEDIA_B, LEG_SDES);
	bare_reset(&plain, PLAIN_FD, LEG_RTP);
	bare_reset(&passed, PASSED_FD, LEG_PASS);
}

/* Tag (and index) were added: what leaves is longer than what came. */
static void check_sent(size_t longest)
{
	uint8_t octets[IO_OCTETS];
	struct io_packet out = {.p = octets};

	while (!io_double_take(io, &out)) {
		if (out.fd >= PLAIN_FD) {
			enum media_side to = (out.fd - 1) % FDS / 2;

			if (out.n > longest ||
			    !addr_eq(&out.peer, &peer[to]))
				abort();
			continue;
		}
		if (out.fd < 3 || !addr_eq(&out.peer, &peer[MEDIA_B]) ||
		    out.n > longest + SUITE_GROW_MAX || out.n < 12 + 10)
			abort();
	}
}

static struct bridge *bridge_of(uint8_t flags)
{
	if (flags & 8)
		return &plain;
	return flags & 16 ? &passed : &bridge;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	size_t longest = 0;

	if (!io)
		init();
	bridge_reset();
	while (n >= 2) {
		enum media_side side = p[0] & 2 ? MEDIA_B : MEDIA_A;
		struct component *c = &bridge_of(p[0])->leg[side]
						.component[p[0] & 1];
		size_t len = p[1] < n - 2 ? p[1] : n - 2;

		io_double_put(io, c->fd, p[0] & 4 ? &stranger : &peer[side],
			      p + 2, len);
		path_receive(path, c);
		longest = len > longest ? len : longest;
		p += 2 + len;
		n -= 2 + len;
	}
	path_run(path);
	check_sent(longest);
	return 0;
}
