/* addr: a UDP transport address (addr.h). */
#include "lib/io/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

int addr_parse(struct slice host, uint16_t port, union addr *a)
{
	char text[INET6_ADDRSTRLEN];
	union addr v = ADDR_NONE;

	if (!host.p || slice_copy(host, text, sizeof(text)))
		return EINVAL;
	if (inet_pton(AF_INET, text, &v.v4.sin_addr) == 1)
		v.v4.sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &v.v6.sin6_addr) == 1)
		v.v6.sin6_family = AF_INET6;
	else
		return EINVAL;
	addr_set_port(&v, port);
	*a = v;
	return 0;
}

union addr addr_from(const struct sockaddr *sa)
{
	union addr a = ADDR_NONE;

	if (sa->sa_family == AF_INET)
		memcpy(&a.v4, sa, sizeof(a.v4));
	else if (sa->sa_family == AF_INET6)
		memcpy(&a.v6, sa, sizeof(a.v6));
	return a;
}

socklen_t addr_len(const union addr *a)
{
	switch (a->sa.sa_family) {
	case AF_INET:
		return sizeof(a->v4);
	case AF_INET6:
		return sizeof(a->v6);
	default:
		return 0;
	}
}

uint16_t addr_port(const union addr *a)
{
	switch (a->sa.sa_family) {
	case AF_INET:
		return ntohs(a->v4.sin_port);
	case AF_INET6:
		return ntohs(a->v6.sin6_port);
	default:
		return 0;
	}
}

void addr_set_port(union addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET)
		a->v4.sin_port = htons(port);
	else if (a->sa.sa_family == AF_INET6)
		a->v6.sin6_port = htons(port);
}

bool addr_is_any(const union addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == htonl(INADDR_ANY);
	return a->sa.sa_family == AF_INET6 &&
	       IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr);
}

bool addr_eq_host(const union addr *a, const union addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	switch (a->sa.sa_family) {
	case AF_INET:
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	case AF_INET6:
		return IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr);
	default:
		return true;
	}
}

bool addr_eq(const union addr *a, const union addr *b)
{
	return addr_eq_host(a, b) && addr_port(a) == addr_port(b);
}

const char *addr_host_text(const union addr *a, char to[ADDR_TEXT])
{
	const void *host = &a->v4.sin_addr;

	if (a->sa.sa_family == AF_INET6)
		host = &a->v6.sin6_addr;
	if (!addr_is_set(a) ||
	    !inet_ntop(a->sa.sa_family, host, to, ADDR_TEXT))
		memcpy(to, "none", sizeof("none"));
	return to;
}

const char *addr_text(const union addr *a, char to[ADDR_TEXT])
{
	char host[ADDR_TEXT];

	addr_host_text(a, host);
	if (!addr_is_set(a))
		snprintf(to, ADDR_TEXT, "none");
	else if (a->sa.sa_family == AF_INET6)
		snprintf(to, ADDR_TEXT, "[%.45s]:%u", host, addr_port(a));
	else
		snprintf(to, ADDR_TEXT, "%.45s:%u", host, addr_port(a));
	return to;
}
