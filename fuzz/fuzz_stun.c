/* fuzz_stun: a STUN message. What is read lies inside it; what it said, when
 * written again, is read the same. */
#include <stdlib.h>

#include "lib/pkt/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void inside(const struct stunv *m, const void *at, size_t n)
{
	const uint8_t *from = at;

	if (from < m->p || n > m->n || from + n > m->p + m->n)
		abort();
}

static void check_view(const struct stunv *m)
{
	uint8_t head[STUN_HEADER];
	struct slice rest;

	inside(m, m->id, STUN_ID);
	if (m->username.p)
		inside(m, m->username.p, m->username.n);
	if (!m->integrity)
		return;
	inside(m, m->integrity, STUN_MAC);
	stunv_covered(m, head, &rest);
	inside(m, rest.p, rest.n);
}

static void write_again(const struct stunv *m)
{
	uint8_t p[STUN_OCTETS_MAX];
	struct stunv_writer w;
	struct stunv again;

	stunv_begin(&w, p, sizeof(p), m->class, m->method, m->id);
	if (m->username.p)
		stunv_put_username(&w, m->username);
	if (m->has_mapped)
		stunv_put_mapped(&w, &m->mapped);
	stunv_put_fingerprint(&w);
	if (w.err || stunv_parse(&again, p, w.n) || !again.fingerprint ||
	    again.class != m->class || again.method != m->method ||
	    !slice_eq(again.username, m->username) ||
	    memcmp(&again.mapped, &m->mapped, sizeof(m->mapped)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct stunv m;

	if (stunv_parse(&m, p, n))
		return 0;
	check_view(&m);
	write_again(&m);
	return 0;
}
