/* test_io.c: addresses, and the same promises kept by every io. */
#include "unit.h"

#include <poll.h>
#include <unistd.h>

#include "lib/io/io.h"
#include "lib/io/io_double.h"

static union addr addr(const char *host, uint16_t port)
{
	union addr a;

	assert_int_equal(addr_parse(slice_str(host), port, &a), 0);
	return a;
}

static void addr_texts(void **state)
{
	static const char *const good[][2] = {
		{"192.0.2.1", "192.0.2.1:5004"},
		{"2001:db8::1", "[2001:db8::1]:5004"},
		{"::ffff:192.0.2.1", "[::ffff:192.0.2.1]:5004"},
	};
	static const char *const bad[] = {
		"", "192.0.2", "192.0.2.1 ", "192.0.2.256", "[::1]", "localhost",
		"fe80::1%lo", "0x7f.0.0.1", "127.1",
	};
	char to[ADDR_TEXT];
	union addr a = ADDR_NONE;
	(void)state;

	assert_string_equal(addr_text(&a, to), "none");
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		a = addr(good[i][0], 5004);
		assert_string_equal(addr_host_text(&a, to), good[i][0]);
		assert_string_equal(addr_text(&a, to), good[i][1]);
		assert_int_equal(addr_port(&a), 5004);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(addr_parse(slice_str(bad[i]), 1, &a), EINVAL);
	assert_int_equal(addr_parse(slice_of("1.2.3.4\0x", 9), 1, &a), EINVAL);
	assert_int_equal(addr_parse(SLICE_NONE, 1, &a), EINVAL);
}

static void addr_equal(void **state)
{
	union addr a = addr("192.0.2.1", 1);
	union addr b = addr("192.0.2.1", 2);
	union addr c = addr("192.0.2.2", 1);
	union addr d = addr("::1", 1);
	union addr any = addr("::", 1);
	(void)state;

	assert_true(addr_eq(&a, &a));
	assert_false(addr_eq(&a, &b));
	assert_true(addr_eq_host(&a, &b));
	assert_false(addr_eq_host(&a, &c));
	assert_false(addr_eq_host(&a, &d));
	assert_true(addr_eq(&d, &d));
	assert_true(addr_is_any(&any));
	assert_false(addr_is_any(&d));
}

/* ---- two kinds of io, one test ---- */

struct bench {
	struct io *io;
	bool real;
	int a, b; /* ports */
	union addr at_a, at_b;
	struct io_packet packet[IO_BATCH];
	struct io_packet *v[IO_BATCH];
	uint8_t octets[IO_BATCH][IO_OCTETS];
};

static void bench_init(struct bench *t, bool real, const char *host)
{
	socklen_t len = sizeof(t->at_a);

	memset(t, 0, sizeof(*t));
	t->real = real;
	t->a = 1;
	t->b = 2;
	t->at_a = t->at_b = addr(host, 0);
	for (unsigned i = 0; i < IO_BATCH; i++) {
		t->packet[i].p = t->octets[i];
		t->v[i] = &t->packet[i];
	}
	if (!real) {
		assert_int_equal(io_double_new(&t->io), 0);
		return;
	}
	assert_int_equal(io_mmsg_new(&t->io), 0);
	assert_int_equal(io_socket_open(&t->at_a, &t->a), 0);
	assert_int_equal(io_socket_open(&t->at_b, &t->b), 0);
	assert_int_equal(getsockname(t->a, &t->at_a.sa, &len), 0);
	len = sizeof(t->at_b);
	assert_int_equal(getsockname(t->b, &t->at_b.sa, &len), 0);
}

static void bench_fini(struct bench *t)
{
	io_free(t->io);
	if (t->real) {
		close(t->a);
		close(t->b);
	}
}

/* What a sent to b, the double keeps; we carry it over. */
static void carry(struct bench *t)
{
	struct pollfd wait = {.fd = t->b, .events = POLLIN};
	uint8_t mem[IO_OCTETS];
	struct io_packet out = {.p = mem};

	if (t->real)
		assert_int_equal(poll(&wait, 1, 2000), 1);
	else
		while (!io_double_take(t->io, &out))
			io_double_put(t->io, t->b, &t->at_a, out.p, out.n);
}

static void batch(bool real, const char *host)
{
	struct bench t;

	bench_init(&t, real, host);
	for (unsigned i = 0; i < IO_BATCH; i++) {
		t.packet[i].fd = t.a;
		t.packet[i].peer = t.at_b;
		t.packet[i].n = i;
		memset(t.octets[i], (int)i, i);
	}
	assert_int_equal(io_send(t.io, t.v, IO_BATCH), IO_BATCH);
	carry(&t);
	assert_int_equal(io_recv(t.io, t.b, t.v, 10), 10);
	assert_int_equal(io_recv(t.io, t.b, t.v + 10, IO_BATCH - 10),
			 IO_BATCH - 10);
	assert_int_equal(io_recv(t.io, t.b, t.v, 1), 0);
	for (unsigned i = 0; i < IO_BATCH; i++) {
		assert_int_equal(t.packet[i].n, i);
		assert_int_equal(t.packet[i].fd, t.b);
		assert_false(t.packet[i].cut);
		assert_true(addr_eq(&t.packet[i].peer, &t.at_a));
		if (i)
			assert_int_equal(t.octets[i][i - 1], i);
	}
	bench_fini(&t);
}

static void double_batch(void **state)
{
	(void)state;
	batch(false, "127.0.0.1");
}

static void mmsg_batch(void **state)
{
	(void)state;
	batch(true, "127.0.0.1");
}

static void mmsg_batch_v6(void **state)
{
	union addr local = addr("::1", 0);
	int fd;
	(void)state;

	if (io_socket_open(&local, &fd))
		skip();
	close(fd);
	batch(true, "::1");
}

/* One that the kernel refuses does not take the others with it. */
static void mmsg_refused(void **state)
{
	struct bench t;
	(void)state;

	bench_init(&t, true, "127.0.0.1");
	for (unsigned i = 0; i < 5; i++) {
		t.packet[i].fd = t.a;
		t.packet[i].n = 3;
		t.packet[i].peer = t.at_b;
	}
	t.packet[0].peer = addr("::1", 9); /* wrong family for this socket */
	t.packet[3].peer = addr("127.0.0.1", 0);
	assert_int_equal(io_send(t.io, t.v, 5), 3);
	assert_int_not_equal(t.packet[0].err, 0);
	assert_int_equal(t.packet[1].err, 0);
	assert_int_equal(t.packet[2].err, 0);
	assert_int_not_equal(t.packet[3].err, 0);
	assert_int_equal(t.packet[4].err, 0);
	carry(&t);
	assert_int_equal(io_recv(t.io, t.b, t.v, IO_BATCH), 3);
	bench_fini(&t);
}

static void too_long(bool real)
{
	uint8_t big[IO_OCTETS] = {1};
	struct bench t;

	bench_init(&t, real, "127.0.0.1");
	if (real)
		sendto(t.a, big, sizeof(big), 0, &t.at_b.sa,
		       addr_len(&t.at_b));
	else
		io_double_put(t.io, t.b, &t.at_a, big, sizeof(big));
	carry(&t);
	assert_int_equal(io_recv(t.io, t.b, t.v, 1), 1);
	assert_true(t.packet[0].cut);
	assert_true(t.packet[0].n <= IO_OCTETS - IO_TAIL);
	bench_fini(&t);
}

static void mmsg_too_long(void **state)
{
	(void)state;
	too_long(true);
}

static void double_too_long(void **state)
{
	(void)state;
	too_long(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addr_texts),
		cmocka_unit_test(addr_equal),
		cmocka_unit_test(double_batch),
		cmocka_unit_test(mmsg_batch),
		cmocka_unit_test(mmsg_batch_v6),
		cmocka_unit_test(mmsg_refused),
		cmocka_unit_test(mmsg_too_long),
		cmocka_unit_test(double_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
