#include "relay/certificate.h"

#include <errno.h>
#include <stdlib.h>

#include "relay/handshake_priv.h"

int certificate_new(struct certificate **cp)
{
	struct certificate *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return ENOMEM;
	atomic_init(&c->holders, 1);
	err = tls_context(&c->ctx, c->fingerprint);
	if (err)
		free(c);
	else
		*cp = c;
	return err;
}

struct certificate *certificate_hold(struct certificate *c)
{
	if (c)
		atomic_fetch_add(&c->holders, 1);
	return c;
}

void certificate_release(struct certificate *c)
{
	if (!c || atomic_fetch_sub(&c->holders, 1) > 1)
		return;
	SSL_CTX_free(c->ctx);
	free(c);
}

const char *certificate_fingerprint(const struct certificate *c)
{
	return c ? c->fingerprint : NULL;
}
