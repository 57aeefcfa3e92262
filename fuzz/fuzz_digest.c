/* fuzz_digest.c: a request to the digest-string of RFC 4474, its two headers,
 * and its canonical identities. */
#include <re_types.h>
#include <re_mem.h>
#include <stdlib.h>

#include "b2bua/identity/canon.h"
#include "b2bua/identity/media_key.h"
#include "b2bua/identity/rfc4474.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void look(const struct message *m)
{
	uint8_t sig[RFC4474_SIG_MAX];
	struct obuf ob = OBUF_INIT;
	struct media_keys keys;
	const char *why;
	struct slice uri;
	struct view v;
	size_t sig_n;

	if (view_init(&v, m))
		return;
	if (!rfc4474_digest_string(&ob, &v) &&
	    ob.n < v.from.n + v.to.n + v.call_id.n + v.body.n + 6)
		abort();
	for (size_t i = 0; i < v.n_identity; i++)
		rfc4474_sig_parse(v.identity[i], sig, &sig_n);
	rfc4474_info_parse(v.identity_info, &uri, &why);
	media_keys_parse(&keys, v.body);
	obuf_fini(&ob);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct flaw flaw = {0};
	struct message *m;

	if (message_parse(&m, p, n, false, &flaw)) {
		mem_deref(flaw.answerable);
		return 0;
	}
	look(m);
	mem_deref(m);
	return 0;
}
