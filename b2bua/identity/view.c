/* view.c: from a parsed message to the signed slices. */
#include "b2bua/identity/view.h"

#include <errno.h>

static void contact_read(struct view *v, const struct message *msg)
{
	struct message_values it = {.message = msg, .id = HEADER_CONTACT};
	struct address a;
	struct slice value;

	if (!message_values_next(&it, &value) || slice_eq_str(value, "*"))
		return;
	if (!address_parse(&a, value)) /* message_parse() has seen to it */
		v->contact = a.uri.octets;
}

static void pai_read(struct view *v, const struct message *msg)
{
	struct message_values it = {.message = msg,
				    .id = HEADER_P_ASSERTED_IDENTITY};
	struct address a;
	struct slice value;

	while (v->n_pai < VIEW_PAI_MAX && message_values_next(&it, &value))
		if (!address_parse(&a, value))
			v->pai[v->n_pai++] = a.uri.octets;
}

static void identity_read(struct view *v, const struct message *msg)
{
	struct message_values it = {.message = msg, .id = HEADER_IDENTITY};
	struct slice value;

	while (message_values_next(&it, &value)) {
		if (v->n_identity < IDENTITY_MAX)
			v->identity[v->n_identity++] = value;
		v->identities++;
	}
	v->identity_info = message_value(msg, HEADER_IDENTITY_INFO);
}

int view_init(struct view *v, const struct message *msg)
{
	memset(v, 0, sizeof(*v));
	if (!msg->request)
		return EBADMSG;
	v->method = msg->method_name;
	v->ruri = msg->uri_text;
	v->from = msg->from.uri.octets;
	v->to = msg->to.uri.octets;
	v->call_id = msg->call_id;
	v->cseq = msg->cseq;
	v->date = message_value(msg, HEADER_DATE);
	v->body = msg->body;
	identity_read(v, msg);
	contact_read(v, msg);
	pai_read(v, msg);
	return 0;
}

bool view_is_4474(struct slice identity)
{
	return identity.n && identity.p[0] == '"';
}
