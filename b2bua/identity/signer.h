/* signer: a key of ours with its certificate and what it may sign. Private to
 * b2bua/identity; the key sits in this process for now, behind a call that
 * may answer later (identity_sign), so that it can move out. */
#ifndef IDENTITY_SIGNER_H
#define IDENTITY_SIGNER_H

#include "b2bua/identity/context.h"

struct texts {
	char **v;
	size_t n;
};

struct signer {
	struct identity *id;
	char *name, *info;
	enum signer_method method;
	EVP_PKEY *key;
	struct cert *cert;
	struct texts domains, numbers;
	char attest;
	bool mky;
};

#endif
