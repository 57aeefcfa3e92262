#include "b2bua/call/body.h"
#include "b2bua/call/facts.h"
#include "lib/base/clk.h"
#include "lib/pkt/sdp.h"

/* ---- signalling and caller --------------------------------------------- */

void facts_signalling(struct call *call, enum report_leg leg)
{
	struct obuf ob = OBUF_INIT;
	struct leg *l = call->leg[leg];

	if (!l)
		return;
	slice_copy(slice_str(leg_transport(l)), call->transport[leg],
		   sizeof(call->transport[leg]));
	flow_write(&ob, l->flow);
	report_set(call->report, leg, REPORT_SIGNALLING_CLEAR, REPORT_BY_US,
		   NULL);
	report_evidence(call->report, leg, REPORT_SIGNALLING, "flow",
			obuf_as_slice(&ob));
	obuf_fini(&ob);
}

void facts_dialled(struct call *call)
{
	const struct client_tx *tx = call->leg[REPORT_LEG_B]->inviting;

	facts_signalling(call, REPORT_LEG_B);
	if (tx)
		call_text_take(call->call_id[REPORT_LEG_B],
			       client_tx_request(tx)->call_id);
}

static bool number_is_owned(const struct trunk *t, const struct address *from)
{
	struct obuf number = OBUF_INIT;
	bool owned = false;

	address_uri_party(&from->uri, &number);
	for (size_t i = 0; !owned && i < t->numbers.n; i++)
		owned = slice_starts(obuf_as_slice(&number), t->numbers.v[i]);
	obuf_fini(&number);
	return owned;
}

void facts_caller(struct call *call)
{
	const struct trunk *t = call->trunk[REPORT_LEG_A];

	if (call->verdicts)
		report_verdicts(call->report, call->verdicts);
	if ((!call->verdicts || !call->verdicts->n) &&
	    number_is_owned(t, &call->invite->from))
		report_set(call->report, REPORT_LEG_A, REPORT_CALLER_TRUNK,
			   REPORT_BY_CONFIG, t->name);
}

/* ---- media ------------------------------------------------------------- */

static enum report_verdict proto_privacy(enum sdpv_proto proto)
{
	if (sdpv_proto_is_dtls(proto))
		return REPORT_PRIVACY_HOP;
	return sdpv_proto_is_sdes(proto) ? REPORT_PRIVACY_KEY_EXPOSED
					 : REPORT_PRIVACY_CLEAR;
}

/* The verdicts stand from strong to weak, NONE at the end. */
static enum report_verdict weakest(const struct sdp_view *view)
{
	enum report_verdict all = REPORT_PRIVACY_NONE;

	for (unsigned i = 0; i < view->media_count; i++) {
		enum report_verdict v = proto_privacy(view->media[i].proto);

		if (view->media[i].port &&
		    (all == REPORT_PRIVACY_NONE || v > all))
			all = v;
	}
	return all;
}

void facts_protocol(struct call *call, enum report_leg leg, struct slice sdp)
{
	struct sdp_view view;
	char *to = call->protocol[leg];

	to[0] = '\0';
	call->privacy[leg] = REPORT_PRIVACY_NONE;
	if (sdpv_parse(&view, sdp) || !view.media_count)
		return;
	call->privacy[leg] = weakest(&view);
	if (slice_copy(view.media[0].proto_text, to,
		       sizeof(call->protocol[leg])))
		to[0] = '\0';
}

/* RFC 7879: the keys are the ends', and so is the check of them. */
static void passed_report(struct call *call, enum report_leg leg)
{
	report_set(call->report, leg, REPORT_PRIVACY_END_TO_END,
		   REPORT_BY_US, NULL);
	report_evidence(call->report, leg, REPORT_PRIVACY, "keys",
			SLICE_LIT("left to the ends"));
	report_fingerprint(call->report, leg,
			   slice_str(media_fingerprint(call->media, leg)));
	report_evidence(call->report, leg, REPORT_MEDIA_AUTH, "checked",
			SLICE_LIT("by the other end"));
}

static void protocol_report(struct call *call, enum report_leg leg)
{
	enum report_verdict v = call->privacy[leg];
	enum report_verdict before =
		report_get(call->report, leg, REPORT_PRIVACY);

	report_evidence(call->report, leg, REPORT_PRIVACY, "transport",
			slice_str(call->protocol[leg]));
	if (v == REPORT_PRIVACY_HOP && media_passed(call->media))
		v = REPORT_PRIVACY_END_TO_END;
	if (v == REPORT_PRIVACY_NONE ||
	    (before != REPORT_PRIVACY_NONE && v <= before))
		return;
	if (v == REPORT_PRIVACY_END_TO_END) {
		passed_report(call, leg);
		return;
	}
	report_set(call->report, leg, v, REPORT_BY_US, NULL);
	/* of DTLS only when the relay has seen the handshake */
	report_set(call->report, leg,
		   v == REPORT_PRIVACY_KEY_EXPOSED
			   ? REPORT_MEDIA_AUTH_SHARED_KEY
			   : REPORT_MEDIA_AUTH_NONE,
		   REPORT_BY_US, NULL);
}

void facts_keys(struct call *call, enum report_leg leg, struct slice sdp)
{
	char first[BODY_FINGERPRINT];

	/* Identity is verified in the INVITE alone: what it signs is there */
	if (leg == REPORT_LEG_A &&
	    body_keys(sdp, first) != body_keys(call->invite->body, first))
		report_rekeyed(call->report);
}

void facts_renegotiated(struct call *call)
{
	for (enum report_leg i = REPORT_LEG_A; i < REPORT_LEGS; i++)
		protocol_report(call, i);
}

void facts_answered(struct call *call)
{
	const struct trunk *to = call->trunk[REPORT_LEG_B];

	for (enum report_leg i = REPORT_LEG_A; i < REPORT_LEGS; i++) {
		report_set(call->report, i, REPORT_CALLED_ROUTED,
			   REPORT_BY_CONFIG, to->name);
		report_evidence(call->report, i, REPORT_CALLED, "trunk",
				slice_str(to->name));
	}
	facts_renegotiated(call);
}

static void evidence(struct call *call, enum report_leg leg,
		     enum report_property property, const char *key,
		     const char *text)
{
	if (text[0])
		report_evidence(call->report, leg, property, key,
				slice_str(text));
}

static void side_report(struct call *call, enum report_leg leg,
			const struct media_side *side)
{
	char number[24];

	evidence(call, leg, REPORT_PRIVACY, "suite", side->suite);
	evidence(call, leg, REPORT_PRIVACY, "dtls", side->dtls_version);
	evidence(call, leg, REPORT_PRIVACY, "cipher", side->dtls_cipher);
	snprintf(number, sizeof(number), "%llu",
		 (unsigned long long)side->packets);
	evidence(call, leg, REPORT_PRIVACY, "packets", number);
	/* A later offer may have ended it. */
	if (report_get(call->report, leg, REPORT_PRIVACY) ==
		    REPORT_PRIVACY_END_TO_END &&
	    strcmp(side->security, "pass") != 0)
		report_set(call->report, leg, REPORT_PRIVACY_HOP, REPORT_BY_US,
			   NULL);
	if (side->dtls_verified &&
	    report_get(call->report, leg, REPORT_PRIVACY) ==
		    REPORT_PRIVACY_HOP)
		report_fingerprint(call->report, leg,
				   slice_str(side->peer_fingerprint));
}

void facts_media(struct call *call, const struct media_stats *stats)
{
	call->stats = *stats;
	call->has_stats = true;
	if (!call->answered_us)
		return;
	for (enum report_leg i = REPORT_LEG_A; i < REPORT_LEGS; i++)
		side_report(call, i, &stats->side[i]);
}

/* ---- the record -------------------------------------------------------- */

static void text_write(struct obuf *ob, const char *key, const char *text)
{
	obuf_fmt(ob, ",\"%s\":\"", key);
	obuf_escaped(ob, slice_str(text));
	obuf_chr(ob, '"');
}

static void time_write(struct obuf *ob, const char *key, uint64_t us)
{
	char text[25];

	if (!us) {
		obuf_fmt(ob, ",\"%s\":null", key);
		return;
	}
	clk_iso(us, text);
	text_write(ob, key, text);
}

static void cause_write(struct obuf *ob, const struct call *call)
{
	const struct cause_row *row = cause_row(call->cause);

	obuf_fmt(ob, ",\"cause\":{\"token\":\"%s\",\"code\":%u,\"by\":\"%s\"",
		 row->token, call->code, call_by_name(call->by));
	text_write(ob, "text", row->text);
	text_write(ob, "why", call->why);
	obuf_str(ob, ",\"reason\":\"");
	obuf_escaped(ob, obuf_as_slice(&call->reason));
	obuf_str(ob, "\"}");
}

static void leg_write(struct obuf *ob, const struct call *call,
		      enum report_leg leg)
{
	const struct media_side *side = &call->stats.side[leg];
	const struct trunk *t = call->trunk[leg];

	obuf_fmt(ob, "{\"leg\":\"%c\"", leg == REPORT_LEG_A ? 'a' : 'b');
	text_write(ob, "trunk", t ? t->name : "");
	text_write(ob, "transport", call->transport[leg]);
	text_write(ob, "call_id", call->call_id[leg]);
	text_write(ob, "media", call->protocol[leg]);
	if (call->has_stats) {
		text_write(ob, "security", side->security);
		text_write(ob, "suite", side->suite);
		obuf_fmt(ob, ",\"packets\":%llu,\"octets\":%llu,"
			 "\"errors\":%llu",
			 (unsigned long long)side->packets,
			 (unsigned long long)side->octets,
			 (unsigned long long)side->errors);
	}
	obuf_chr(ob, '}');
}

void facts_write_record(struct obuf *ob, const struct call *call)
{
	uint64_t talked = call->answered_us && call->ended_us >
			  call->answered_us
				  ? call->ended_us - call->answered_us : 0;

	obuf_fmt(ob, "{\"id\":\"%s\"", call->id);
	time_write(ob, "started", call->started_us);
	time_write(ob, "ringing", call->ringing_us);
	time_write(ob, "answered", call->answered_us);
	time_write(ob, "ended", call->ended_us);
	obuf_fmt(ob, ",\"seconds\":%llu.%03u",
		 (unsigned long long)(talked / 1000000),
		 (unsigned)(talked / 1000 % 1000));
	text_write(ob, "from", call->from);
	text_write(ob, "to", call->to);
	text_write(ob, "called", call->called);
	text_write(ob, "route",
		   call->route.conf ? call->route.conf->name : "");
	cause_write(ob, call);
	text_write(ob, "relay_call_id", call->media_call_id);
	obuf_str(ob, ",\"legs\":[");
	leg_write(ob, call, REPORT_LEG_A);
	obuf_chr(ob, ',');
	leg_write(ob, call, REPORT_LEG_B);
	obuf_str(ob, "],\"report\":");
	report_write_json(ob, call->report);
	obuf_chr(ob, '}');
}
