/* fetch_child: the process that talks to strangers' web servers, and the
 * messages between it and its parent. Private to fetch. */
#ifndef IDENTITY_FETCH_CHILD_H
#define IDENTITY_FETCH_CHILD_H

#include "b2bua/identity/fetch.h"

struct fetch_ask { /* one packet of the socket pair, cut after the URL */
	uint32_t id;
	char url[FETCH_URL_MAX + 1];
};

struct fetch_answer {
	uint32_t id;
	int32_t err;
	uint32_t n;
	char octets[FETCH_SIZE_MAX];
};

/* Serves until the parent closes fd; never returns. Only in a child. */
void fetch_child_run(int fd, const struct fetch_conf *conf)
	__attribute__((noreturn));

struct sockaddr;
/* Whether an address is one of the special-purpose ones (RFC 6890 and its
 * registry), where no certificate server can be. Also for other families
 * than IPv4 and IPv6. */
bool fetch_address_special(const struct sockaddr *sa);

#endif
