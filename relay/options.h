/* options: what a request of the ng protocol asks for, beside its command.
 * Keys are a table in options.c, words of lists and flags are tables in
 * options_words.c: a key may be spelled with spaces, hyphens or underscores;
 * unknown ones are logged at most once a second and otherwise ignored, as both
 * proxies forward whatever an operator typed. Slices point into the request,
 * the pool or the configuration. */
#ifndef RELAY_OPTIONS_H
#define RELAY_OPTIONS_H

#include "lib/ctl/value.h"
#include "lib/io/addr.h"
#include "lib/pkt/sdp.h"
#include "relay/codec.h"
#include "relay/sdp_edit.h"
#include "relay/suite.h"

/* rtcp-mux=[...], RFC 5761 */
struct options_mux {
	bool offer; /* offer it though it was not offered to us */
	bool require; /* and no other way */
	bool demux; /* accept it, do not offer it on */
	bool accept; /* accept it whatever the other side does */
	bool reject; /* do not accept it */
};

/* SDES=[...], RFC 4568 */
struct options_sdes {
	bool off;
	uint32_t only; /* bits of enum suite; 0: no "only-" */
	uint32_t without;
	bool nonew; /* no suite that was not offered to us */
	bool lifetime; /* write a lifetime: 2^31 packets */
	unsigned order_n; /* these suites first ... */
	enum suite order[SUITE_COUNT];
	unsigned prefer_n; /* ... and of the offerer's, take these first */
	enum suite prefer[SUITE_COUNT];
};

/* OSRTP=[...], RFC 8643: SRTP negotiated under the name of RTP */
struct options_osrtp {
	bool offer; /* keys go with RTP/AVP(F); the answer may leave them */
	bool accept; /* take them from who offers them so */
};

/* DTLS=... */
enum options_dtls {
	OPTIONS_DTLS_DEFAULT, /* active, where we may choose */
	OPTIONS_DTLS_ACTIVE,
	OPTIONS_DTLS_PASSIVE,
	OPTIONS_DTLS_OFF,
};

/* ICE=... of the side that the SDP goes to */
enum options_ice {
	OPTIONS_ICE_DEFAULT, /* if the SDP that came has it */
	OPTIONS_ICE_REMOVE,
	OPTIONS_ICE_OPTIONAL, /* in any case */
	OPTIONS_ICE_FORCE, /* the same; peers without it may be refused */
};

/* replace=[...] */
struct options_replace {
	bool origin, username, version, session_name, zero_address;
	bool force_version; /* o='s version grows with every SDP */
};

/* extmap=[strip=[...]], RFC 8285 */
enum { OPTIONS_EXTMAPS = 32 };
struct options_extmap {
	bool all;
	unsigned n;
	struct slice strip[OPTIONS_EXTMAPS]; /* URIs */
};

enum { OPTIONS_REMOVES = 8, OPTIONS_TEMPLATES_DEPTH = 4 };

/* template "NAME" { flags = "..." } of the configuration */
struct options_template {
	const char *name, *flags;
};

/* What a request is read with. */
struct options_context {
	struct value_pool *pool;
	const struct options_template *templates;
	size_t ntemplates;
};

struct options {
	struct slice call_id, from_tag, to_tag, via_branch, sdp, label;
	/* Interfaces: towards the sender of this SDP, and the other side. */
	struct slice interface[2];
	int family; /* AF_UNSPEC: as the SDP has it */
	struct slice media_address; /* absent: the interface's */
	enum sdpv_proto proto; /* SDPV_OTHER: as the SDP has it */
	bool proto_accept; /* the answer's transport goes to the offerer */
	enum options_dtls dtls;
	enum options_ice ice;
	bool ice_reject; /* no ICE on either side */
	struct options_sdes sdes;
	struct options_osrtp osrtp;
	struct options_mux mux;
	struct options_replace replace;
	struct codec_rules codecs;
	struct options_extmap extmap;
	struct sdp_edits edits;
	unsigned removes; /* m-lines of these types are not offered on */
	struct slice remove[OPTIONS_REMOVES];
	/* Take the peer's address from the SIP packet, not from c=. */
	bool sip_source;
	union addr received; /* "received-from"; port 0 */
	bool strict; /* endpoint-learning=off: no learning of ports */
	bool asymmetric; /* its sender is not where it receives */
	bool handover; /* its sender may move, if it has a key */
	/* Where both legs can have the same keys, leave them to the ends:
	 * DTLS-SRTP and ZRTP; SDES only if asked for as well. */
	bool pass, pass_sdes;
	bool no_rtcp_attribute;
	bool full_rtcp_attribute;
	bool generate_mid;
	bool loop_protect;
	int64_t tos; /* IP_TOS of what we send; -1: as it is */
	bool fragment; /* SDP is a trickled part (RFC 8840), no description */
	bool load_limit; /* supports=["load limit"] */
	bool fatal, fast;
	bool by_to_tag; /* delete: to-tag counts */
	bool new_branch; /* an unknown to-tag is not that of a known branch */
	int64_t delete_delay; /* seconds; -1: not given */
	int64_t limit; /* of list */
};

/* Never fails: what cannot be understood is not there. Strings that are built
 * are the pool's. */
void options_parse(struct options *o, const struct options_context *context,
		   const struct value *request);

#endif
