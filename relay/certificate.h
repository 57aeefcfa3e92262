/* certificate: what we show a DTLS peer: a key, a self-signed certificate that
 * says nothing, and OpenSSL's context with both. The pool makes a new one from
 * time to time; a session keeps the one that its SDP has named, and with it
 * every handshake of that session, so that nothing changes for calls that are
 * up.
 *
 * Made by handshake_pool_open() and handshake_pool_rotate().
 *
 * Thread: holding and releasing by any; the rest does not change. */
#ifndef RELAY_CERTIFICATE_H
#define RELAY_CERTIFICATE_H

struct certificate;

/* Returns c; NULL is allowed. */
struct certificate *certificate_hold(struct certificate *c);
/* The last one wipes the key. NULL: nothing. */
void certificate_release(struct certificate *c);
/* a=fingerprint's value, "sha-256 AB:CD:..."; lives as long as c. NULL for
 * NULL. */
const char *certificate_fingerprint(const struct certificate *c);

#endif
