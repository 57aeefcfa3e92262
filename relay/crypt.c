/* crypt.h over the engines: which one, making and wiping, jobs to their engine,
 * and the MKI, which is outside of what is authenticated (RFC 3711 3.1) and so
 * no engine's business. */
#include "relay/crypt.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "relay/crypt_engine.h"
#include "relay/mb.h"

/* "auto": the first that is here */
static const struct crypt_engine *const engines[] = {
	&crypt_engine_mb,
	&crypt_engine_evp,
	&crypt_engine_lib,
};
enum { ENGINES = sizeof(engines) / sizeof(engines[0]), BATCH = MB_MOST };

static bool here[ENGINES];
static const struct crypt_engine *chosen;

/* ---- engines ---- */

int crypt_engine_choose(const char *name)
{
	int i;

	for (i = 0; i < ENGINES; i++) {
		if (strcmp(name, "auto") ? strcmp(name, engines[i]->name)
					 : !here[i])
			continue;
		if (!here[i])
			return ENOTSUP;
		chosen = engines[i];
		return 0;
	}
	return EINVAL;
}

const char *crypt_engine_chosen(void)
{
	return chosen->name;
}

int crypt_thread_open(void)
{
	return mb_thread_open();
}

void crypt_thread_close(void)
{
	mb_thread_close();
}

/* ---- self-test: the engines against each other ---- */

enum { TEST_PACKETS = 6, TEST_OCTETS = 200 };

struct test {
	uint8_t p[TEST_PACKETS][TEST_OCTETS + SUITE_GROW_MAX];
	struct crypt_job job[TEST_PACKETS];
};

/* RTP, the last two RTCP; lengths around the blocks of the ciphers */
static void test_fill(struct test *t)
{
	int i, k;

	memset(t, 0, sizeof(*t));
	for (i = 0; i < TEST_PACKETS; i++) {
		for (k = 0; k < TEST_OCTETS; k++)
			t->p[i][k] = (uint8_t)(i * 31 + k * 7);
		t->p[i][0] = 0x80;
		t->p[i][1] = i < TEST_PACKETS - 2 ? 0 : 200;
		t->p[i][2] = 0;
		t->p[i][3] = (uint8_t)i;
		memset(t->p[i] + 4, 1, 8);
		t->job[i] = (struct crypt_job){
			.p = t->p[i],
			.n = (size_t)(TEST_OCTETS - 9 * i),
			.room = sizeof(t->p[i]),
			.rtcp = i >= TEST_PACKETS - 2,
		};
	}
}

static int test_run(struct test *t, enum suite suite, enum crypt_dir dir)
{
	uint8_t key[SUITE_KEY_SALT_MAX];
	struct crypt *c = NULL;
	int i, err = 0;

	for (i = 0; i < SUITE_KEY_SALT_MAX; i++)
		key[i] = (uint8_t)(i * 5 + 1);
	if (crypt_new(&c, suite, key, suite_key_salt(suite), dir, CRYPT_WINDOW))
		return EIO;
	for (i = 0; i < TEST_PACKETS; i++)
		t->job[i].crypt = c;
	(dir == CRYPT_PROTECT ? crypt_protect
			      : crypt_unprotect)(t->job, TEST_PACKETS);
	for (i = 0; i < TEST_PACKETS; i++)
		if (t->job[i].drop != DROP_NONE)
			err = EIO;
	crypt_free(c);
	return err;
}

static bool test_same(const struct test *a, const struct test *b)
{
	int i;

	for (i = 0; i < TEST_PACKETS; i++)
		if (a->job[i].n != b->job[i].n ||
		    memcmp(a->p[i], b->p[i], a->job[i].n))
			return false;
	return true;
}

/* libsrtp2's types have passed the RFCs' vectors when they were installed;
 * what it makes is what all others must make. */
static int test_suite(enum suite suite)
{
	struct test plain, want, got;
	int i, err = 0;

	test_fill(&plain);
	test_fill(&want);
	chosen = &crypt_engine_lib;
	if (test_run(&want, suite, CRYPT_PROTECT))
		return EIO;
	for (i = 0; !err && i < ENGINES; i++) {
		if (!here[i])
			continue;
		chosen = engines[i];
		test_fill(&got);
		if (test_run(&got, suite, CRYPT_PROTECT) ||
		    !test_same(&got, &want) ||
		    test_run(&got, suite, CRYPT_UNPROTECT) ||
		    !test_same(&got, &plain))
			err = EIO;
	}
	return err;
}

int crypt_init_process(void)
{
	int i, err = 0;
	bool had = mb_thread_is_open();

	for (i = 0; i < ENGINES; i++) {
		err = engines[i]->init ? engines[i]->init() : 0;
		if (err && err != ENOTSUP)
			return err;
		here[i] = !err;
	}
	err = crypt_thread_open();
	for (i = SUITE_NONE + 1; !err && i < SUITE_COUNT; i++)
		err = test_suite((enum suite)i);
	if (!had)
		crypt_thread_close();
	return err ? err : crypt_engine_choose("auto");
}

/* ---- making ---- */

static int make(struct crypt **cp, const struct crypt_engine *engine,
		const struct crypt *head, const uint8_t *key_salt)
{
	struct crypt *c = calloc(1, engine->size);
	int err;

	if (!c)
		return ENOMEM;
	*c = *head;
	c->engine = engine;
	err = engine->make(c, key_salt);
	if (err)
		crypt_free(c);
	else
		*cp = c;
	return err;
}

int crypt_new(struct crypt **cp, enum suite suite, const uint8_t *key_salt,
	      size_t n, enum crypt_dir dir, unsigned window)
{
	const struct crypt head = {
		.suite = suite, .dir = dir, .window = window,
	};
	int err;

	if (suite <= SUITE_NONE || suite >= SUITE_COUNT ||
	    n != suite_key_salt(suite) || window < 64 || window > CRYPT_WINDOW)
		return EINVAL;
	err = make(cp, chosen, &head, key_salt);
	if (err == ENOTSUP)
		err = make(cp, &crypt_engine_evp, &head, key_salt);
	return err;
}

void crypt_free(struct crypt *c)
{
	if (!c)
		return;
	c->engine->wipe(c);
	free(c->mki);
	OPENSSL_cleanse(c, c->engine->size);
	free(c);
}

int crypt_mki_set(struct crypt *c, const uint8_t *mki, size_t n)
{
	if (!n || n > CRYPT_MKI_MAX || c->mki)
		return EINVAL;
	c->mki = malloc(n);
	if (!c->mki)
		return ENOMEM;
	memcpy(c->mki, mki, n);
	c->mki_n = n;
	return 0;
}

int crypt_export(struct crypt *c, struct crypt_state *to)
{
	if (!c->engine->state)
		return ENOTSUP;
	*to = *c->engine->state(c);
	return 0;
}

int crypt_import(struct crypt *c, const struct crypt_state *from)
{
	if (!c->engine->state)
		return ENOTSUP;
	if (!crypt_state_valid(from))
		return EINVAL;
	*c->engine->state(c) = *from;
	return 0;
}

/* ---- MKI: before the tag; behind all with AEAD, whose tag is cipher text
 * (RFC 3711 3.1, 3.4; RFC 7714 8, 9) ---- */

static size_t behind_mki(const struct crypt_job *job)
{
	const struct suite_info *s = suite_info(job->crypt->suite);

	if (s->aead)
		return 0;
	return job->rtcp ? s->tag_rtcp : s->tag_rtp;
}

static void mki_insert(struct crypt_job *job)
{
	const struct crypt *c = job->crypt;
	size_t tag = behind_mki(job);
	uint8_t *at = job->p + job->n - tag;

	memmove(at + c->mki_n, at, tag);
	memcpy(at, c->mki, c->mki_n);
	job->n += c->mki_n;
}

static enum drop mki_remove(struct crypt_job *job)
{
	const struct crypt *c = job->crypt;
	size_t tag = behind_mki(job);
	uint8_t *at;

	if (job->n < crypt_least(c->suite, job->rtcp, true) + c->mki_n)
		return job->rtcp ? DROP_RTCP_BAD : DROP_RTP_BAD;
	at = job->p + job->n - tag - c->mki_n;
	if (memcmp(at, c->mki, c->mki_n))
		return DROP_AUTH;
	memmove(at, at + c->mki_n, tag);
	job->n -= c->mki_n;
	return DROP_NONE;
}

/* ---- jobs ---- */

/* Before the engine; DROP_NONE: it may have the job. */
static enum drop before(struct crypt_job *job)
{
	const struct crypt *c = job->crypt;

	if (c->dir == CRYPT_PROTECT)
		return job->room < job->n + SUITE_GROW_MAX + c->mki_n
			       ? DROP_CRYPT
			       : DROP_NONE;
	return c->mki ? mki_remove(job) : DROP_NONE;
}

/* A packet that did not pass is as it came: another key may be tried. */
static void after(struct crypt_job *job)
{
	const struct crypt *c = job->crypt;

	if (!c->mki)
		return;
	if ((c->dir == CRYPT_PROTECT) == (job->drop == DROP_NONE))
		mki_insert(job);
}

static void flush(struct crypt_job **v, unsigned n)
{
	const struct crypt *c;
	unsigned i;

	if (!n)
		return;
	c = v[0]->crypt;
	(c->dir == CRYPT_PROTECT ? c->engine->protect
				 : c->engine->unprotect)(v, n);
	for (i = 0; i < n; i++)
		after(v[i]);
}

static void work(struct crypt_job *v, unsigned n)
{
	struct crypt_job *part[BATCH];
	unsigned i, k = 0;

	for (i = 0; i < n; i++) {
		if (v[i].drop != DROP_NONE)
			continue;
		v[i].drop = before(&v[i]);
		if (v[i].drop != DROP_NONE)
			continue;
		if (k == BATCH ||
		    (k && part[0]->crypt->engine != v[i].crypt->engine)) {
			flush(part, k);
			k = 0;
		}
		part[k++] = &v[i];
	}
	flush(part, k);
}

void crypt_unprotect(struct crypt_job *v, unsigned n)
{
	work(v, n);
}

void crypt_protect(struct crypt_job *v, unsigned n)
{
	work(v, n);
}
