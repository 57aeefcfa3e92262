/* bench_crypt: nanoseconds to protect and to unprotect one packet, for each
 * engine and suite; on one thread, and with many streams in turn. By hand:
 *	make tests/bench/bench_crypt
 *	tests/bench/bench_crypt [octets of payload] [streams] [batch] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clk.h"
#include "relay/crypt.h"

enum { PACKETS = 200000, PACKET_MAX = 1600, BATCH_MAX = 64, RTP_HEADER = 12 };

struct stream {
	struct crypt *tx, *rx;
	uint16_t seq;
};

static void packet_make(uint8_t *p, size_t payload, uint16_t seq)
{
	memset(p, 0, RTP_HEADER + payload);
	p[0] = 0x80;
	p[2] = (uint8_t)(seq >> 8);
	p[3] = (uint8_t)seq;
	p[11] = 1;
}

static void fail(const char *what)
{
	fprintf(stderr, "bench_crypt: %s\n", what);
	exit(1);
}

static struct stream *streams_new(enum suite suite, unsigned n)
{
	struct stream *v = calloc(n, sizeof(*v));
	uint8_t key[SUITE_KEY_SALT_MAX] = {0};
	size_t octets = suite_key_salt(suite);
	unsigned i;

	if (!v)
		fail("no memory");
	for (i = 0; i < n; i++) {
		memcpy(key, &i, sizeof(i));
		if (crypt_new(&v[i].tx, suite, key, octets, CRYPT_PROTECT,
			      CRYPT_WINDOW) ||
		    crypt_new(&v[i].rx, suite, key, octets, CRYPT_UNPROTECT,
			      CRYPT_WINDOW))
			fail("no crypt");
	}
	return v;
}

static void streams_free(struct stream *v, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		crypt_free(v[i].tx);
		crypt_free(v[i].rx);
	}
	free(v);
}

static unsigned batch = 32;

static void check(const struct crypt_job *job)
{
	unsigned i;

	for (i = 0; i < batch; i++)
		if (job[i].drop != DROP_NONE)
			fail(drop_row(job[i].drop)->token);
}

static void run(enum suite suite, size_t payload, unsigned streams)
{
	static uint8_t p[BATCH_MAX][PACKET_MAX];
	struct stream *v = streams_new(suite, streams);
	struct crypt_job job[BATCH_MAX];
	uint64_t protect = 0, unprotect = 0, t0, t1, t2;
	unsigned i, k, at = 0;

	for (i = 0; i < PACKETS; i += batch) {
		struct stream *s[BATCH_MAX];

		for (k = 0; k < batch; k++) {
			s[k] = &v[at++ % streams];
			packet_make(p[k], payload, s[k]->seq++);
			job[k] = (struct crypt_job){
				.crypt = s[k]->tx, .p = p[k],
				.n = RTP_HEADER + payload, .room = PACKET_MAX,
			};
		}
		t0 = clk_us();
		crypt_protect(job, batch);
		t1 = clk_us();
		check(job);
		for (k = 0; k < batch; k++)
			job[k].crypt = s[k]->rx;
		t2 = clk_us();
		crypt_unprotect(job, batch);
		unprotect += clk_us() - t2;
		protect += t1 - t0;
		check(job);
	}
	printf("%-9s %-26s %6.0f %8.0f\n", crypt_engine_chosen(),
	       suite_info(suite)->name,
	       (double)protect * 1000 / PACKETS,
	       (double)unprotect * 1000 / PACKETS);
	streams_free(v, streams);
}

int main(int argc, char *argv[])
{
	size_t payload = argc > 1 ? strtoul(argv[1], NULL, 10) : 160;
	unsigned streams = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
	static const char *const engines[] = {"mb", "evp", "libsrtp2"};
	unsigned e;
	int s;

	batch = argc > 3 ? (unsigned)atoi(argv[3]) : batch;
	if (payload > 1400 || !streams || streams > 100000 || !batch ||
	    batch > BATCH_MAX)
		fail("usage: bench_crypt [payload 0..1400] [streams] "
		     "[batch 1..64]");
	if (crypt_init_process() || crypt_thread_open())
		fail("crypto self-test");
	printf("%zu octets, %u streams, batches of %u, ns a packet\n"
	       "%-36s %6s %8s\n",
	       payload, streams, batch, "", "protect", "unprotect");
	for (e = 0; e < sizeof(engines) / sizeof(engines[0]); e++)
		for (s = SUITE_NONE + 1; s < SUITE_COUNT; s++)
			if (!crypt_engine_choose(engines[e]))
				run((enum suite)s, payload, streams);
	crypt_thread_close();
	return 0;
}
