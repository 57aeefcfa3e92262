/* fetch: gets certificates by URL, in a process of its own.
 *
 * The child is forked before this process holds any key, runs libcurl and
 * nothing else, and talks over a socket pair. It follows no redirect, uses no
 * proxy, speaks https to ports 443 and 8443 only, and looks at every address
 * at connect time: names that resolve to special-purpose addresses
 * (RFC 6890) lead nowhere. 32 kB and 2 s are the limits of one answer.
 *
 * The parent keeps a cache by SHA-256 of the URL; failures are remembered for
 * a minute. A call waits for its own certificate, nobody else does.
 * Thread: the SIP thread (libre's loop). */
#ifndef IDENTITY_FETCH_H
#define IDENTITY_FETCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/slice.h"

enum {
	FETCH_SIZE_MAX = 32768, /* octets of an answer */
	FETCH_URL_MAX = 1024,
	FETCH_PENDING_MAX = 256, /* URLs under way; more fail at once */
};

struct fetch;
struct fetch_wait;

struct fetch_conf {
	unsigned timeout_ms; /* 0: 2000 */
	unsigned keep_s; /* cached; 0: 86400 */
	unsigned keep_failed_s; /* 0: 60 */
	const char *tls_anchors; /* PEM file for https; NULL: the system's */
	uid_t uid; /* child becomes this user when started as root; 0: stay */
	gid_t gid;
	/* For laboratories and tests only: any port, any address. */
	bool lab;
};

/* Forks the child. Call it early: before keys are read, before threads,
 * before libre runs. fetch_free() ends the child and fails all waits. */
int fetch_new(struct fetch **fp, const struct fetch_conf *conf);
void fetch_free(struct fetch *f);
/* Puts the parent's end into libre's loop; after libre_init(). */
int fetch_listen(struct fetch *f);

/* Whether url may be asked for at all; NULL if so, else why not (literal).
 * https, a host, port 443 or 8443 or none, no user, query or fragment
 * (ATIS-1000074); printable ASCII. Also the rule for our own `info`. */
const char *fetch_url_flaw(struct slice url, bool lab);

/* err 0: octets valid while the handler runs. Else ECONNREFUSED ETIMEDOUT
 * EMSGSIZE EACCES (a forbidden address or URL) ENOENT (http status) EPIPE
 * (the child is gone) EBUSY. why: literal. */
typedef void fetch_h(void *arg, int err, const char *why, struct slice octets);

/* *w is the pending wait, NULL if the handler was called before return. */
int fetch_get(struct fetch_wait **w, struct fetch *f, struct slice url,
	      fetch_h *h, void *arg);
void fetch_cancel(struct fetch_wait *w); /* NULL allowed */

struct fetch_stats {
	uint64_t asked, cached, fetched, failed, refused;
};
void fetch_stats_get(const struct fetch *f, struct fetch_stats *st);

#endif
