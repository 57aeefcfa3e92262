#include "b2bua/call/policy.h"
#include "lib/pkt/sdp.h"

static bool proto_fits(enum trunk_media policy, enum sdpv_proto proto)
{
	switch (policy) {
	case MEDIA_ANY:
		return true;
	case MEDIA_RTP:
		return proto == SDPV_RTP_AVP || proto == SDPV_RTP_AVPF;
	case MEDIA_SDES:
		return sdpv_proto_is_sdes(proto);
	case MEDIA_DTLS:
	case MEDIA_PASS:
		return sdpv_proto_is_dtls(proto);
	}
	return false;
}

enum cause policy_offer(const struct trunk *t, struct slice sdp)
{
	struct sdp_view view;
	bool sdes = false;

	if (sdpv_parse(&view, sdp))
		return CAUSE_BAD_SDP;
	for (unsigned i = 0; i < view.media_count; i++) {
		if (!view.media[i].port)
			continue;
		if (!proto_fits(t->media, view.media[i].proto))
			return CAUSE_MEDIA_POLICY;
		sdes |= sdpv_proto_is_sdes(view.media[i].proto);
	}
	/* keys on a hop without TLS are keys for everybody */
	return sdes && !t->sdes_over_cleartext ? CAUSE_SDES_CLEARTEXT
					       : CAUSE_NONE;
}
