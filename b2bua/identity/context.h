/* context: what the files of b2bua/identity share and nobody else sees. */
#ifndef IDENTITY_CONTEXT_H
#define IDENTITY_CONTEXT_H

/* not re.h: its JSON_STRING is not jansson's */
#include <re_types.h>
#include <re_list.h>
#include <re_mem.h>

#include "b2bua/identity/cert.h"
#include "b2bua/identity/fetch.h"
#include "b2bua/identity/passport.h"
#include "b2bua/identity/replay.h"
#include "b2bua/identity/rfc4474.h"
#include "b2bua/identity/view.h"

struct identity_file { /* a certificate that is not fetched */
	char *url;
	struct cert *cert;
};

struct identity {
	struct canon_rules rules; /* its texts are ours */
	unsigned freshness, date_window, skew, rsa_bits_min;
	int64_t (*clock)(void);
	struct cert_anchors *anchors;
	struct identity_file *files;
	size_t n_files;
	struct fetch *fetch;
	struct replay *seen_8224, *seen_4474;
	struct list ops; /* struct identity_op, pending */
};

/* What one incoming header asserts, kept for identity_keep(). */
struct assertion {
	char *value; /* the header value, octet for octet */
	size_t value_n;
	/* RFC 8224 */
	struct passport *passport;
	bool compact;
	bool by_pai; /* orig was found in P-Asserted-Identity */
	/* RFC 4474 */
	char *field[RFC4474_FIELDS]; /* NULL: absent */
	size_t field_n[RFC4474_FIELDS];
	uint8_t sig[RFC4474_SIG_MAX];
	size_t sig_n;
};

/* One header being judged. */
struct job {
	struct identity *id;
	const struct view *view;
	const struct verify_policy *policy;
	struct verdict *v;
	int64_t now;
	struct canon orig, dest; /* RFC 8224, as the signalling has them */
	struct media_keys keys;
};

/* Result, code, its phrase and the reason. */
void verdict_set(struct verdict *v, enum identity_result r, int code,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* First octet where a and b differ; -1: nowhere. */
long text_differ(const char *a, const char *b);
/* obuf's octets as a heap string; NULL: no memory. Empties ob. */
char *text_take(struct obuf *ob);

/* Everything that can be judged without a certificate. true: v->info names
 * the certificate that is needed now; false: the verdict is there. */
bool rfc8224_prepare(struct job *j, struct slice value);
bool rfc4474_prepare(struct job *j, struct slice value);
/* With the certificate, trusted or not: sets the verdict. */
void rfc8224_judge(struct job *j, const struct cert *c);
void rfc4474_judge(struct job *j, const struct cert *c);

/* Whether one of the view's identities that policy believes is p's orig; the
 * one that counts goes to *orig (From if none). */
bool orig_matches(const struct identity *id, const struct view *view,
		  bool trust_pai, const struct passport *p,
		  struct canon *orig, bool *by_pai);

#endif
