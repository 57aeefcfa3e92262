/* caller.h: a test's caller: requests, Identity lines of another make, our own
 * signers, and what became of them. */
#ifndef UNIT_CALLER_H
#define UNIT_CALLER_H

#include <re_types.h>
#include <re_mem.h>

#include "b2bua/identity/date.h"
#include "b2bua/identity/identity.h"
#include "b2bua/sip/message.h"
#include "pki.h"

#define URL "https://cert.example.org/leaf.pem"
#define ORIGID "7c1b5d3a-8f0e-4b53-9a3d-0d7c0e1a2b3c"
#define FINGERPRINT "AB:CD:EF:01"

/* Made by caller_setup(): P-256 with numbers 12155551200 + 100 ("range") or
 * service provider 4321 ("spc"), RSA for domain example.org, bad ones. */
extern struct pki pki;
extern struct pki_cert range, spc, expired, self_signed, p384, no_list, domain;
extern struct pki_cert rsa, rsa_small, rsa_other, young;
extern int64_t now;
extern const char sdp[];
enum { SDP_SIZE = 160 };

int caller_setup(void **state);
int caller_teardown(void **state);

struct parts { /* NULL: the usual */
	const char *method, *ruri, *from, *to, *call_id, *cseq, *contact;
	const char *date; /* "": none */
	const char *extra; /* header lines */
	const char *body; /* "": none */
};

/* The request as octets; ob is emptied first. */
void build(struct obuf *ob, const struct parts *p);

struct token { /* NULL: the usual */
	const char *head, *claims; /* whole JSON */
	const char *ppt, *attest, *orig, *dest, *mky, *origid;
	const char *x5u, *info, *params;
	int64_t iat; /* 0: now */
	const struct pki_cert *key;
	bool bend_sig;
};

#define PLAIN .ppt = "", .attest = "", .origid = "", .params = ""
#define MKY(dig) "\"mky\":[{\"alg\":\"sha-256\",\"dig\":\"" dig "\"}],"
#define OLD_FROM .from = "sip:alice@example.org"
/* An Identity line as a signer of other make would write it. */
void identity_write(struct obuf *ob, const struct token *t);

const char *or(const char *a, const char *b); /* a, or b if that is NULL */

/* A verifier that has this certificate for URL; bits 0: the default. */
struct identity *context(const struct pki_cert *cert, unsigned bits);
struct verdicts *verify(struct identity *id, struct obuf *ob,
			const struct verify_policy *policy);

struct signed_text {
	int err;
	char why[IDENTITY_WHY], lines[4096], canonical[2048];
	char attest;
};

struct signer *signer(struct identity *id, enum signer_method m,
		      const struct pki_cert *c, char attest);
struct signed_text sign(struct signer *s, struct obuf *ob,
			const struct verdicts *in);
/* Signs base by RFC 4474 and verifies what was sent instead; lines[4096] gets
 * the header lines. */
struct verdicts *old_call(struct identity *id, const struct pki_cert *key,
			  const struct parts *base, const struct parts *sent,
			  char *lines);

#endif
