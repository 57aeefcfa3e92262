/* relay: asks the media relay over its control socket (ng protocol, bencode).
 * Asynchronous: a request gets a cookie, goes out, and is sent again with the
 * same cookie every second until it is answered, five times in all. A UNIX
 * stream that breaks is opened anew by the next attempt.
 *
 * Thread: the SIP thread. */
#ifndef B2BUA_RELAY_H
#define B2BUA_RELAY_H

#include "b2bua/sip/wheel.h"
#include "lib/ctl/value.h"

enum { RELAY_TRIES = 5, RELAY_TRY_MS = 1000 };

struct relay;
struct relay_ask;

/* control: "unix:PATH" or "udp:ADDRESS:PORT". Nothing is sent yet; a relay
 * that is not up now is found when it is asked. relay_close() drops what is
 * under way; no handler is called. 0, EINVAL, ENOMEM, ENAMETOOLONG. */
int relay_open(struct relay **rp, const char *control, struct wheel *wheel);
void relay_close(struct relay *r);

/* err 0: *reply is what it said (result "ok" or not), valid while the handler
 * runs. ETIMEDOUT: five attempts without an answer. */
typedef void relay_reply_h(void *arg, int err, const struct value *reply);

/* Never calls h before it returns. h NULL: nobody waits for the answer, but
 * it is asked until answered. *ap (may be NULL) is for relay_forget().
 * 0, ENOMEM, EMSGSIZE. */
int relay_ask(struct relay_ask **ap, struct relay *r,
	      const struct value *request, relay_reply_h *h, void *arg);
/* The handler will not be called; the request goes on. NULL is allowed. */
void relay_forget(struct relay_ask *a);

/* Requests not answered yet. */
unsigned relay_pending(const struct relay *r);

#endif
