/* sdp_rewrite: a description as the other side of the relay must see it. A
 * pure function: the octets that came, and what each m-line must say now. All
 * that is not ours is copied octet for octet, line endings included.
 *
 * Ours, and so replaced or removed: port and transport of m=, c=, a=rtcp,
 * a=rtcp-mux(-only), a=setup, a=fingerprint, a=tls-id, a=crypto, a=key-mgmt
 * and k= (keys for a path that ends here), ICE lines, a=group:BUNDLE and
 * a=bundle-only (each m-line has ports of its own here), and of o=, s=,
 * formats, a=extmap and a=mid what the caller asks for. */
#ifndef RELAY_SDP_REWRITE_H
#define RELAY_SDP_REWRITE_H

#include "lib/base/obuf.h"
#include "lib/pkt/sdp.h"
#include "relay/codec.h"
#include "relay/options.h"
#include "relay/ice.h"
#include "relay/suite.h"

enum { SDES_KEYS_MAX = SUITE_COUNT };

/* One a=crypto line of ours. Holds a key: wipe it. */
struct sdes_key {
	uint32_t tag;
	enum suite suite; /* says how long key_salt is */
	uint8_t key_salt[SUITE_KEY_SALT_MAX];
	uint8_t mki_n; /* octets of MKI; 0: none */
	uint64_t mki;
};

struct sdes_keys {
	unsigned n;
	struct sdes_key v[SDES_KEYS_MAX];
};

struct rewrite_media {
	bool hidden; /* all of it is left out */
	bool reject; /* port 0; keys, addresses and ICE of it are removed */
	enum sdpv_proto proto; /* SDPV_OTHER: as it came */
	uint16_t port;
	uint16_t rtcp_port; /* for a=rtcp; 0: no such line */
	bool rtcp_add; /* write a=rtcp even if none came */
	bool rtcp_full; /* with its address, even if it came without */
	bool rtcp_mux;
	bool rtcp_mux_only;
	enum sdpv_setup setup; /* SDPV_SETUP_NONE: none */
	const char *fingerprint; /* "sha-256 AB:..."; NULL: none */
	const struct sdes_keys *keys; /* a=crypto lines; NULL: none */
	bool lifetime; /* in them: 2^31 packets (RFC 4568 section 6.1) */
	const struct ice_creds *ice; /* our lines; NULL: none */
	uint16_t ice_rtcp; /* second candidate's port; 0: only one */
	const char *mid_back; /* a=mid of the offer, if none came; or NULL */
	bool mid_none; /* nor any a=mid: the offer had none */
	unsigned mid; /* a=mid if none came; 0: none */
	struct codec_choice codecs;
	/* What keys the ends agree on is theirs: a=setup, a=fingerprint,
	 * a=tls-id, a=crypto, a=key-mgmt, a=zrtp-hash and k= stay. Those of
	 * the session part stay if they do in every m-line with a port. */
	bool keep_keys;
};

struct rewrite {
	const char *address; /* for c=, a=rtcp; literal */
	bool ip6;
	/* 0.0.0.0 in c= is the old way to say hold, and stays (it does not
	 * where it came with ICE: no candidate was there yet), unless: */
	bool zero_address;
	bool origin; /* address of o= becomes ours */
	struct slice username; /* of o=; absent: as it came */
	struct slice version; /* of o=; absent: as it came */
	struct slice session_name; /* s=; absent: as it came */
	const char *loop; /* "NAME:VALUE" of a session's a= line; NULL: none */
	const struct options_extmap *extmap; /* those go; NULL: none does */
	struct rewrite_media media[SDPV_MEDIAS_MAX]; /* view->media_count */
};

/* Appends to ob; errors stick there. view must have been parsed without error.
 * The result parses again, with as many m-lines but the hidden ones. */
void sdp_rewrite(struct obuf *ob, const struct sdp_view *view,
		 const struct rewrite *rw);

#endif
