/* addr: a UDP transport address, IPv4 or IPv6, in 28 octets. Zeroed is "none"
 * (AF_UNSPEC). The port inside is in network order, as the kernel has it;
 * addr_port() gives host order. */
#ifndef IO_ADDR_H
#define IO_ADDR_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "lib/base/slice.h"

union addr {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

#define ADDR_NONE ((union addr){.sa = {.sa_family = AF_UNSPEC}})
/* "[" 45 digits "]:65535" NUL, rounded up */
#define ADDR_TEXT 56

static inline bool addr_is_set(const union addr *a)
{
	return a->sa.sa_family != AF_UNSPEC;
}

/* Literal IPv4 or IPv6 address without brackets, zone or name; port in host
 * order. 0 or EINVAL; *a written only on success. */
int addr_parse(struct slice host, uint16_t port, union addr *a);
/* From a kernel's answer; AF_UNSPEC for any other family. */
union addr addr_from(const struct sockaddr *sa);
socklen_t addr_len(const union addr *a);
uint16_t addr_port(const union addr *a);
void addr_set_port(union addr *a, uint16_t port);
/* 0.0.0.0 or :: */
bool addr_is_any(const union addr *a);
/* Same family, host and port; IPv6 flow labels and scopes are not compared. */
bool addr_eq(const union addr *a, const union addr *b);
/* Same family and host */
bool addr_eq_host(const union addr *a, const union addr *b);
/* "192.0.2.1" / "2001:db8::1"; "none" if not set. Returns to. */
const char *addr_host_text(const union addr *a, char to[ADDR_TEXT]);
/* "192.0.2.1:5004" / "[2001:db8::1]:5004" */
const char *addr_text(const union addr *a, char to[ADDR_TEXT]);

#endif
