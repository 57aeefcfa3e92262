#include "b2bua/call/body.h"
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
