/* sdp: a session description (RFC 4566/8866) as slices over its octets.
 * No allocation, no copy, nothing decoded that nobody asks for: a rewriter
 * copies the octets it does not own exactly as they came.
 *
 * The view is valid as long as the octets. Read by relay and b2bua. Functions
 * are called sdpv_* because libre owns sdp_*. */
#ifndef PKT_SDP_H
#define PKT_SDP_H

#include <netinet/in.h>

#include "lib/base/slice.h"

enum sdpv_limit {
	SDPV_OCTETS_MAX = 65536,
	SDPV_MEDIAS_MAX = 16,
	SDPV_FORMATS_MAX = 64, /* in one m= line */
	SDPV_LINES_MAX = 256, /* in the session part, in each media part */
	SDPV_CRYPTOS_MAX = 16, /* a=crypto lines that are kept, per media */
	SDPV_FINGERPRINTS_MAX = 4,
};

/* The transports we know; anything else is OTHER and relayed or refused. */
enum sdpv_proto {
	SDPV_OTHER,
	SDPV_RTP_AVP,
	SDPV_RTP_AVPF,
	SDPV_RTP_SAVP,
	SDPV_RTP_SAVPF,
	SDPV_DTLS_SAVP, /* UDP/TLS/RTP/SAVP, RFC 5764 section 8 */
	SDPV_DTLS_SAVPF,
};
const char *sdpv_proto_name(enum sdpv_proto proto); /* as in an m= line */
enum sdpv_proto sdpv_proto_parse(struct slice s);
bool sdpv_proto_is_dtls(enum sdpv_proto proto);
bool sdpv_proto_is_sdes(enum sdpv_proto proto); /* RTP/SAVP, RTP/SAVPF */
bool sdpv_proto_is_feedback(enum sdpv_proto proto); /* ...F, RFC 4585 */

enum sdpv_direction {
	SDPV_INACTIVE = 0,
	SDPV_SENDONLY = 1, /* bit 0: sends */
	SDPV_RECVONLY = 2, /* bit 1: receives */
	SDPV_SENDRECV = 3,
};
const char *sdpv_direction_name(enum sdpv_direction direction);

/* a=setup, RFC 4145 section 4 */
enum sdpv_setup {
	SDPV_SETUP_NONE,
	SDPV_SETUP_ACTPASS,
	SDPV_SETUP_ACTIVE,
	SDPV_SETUP_PASSIVE,
	SDPV_SETUP_HOLDCONN,
};
const char *sdpv_setup_name(enum sdpv_setup setup);

/* One line. whole includes its line ending. */
struct sdpv_line {
	char type; /* the letter before '=' */
	struct slice whole;
	struct slice value; /* behind '=', without the line ending */
	struct slice name; /* a= only: before ':', else absent */
	struct slice arg; /* a= only: behind ':', absent without one */
};

/* c= */
struct sdpv_conn {
	bool set;
	bool ip6;
	struct slice address; /* text, without "/ttl" */
};

/* a=fingerprint, RFC 8122 section 5 */
struct sdpv_fingerprint {
	struct slice hash; /* "sha-256" */
	struct slice value; /* "AB:CD:..." */
};

/* a=crypto, RFC 4568 section 9.1; only inline keys, and of several key
 * parameters the first. */
struct sdpv_crypto {
	uint32_t tag; /* 1 to 9 digits */
	struct slice suite;
	struct slice key_salt; /* base64 */
	struct slice lifetime; /* absent if none */
	uint32_t mki_n; /* octets of MKI in packets; 0: none */
	uint64_t mki;
	struct slice params; /* session parameters; absent if none */
};

struct sdpv_media {
	struct slice whole; /* m= line to the octet before the next m= */
	struct slice line; /* the m= line with its ending */
	struct slice session; /* the view's, for what it leaves to it */
	struct slice type; /* "audio" */
	uint16_t port; /* 0: rejected (or bundle-only) */
	uint16_t port_count; /* "/n" of the port; 1 without */
	struct slice proto_text;
	enum sdpv_proto proto;
	struct slice formats; /* space-separated; sdpv_format_next() */
	unsigned format_count;

	struct sdpv_conn conn; /* its own c=, else the session's */
	bool conn_own;
	enum sdpv_direction direction; /* own, else session's, else sendrecv */
	enum sdpv_setup setup; /* own, else session's */
	uint16_t rtcp_port; /* a=rtcp, RFC 3605; 0: none */
	struct sdpv_conn rtcp_conn; /* set only if a=rtcp has an address */
	bool rtcp_mux; /* RFC 5761 */
	bool rtcp_mux_only; /* RFC 8858 */
	struct sdpv_fingerprint fingerprint[SDPV_FINGERPRINTS_MAX];
	unsigned fingerprint_count; /* own, else session's */
	struct sdpv_crypto crypto[SDPV_CRYPTOS_MAX]; /* lines we can use */
	unsigned crypto_count;
	struct slice ice_ufrag, ice_pwd; /* own, else session's; or absent */
	bool ice_lite; /* the session's */
	unsigned candidate_count;
	struct slice mid;
	uint32_t ptime; /* ms, <= 1000; 0: none or nonsense */
	bool bundle_only;
};

struct sdp_view {
	struct slice octets;
	struct slice session; /* v= line to the octet before the first m= */
	struct slice origin; /* value of o= */
	struct sdpv_conn conn;
	bool ice_lite;
	struct slice group; /* arg of the first a=group:BUNDLE; or absent */
	struct sdpv_media media[SDPV_MEDIAS_MAX];
	unsigned media_count;
};

/* 0, EBADMSG: no session description (no v=0 first, no o=, a malformed line,
 * a number out of range, an m= or c= line that is not one), E2BIG: more than
 * the limits. Lines end in CRLF or LF; blank lines only at the end. An
 * a=crypto line that is malformed or of another kind is not kept.
 * *view is undefined after an error. */
int sdpv_parse(struct sdp_view *view, struct slice octets);

/* The lines of a part (view->session, media->whole, view->octets). `rest`
 * starts as the part and shrinks. False: no more. */
bool sdpv_line_next(struct slice *rest, struct sdpv_line *line);
/* The formats of an m= line, the same way. */
bool sdpv_format_next(struct slice *rest, struct slice *format);

/* The first a= line of that name in a part: its arg ("present and empty" for
 * a=name alone), or absent. Case-sensitive, as RFC 4566 has it. */
struct slice sdpv_attr(struct slice part, const char *name);

/* o=: its six words. EBADMSG if they are not six. */
struct sdpv_origin {
	struct slice user, id, version, nettype, addrtype, address;
};
int sdpv_origin_parse(struct slice value, struct sdpv_origin *origin);

/* c= with a port as a socket address. EAFNOSUPPORT: a name, not a literal
 * address (names are never looked up here). ENOENT: conn is not set. */
int sdpv_conn_sockaddr(const struct sdpv_conn *conn, uint16_t port,
		       struct sockaddr_storage *ss);

#endif
