/* address: addr-spec, name-addr and their parameters (RFC 3261 25.1,
 * RFC 3966), as slices over the octets given. Nothing is unescaped, nothing
 * allocated. Thread: any. */
#ifndef SIP_ADDRESS_H
#define SIP_ADDRESS_H

#include "lib/base/obuf.h"

enum address_scheme {
	SCHEME_OTHER, /* absoluteURI of a scheme that is none of these */
	SCHEME_SIP,
	SCHEME_SIPS,
	SCHEME_TEL,
};

struct address_uri {
	struct slice octets; /* the whole addr-spec as written */
	enum address_scheme scheme;
	struct slice scheme_name;
	struct slice user; /* tel: the number; absent if there is no '@' */
	struct slice password; /* absent if there is none */
	struct slice host; /* IPv6 with its brackets */
	uint16_t port; /* 0: not given */
	struct slice params; /* from the first ';' on, or empty */
	struct slice headers; /* after '?', or absent */
};

/* SIP, SIPS: the whole grammar is checked (characters, escapes, host, port
 * 1..65535, IPv6 reference). tel: number, parameters. Others: RFC 3986
 * characters only. 0 or EBADMSG. */
int address_uri_parse(struct address_uri *u, struct slice s);
/* user=phone on a SIP(S) URI, or a tel URI */
bool address_uri_is_phone(const struct address_uri *u);
/* Escapes, visual separators and ";..." user parameters off:
 * "%2B1(215)555-1212;npdi" -> "+12155551212" into ob. ENOENT: not a phone
 * number. */
int address_uri_phone(const struct address_uri *u, struct obuf *ob);
/* What prefixes are held against, so that no other spelling of a number gets
 * round them: the phone number, else the unescaped user, else nothing. */
void address_uri_party(const struct address_uri *u, struct obuf *ob);
/* RFC 3261 19.1.4. Parameters in either that must match, match. */
bool address_uri_eq(const struct address_uri *a, const struct address_uri *b);
/* %xx decoded into ob; the result may hold any octet, also NUL. */
void address_unescape(struct obuf *ob, struct slice s);

struct address {
	struct slice octets; /* the whole, with parameters */
	struct slice display; /* as written, with quotes; absent if none */
	struct address_uri uri;
	struct slice params; /* header parameters, from ';' on, or empty */
	struct slice tag; /* value of tag, or absent */
	bool bracket; /* the URI stood in <> */
};

/* One From, To, Contact, Route... value. Without <> every ';' belongs to the
 * header and a ',' or '?' in the URI is an error (RFC 3261 20). "*" (Contact)
 * is EBADMSG here. 0 or EBADMSG. */
int address_parse(struct address *a, struct slice value);

/* "5060": 1..65535. 0 or EBADMSG. */
int address_port_parse(struct slice s, uint16_t *port);
/* A host as it stands in a URI or a Via: name, IPv4 or bracketed IPv6. */
bool address_host_valid(struct slice host);
/* HOST[:PORT], an IPv6 address in brackets. Without a port *port stays. 0 or
 * EBADMSG. */
int address_hostport_parse(struct slice s, struct slice *host, uint16_t *port);

#endif
