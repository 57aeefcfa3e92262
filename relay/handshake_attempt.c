/* One TLS state towards one source: driven by its datagrams and its timer until
 * it has shown the right certificate, or is over. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/srtp.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "lib/base/clk.h"
#include "relay/handshake_priv.h"

enum { RECORD = 13, TYPE_ALERT = 21 };

static const enum suite every_suite[] = {
	SUITE_AEAD_AES_128_GCM,
	SUITE_AEAD_AES_256_GCM,
	SUITE_AES_CM_128_HMAC_SHA1_80,
	SUITE_AES_CM_128_HMAC_SHA1_32,
};

/* ---- birth and death ---- */

static int offer_profiles(SSL *ssl, const struct handshake_conf *conf)
{
	const enum suite *v = conf->suites ? conf->suite : every_suite;
	unsigned i, n = conf->suites ? conf->suites
				     : sizeof(every_suite) / sizeof(v[0]);
	char names[256];
	size_t at = 0;

	for (i = 0; i < n; i++)
		at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s",
				       i ? ":" : "", suite_info(v[i])->dtls);
	return SSL_set_tlsext_use_srtp(ssl, names); /* 0 is success here */
}

/* Leads a server to the state in which it waits for the ClientHello with the
 * cookie, as if it had sent that cookie itself (hello.h). */
static void prime(struct attempt *a, uint16_t hello_seq)
{
	uint8_t primer[HELLO_PRIMER];
	uint16_t seq;

	a->mute = true;
	for (seq = 0; seq < hello_seq; seq++) {
		hello_write_primer(primer, seq);
		a->in = primer;
		a->in_n = sizeof(primer);
		SSL_do_handshake(a->ssl);
	}
	a->in = NULL;
	a->mute = false;
	ERR_clear_error();
}

static void step(struct attempt *a, uint64_t now);

int attempt_start(struct attempt *a, struct handshake *h,
		  const union addr *peer, const struct hello *hello,
		  uint64_t now)
{
	*a = (struct attempt){
		.handshake = h,
		.peer = *peer,
		.started_ms = now,
		.deadline_ms = now + HANDSHAKE_LIMIT_MS,
	};
	a->ssl = tls_new(h->conf.certificate->ctx, a);
	if (!a->ssl || offer_profiles(a->ssl, &h->conf)) {
		attempt_free(a);
		return ENOMEM;
	}
	pool_count(h->pool, POOL_ATTEMPTS);
	if (hello) {
		memcpy(a->cookie, hello->cookie, HELLO_COOKIE);
		SSL_set_options(a->ssl, SSL_OP_COOKIE_EXCHANGE);
		SSL_set_accept_state(a->ssl);
		prime(a, hello->seq);
	} else {
		SSL_set_connect_state(a->ssl);
		step(a, now);
	}
	return 0;
}

void attempt_free(struct attempt *a)
{
	SSL_free(a->ssl); /* wipes its keys */
	ERR_clear_error();
	OPENSSL_cleanse(a, sizeof(*a));
}

/* Over, without keys. A stranger's end is only counted. */
static void fail(struct attempt *a, enum handshake_why why, uint64_t now)
{
	struct handshake *h = a->handshake;
	bool known = source_is_known(h, &a->peer);

	if (why == HANDSHAKE_WHY_TIMEOUT && a->alerted)
		why = HANDSHAKE_WHY_ALERT;
	pool_count(h->pool, POOL_FAILED);
	atomic_fetch_add_explicit(&h->pool->counters.why[why], 1,
				  memory_order_relaxed);
	h->status.why = why;
	attempt_free(a);
	if (!known) {
		h->status.strangers++;
		return;
	}
	h->give_up = why == HANDSHAKE_WHY_FINGERPRINT ||
		     why == HANDSHAKE_WHY_CERTIFICATE;
	if (why == HANDSHAKE_WHY_TIMEOUT) { /* it took its time already */
		h->restart_ms = now;
	} else {
		h->restart_ms = now + h->restart_wait_ms;
		if (h->restart_wait_ms < RESTART_MAX_MS)
			h->restart_wait_ms *= 2;
	}
	if (h->done || (why == HANDSHAKE_WHY_TIMEOUT && h->told))
		return;
	h->told = h->told || why == HANDSHAKE_WHY_TIMEOUT;
	h->status.state = HANDSHAKE_FAILED;
	h->ops->failed(h->arg, why);
}

/* ---- success ---- */

/* RFC 5764 4.2: client key, server key, client salt, server salt */
static int export_keys(const struct attempt *a, struct handshake_keys *keys)
{
	static const char label[] = "EXTRACTOR-dtls_srtp";
	const struct suite_info *s = suite_info(keys->suite);
	uint8_t block[2 * SUITE_KEY_SALT_MAX];
	uint8_t *client = SSL_is_server(a->ssl) ? keys->remote : keys->local;
	uint8_t *server = SSL_is_server(a->ssl) ? keys->local : keys->remote;
	const uint8_t *salts = block + 2 * s->key;
	int ok;

	keys->n = suite_key_salt(keys->suite);
	ok = SSL_export_keying_material(a->ssl, block, 2 * keys->n, label,
					sizeof(label) - 1, NULL, 0, 0);
	if (ok) {
		memcpy(client, block, s->key);
		memcpy(client + s->key, salts, s->salt);
		memcpy(server, block + s->key, s->key);
		memcpy(server + s->key, salts + s->salt, s->salt);
	}
	OPENSSL_cleanse(block, sizeof(block));
	return ok ? 0 : EIO;
}

static enum suite suite_of(const struct attempt *a)
{
	const SRTP_PROTECTION_PROFILE *p =
		SSL_get_selected_srtp_profile(a->ssl);

	return p ? suite_find_profile(p->id) : SUITE_NONE;
}

/* For `query`; before a fingerprint matched, verified is false. */
static void note_info(const struct attempt *a, bool verified)
{
	struct handshake_status *st = &a->handshake->status;

	snprintf(st->version, sizeof(st->version), "%s",
		 SSL_get_version(a->ssl));
	snprintf(st->cipher, sizeof(st->cipher), "%s",
		 SSL_get_cipher_name(a->ssl));
	st->suite = suite_of(a);
	st->ms = a->took_ms;
	st->from = a->peer;
	st->verified = verified;
	fingerprint_of(SSL_get0_peer_certificate(a->ssl), FINGERPRINT_SHA256,
		       &st->peer);
}

/* The others were strangers, or the peer's past. */
static void drop_others(struct attempt *a)
{
	struct handshake *h = a->handshake;
	unsigned i;

	for (i = 0; i < HANDSHAKE_SOURCES; i++)
		if (&h->attempt[i] != a && h->attempt[i].ssl)
			attempt_free(&h->attempt[i]);
}

static void commit(struct attempt *a, uint64_t now)
{
	struct handshake *h = a->handshake;
	struct handshake_keys keys = {.suite = suite_of(a), .from = a->peer};

	if (export_keys(a, &keys)) {
		OPENSSL_cleanse(&keys, sizeof(keys));
		fail(a, HANDSHAKE_WHY_PROTOCOL, now);
		return;
	}
	note_info(a, true);
	memcpy(keys.peer_sha256, h->status.peer.octets,
	       sizeof(keys.peer_sha256));
	a->committed = true;
	a->deadline_ms = now + ATTEMPT_LINGER_MS;
	drop_others(a);
	h->done = true;
	h->status.state = HANDSHAKE_DONE;
	pool_count(h->pool, POOL_DONE);
	atomic_fetch_add_explicit(&h->pool->counters.ms, h->status.ms,
				  memory_order_relaxed);
	h->ops->keys(h->arg, &keys);
	OPENSSL_cleanse(&keys, sizeof(keys));
}

static void judge(struct attempt *a, uint64_t now)
{
	struct handshake *h = a->handshake;

	if (!a->finished || a->committed || !h->fingerprints)
		return;
	if (source_is_allowed(h, &a->peer) &&
	    fingerprint_match(SSL_get0_peer_certificate(a->ssl),
			      h->fingerprint, h->fingerprints)) {
		commit(a, now);
		return;
	}
	SSL_shutdown(a->ssl);
	fail(a, HANDSHAKE_WHY_FINGERPRINT, now);
}

void attempt_judge(struct attempt *a, uint64_t now)
{
	struct handshake *h = a->handshake;
	union addr peer = a->peer;

	judge(a, now);
	outbox_send(h, &peer);
}

static void finish(struct attempt *a, uint64_t now)
{
	struct handshake *h = a->handshake;

	if (suite_of(a) == SUITE_NONE) {
		SSL_shutdown(a->ssl);
		fail(a, HANDSHAKE_WHY_PROFILE, now);
		return;
	}
	a->finished = true;
	a->took_ms = (unsigned)(now - a->started_ms);
	if (!h->done)
		note_info(a, false);
	a->deadline_ms = now + ATTEMPT_PENDING_MS;
	judge(a, now);
}

/* ---- driving ---- */

static enum handshake_why why_of(const struct attempt *a, int error)
{
	unsigned long code = ERR_peek_last_error();
	int reason = ERR_GET_REASON(code);

	if (a->why)
		return a->why;
	if (error == SSL_ERROR_SYSCALL || ERR_GET_LIB(code) != ERR_LIB_SSL)
		return HANDSHAKE_WHY_PROTOCOL;
	if (reason > SSL_AD_REASON_OFFSET)
		return HANDSHAKE_WHY_ALERT;
	switch (reason) {
	case SSL_R_EXCESSIVE_MESSAGE_SIZE:
	case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
		return HANDSHAKE_WHY_CERTIFICATE;
	default:
		return HANDSHAKE_WHY_PROTOCOL;
	}
}

static void set_timer(struct attempt *a, uint64_t now)
{
	struct timeval left;

	a->timer_ms = 0;
	if (DTLSv1_get_timeout(a->ssl, &left))
		a->timer_ms = now + (uint64_t)left.tv_sec * 1000 +
			      (uint64_t)left.tv_usec / 1000 + 1;
}

/* After keys were given: repeats our last flight when the peer asks for it.
 * Data is not spoken here, and an end of the association ends nothing. */
static void step_finished(struct attempt *a, uint64_t now)
{
	uint8_t none[64];
	int got = SSL_read(a->ssl, none, sizeof(none));
	int error = SSL_get_error(a->ssl, got);

	set_timer(a, now);
	if (got > 0 || error == SSL_ERROR_WANT_READ)
		return;
	if (a->committed)
		attempt_free(a);
	else
		fail(a, HANDSHAKE_WHY_ALERT, now);
}

static void step_openssl(struct attempt *a, uint64_t now)
{
	int done, error;

	ERR_clear_error();
	if (a->finished) {
		step_finished(a, now);
		return;
	}
	done = SSL_do_handshake(a->ssl);
	if (done == 1) {
		set_timer(a, now);
		finish(a, now);
		return;
	}
	error = SSL_get_error(a->ssl, done);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		set_timer(a, now);
	else
		fail(a, why_of(a, error), now);
}

static void step(struct attempt *a, uint64_t now)
{
	struct handshake *h = a->handshake;
	union addr peer = a->peer; /* a may be free afterwards */

	step_openssl(a, now);
	outbox_send(h, &peer);
}

/* An alert in clear can come from anybody who can write the source's address:
 * it is remembered, for a name of the failure, but ends nothing. */
static bool is_clear_alert(const uint8_t *p)
{
	return p[0] == TYPE_ALERT && p[3] == 0 && p[4] == 0;
}

/* Record by record, so that each can be looked at (RFC 6347 4.1). */
void attempt_datagram(struct attempt *a, const uint8_t *p, size_t n,
		      uint64_t now)
{
	size_t record;

	a->datagrams++;
	a->octets += n;
	if (!a->committed && (a->datagrams > ATTEMPT_DATAGRAMS_MAX ||
			      a->octets > ATTEMPT_OCTETS_MAX)) {
		fail(a, HANDSHAKE_WHY_FLOOD, now);
		return;
	}
	for (; n >= RECORD && a->ssl; p += record, n -= record) {
		record = RECORD + ((size_t)p[11] << 8 | p[12]);
		if (record > n)
			break;
		if (is_clear_alert(p)) {
			a->alerted = true;
			continue;
		}
		a->in = p;
		a->in_n = record;
		step(a, now);
		if (a->ssl)
			a->in = NULL;
	}
}

static void run_timer(struct attempt *a, uint64_t now)
{
	if (now >= a->deadline_ms) {
		if (a->committed)
			attempt_free(a);
		else
			fail(a, HANDSHAKE_WHY_TIMEOUT, now);
		return;
	}
	if (!a->timer_ms || now < a->timer_ms)
		return;
	ERR_clear_error();
	if (DTLSv1_handle_timeout(a->ssl) < 0 && !a->committed)
		fail(a, HANDSHAKE_WHY_TIMEOUT, now);
	else
		set_timer(a, now);
}

void attempt_timer(struct attempt *a, uint64_t now)
{
	struct handshake *h = a->handshake;
	union addr peer = a->peer;

	run_timer(a, now);
	outbox_send(h, &peer);
}

uint64_t attempt_due(const struct attempt *a)
{
	if (!a->ssl)
		return UINT64_MAX;
	if (a->timer_ms && a->timer_ms < a->deadline_ms)
		return a->timer_ms;
	return a->deadline_ms;
}
