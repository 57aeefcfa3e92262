#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "b2bua/acl.h"
#include "lib/base/slice.h"

static unsigned bits_max(int af)
{
	return af == AF_INET ? 32 : 128;
}

static bool bit_is_set(const uint8_t *addr, unsigned i)
{
	return addr[i / 8] & (0x80 >> (i % 8));
}

static int addr_parse(struct slice s, struct acl_net *net)
{
	char text[INET6_ADDRSTRLEN];

	if (slice_copy(s, text, sizeof(text)))
		return EINVAL;
	if (inet_pton(AF_INET, text, net->addr) == 1)
		net->af = AF_INET;
	else if (inet_pton(AF_INET6, text, net->addr) == 1)
		net->af = AF_INET6;
	else
		return EINVAL;
	return 0;
}

static int port_parse(struct slice s, uint16_t *port)
{
	uint32_t v;

	if (slice_u32(s, 65535, &v) || !v)
		return EINVAL;
	*port = (uint16_t)v;
	return 0;
}

/* Cuts a port off: "[v6]:port", "v4:port". A bare v6 has colons of its own. */
static int port_cut(struct slice *s, uint16_t *port)
{
	const char *end = slice_chr(*s, ']');
	struct slice host = *s, rest;

	if (s->n && s->p[0] == '[') {
		if (!end)
			return EINVAL;
		host = slice_of(s->p + 1, (size_t)(end - s->p) - 1);
		rest = slice_of(end + 1, s->n - (size_t)(end + 1 - s->p));
		if (rest.n && rest.p[0] != ':')
			return EINVAL;
		rest = rest.n ? slice_of(rest.p + 1, rest.n - 1) : SLICE_NONE;
	} else {
		rest = *s;
		host = slice_cut(&rest, ':');
		if (rest.p && slice_chr(rest, ':')) {
			host = *s;
			rest = SLICE_NONE;
		}
	}
	*s = host;
	return rest.p ? port_parse(rest, port) : 0;
}

int acl_net_parse(const char *text, struct acl_net *net)
{
	struct acl_net n = {0};
	struct slice bits = slice_str(text), host;
	uint32_t v;

	if (port_cut(&bits, &n.port))
		return EINVAL;
	host = slice_cut(&bits, '/');
	if (addr_parse(host, &n))
		return EINVAL;
	n.bits = bits_max(n.af);
	if (bits.p) {
		if (slice_u32(bits, n.bits, &v))
			return EINVAL;
		n.bits = v;
	}
	for (unsigned i = n.bits; i < bits_max(n.af); i++)
		if (bit_is_set(n.addr, i))
			return EINVAL;
	*net = n;
	return 0;
}

/* The address octets of a socket address, v4 where it is one inside. */
static const uint8_t *addr_of(const struct sockaddr *sa, int *af,
			      uint16_t *port)
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;

	*af = sa->sa_family;
	if (sa->sa_family == AF_INET) {
		*port = ntohs(in->sin_port);
		return (const uint8_t *)&in->sin_addr;
	}
	if (sa->sa_family != AF_INET6)
		return NULL;
	*port = ntohs(in6->sin6_port);
	if (!IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		return in6->sin6_addr.s6_addr;
	*af = AF_INET;
	return in6->sin6_addr.s6_addr + 12;
}

unsigned acl_net_match(const struct acl_net *net, const struct sockaddr *from)
{
	uint16_t port = 0;
	int af;
	const uint8_t *addr = addr_of(from, &af, &port);

	if (!addr || af != net->af || (net->port && net->port != port))
		return 0;
	for (unsigned i = 0; i < net->bits; i++)
		if (bit_is_set(addr, i) != bit_is_set(net->addr, i))
			return 0;
	return 1 + net->bits + (net->port ? 256 : 0);
}

int acl_sockaddr_parse(const char *text, struct sockaddr_storage *to,
		       socklen_t *len)
{
	struct sockaddr_in *in = (void *)to;
	struct sockaddr_in6 *in6 = (void *)to;
	struct acl_net net;

	if (acl_net_parse(text, &net) || !net.port ||
	    net.bits != bits_max(net.af))
		return EINVAL;
	memset(to, 0, sizeof(*to));
	to->ss_family = (sa_family_t)net.af;
	if (net.af == AF_INET) {
		memcpy(&in->sin_addr, net.addr, 4);
		in->sin_port = htons(net.port);
	} else {
		memcpy(&in6->sin6_addr, net.addr, 16);
		in6->sin6_port = htons(net.port);
	}
	if (len)
		*len = net.af == AF_INET ? sizeof(*in) : sizeof(*in6);
	return 0;
}
