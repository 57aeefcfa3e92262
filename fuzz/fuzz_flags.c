/* fuzz_flags: a string of flags, what it asks for, and what that does to a
 * description: the result must parse whenever no line was edited. */
#include <stdlib.h>

#include "lib/base/log.h"
#include "relay/options.h"
#include "relay/sdp_rewrite.h"

static const char sdp[] =
	"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
	"m=audio 5004 RTP/AVP 8 0 111 101 97\r\n"
	"a=rtpmap:111 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n"
	"a=rtpmap:97 rtx/8000\r\na=fmtp:97 apt=8\r\n"
	"a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendrecv\r\n"
	"m=video 5006 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=mid:v\r\n";

static void rewrite(const struct options *o)
{
	static struct sdp_view view, again;
	struct rewrite rw = {.address = "192.0.2.2",
			     .extmap = &o->extmap};
	struct obuf ob = OBUF_INIT, edited = OBUF_INIT;

	if (sdpv_parse(&view, slice_of(sdp, sizeof(sdp) - 1)))
		abort();
	for (unsigned i = 0; i < view.media_count; i++) {
		rw.media[i].port = 1000;
		rw.media[i].mid = i + 1;
		codec_choose(&rw.media[i].codecs, &view.media[i], &o->codecs,
			     o->codecs.single ? CODEC_IN_ANSWER
					      : CODEC_IN_OFFER);
	}
	sdp_rewrite(&ob, &view, &rw);
	if (sdpv_parse(&again, obuf_as_slice(&ob)) ||
	    again.media_count != view.media_count)
		abort();
	sdp_edit(&edited, obuf_as_slice(&ob), &o->edits);
	obuf_fini(&ob);
	obuf_fini(&edited);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct options_template templates[] = {
		{"t", "WebRTC template=t"},
	};
	struct value_pool pool = VALUE_POOL_INIT;
	const struct options_context context = {&pool, templates, 1};
	struct value *request = value_new_dict(&pool);
	struct options o;

	log_init("fuzz_flags", LOG_LEVEL_ERROR);
	value_put_str(request, "rtpp-flags", slice_of(p, n));
	options_parse(&o, &context, request);
	rewrite(&o);
	value_pool_fini(&pool);
	return 0;
}
