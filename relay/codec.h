/* codec: which formats of an m-line stay, and in what order, by the `codec`
 * key of a request. In the SDP only: what an endpoint was not told of, it does
 * not send; nothing is transcoded.
 *
 * Thread: any. */
#ifndef RELAY_CODEC_H
#define RELAY_CODEC_H

#include "lib/pkt/sdp.h"

enum codec_verb {
	CODEC_STRIP, /* goes; "all" */
	CODEC_EXCEPT, /* stays though all go */
	CODEC_OFFER, /* the same, and first ones first */
};

enum { CODEC_RULES_MAX = 64 };

struct codec_rules {
	unsigned n;
	struct {
		enum codec_verb verb;
		/* "PCMU", "opus/48000/2", "101", "all", "full" */
		struct slice name;
	} v[CODEC_RULES_MAX];
	bool single; /* the first one only, and its telephone-event */
};

/* False: no room, the rule is not there. */
bool codec_rule_add(struct codec_rules *rules, enum codec_verb verb,
		    struct slice name);

enum codec_in { CODEC_IN_OFFER, CODEC_IN_ANSWER };

struct codec_choice {
	bool changed; /* false: the m-line stays as it is, v is not filled */
	unsigned n; /* never 0 if changed */
	struct slice v[SDPV_FORMATS_MAX]; /* formats of the m-line */
};

/* In an offer rules count, in an answer `single`. What would leave no format
 * leaves all of them. A retransmission format (RFC 4588) goes with what it
 * repeats. *choice points into m. */
void codec_choose(struct codec_choice *choice, const struct sdpv_media *m,
		  const struct codec_rules *rules, enum codec_in in);
/* Whether an attribute whose value starts with a format (a=rtpmap, a=fmtp,
 * a=rtcp-fb, ...) still has one; "*" has. */
bool codec_keeps(const struct codec_choice *choice, struct slice arg);

#endif
