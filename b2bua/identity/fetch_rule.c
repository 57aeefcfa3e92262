/* fetch_rule.c: what may be asked for, and where it may lead. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "b2bua/identity/fetch_child.h"

static bool path_octet(char c)
{
	return c > 0x20 && c < 0x7f && !strchr("<>\"\\^`{|}?#;@", c);
}

static bool host_octet(char c)
{
	return ascii_alpha(c) || ascii_digit(c) || c == '.' || c == '-';
}

static const char *host_flaw(struct slice *rest)
{
	size_t n = 0;

	if (rest->n && *rest->p == '[') {
		for (n = 1; n < rest->n && rest->p[n] != ']'; n++)
			if (ascii_hex(rest->p[n]) < 0 &&
			    !strchr(":.", rest->p[n]))
				return "its host is broken";
		if (n++ == rest->n)
			return "its host is broken";
	} else {
		while (n < rest->n && host_octet(rest->p[n]))
			n++;
	}
	if (!n || n > 255)
		return "it has no host";
	*rest = slice_of(rest->p + n, rest->n - n);
	return NULL;
}

static const char *port_flaw(struct slice *rest, bool lab)
{
	size_t n = 1;
	uint32_t port;

	if (!rest->n || *rest->p != ':')
		return NULL;
	while (n < rest->n && ascii_digit(rest->p[n]))
		n++;
	if (slice_u32(slice_of(rest->p + 1, n - 1), 65535, &port))
		return "its port is broken";
	if (!lab && port != 443 && port != 8443)
		return "its port is neither 443 nor 8443";
	*rest = slice_of(rest->p + n, rest->n - n);
	return NULL;
}

const char *fetch_url_flaw(struct slice url, bool lab)
{
	struct slice rest = url;
	const char *flaw;

	if (url.n > FETCH_URL_MAX)
		return "it is too long";
	if (!slice_casestarts(url, "https://"))
		return "it is not https";
	rest = slice_of(url.p + 8, url.n - 8);
	for (size_t i = 0; i < rest.n; i++)
		if (!path_octet(rest.p[i]) && rest.p[i] != '[')
			return "it has a user, query, fragment, parameter or "
			       "an octet that does not belong there";
	flaw = host_flaw(&rest);
	if (!flaw)
		flaw = port_flaw(&rest, lab);
	if (!flaw && rest.n && *rest.p != '/')
		flaw = "its host is broken";
	return flaw;
}

struct net4 {
	uint32_t net;
	unsigned bits;
};

static const struct net4 special4[] = {
	{0x00000000, 8}, /* this network */
	{0x0a000000, 8}, /* private, RFC 1918 */
	{0x64400000, 10}, /* shared, RFC 6598 */
	{0x7f000000, 8}, /* loopback */
	{0xa9fe0000, 16}, /* link local, with cloud metadata */
	{0xac100000, 12}, /* private */
	{0xc0000000, 24}, /* IETF protocols */
	{0xc0000200, 24}, /* documentation */
	{0xc0586300, 24}, /* 6to4 relays */
	{0xc0a80000, 16}, /* private */
	{0xc6120000, 15}, /* benchmarks */
	{0xc6336400, 24}, /* documentation */
	{0xcb007100, 24}, /* documentation */
	{0xe0000000, 3}, /* multicast and all above */
};

static bool is_special4(uint32_t a)
{
	for (size_t i = 0; i < sizeof(special4) / sizeof(special4[0]); i++)
		if ((a ^ special4[i].net) >> (32 - special4[i].bits) == 0)
			return true;
	return false;
}

/* Only 2000::/3 is given to hosts; within it some more is special. Mapped
 * and translated IPv4 (::ffff/96, 64:ff9b::/96) lies outside of it. */
static bool is_special6(const uint8_t a[16])
{
	unsigned hi = (unsigned)a[0] << 8 | a[1];
	unsigned lo = (unsigned)a[2] << 8 | a[3];

	return (hi & 0xe000) != 0x2000 || /* also ::1, fc00, fe80, ff00 */
	       (hi == 0x2001 && lo < 0x0200) || /* Teredo, ORCHID, ... */
	       (hi == 0x2001 && lo == 0x0db8) || /* documentation */
	       hi == 0x2002 || /* 6to4 */
	       (hi == 0x3fff && lo < 0x1000); /* documentation, RFC 9637 */
}

bool fetch_address_special(const struct sockaddr *sa)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	if (sa->sa_family == AF_INET) {
		memcpy(&in4, sa, sizeof(in4));
		return is_special4(ntohl(in4.sin_addr.s_addr));
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		return is_special6(in6.sin6_addr.s6_addr);
	}
	return true;
}
