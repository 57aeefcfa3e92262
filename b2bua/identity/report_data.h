/* report_data: a report's inside, shared by its collector and its writers. */
#ifndef IDENTITY_REPORT_DATA_H
#define IDENTITY_REPORT_DATA_H

#include <errno.h>
#include <re_types.h>
#include <re_mem.h>

#include "b2bua/identity/report.h"

enum { EVIDENCE_MAX = 12, CHANGES_MAX = 32 };

enum chain { CHAIN_NONE, CHAIN_KEPT, CHAIN_RESIGNED, CHAIN_ENDED };

struct evidence {
	const char *key; /* literal */
	char *text;
};

struct finding {
	enum report_verdict verdict;
	enum report_by by;
	char *by_name;
	struct evidence evidence[EVIDENCE_MAX];
	size_t n;
};

struct change {
	const char *field, *reason; /* literals */
	const char *breaks; /* method whose signature covers it, or NULL */
	char *was, *now;
};

struct own_signature {
	bool tried;
	char why[IDENTITY_WHY];
	char *signer, *info; /* NULL: could not */
	enum signer_method method;
	char attest;
	char origid[40];
};

struct report {
	struct finding legs[REPORT_LEGS][REPORT_PROPERTIES];
	bool rekeyed; /* leg A: not the key of the signed request any more */
	struct verdicts *in;
	bool holds_known;
	bool holds[IDENTITY_MAX];
	struct change changes[CHANGES_MAX];
	size_t n_changes;
	enum chain chain;
	struct own_signature own;
};

#endif
