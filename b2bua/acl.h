/* acl: networks, and whether an address lies in one. Which trunk a request
 * comes from is decided by its source alone, never by what it says. */
#ifndef B2BUA_ACL_H
#define B2BUA_ACL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct acl_net {
	int af; /* AF_INET, AF_INET6 */
	uint8_t addr[16]; /* network order; 4 octets of it for AF_INET */
	unsigned bits;
	uint16_t port; /* host order; 0: any */
};

/* "192.0.2.0/24", "192.0.2.1", "192.0.2.1:5070", "2001:db8::/32",
 * "[2001:db8::1]:5070". Host bits behind the prefix must be 0.
 * 0 or EINVAL; *net only on success. */
int acl_net_parse(const char *text, struct acl_net *net);

/* "192.0.2.1:5060", "[2001:db8::1]:5060": one address with a port. *len (may be
 * NULL) is its size. 0 or EINVAL. */
int acl_sockaddr_parse(const char *text, struct sockaddr_storage *to,
		       socklen_t *len);

/* How well it fits: 0 not at all, otherwise more for a longer prefix and more
 * still for a port. A v4-mapped v6 address counts as v4. */
unsigned acl_net_match(const struct acl_net *net, const struct sockaddr *from);

#endif
