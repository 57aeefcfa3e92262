/* dialog.c: dialog state and what is built from it. Thread: the SIP thread. */
#include "b2bua/sip/dialog.h"

#include <errno.h>
#include <stdlib.h>

#include <re_types.h>
#include <re_mem.h>

#include "lib/base/rnd.h"
#include "lib/base/siphash.h"

enum { DIALOG_BUCKETS = 16384 };

struct dialogs {
	struct dialog *bucket[DIALOG_BUCKETS];
	unsigned n;
};

int dialogs_new(struct dialogs **dp)
{
	*dp = calloc(1, sizeof(**dp));
	return *dp ? 0 : ENOMEM;
}

void dialogs_free(struct dialogs *ds)
{
	free(ds);
}

static uint64_t hash_of(struct slice call_id, struct slice local,
			struct slice remote)
{
	uint64_t h[3] = {siphash_slice(call_id), siphash_slice(local),
			 siphash_slice(remote)};

	return siphash(h, sizeof(h));
}

static struct dialog *find(const struct dialogs *ds, struct slice call_id,
			   struct slice local, struct slice remote)
{
	uint64_t hash = hash_of(call_id, local, remote);
	struct dialog *d = ds->bucket[hash % DIALOG_BUCKETS];

	while (d && (d->hash != hash || !slice_eq(d->call_id, call_id) ||
		     !slice_eq(d->local_tag, local) ||
		     !slice_eq(d->remote_tag, remote)))
		d = d->next;
	return d;
}

struct dialog *dialog_find(const struct dialogs *ds, const struct message *m)
{
	return m->request ? find(ds, m->call_id, m->to.tag, m->from.tag)
			  : find(ds, m->call_id, m->from.tag, m->to.tag);
}

static void unlink_from_table(struct dialog *d)
{
	if (!d->prev)
		return;
	*d->prev = d->next;
	if (d->next)
		d->next->prev = d->prev;
	d->prev = NULL;
}

static void destroy(void *arg)
{
	struct dialog *d = arg;
	struct slice *v[] = {&d->call_id, &d->local_tag, &d->remote_tag,
			     &d->local, &d->remote, &d->target, &d->routes};

	unlink_from_table(d);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		free((char *)v[i]->p);
	obuf_fini(&d->ack);
	mem_deref(d->flow);
}

void dialog_close(struct dialog *d)
{
	if (!d)
		return;
	unlink_from_table(d);
	mem_deref(d);
}

/* The former text goes, also when the new one is the same. */
static int text_set(struct slice *to, struct slice v)
{
	char *copy = slice_dup(v);

	if (!copy)
		return ENOMEM;
	free((char *)to->p);
	*to = slice_of(copy, v.n);
	return 0;
}

/* The URI of the one Contact. ENOENT: none; EBADMSG: several, or no SIP URI. */
static int contact_uri(const struct message *m, struct slice *uri)
{
	struct message_values it = {.message = m, .id = HEADER_CONTACT};
	struct slice v, more;
	struct address a;

	if (!message_values_next(&it, &v))
		return ENOENT;
	if (message_values_next(&it, &more) || address_parse(&a, v) ||
	    (a.uri.scheme != SCHEME_SIP && a.uri.scheme != SCHEME_SIPS))
		return EBADMSG;
	*uri = a.uri.octets;
	return 0;
}

/* Record-Route as one comma list; a caller reads it backwards (12.1.2). */
static int routes_set(struct dialog *d, const struct message *m, bool backwards)
{
	struct message_values it = {.message = m, .id = HEADER_RECORD_ROUTE};
	struct slice v, routes[MESSAGE_VIAS_MAX];
	unsigned n = 0;
	struct obuf ob = OBUF_INIT;
	int err;

	while (message_values_next(&it, &v)) {
		if (n == MESSAGE_VIAS_MAX)
			return EBADMSG;
		routes[n++] = v;
	}
	for (unsigned i = 0; i < n; i++) {
		if (i)
			obuf_str(&ob, ", ");
		obuf_slice(&ob, routes[backwards ? n - 1 - i : i]);
	}
	err = ob.err ? ob.err : text_set(&d->routes, obuf_as_slice(&ob));
	obuf_fini(&ob);
	return err;
}

static int with_tag_set(struct slice *to, struct slice value, struct slice tag)
{
	struct obuf ob = OBUF_INIT;
	int err;

	obuf_slice(&ob, value);
	obuf_str(&ob, ";tag=");
	obuf_slice(&ob, tag);
	err = ob.err ? ob.err : text_set(to, obuf_as_slice(&ob));
	obuf_fini(&ob);
	return err;
}

static int dialog_new(struct dialog **dp, struct dialogs *ds,
		      struct slice call_id, struct slice local,
		      struct slice remote, struct flow *flow, void *owner)
{
	struct dialog *d;

	if (find(ds, call_id, local, remote))
		return EEXIST;
	d = mem_zalloc(sizeof(*d), destroy);
	if (!d)
		return ENOMEM;
	d->early = true;
	d->owner = owner;
	d->flow = mem_ref(flow);
	if (text_set(&d->call_id, call_id) || text_set(&d->local_tag, local) ||
	    text_set(&d->remote_tag, remote)) {
		mem_deref(d);
		return ENOMEM;
	}
	d->hash = hash_of(call_id, local, remote);
	d->prev = &ds->bucket[d->hash % DIALOG_BUCKETS];
	d->next = *d->prev;
	if (d->next)
		d->next->prev = &d->next;
	*d->prev = d;
	*dp = d;
	return 0;
}

int dialog_new_uas(struct dialog **dp, struct dialogs *ds,
		   const struct message *req, struct slice local_tag,
		   struct flow *flow, void *owner)
{
	struct slice target;
	struct dialog *d;
	int err;

	if (contact_uri(req, &target))
		return EBADMSG;
	err = dialog_new(&d, ds, req->call_id, local_tag, req->from.tag, flow,
			 owner);
	if (err)
		return err;
	d->remote_cseq = req->cseq;
	d->has_remote_cseq = true;
	/* Any number will do (12.1.1 leaves it empty); a random one keeps ours
	 * from being guessed. */
	d->local_cseq = rnd_u32() & 0xffffff;
	err = text_set(&d->target, target);
	if (!err)
		err = text_set(&d->remote, req->from.octets);
	if (!err)
		err = req->to.tag.p ? text_set(&d->local, req->to.octets)
				    : with_tag_set(&d->local, req->to.octets,
						   local_tag);
	if (!err)
		err = routes_set(d, req, false);
	if (err)
		mem_deref(d);
	else
		*dp = d;
	return err;
}

/* What a response tells a caller: target and route set. */
static int answer_take(struct dialog *d, const struct message *resp,
		       struct slice otherwise)
{
	struct slice target = otherwise;
	int err = contact_uri(resp, &target);

	if (err == EBADMSG || (err && resp->status >= 200))
		return EBADMSG;
	err = text_set(&d->target, target);
	return err ? err : routes_set(d, resp, true);
}

int dialog_new_uac(struct dialog **dp, struct dialogs *ds,
		   const struct message *req, const struct message *resp,
		   struct flow *flow, void *owner)
{
	struct dialog *d;
	int err;

	if (!resp->to.tag.p)
		return EBADMSG;
	err = dialog_new(&d, ds, resp->call_id, resp->from.tag, resp->to.tag,
			 flow, owner);
	if (err)
		return err;
	d->local_cseq = req->cseq;
	d->early = resp->status < 200;
	err = answer_take(d, resp, req->uri_text);
	if (!err)
		err = text_set(&d->local, req->from.octets);
	if (!err)
		err = text_set(&d->remote, resp->to.octets);
	if (err)
		mem_deref(d);
	else
		*dp = d;
	return err;
}

int dialog_confirm(struct dialog *d, const struct message *m)
{
	int err = 0;

	/* Received: we called. 13.2.2.4: the route set is that of the 2xx. */
	if (!m->request && slice_eq(m->from.tag, d->local_tag))
		err = answer_take(d, m, d->target);
	if (!err)
		d->early = false;
	return err;
}

int dialog_refresh(struct dialog *d, const struct message *m)
{
	struct slice target;
	int err = contact_uri(m, &target);

	if (err)
		return err == ENOENT ? 0 : err;
	return text_set(&d->target, target);
}

int dialog_check(struct dialog *d, const struct message *req)
{
	if (req->method == METHOD_ACK || req->method == METHOD_CANCEL)
		return 0;
	if (d->has_remote_cseq && req->cseq <= d->remote_cseq)
		return 500;
	d->remote_cseq = req->cseq;
	d->has_remote_cseq = true;
	return 0;
}

/* What follows the first of a comma list. */
static struct slice list_first(struct slice *list)
{
	struct slice item = SLICE_NONE;

	header_item_next(list, &item);
	*list = slice_trim(*list);
	return item;
}

/* 12.2.1.1: a first route without lr is a strict router: it becomes the
 * Request-URI and the target goes to the end of the list. */
static void routing(const struct dialog *d, struct slice *uri,
		    struct slice *routes, struct obuf *ob)
{
	struct slice rest = d->routes;
	struct slice first = list_first(&rest);
	struct address a;

	*uri = d->target;
	*routes = d->routes;
	if (!first.p || address_parse(&a, first) ||
	    param_find(a.uri.params, "lr", NULL))
		return;
	*uri = a.uri.octets;
	obuf_slice(ob, rest);
	obuf_str(ob, rest.n ? ", <" : "<");
	obuf_slice(ob, d->target);
	obuf_chr(ob, '>');
	*routes = SLICE_NONE;
}

void dialog_draft(struct dialog *d, struct draft *draft, const char *method,
		  uint32_t cseq, struct obuf *scratch)
{
	struct slice name = method ? slice_str(method)
				   : draft->in->method_name;
	size_t from = scratch->n, split, end;
	struct slice uri, routes;
	unsigned hops = 70;

	if (draft->in && draft->in->max_forwards)
		hops = draft->in->max_forwards - 1;
	if (!slice_eq_str(name, "ACK"))
		cseq = ++d->local_cseq;
	obuf_fmt(scratch, "%u %.*s", cseq, SLICE(name));
	split = scratch->n;
	obuf_fmt(scratch, "%u", hops);
	end = scratch->n;
	routing(d, &uri, &routes, scratch);
	/* Only now does the scratch stay where it is. */
	if (!routes.p)
		routes = slice_of(scratch->p + end, scratch->n - end);
	draft_request(draft, name, uri);
	draft_drop(draft, HEADER_RECORD_ROUTE);
	draft_drop(draft, HEADER_CONTACT);
	draft_drop(draft, HEADER_ROUTE);
	if (routes.n)
		draft_replace(draft, HEADER_ROUTE, routes);
	draft_replace(draft, HEADER_MAX_FORWARDS,
		      slice_of(scratch->p + split, end - split));
	draft_replace(draft, HEADER_FROM, d->local);
	draft_replace(draft, HEADER_TO, d->remote);
	draft_replace(draft, HEADER_CALL_ID, d->call_id);
	draft_replace(draft, HEADER_CSEQ,
		      slice_of(scratch->p + from, split - from));
	if (scratch->err)
		draft->overflow = true;
}

int dialog_ack(struct dialog *d, struct transactions *t,
	       const struct message *resp, struct slice type,
	       struct slice body)
{
	struct obuf scratch = OBUF_INIT, ob = OBUF_INIT;
	struct draft draft;
	int err;

	draft_init(&draft, NULL);
	dialog_draft(d, &draft, "ACK", resp->cseq, &scratch);
	if (body.n)
		draft_body(&draft, type, body);
	err = draft_write(&draft, &ob);
	if (!err) {
		d->ack_cseq = resp->cseq;
		d->acked = true;
		err = transactions_send(t, d->flow, obuf_as_slice(&ob),
					&d->ack);
	}
	obuf_fini(&ob);
	obuf_fini(&scratch);
	return err;
}

bool dialog_ack_again(struct dialog *d, const struct message *resp)
{
	if (!d->acked || !d->ack.n || resp->status / 100 != 2 ||
	    resp->method != METHOD_INVITE || resp->cseq != d->ack_cseq)
		return false;
	flow_send(d->flow, obuf_as_slice(&d->ack));
	return true;
}
