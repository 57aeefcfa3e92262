/* guard: who may ask on a control socket that is not loopback: sources on a
 * list, with a key. The key is shown in the cookie, which every transport of
 * the ng protocol carries as it is:
 *
 *	cookie = MAC "~" TIME "~" REST
 *	MAC    = 64 hex digits, HMAC-SHA256(key, TIME "~" REST SP PAYLOAD)
 *	TIME   = seconds since 1970, not more than GUARD_WINDOW_S off
 *
 * A request that is sent again within the window has its reply in the cache of
 * cmd.c, which lives longer. Nothing is encrypted: what asks from afar needs
 * a tunnel as well, as SDP may hold keys.
 *
 * Thread: any. */
#ifndef RELAY_GUARD_H
#define RELAY_GUARD_H

#include "lib/ctl/ng.h"
#include "lib/io/addr.h"

enum { GUARD_WINDOW_S = 15, GUARD_KEY_MIN = 16, GUARD_KEY_MAX = 256 };

/* "192.0.2.0/24", "2001:db8::1" */
struct guard_net {
	union addr addr;
	unsigned bits;
};

struct guard {
	struct guard_net *nets;
	size_t n;
	uint8_t key[GUARD_KEY_MAX];
	size_t key_n; /* 0: none, nobody passes */
};

/* EINVAL, also if bits behind the prefix are not 0. */
int guard_net_parse(struct slice s, struct guard_net *net);
/* The key from a file, without white space at its ends. An errno; EINVAL: too
 * short or too long. */
int guard_key_load(struct guard *g, const char *path);

bool guard_source(const struct guard *g, const union addr *from);
/* now_s: wall clock. False: no MAC, a wrong or an old one. */
bool guard_message(const struct guard *g, const struct ng_message *m,
		   int64_t now_s);

#endif
