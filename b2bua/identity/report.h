/* report: what holds for one call, per leg, by whose word, and what we did.
 *
 * The honest part of the product. It says five properties for each leg and
 * never sums them up to "secure": RFC 5763 section 8.6 forbids to claim a
 * secure call to an identity when a middlebox ended the chain, and we often
 * are that middlebox. b2bua/call fills it while the call lives; it is written
 * into the call record and shown by `countersignctl call ID`.
 *
 * JSON, one object, no line break; keys always present, in this order:
 *
 *  {"chain": "kept"|"re-signed"|"ended-here"|"none",
 *   "secure_to_claimed_identity": false,   // true only if proven end to end
 *   "because": "we hold the media keys of both legs",
 *   "legs": {"a": LEG, "b": LEG},          // a: towards the caller
 *   "identity": [VERDICT...],              // what came in, one per header
 *   "signed": {...}|null,                  // what we put our name to
 *   "changed_here": [{"field": "Contact", "reason": "topology hiding",
 *                     "was": "..", "now": "..", "breaks": "RFC 4474"|null}]}
 *
 *  LEG: {"caller_identity": P, "called_identity": P, "media_privacy": P,
 *        "media_authentication": P, "signalling_confidentiality": P}
 *  P:   {"verdict": token of report.def, "by": "nobody"|"countersign"|
 *        "configuration"|"peer"|"signer", "by_name": "..."|null,
 *        "evidence": {"key": "text", ...}}
 *  VERDICT: {"method": "RFC 4474"|"RFC 8224", "ppt": "", "result": "valid",
 *        "code": 0, "reason": "", "weak": false, "attest": "A"|null,
 *        "origid": ""|null, "orig": ""|null, "info": ""|null,
 *        "signer": ""|null, "issuer": ""|null, "authority": ""|null,
 *        "media": "no-key"|"unsigned"|"signed"|"mismatch",
 *        "left_as_it_came": true|false|null}
 *  signed: {"signer": "", "method": "shaken", "attest": "B"|null,
 *        "origid": ""|null, "info": "", "reason": ""}; reason also when we
 *        wanted to sign and could not: then "signer" is null
 *
 * Every text from outside is escaped (obuf_escaped): safe for terminals.
 * Thread: the SIP thread. */
#ifndef IDENTITY_REPORT_H
#define IDENTITY_REPORT_H

#include "b2bua/identity/identity.h"
#include "lib/base/obuf.h"

enum report_property {
#define REPORT_PROPERTY(ID, token, name) REPORT_##ID,
#include "b2bua/identity/report.def"
	REPORT_PROPERTIES,
};

enum report_verdict {
#define REPORT_VERDICT(P, ID, token, help) REPORT_##P##_##ID,
#include "b2bua/identity/report.def"
	REPORT_VERDICTS,
};

enum report_leg { REPORT_LEG_A, REPORT_LEG_B, REPORT_LEGS };

/* Whose word a verdict is. */
enum report_by {
	REPORT_BY_NOBODY,
	REPORT_BY_US, /* we saw it ourselves */
	REPORT_BY_CONFIG, /* the operator said so */
	REPORT_BY_PEER, /* the next hop said so */
	REPORT_BY_SIGNER, /* a certificate holder said so */
};

struct report; /* a libre object: mem_deref */
int report_new(struct report **rp);

/* verdict must be one of property's (asserted by its name). by_name NULL:
 * none; texts are copied. A later call replaces the verdict, keeps evidence. */
void report_set(struct report *r, enum report_leg leg,
		enum report_verdict verdict, enum report_by by,
		const char *by_name);
/* Adds or replaces one piece of evidence; key is a literal. At most 12 per
 * property; more are dropped. */
void report_evidence(struct report *r, enum report_leg leg,
		     enum report_property property, const char *key,
		     struct slice text);
enum report_verdict report_get(const struct report *r, enum report_leg leg,
			       enum report_property property);

/* What came in: sets caller identity of leg A; keeps a reference to vs. */
void report_verdicts(struct report *r, struct verdicts *vs);
/* The DTLS handshake of a leg ended well with the SDP's fingerprint: sets
 * media authentication; on leg A SIGNED_KEY if the request signed it. */
void report_fingerprint(struct report *r, enum report_leg leg,
			struct slice fingerprint);
/* Another INVITE is about to be made, for another candidate: what the last one
 * carried, kept or changed is not what this one does. */
void report_outgoing(struct report *r);
/* The caller named another media key than the one in its INVITE, which no
 * signature of ours or theirs covers: SIGNED_KEY is over, for good. */
void report_rekeyed(struct report *r);
/* What is left of it in what went out: copies the changes, and decides
 * between "kept" and "ended-here"; sets caller identity of leg B. reason:
 * why fields changed, by policy ("topology hiding"); literal. */
void report_kept(struct report *r, const struct identity_kept *kept,
		 const char *reason);
/* We signed, or could not: sets caller identity of leg B. */
void report_signed(struct report *r, const struct sign_result *res);
/* The Identity headers were taken out by policy; reason: literal. */
void report_dropped(struct report *r, const char *reason);
/* One change that no signature covers but that people should know (SDP
 * anchored, Call-ID of our own). field, reason: literals. */
void report_changed(struct report *r, const char *field, const char *reason,
		    struct slice was, struct slice now);

void report_write_json(struct obuf *ob, const struct report *r);
/* A few lines for people, each "name: verdict, by whom (evidence)". */
void report_write_text(struct obuf *ob, const struct report *r);

const char *report_property_token(enum report_property p);
const char *report_verdict_token(enum report_verdict v);
const char *report_verdict_help(enum report_verdict v);
/* The property that verdict v belongs to. */
enum report_property report_verdict_property(enum report_verdict v);

#endif
