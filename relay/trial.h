/* trial: would this SRTP packet be authentic under another rollover counter?
 * A tag can be tried without any stream state, so a wrong guess of the ROC
 * (RFC 3711 3.3.1: the receiver guesses 0 for a new SSRC, and the nearest index
 * for one it knows) can be found out before anything is changed.
 *
 * It derives its own keys (kdf.h), because libsrtp2 gives no session keys.
 *
 * Thread: that of the crypt it belongs to. */
#ifndef RELAY_TRIAL_H
#define RELAY_TRIAL_H

#include "relay/evp.h"
#include "relay/kdf.h"
#include "relay/suite.h"

struct trial {
	const struct suite_info *suite;
	struct evp_hmac hmac; /* suites with HMAC-SHA1 */
	struct evp_gcm gcm; /* AEAD suites */
	uint8_t salt[EVP_GCM_IV];
};

/* 0, ENOMEM, EIO. trial_fini() also after an error. */
int trial_init(struct trial *t, const struct suite_info *suite,
	       const uint8_t *key_salt);
void trial_fini(struct trial *t);

/* Is p (n octets, an SRTP packet whose header the caller has checked to fit;
 * at least header + tag) authentic with this ROC? p is left as it is. */
bool trial_passes(struct trial *t, uint8_t *p, size_t n, uint32_t roc);

#endif
