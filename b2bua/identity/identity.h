/* identity: who is calling, by whose word, and does it still hold.
 *
 * Verifies every Identity header of a request (RFC 4474; RFC 8224 with the
 * baseline, "shaken" and "div" PASSporTs), tells whether a message that we
 * rewrote still verifies, and signs what leaves with our own authority. No
 * call policy here: the verdicts go to b2bua/call, which decides.
 *
 * Two answers are never mixed: INVALID was proven wrong; UNVERIFIABLE could
 * not be judged (no certificate, or one that we do not trust).
 *
 * Memory: struct identity, verdicts, signer and fetch are libre objects or
 * have a _free; each function says. Thread: the SIP thread, all of it. */
#ifndef IDENTITY_IDENTITY_H
#define IDENTITY_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/slice.h"

struct fetch;
struct identity;
struct identity_op;
struct message;
struct signer;

enum {
	IDENTITY_MAX = 16, /* Identity headers judged; further are IGNORED */
	IDENTITY_CHANGED_MAX = 24,
	IDENTITY_WHY = 160, /* octets of a reason, with its NUL */
};

/* ---- the context ------------------------------------------------------- */

struct identity_cert {
	const char *url; /* exactly as `info` or Identity-Info names it */
	const char *file; /* PEM chain, or one DER certificate */
};

struct identity_conf {
	const char *anchors; /* PEM file of trusted CAs; NULL: trust nobody */
	const struct identity_cert *certs; /* instead of fetching */
	size_t n_certs;
	unsigned freshness; /* s, RFC 8224 step 4; 0: 60 */
	unsigned date_window; /* s, RFC 4474 section 13.1; 0: 3600 */
	unsigned skew; /* s that another clock may be ahead; 0: 5 */
	unsigned rsa_bits_min; /* RFC 4474 signers; 0: 2048 */
	unsigned replay_max; /* requests remembered; 0: 262144 */
	/* sip: URIs whose user part has this form are telephone numbers even
	 * without user=phone (RFC 8224 section 8.1): only digits and visual
	 * separators after an optional "+". A leading "+" always counts. */
	bool bare_numbers;
	/* Make a national number global (RFC 8224 section 8.3): "00" before
	 * a global one; "0" dropped and "49" prepended. NULL: numbers without
	 * "+" are taken as they are. */
	const char *intl_prefix;
	const char *trunk_prefix;
	const char *country_code;
	int64_t (*clock)(void); /* seconds since 1970; NULL: clk_wall */
};

/* Reads and checks every file named. fetch: where URLs that are not in certs
 * are fetched; NULL: never; must outlive the context. conf is copied.
 * On error *why (may be NULL) says what is wrong with which item.
 * ENOENT, EINVAL, EBADMSG, ENOMEM. identity_free() takes NULL; pending
 * operations are cancelled. */
int identity_new(struct identity **idp, const struct identity_conf *conf,
		 struct fetch *fetch, char why[IDENTITY_WHY]);
void identity_free(struct identity *id);

/* ---- verdicts ---------------------------------------------------------- */

enum identity_method { IDENTITY_RFC4474, IDENTITY_RFC8224 };

enum identity_result {
	IDENTITY_NONE, /* overall only: the request asserts nothing */
	IDENTITY_VALID,
	IDENTITY_INVALID,
	IDENTITY_UNVERIFIABLE,
	IDENTITY_IGNORED, /* RFC 8224 step 1: a ppt that we do not speak */
};
const char *identity_result_name(enum identity_result r); /* "valid".. */
const char *identity_method_name(enum identity_method m); /* "RFC 4474".. */

/* What a signature covers, as names for people. field.def */
enum identity_field {
#define X(ID, text) FIELD_##ID,
#include "b2bua/identity/field.def"
#undef X
	FIELD_COUNT,
};
const char *identity_field_name(enum identity_field f);

/* The key for media in the assertion against the SDP as received. */
enum identity_media {
	IDENTITY_MEDIA_NO_KEY, /* no a=fingerprint, no mky */
	IDENTITY_MEDIA_UNSIGNED, /* fingerprints, but nothing signs them */
	IDENTITY_MEDIA_SIGNED, /* every fingerprint is signed */
	IDENTITY_MEDIA_MISMATCH, /* mky is not what the SDP says: 438 */
};

struct verdict {
	enum identity_method method;
	enum identity_result result;
	int code; /* 0 when VALID, else 403 428 436 437 438 */
	const char *phrase; /* of the code, for the response; literal */
	char why[IDENTITY_WHY]; /* the exact reason, for people */
	bool covers; /* the certificate itself is for this very caller: its
			domain, or a TNAuthList with the number in it */
	bool retargeted; /* the Request-URI goes elsewhere than what is signed
			    (RFC 8224 section 12.1.1) */
	bool weak; /* RSA/SHA-1: say "SHA-1 (weak)" wherever it is shown */
	char ppt[16]; /* "", "shaken", "div", or what we ignored */
	char attest; /* 'A' 'B' 'C', else 0 */
	char origid[40]; /* "" if none */
	int64_t signed_at; /* iat or Date; 0: unknown */
	enum identity_media media;
	char *orig; /* the caller as signed: "12155551212", "sip:a@b" */
	char *info; /* the URL that names the certificate */
	char *signer; /* certificate: subject, or its DNS name */
	char *issuer; /* the CA that vouches for the signer */
	/* What the certificate really allows: "telephone number range ...",
	 * "service provider 1234: says which carrier signed, not that the
	 * number is its own", "domain example.org". NULL if never checked. */
	char *authority;
	/* For `why`: both canonical forms and where they part. PASSporT: the
	 * claims, keys sorted. RFC 4474: ours is the digest-string; of the
	 * signer's only the SHA-1 can be recovered from its signature, so
	 * canonical_signers says that and differ is -1. */
	char *canonical_ours;
	char *canonical_signers;
	long differ; /* first differing octet, -1: none or not known */
	struct assertion *assertion; /* private: what keep compares with */
};

/* The answer for one request. A libre object: mem_ref, mem_deref. */
struct verdicts {
	/* RFC 8224 6.2.1: VALID if any is; INVALID if all judged ones are;
	 * NONE without Identity; IGNORED if every ppt was unknown. */
	enum identity_result overall;
	/* What to refuse with when policy says so; 0 if VALID. */
	int code;
	const char *phrase;
	struct verdict v[IDENTITY_MAX];
	size_t n;
	size_t unjudged; /* headers beyond IDENTITY_MAX */
};
/* The one to believe: first VALID, RFC 8224 before RFC 4474, else NULL. */
const struct verdict *verdicts_best(const struct verdicts *vs);

/* ---- verify ------------------------------------------------------------ */

struct verify_policy {
	bool require; /* no usable Identity: code 428 */
	/* The peer is trusted to assert: orig may match P-Asserted-Identity
	 * instead of From (RFC 8224 section 8). */
	bool trust_pai;
};

/* Called once, maybe before identity_verify() returns. vs: mem_ref() it to
 * keep it. */
typedef void identity_verdict_h(void *arg, struct verdicts *vs);

/* Judges every Identity header of msg (kept alive until answered). *op is the
 * pending operation, or NULL if the handler was called already. Waits at most
 * the fetcher's time limit. ENOMEM; EBADMSG: msg is a response. Any other
 * trouble is a verdict. */
int identity_verify(struct identity_op **op, struct identity *id,
		    struct message *msg, const struct verify_policy *policy,
		    identity_verdict_h *h, void *arg);
/* The handler will not be called any more. NULL is allowed. */
void identity_cancel(struct identity_op *op);

/* ---- keep -------------------------------------------------------------- */

/* One signed field that the outgoing message carries otherwise. */
struct identity_change {
	unsigned verdict; /* index into verdicts */
	enum identity_field field;
	/* printable, "" if absent; of long values the place where they part */
	char was[96], now[96];
};

struct identity_kept {
	/* Per verdict: the header is in the outgoing message octet for octet
	 * and everything it signs is as it was. Says nothing on whether the
	 * assertion was true: see its verdict. */
	bool holds[IDENTITY_MAX];
	bool any_valid_holds; /* a VALID one still verifies */
	struct identity_change changed[IDENTITY_CHANGED_MAX];
	size_t n;
};

/* Reads outgoing anew and compares it with what each incoming assertion
 * signs. EBADMSG: outgoing is not a SIP request. */
int identity_keep(struct identity *id, const struct verdicts *in,
		  struct slice outgoing, struct identity_kept *kept);

/* ---- sign -------------------------------------------------------------- */

enum signer_method { SIGNER_RFC4474, SIGNER_RFC8224, SIGNER_SHAKEN };
/* "rfc4474" "rfc8224" "shaken"; EINVAL */
int signer_method_parse(const char *name, enum signer_method *m);

struct signer_conf {
	const char *name;
	enum signer_method method;
	const char *key; /* PEM; mode must not let others read it */
	const char *certificate; /* PEM chain, leaf first */
	const char *info; /* URL where verifiers get the certificate */
	const char *const *domains; /* we may speak for users of these */
	size_t n_domains;
	const char *const *numbers; /* "+1215555": ... and these numbers */
	size_t n_numbers;
	char attest; /* SHAKEN: for numbers that the trunk does not own:
			'B', 'C', or 0: do not sign those */
	bool mky; /* sign a=fingerprint; baseline always does */
};

/* Loads key and certificate; refuses a pair that does not match, a key of
 * the wrong kind, an expired certificate, a URL that peers would refuse.
 * EINVAL, EACCES, EBADMSG, ENOENT, ENOMEM; why as above. The key is wiped by
 * signer_free() (NULL allowed). conf is copied. */
int signer_new(struct signer **sp, const struct signer_conf *conf,
	       struct identity *id, char why[IDENTITY_WHY]);
void signer_free(struct signer *s);
const char *signer_name(const struct signer *s);

struct sign_request {
	struct slice outgoing; /* the whole request as it would leave */
	/* Numbers that the trunk it came from owns: "+1215555" prefixes. */
	const char *const *owned;
	size_t n_owned;
	bool customer; /* an authenticated customer of ours sent it */
	const struct verdicts *in; /* what came in; NULL: nothing. The
				      attestation is never raised above it */
};

struct sign_result {
	int err; /* 0; EPERM: no authority; EINVAL: cannot be signed; EIO */
	char why[IDENTITY_WHY]; /* when err; and when attest was lowered */
	/* Header lines with CRLF, to be appended: "Date: ..." first if the
	 * message had none, "Identity: ...", "Identity-Info: ...". Valid
	 * while the handler runs. */
	struct slice lines;
	enum signer_method method;
	char attest; /* 'A' 'B' 'C', else 0 */
	char origid[40];
	int64_t signed_at; /* iat or Date */
	struct slice canonical; /* what was signed: digest-string or claims */
	const char *signer, *info; /* name of the signer, URL */
};
typedef void identity_signed_h(void *arg, const struct sign_result *res);

/* Signs one outgoing request. The handler is called once, maybe before this
 * returns (keys may live in another process later). ENOMEM only. */
int identity_sign(struct signer *s, const struct sign_request *req,
		  identity_signed_h *h, void *arg);

#endif
