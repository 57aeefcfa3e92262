/* message_header.c: finding header fields of a message.
 * Thread: the SIP thread. */
#include "b2bua/sip/message.h"

const struct header *message_header(const struct message *m, enum header_id id)
{
	for (size_t i = 0; i < m->headers; i++)
		if (m->header[i].id == id)
			return &m->header[i];
	return NULL;
}

struct slice message_value(const struct message *m, enum header_id id)
{
	const struct header *h = message_header(m, id);

	return h ? h->value : SLICE_NONE;
}

const struct header *message_header_named(const struct message *m,
					  struct slice name)
{
	enum header_id id = header_id_find(name);

	if (id != HEADER_OTHER)
		return message_header(m, id);
	for (size_t i = 0; i < m->headers; i++)
		if (m->header[i].id == HEADER_OTHER &&
		    slice_caseeq(m->header[i].name, name))
			return &m->header[i];
	return NULL;
}

bool message_values_next(struct message_values *it, struct slice *value)
{
	const struct message *m = it->message;
	bool list = header_many(it->id) == HEADER_LIST;

	for (;;) {
		if (list && header_item_next(&it->rest, value))
			return true;
		while (it->at < m->headers && m->header[it->at].id != it->id)
			it->at++;
		if (it->at == m->headers)
			return false;
		it->rest = m->header[it->at++].value;
		if (!list) {
			*value = it->rest;
			return true;
		}
	}
}

bool message_has_token(const struct message *m, enum header_id id,
		       const char *token)
{
	struct message_values it = {.message = m, .id = id};
	struct slice v;

	while (message_values_next(&it, &v))
		if (slice_caseeq_str(v, token))
			return true;
	return false;
}

static bool among(struct slice v, const char *const list[])
{
	for (; *list; list++)
		if (slice_caseeq_str(v, *list))
			return true;
	return false;
}

unsigned message_unsupported(const struct message *m, enum header_id id,
			     const char *const supported[], struct obuf *ob)
{
	struct message_values it = {.message = m, .id = id};
	struct slice v;
	unsigned n = 0;

	while (message_values_next(&it, &v)) {
		if (among(v, supported))
			continue;
		if (n++ && ob)
			obuf_str(ob, ", ");
		if (ob)
			obuf_slice(ob, v);
	}
	return n;
}
