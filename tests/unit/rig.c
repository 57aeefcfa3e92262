/* rig: a bridge and its path with no network and no threads (rig.h). */
#include "unit.h"

#include "rig.h"

#include "lib/base/rnd.h"
#include "relay/assoc.h"

static struct rig *current;

/* In place of assoc.c. */
struct assoc {
	int unused;
};

static struct assoc the_assoc;

int assoc_input(const struct assoc *assoc, const union addr *from,
		const void *p, size_t n)
{
	current->dtls_from = *from;
	(void)p;
	(void)n;
	assert_ptr_equal(assoc, &the_assoc);
	current->dtls += !current->dtls_err;
	return current->dtls_err;
}

static const char *const hosts[2] = {"192.0.2.1", "198.51.100.2"};

void rig_init(struct rig *r)
{
	int fd[2][COMPONENTS] = {{10, 11}, {20, 21}};

	memset(r, 0, sizeof(*r));
	current = r;
	assert_int_equal(io_double_new(&r->io), 0);
	assert_int_equal(path_new(&r->path, r->io, &r->counters), 0);
	bridge_init(&r->bridge, fd);
	for (unsigned side = 0; side < 2; side++)
		for (unsigned k = 0; k < COMPONENTS; k++)
			assert_int_equal(
				addr_parse(slice_str(hosts[side]),
					   (uint16_t)(5000 + 1000 * side + k),
					   &r->peer[side][k]), 0);
}

void rig_fini(struct rig *r)
{
	for (unsigned side = 0; side < 2; side++) {
		struct stream *s = &r->bridge.stream[side];

		crypt_free(s->unprotect[0]);
		crypt_free(s->protect[0]);
		crypt_free(s->fading);
		crypt_free(r->peer_tx[side]);
		crypt_free(r->peer_rx[side]);
	}
	path_free(r->path);
	io_free(r->io);
}

struct leg_facts rig_facts(const struct rig *r, enum media_side side,
			   enum leg_security security)
{
	return (struct leg_facts){
		.set = true,
		.recv = true,
		.send = true,
		.security = security,
		.latch = LEG_LATCH_HOST,
		.said = {r->peer[side][0], r->peer[side][1]},
	};
}

void rig_leg(struct rig *r, enum media_side side, const struct leg_facts *facts)
{
	struct leg_change change = {.side = side, .facts = *facts};

	bridge_leg_apply(&r->bridge, &change);
}

void rig_dtls(struct rig *r, enum media_side side)
{
	struct leg_change change = {
		.side = side,
		.facts = rig_facts(r, side, LEG_DTLS),
		.new_assoc = {true, true},
		.assoc = {&the_assoc, &the_assoc},
	};

	bridge_leg_apply(&r->bridge, &change);
}

void rig_plain(struct rig *r, enum media_side side)
{
	struct leg_facts facts = rig_facts(r, side, LEG_RTP);

	rig_leg(r, side, &facts);
}

static void key_pair(enum suite suite, struct crypt **protect,
		     struct crypt **unprotect)
{
	uint8_t key[SUITE_KEY_SALT_MAX];
	size_t n = suite_key_salt(suite);

	rnd_fill(key, sizeof(key));
	assert_int_equal(crypt_new(protect, suite, key, n, CRYPT_PROTECT,
				   CRYPT_WINDOW), 0);
	assert_int_equal(crypt_new(unprotect, suite, key, n, CRYPT_UNPROTECT,
				   CRYPT_WINDOW), 0);
}

void rig_sdes(struct rig *r, enum media_side side, enum suite suite)
{
	struct leg_change change = {
		.side = side,
		.facts = rig_facts(r, side, LEG_SDES),
		.new_rx = {true, true},
		.new_tx = {true, true},
	};

	crypt_free(r->peer_tx[side]);
	crypt_free(r->peer_rx[side]);
	key_pair(suite, &r->peer_tx[side], &change.rx[0]);
	key_pair(suite, &change.tx[0], &r->peer_rx[side]);
	change.rx[1] = change.rx[0];
	change.tx[1] = change.tx[0];
	bridge_leg_apply(&r->bridge, &change);
	crypt_free(change.rx[0]);
	crypt_free(change.tx[0]);
	crypt_free(change.faded);
}

size_t rig_rtp(uint8_t *p, uint32_t ssrc, uint16_t seq)
{
	const uint8_t header[RIG_RTP_HEADER] = {
		0x80, 0, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, 0, 160,
		(uint8_t)(ssrc >> 24), (uint8_t)(ssrc >> 16),
		(uint8_t)(ssrc >> 8), (uint8_t)ssrc,
	};

	memcpy(p, header, sizeof(header));
	memset(p + sizeof(header), seq & 0xff, RIG_PAYLOAD);
	return sizeof(header) + RIG_PAYLOAD;
}

size_t rig_rtcp(uint8_t *p, uint32_t ssrc)
{
	const uint8_t header[8] = {
		0x80, 200, 0, 6, (uint8_t)(ssrc >> 24), (uint8_t)(ssrc >> 16),
		(uint8_t)(ssrc >> 8), (uint8_t)ssrc,
	};

	memcpy(p, header, sizeof(header));
	memset(p + sizeof(header), 0, 20);
	return sizeof(header) + 20;
}

void rig_put(struct rig *r, enum media_side side, unsigned component,
	     const union addr *from, const void *p, size_t n)
{
	io_double_put(r->io, r->bridge.leg[side].component[component].fd, from,
		      p, n);
}

static size_t peer_protect(struct rig *r, enum media_side side, uint8_t *p,
			   size_t n, bool rtcp)
{
	struct crypt_job job = {
		.crypt = r->peer_tx[side],
		.p = p,
		.n = n,
		.room = IO_OCTETS,
		.rtcp = rtcp,
	};

	if (!job.crypt)
		return n;
	crypt_protect(&job, 1);
	assert_int_equal(job.drop, DROP_NONE);
	return job.n;
}

void rig_send(struct rig *r, enum media_side side, uint32_t ssrc, uint16_t seq)
{
	uint8_t p[IO_OCTETS];
	size_t n = peer_protect(r, side, p, rig_rtp(p, ssrc, seq), false);

	rig_put(r, side, COMPONENT_RTP, &r->peer[side][COMPONENT_RTP], p, n);
}

void rig_send_rtcp(struct rig *r, enum media_side side, uint32_t ssrc)
{
	uint8_t p[IO_OCTETS];
	size_t n = peer_protect(r, side, p, rig_rtcp(p, ssrc), true);
	unsigned k = !r->bridge.leg[side].facts.mux;

	rig_put(r, side, k, &r->peer[side][k], p, n);
}

void rig_run(struct rig *r)
{
	for (unsigned side = 0; side < 2; side++) {
		for (unsigned k = 0; k < COMPONENTS; k++) {
			struct component *c = &r->bridge.leg[side].component[k];
			uint64_t before;

			do {
				before = counter_get(&r->counters.v
						[COUNTER_DATAGRAMS_IN]);
				path_receive(r->path, c);
			} while (before != counter_get(&r->counters.v
						[COUNTER_DATAGRAMS_IN]));
		}
	}
	path_run(r->path);
}

int rig_take_raw(struct rig *r)
{
	r->out.p = r->out_octets;
	return io_double_take(r->io, &r->out);
}

enum media_side rig_take(struct rig *r)
{
	enum media_side side;
	struct crypt_job job;

	assert_int_equal(rig_take_raw(r), 0);
	side = r->out.fd >= 20 ? MEDIA_B : MEDIA_A;
	if (!r->peer_rx[side])
		return side;
	job = (struct crypt_job){
		.crypt = r->peer_rx[side],
		.p = r->out.p,
		.n = r->out.n,
		.room = IO_OCTETS,
		.rtcp = demux_is_rtcp(r->out.p[1]),
	};
	crypt_unprotect(&job, 1);
	assert_int_equal(job.drop, DROP_NONE);
	r->out.n = (uint32_t)job.n;
	return side;
}

unsigned rig_sent(const struct rig *r)
{
	return io_double_sent(r->io);
}

uint64_t rig_drops(const struct rig *r, enum drop drop)
{
	return counter_get(&r->counters.drops[drop]);
}
