/* fuzz_sdp_rewrite.c: an offer as the relay passes it on: first octet says
 * how, the rest is the SDP. What comes out must be read again by the same
 * parser, with as many m-lines, of the transport that was asked for, and with
 * no key, fingerprint, ICE line or address of the other leg in it. */
#include <errno.h>

#include "relay/negotiate.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct sdp_view view, after;

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void plan(struct rewrite *rw, uint8_t how, const struct sdes_keys *keys)
{
	static const enum sdpv_proto protos[] = {
		SDPV_OTHER, SDPV_RTP_AVP, SDPV_RTP_SAVP, SDPV_DTLS_SAVPF};

	rw->address = how & 1 ? "2001:db8::1" : "192.0.2.1";
	rw->ip6 = how & 1;
	rw->zero_address = true;
	rw->origin = how & 2;
	if (how & 4)
		rw->session_name = SLICE_LIT("x");
	if (how & 8)
		rw->username = rw->version = SLICE_LIT("9");
	for (unsigned i = 0; i < view.media_count; i++) {
		struct rewrite_media *m = &rw->media[i];

		m->proto = protos[how >> 4 & 3];
		m->reject = view.media[i].port == 0;
		m->port = 40000;
		m->rtcp_port = how & 64 ? 40001 : 0;
		m->rtcp_mux = how & 128;
		m->rtcp_add = how & 128;
		if (m->proto == SDPV_RTP_SAVP)
			m->keys = keys;
		if (m->proto == SDPV_DTLS_SAVPF) {
			m->setup = SDPV_SETUP_ACTPASS;
			m->fingerprint = "sha-256 AB";
		}
	}
}

static void result_check(const struct rewrite *rw)
{
	check(after.media_count == view.media_count);
	for (unsigned i = 0; i < after.media_count; i++) {
		const struct sdpv_media *m = &after.media[i];
		const struct rewrite_media *want = &rw->media[i];

		check(m->port == (want->reject ? 0 : want->port));
		check(want->proto == SDPV_OTHER || m->proto == want->proto);
		check(!m->ice_ufrag.p && !m->candidate_count);
		check(m->crypto_count == (want->keys && !want->reject));
		check(m->fingerprint_count ==
		      (want->fingerprint && !want->reject));
		check(!m->rtcp_port || m->rtcp_port == want->rtcp_port);
		check(!m->conn.set || slice_eq_str(m->conn.address,
						   rw->address));
		check(m->rtcp_mux == (want->rtcp_mux && !want->reject));
	}
}

static void decide(uint8_t how)
{
	static struct session_media sm;
	struct options o = {.proto = (enum sdpv_proto)(how % 7),
			    .mux.offer = how & 1};
	struct leg_conf conf[2];
	bool reject;

	for (unsigned i = 0; i < view.media_count; i++) {
		if (negotiate_offer(&sm, how & 1, &view.media[i], &o, true,
				    how & 2))
			continue;
		sm.offer = sm.next;
		negotiate_answer(&sm, &view.media[i], &o, conf, &reject);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sdes_keys keys = {
		.n = 1,
		.v = {{.tag = 1, .suite = SUITE_AES_CM_128_HMAC_SHA1_80}}};
	struct rewrite rw = {0};
	struct obuf ob = OBUF_INIT;
	int err;

	if (n < 1 || sdpv_parse(&view, slice_of(p + 1, n - 1)))
		return 0;
	decide(p[0]);
	plan(&rw, p[0], &keys);
	sdp_rewrite(&ob, &view, &rw);
	check(!ob.err);
	err = sdpv_parse(&after, obuf_as_slice(&ob));
	check(err == 0 || err == E2BIG); /* we add a few lines */
	if (!err)
		result_check(&rw);
	obuf_fini(&ob);
	return 0;
}
