#include <errno.h>

#include "b2bua/call/outgoing.h"
#include "lib/base/rnd.h"

/* Hop by hop, or of an extension we do not carry: never passes. */
static const enum header_id never[] = {
	HEADER_ROUTE,		HEADER_RECORD_ROUTE,
	HEADER_PATH,		HEADER_AUTHORIZATION,
	HEADER_PROXY_AUTHORIZATION, HEADER_PROXY_AUTHENTICATE,
	HEADER_WWW_AUTHENTICATE, HEADER_AUTHENTICATION_INFO,
	HEADER_PROXY_REQUIRE,	HEADER_REQUIRE,
	HEADER_ALLOW,		HEADER_ALLOW_EVENTS,
	HEADER_SUPPORTED,	HEADER_UNSUPPORTED,
	HEADER_SESSION_EXPIRES, HEADER_MIN_SE,
	HEADER_REPLACES,	HEADER_RSEQ,
	HEADER_RACK,		HEADER_TIMESTAMP,
	/* a wish of the caller to its own first hop (RFC 3325 section 9.2) */
	HEADER_P_PREFERRED_IDENTITY,
};

/* The word of a network, not of a caller: who calls, who was called before,
 * where from, who pays. Dropped when it comes from an untrusted trunk. */
static const enum header_id asserted[] = {
	HEADER_P_ASSERTED_IDENTITY, HEADER_REMOTE_PARTY_ID,
	HEADER_ATTESTATION_INFO,    HEADER_ORIGINATION_ID,
	HEADER_P_ATTESTATION_INDICATOR, HEADER_P_ASSERTED_SERVICE,
	HEADER_P_SERVED_USER,	    HEADER_P_ACCESS_NETWORK_INFO,
	HEADER_P_CHARGE_INFO,	    HEADER_P_CHARGING_VECTOR,
	HEADER_P_CHARGING_FUNCTION_ADDRESSES,
	HEADER_DIVERSION,	    HEADER_HISTORY_INFO,
};

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static bool id_in(enum header_id id, const enum header_id v[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == id)
			return true;
	return false;
}

/* Privacy: id (RFC 3325 section 9.3); its values are split by ';'. */
static bool privacy_id(const struct message *m)
{
	for (size_t i = 0; i < m->headers; i++) {
		struct slice rest = m->header[i].value;

		while (m->header[i].id == HEADER_PRIVACY && rest.p)
			if (slice_caseeq_str(slice_trim(slice_cut(&rest, ';')),
					     "id"))
				return true;
	}
	return false;
}

/* Whether an asserted identity of leg `from` may reach the other (RFC 3325
 * sections 5 and 7). */
static bool assertion_passes(const struct call *call, enum report_leg from,
			     const struct message *m)
{
	const struct trunk *to = call->trunk[leg_other(from)];

	if (!call->trunk[from]->trusted)
		return false;
	return to->trusted || !privacy_id(m);
}

/* ---- From and To ------------------------------------------------------- */

/* The ';' pieces of s but verstat, which only a verifier of ours may set. */
static void pieces_write(struct obuf *ob, struct slice s)
{
	struct slice rest = s;
	bool first = true;

	while (rest.p) {
		struct slice piece = slice_cut(&rest, ';');

		if (!slice_casestarts(piece, "verstat=")) {
			if (!first)
				obuf_chr(ob, ';');
			obuf_slice(ob, piece);
		}
		first = false;
	}
}

static void host_write(struct obuf *ob, const struct call *call,
		       enum report_leg leg)
{
	const struct realm *realm = call->trunk[leg]->realm;

	obuf_str(ob, realm->domains.n ? realm->domains.v[0]
				      : call->leg[leg]->flow->sent_by);
}

/* uri with another host; absent: its own. */
static void uri_write(struct obuf *ob, const struct address_uri *uri,
		      struct slice host)
{
	if (uri->scheme != SCHEME_SIP && uri->scheme != SCHEME_SIPS) {
		pieces_write(ob, uri->octets);
		return;
	}
	obuf_slice(ob, uri->scheme_name);
	obuf_chr(ob, ':');
	if (uri->user.p) {
		pieces_write(ob, uri->user);
		if (uri->password.p) {
			obuf_chr(ob, ':');
			obuf_slice(ob, uri->password);
		}
		obuf_chr(ob, '@');
	}
	if (host.p) {
		obuf_slice(ob, host);
	} else {
		obuf_slice(ob, uri->host);
		if (uri->port)
			obuf_fmt(ob, ":%u", uri->port);
	}
	pieces_write(ob, uri->params);
}

static void name_addr_write(struct obuf *ob, const struct address *a,
			    struct slice host)
{
	if (a->display.n) {
		obuf_slice(ob, a->display);
		obuf_chr(ob, ' ');
	}
	obuf_chr(ob, '<');
	uri_write(ob, &a->uri, host);
	obuf_chr(ob, '>');
}

static bool host_is_anonymous(const struct address_uri *uri)
{
	return slice_caseeq_str(uri->host, "anonymous.invalid");
}

static void from_write(struct obuf *ob, const struct call *call)
{
	const struct address *from = &call->invite->from;
	struct obuf host = OBUF_INIT;

	host_write(&host, call, REPORT_LEG_B);
	name_addr_write(ob, from,
			host_is_anonymous(&from->uri) ? SLICE_NONE
						      : obuf_as_slice(&host));
	obuf_fmt(ob, ";tag=%s", call->leg[REPORT_LEG_B]->tag);
	obuf_fini(&host);
}

static bool mentions_verstat(struct slice s)
{
	struct slice rest = s;

	while (rest.p)
		if (slice_casestarts(slice_cut(&rest, ';'), "verstat="))
			return true;
	return false;
}

/* topology = keep: From stays, unless somebody untrusted wrote a verstat. */
static void from_keep(struct obuf *ob, const struct call *call)
{
	const struct address *from = &call->invite->from;

	if (call->trunk[REPORT_LEG_A]->trusted ||
	    !mentions_verstat(from->uri.octets)) {
		obuf_slice(ob, from->octets);
		return;
	}
	name_addr_write(ob, from, SLICE_NONE);
	obuf_slice(ob, from->params);
}

/* ---- the INVITE -------------------------------------------------------- */

static void peer_host_write(struct obuf *ob, const struct leg *leg)
{
	char text[64];

	if (!sa_ntop(&leg->flow->peer, text, sizeof(text)))
		obuf_fmt(ob, sa_af(&leg->flow->peer) == AF_INET6 ? "[%s]:%u"
								  : "%s:%u",
			 text, sa_port(&leg->flow->peer));
}

static void request_uri_write(struct obuf *ob, const struct call *call)
{
	const struct address_uri *uri = &call->invite->uri;
	const struct leg *leg = call->leg[REPORT_LEG_B];
	struct obuf host = OBUF_INIT;

	if (!leg->trunk->hide) {
		obuf_slice(ob, call->invite->uri_text);
		return;
	}
	peer_host_write(&host, leg);
	uri_write(ob, uri, obuf_as_slice(&host));
	obuf_fini(&host);
}


/* What is made up for one INVITE; slices into it live until draft_write(). */
struct made {
	struct obuf uri, from, to, call_id, cseq, contact, hops, record;
	struct obuf identity;
};

static void made_fini(struct made *m)
{
	obuf_fini(&m->uri);
	obuf_fini(&m->from);
	obuf_fini(&m->to);
	obuf_fini(&m->call_id);
	obuf_fini(&m->cseq);
	obuf_fini(&m->contact);
	obuf_fini(&m->hops);
	obuf_fini(&m->record);
	obuf_fini(&m->identity);
}

static void topology_hide(const struct call *call, struct draft *d,
			  struct made *m)
{
	const struct leg *leg = call->leg[REPORT_LEG_B];
	struct obuf host = OBUF_INIT;
	char id[33];

	rnd_hex(id, 32);
	obuf_str(&m->call_id, id);
	obuf_fmt(&m->cseq, "%u INVITE", 1 + rnd_u32() % 0x7fff);
	from_write(&m->from, call);
	peer_host_write(&host, leg);
	name_addr_write(&m->to, &call->invite->to, obuf_as_slice(&host));
	obuf_fini(&host);
	leg_contact(leg, &m->contact);
	draft_replace(d, HEADER_CALL_ID, obuf_as_slice(&m->call_id));
	draft_replace(d, HEADER_CSEQ, obuf_as_slice(&m->cseq));
	draft_replace(d, HEADER_FROM, obuf_as_slice(&m->from));
	draft_replace(d, HEADER_TO, obuf_as_slice(&m->to));
	draft_replace(d, HEADER_CONTACT, obuf_as_slice(&m->contact));
}

static void record_route_write(struct obuf *ob, const struct leg *leg)
{
	obuf_fmt(ob, "<sip:%s", leg->flow->sent_by);
	if (leg->flow->kind != FLOW_UDP)
		obuf_fmt(ob, ";transport=%s", leg_transport(leg));
	obuf_str(ob, ";lr>");
}

static void topology_keep(const struct call *call, struct draft *d,
			  struct made *m)
{
	from_keep(&m->from, call);
	draft_replace(d, HEADER_FROM, obuf_as_slice(&m->from));
	record_route_write(&m->record, call->leg[REPORT_LEG_B]);
	draft_insert(d, SLICE_LIT("Record-Route"), obuf_as_slice(&m->record));
}

static void request_drops(const struct call *call, enum report_leg from,
			  struct draft *d)
{
	for (size_t i = 0; i < COUNT(never); i++)
		draft_drop(d, never[i]);
	if (call->trunk[REPORT_LEG_B]->hide)
		draft_drop(d, HEADER_WARNING);
	if (assertion_passes(call, from, d->in))
		return;
	for (size_t i = 0; i < COUNT(asserted); i++)
		draft_drop(d, asserted[i]);
}

/* The Identity headers to keep, one line each: a fold becomes a blank. */
static void identity_keep_some(const struct call *call, struct draft *d,
			       const struct outgoing_identity *identity,
			       struct made *m)
{
	const struct message *in = call->invite;
	size_t n = 0, at[IDENTITY_MAX + 1] = {0}, kept = 0;

	for (size_t i = 0; i < in->headers && n < IDENTITY_MAX; i++) {
		struct slice v = in->header[i].value;

		if (in->header[i].id != HEADER_IDENTITY ||
		    !identity->keep[n++])
			continue;
		for (size_t k = 0; k < v.n; k++)
			obuf_chr(&m->identity, v.p[k] == '\r' ||
						       v.p[k] == '\n'
						       ? ' ' : v.p[k]);
		at[++kept] = m->identity.n;
	}
	/* only now do the octets stay where they are */
	for (size_t i = 0; i < kept && !m->identity.err; i++)
		draft_append(d, SLICE_LIT("Identity"),
			     slice_of(m->identity.p + at[i],
				      at[i + 1] - at[i]));
}

static void identity_write(const struct call *call, struct draft *d,
			   const struct outgoing_identity *identity,
			   struct made *m)
{
	if (identity->all)
		return;
	draft_drop(d, HEADER_IDENTITY);
	if (!identity->info)
		draft_drop(d, HEADER_IDENTITY_INFO);
	identity_keep_some(call, d, identity, m);
}

int outgoing_invite(const struct call *call,
		    const struct outgoing_identity *identity, struct obuf *ob)
{
	struct made m = {0};
	struct draft d;
	int err;

	draft_init(&d, call->invite);
	request_uri_write(&m.uri, call);
	draft_request(&d, SLICE_LIT("INVITE"), obuf_as_slice(&m.uri));
	request_drops(call, REPORT_LEG_A, &d);
	identity_write(call, &d, identity, &m);
	if (call->trunk[REPORT_LEG_B]->hide)
		topology_hide(call, &d, &m);
	else
		topology_keep(call, &d, &m);
	obuf_fmt(&m.hops, "%u", call->invite->max_forwards - 1);
	draft_replace(&d, HEADER_MAX_FORWARDS, obuf_as_slice(&m.hops));
	draft_append(&d, SLICE_LIT("Allow"), SLICE_LIT(OUTGOING_ALLOW));
	if (!call->late)
		draft_body(&d, SLICE_LIT("application/sdp"),
			   obuf_as_slice(&call->offer));
	err = m.identity.err ? m.identity.err : draft_write(&d, ob);
	made_fini(&m);
	return err;
}

/* ---- responses --------------------------------------------------------- */

static bool reply_passes(const struct call *call, enum report_leg from,
			 const struct message *resp, enum header_id id)
{
	static const enum header_id own[] = {
		HEADER_VIA,	     HEADER_FROM,
		HEADER_TO,	     HEADER_CALL_ID,
		HEADER_CSEQ,	     HEADER_CONTACT,
		HEADER_CONTENT_TYPE, HEADER_CONTENT_LENGTH,
		HEADER_CONTENT_ENCODING, HEADER_CONTENT_DISPOSITION,
		HEADER_CONTENT_LANGUAGE, HEADER_MIME_VERSION,
	};

	if (id_in(id, own, COUNT(own)) || id_in(id, never, COUNT(never)))
		return false;
	/* its warn-agent names a host of the other side */
	if (id == HEADER_WARNING && call->trunk[REPORT_LEG_B]->hide)
		return false;
	return !id_in(id, asserted, COUNT(asserted)) ||
	       assertion_passes(call, from, resp);
}

/* "Name: value", as received where nothing stands before the colon. */
static void line_write(struct obuf *ob, const struct header *h)
{
	if (h->line.n > h->name.n && h->line.p[h->name.n] == ':') {
		obuf_slice(ob, h->line);
		return;
	}
	obuf_slice(ob, h->name);
	obuf_str(ob, ": ");
	obuf_slice(ob, h->value);
	obuf_str(ob, "\r\n");
}

static void reply_contact(const struct call *call, enum report_leg from,
			  const struct message *resp, struct obuf *ob)
{
	const struct leg *to = call->leg[leg_other(from)];
	const struct header *theirs = message_header(resp, HEADER_CONTACT);

	if (call->trunk[REPORT_LEG_B]->hide || !theirs) {
		obuf_str(ob, "Contact: ");
		leg_contact(to, ob);
		obuf_str(ob, "\r\n");
		return;
	}
	obuf_str(ob, "Record-Route: ");
	record_route_write(ob, to);
	obuf_str(ob, "\r\n");
	line_write(ob, theirs);
}

int outgoing_reply(const struct call *call, enum report_leg from,
		   const struct message *resp, bool contact, struct obuf *ob)
{
	if (contact) {
		reply_contact(call, from, resp, ob);
		obuf_str(ob, "Allow: " OUTGOING_ALLOW "\r\n");
	}
	for (size_t i = 0; i < resp->headers; i++)
		if (reply_passes(call, from, resp, resp->header[i].id))
			line_write(ob, &resp->header[i]);
	return ob->err;
}

/* ---- in the dialog ----------------------------------------------------- */

void outgoing_indialog(const struct call *call, enum report_leg from,
		       struct draft *d, bool contact, struct obuf *text)
{
	request_drops(call, from, d);
	draft_drop(d, HEADER_IDENTITY);
	draft_drop(d, HEADER_IDENTITY_INFO);
	if (!contact)
		return;
	leg_contact(call->leg[leg_other(from)], text);
	draft_replace(d, HEADER_CONTACT, obuf_as_slice(text));
	draft_append(d, SLICE_LIT("Allow"), SLICE_LIT(OUTGOING_ALLOW));
}

void outgoing_reason(struct obuf *ob, unsigned code, const char *text)
{
	obuf_fmt(ob, "SIP;cause=%u;text=\"%s\"", code, text);
}
