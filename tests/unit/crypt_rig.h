/* crypt_rig: packets and crypts for the SRTP tests. Included by them only. */
#ifndef CRYPT_RIG_H
#define CRYPT_RIG_H

#include "tests/unit/unit.h"

#include <stdio.h>

#include "relay/crypt.h"

#define UNUSED __attribute__((unused))

enum { ROOM = 1600 };

/* A repeatable source of test data; nothing secret. */
static uint64_t seed;

static UNUSED uint32_t draw(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 32);
}

static UNUSED void draw_octets(uint8_t *p, size_t n)
{
	while (n--)
		*p++ = (uint8_t)draw();
}

static UNUSED size_t make_rtp(uint8_t *p, uint32_t ssrc, uint16_t seq)
{
	unsigned csrcs = draw() % 4, words = draw() % 3, ext = draw() % 2;
	size_t n = 12;

	p[0] = (uint8_t)(0x80 | csrcs | ext << 4);
	p[1] = (uint8_t)(draw() & 0xff);
	p[2] = (uint8_t)(seq >> 8);
	p[3] = (uint8_t)seq;
	draw_octets(p + 4, 4);
	p[8] = (uint8_t)(ssrc >> 24);
	p[9] = (uint8_t)(ssrc >> 16);
	p[10] = (uint8_t)(ssrc >> 8);
	p[11] = (uint8_t)ssrc;
	draw_octets(p + n, csrcs * 4);
	n += csrcs * 4;
	if (ext) {
		memcpy(p + n, "\xbe\xde\0", 3);
		p[n + 3] = (uint8_t)words;
		draw_octets(p + n + 4, words * 4);
		n += 4 + words * 4;
	}
	draw_octets(p + n, ROOM - n);
	return n + draw() % 1200;
}

static UNUSED size_t make_rtcp(uint8_t *p, uint32_t ssrc)
{
	size_t words = 1 + draw() % 50;

	p[0] = 0x80;
	p[1] = 200;
	p[2] = (uint8_t)(words >> 8);
	p[3] = (uint8_t)words;
	draw_octets(p + 4, ROOM - 4);
	p[4] = (uint8_t)(ssrc >> 24);
	p[5] = (uint8_t)(ssrc >> 16);
	p[6] = (uint8_t)(ssrc >> 8);
	p[7] = (uint8_t)ssrc;
	return 4 + words * 4;
}

static UNUSED void make_key(uint8_t key[SUITE_KEY_SALT_MAX])
{
	seed = 42;
	draw_octets(key, SUITE_KEY_SALT_MAX);
}

static UNUSED struct crypt *make(enum suite suite, enum crypt_dir dir)
{
	uint8_t key[SUITE_KEY_SALT_MAX];
	struct crypt *c = NULL;

	make_key(key);
	assert_int_equal(crypt_new(&c, suite, key, suite_key_salt(suite), dir,
				   CRYPT_WINDOW),
			 0);
	return c;
}

static UNUSED enum drop run(struct crypt *c, enum crypt_dir dir, uint8_t *p,
		     size_t *n, bool rtcp)
{
	struct crypt_job job = {
		.crypt = c, .p = p, .n = *n, .room = ROOM, .rtcp = rtcp,
	};

	(dir == CRYPT_PROTECT ? crypt_protect : crypt_unprotect)(&job, 1);
	*n = job.n;
	return job.drop;
}

/* A protected packet of this SSRC and sequence number. */
static UNUSED size_t protected(struct crypt *tx, uint8_t *p, uint32_t ssrc,
			uint16_t seq)
{
	size_t n = make_rtp(p, ssrc, seq);

	assert_int_equal(run(tx, CRYPT_PROTECT, p, &n, false), DROP_NONE);
	return n;
}

static UNUSED void each_suite(void (*f)(enum suite))
{
	int s;

	for (s = SUITE_NONE + 1; s < SUITE_COUNT; s++)
		f((enum suite)s);
}

/* ---- every test over every engine ---- */

enum { RIG_TESTS = 64, RIG_NAME = 80 };

static UNUSED int choose(void **state)
{
	return crypt_engine_choose(*state);
}

/* Runs each test once with each engine that is here; crypt_init_process() has
 * run. The thread has what the engine mb needs. */
static UNUSED int run_over_engines(const char *group,
				   const struct CMUnitTest *tests, size_t n,
				   CMFixtureFunction teardown)
{
	static char engines[][RIG_NAME] = {"mb", "evp", "libsrtp2"};
	static char name[RIG_TESTS][RIG_NAME];
	static struct CMUnitTest v[RIG_TESTS];
	size_t i, k, count = 0;
	int failed;

	for (k = 0; k < sizeof(engines) / sizeof(engines[0]); k++) {
		if (crypt_engine_choose(engines[k]))
			continue;
		for (i = 0; i < n && count < RIG_TESTS; i++, count++) {
			snprintf(name[count], RIG_NAME, "%.15s %.60s", engines[k],
				 tests[i].name);
			v[count] = tests[i];
			v[count].name = name[count];
			v[count].setup_func = choose;
			v[count].initial_state = engines[k];
		}
	}
	if (crypt_thread_open())
		return 1;
	failed = _cmocka_run_group_tests(group, v, count, NULL, teardown);
	crypt_thread_close();
	return failed;
}

#define RUN_OVER_ENGINES(group, tests, teardown)                          \
	run_over_engines(group, tests, sizeof(tests) / sizeof((tests)[0]), \
			 teardown)

#endif
