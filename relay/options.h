/* options: what a request of the ng protocol asks for, beside its command.
 * The keys and flags are tables in options.c: a key may be spelled with
 * spaces, hyphens or underscores; unknown ones are logged at most once a
 * second and otherwise ignored, as both proxies forward whatever an operator
 * typed. Slices point into the request. */
#ifndef RELAY_OPTIONS_H
#define RELAY_OPTIONS_H

#include "lib/ctl/value.h"
#include "lib/io/addr.h"
#include "lib/pkt/sdp.h"
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
};

/* DTLS=... */
enum options_dtls {
	OPTIONS_DTLS_DEFAULT, /* active, where we may choose */
	OPTIONS_DTLS_ACTIVE,
	OPTIONS_DTLS_PASSIVE,
	OPTIONS_DTLS_OFF,
};

/* replace=[...] */
struct options_replace {
	bool origin, username, version, session_name, zero_address;
};

struct options {
	struct slice call_id, from_tag, to_tag, via_branch, sdp, label;
	/* Interfaces: towards the sender of this SDP, and the other side. */
	struct slice interface[2];
	int family; /* AF_UNSPEC: as the SDP has it */
	struct slice media_address; /* absent: the interface's */
	enum sdpv_proto proto; /* SDPV_OTHER: as the SDP has it */
	enum options_dtls dtls;
	struct options_sdes sdes;
	struct options_mux mux;
	struct options_replace replace;
	/* Take the peer's address from the SIP packet, not from c=. */
	bool sip_source;
	union addr received; /* "received-from"; port 0 */
	bool strict; /* endpoint-learning=off: no learning of ports */
	bool no_rtcp_attribute;
	bool full_rtcp_attribute;
	bool load_limit; /* supports=["load limit"] */
	bool fatal, fast;
	int64_t delete_delay; /* seconds; -1: not given */
	int64_t limit; /* of list */
};

/* Never fails: what cannot be understood is not there. */
void options_parse(struct options *o, const struct value *request);

#endif
