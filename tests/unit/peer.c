/* peer: a user agent's media ports in a test (peer.h). */
#include "unit.h"

#include "peer.h"

#include <poll.h>
#include <unistd.h>

#include "lib/base/rnd.h"
#include "lib/io/io.h"

void peer_init(struct peer *p, enum media_side side, const char *host)
{
	memset(p, 0, sizeof(*p));
	p->side = side;
	for (unsigned k = 0; k < 2; k++) {
		socklen_t len = sizeof(p->at[k]);

		assert_int_equal(addr_parse(slice_str(host), 0, &p->at[k]), 0);
		assert_int_equal(io_socket_open(&p->at[k], &p->fd[k]), 0);
		assert_int_equal(getsockname(p->fd[k], &p->at[k].sa, &len), 0);
	}
	p->conf = (struct leg_conf){
		.rtp = p->at[0],
		.rtcp = p->at[1],
		.recv = true,
		.send = true,
	};
}

static void key_new(struct leg_key *key, enum suite suite)
{
	key->suite = suite;
	key->n = (uint8_t)suite_key_salt(suite);
	rnd_fill(key->key_salt, key->n);
}

/* New keys, both ways. */
void peer_rekey(struct peer *p, enum suite suite)
{
	struct leg_conf *c = &p->conf;

	crypt_free(p->tx);
	crypt_free(p->rx);
	c->security = LEG_SDES;
	key_new(&c->rx, suite);
	key_new(&c->tx, suite);
	assert_int_equal(crypt_new(&p->tx, suite, c->rx.key_salt, c->rx.n,
				   CRYPT_PROTECT, CRYPT_WINDOW), 0);
	assert_int_equal(crypt_new(&p->rx, suite, c->tx.key_salt, c->tx.n,
				   CRYPT_UNPROTECT, CRYPT_WINDOW), 0);
}

void peer_join(struct peer *p, struct media *m)
{
	for (unsigned k = 0; k < 2; k++)
		assert_int_equal(addr_parse(slice_str(media_address(m,
								    p->side)),
					    media_port(m, p->side, k),
					    &p->relay[k]), 0);
	assert_int_equal(media_leg_set(m, p->side, &p->conf), 0);
}

void peer_fini(struct peer *p)
{
	crypt_free(p->tx);
	crypt_free(p->rx);
	close(p->fd[0]);
	close(p->fd[1]);
}

void peer_send(struct peer *p, uint16_t seq)
{
	uint8_t octets[IO_OCTETS] = {0x80, 0, (uint8_t)(seq >> 8),
				     (uint8_t)seq, [8] = (uint8_t)p->side, 1};
	struct crypt_job job = {
		.crypt = p->tx,
		.p = octets,
		.n = PEER_RTP_OCTETS,
		.room = sizeof(octets),
	};

	memset(octets + 12, seq & 0xff, PEER_RTP_OCTETS - 12);
	if (p->tx)
		crypt_protect(&job, 1);
	assert_int_equal(job.drop, DROP_NONE);
	assert_int_equal(sendto(p->fd[0], octets, job.n, 0, &p->relay[0].sa,
				addr_len(&p->relay[0])), job.n);
}

/* The next RTP packet that the peer gets: its sequence number; -1: none. */
int peer_recv(struct peer *p, int wait_ms)
{
	struct pollfd wait = {.fd = p->fd[0], .events = POLLIN};
	uint8_t octets[IO_OCTETS];
	struct crypt_job job = {.crypt = p->rx, .p = octets,
				.room = sizeof(octets)};
	ssize_t n;

	if (poll(&wait, 1, wait_ms) != 1)
		return -1;
	n = recv(p->fd[0], octets, sizeof(octets), 0);
	assert_true(n > 0);
	job.n = (size_t)n;
	if (p->rx)
		crypt_unprotect(&job, 1);
	assert_int_equal(job.drop, DROP_NONE);
	assert_int_equal(job.n, PEER_RTP_OCTETS);
	assert_int_equal(octets[12], octets[3]);
	return octets[2] << 8 | octets[3];
}

void peer_expect_through(struct peer *from, struct peer *to, uint16_t first,
			   uint16_t count)
{
	for (uint16_t i = 0; i < count; i++)
		peer_send(from, (uint16_t)(first + i));
	for (uint16_t i = 0; i < count; i++)
		assert_int_equal(peer_recv(to, PEER_WAIT_MS),
				 (uint16_t)(first + i));
}
