#include "b2bua/call/body.h"
#include "lib/base/obuf.h"
#include "lib/base/siphash.h"
#include "lib/pkt/sdp.h"

bool body_is_sdp(const struct message *m)
{
	struct slice type = message_value(m, HEADER_CONTENT_TYPE);

	return m->body.n && !message_header(m, HEADER_CONTENT_ENCODING) &&
	       slice_caseeq_str(slice_trim(slice_cut(&type, ';')),
				"application/sdp");
}

bool body_answers(struct slice offer, struct slice answer)
{
	struct sdp_view o, a;

	if (sdpv_parse(&o, offer) || sdpv_parse(&a, answer) ||
	    o.media_count != a.media_count)
		return false;
	for (unsigned i = 0; i < o.media_count; i++)
		if (a.media[i].port &&
		    !slice_eq(a.media[i].proto_text, o.media[i].proto_text))
			return false;
	return true;
}

static void keys_add(struct obuf *all, const struct sdpv_media *m)
{
	for (unsigned i = 0; m->port && i < m->fingerprint_count; i++) {
		obuf_slice(all, m->fingerprint[i].hash);
		obuf_chr(all, ' ');
		obuf_slice(all, m->fingerprint[i].value);
		obuf_chr(all, '\n');
	}
}

uint64_t body_keys(struct slice sdp, char first[BODY_FINGERPRINT])
{
	struct obuf all = OBUF_INIT;
	struct slice rest;
	struct sdp_view view;
	uint64_t keys = 0;

	first[0] = '\0';
	if (sdpv_parse(&view, sdp))
		return 0;
	for (unsigned i = 0; i < view.media_count; i++)
		keys_add(&all, &view.media[i]);
	rest = obuf_as_slice(&all);
	if (!all.err && all.n) {
		keys = siphash_slice(rest) | 1;
		if (slice_copy(slice_cut(&rest, '\n'), first,
			       BODY_FINGERPRINT))
			first[0] = '\0';
	}
	obuf_fini(&all);
	return keys;
}
