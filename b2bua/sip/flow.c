/* flow.c: what all kinds of flow share. Thread: the SIP thread. */
#include "b2bua/sip/flow.h"

#include <errno.h>

int flow_send(struct flow *f, struct slice octets)
{
	if (f->down)
		return ENOTCONN;
	return f->ops->send(f, octets);
}

const char *flow_via_name(enum flow_kind kind)
{
	return kind == FLOW_UDP ? "UDP" : "TCP";
}

const char *flow_uri_name(enum flow_kind kind)
{
	return kind == FLOW_UDP ? "udp" : "tcp";
}

bool flow_same(const struct flow *a, const struct flow *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind || a->realm != b->realm)
		return false;
	if (flow_reliable(a))
		return sa_cmp(&a->peer, &b->peer, SA_ADDR);
	return a->socket == b->socket && sa_cmp(&a->peer, &b->peer, SA_ALL);
}

bool flow_same_host(const struct flow *a, const struct flow *b)
{
	return a->realm == b->realm && sa_cmp(&a->peer, &b->peer, SA_ADDR);
}

static void sa_write(struct obuf *ob, const struct sa *sa)
{
	char ip[64] = "";

	sa_ntop(sa, ip, sizeof(ip));
	obuf_fmt(ob, sa_af(sa) == AF_INET6 ? "[%s]:%u" : "%s:%u", ip,
		 sa_port(sa));
}

void flow_write(struct obuf *ob, const struct flow *f)
{
	obuf_str(ob, flow_uri_name(f->kind));
	obuf_chr(ob, ':');
	sa_write(ob, &f->local);
	obuf_chr(ob, '>');
	sa_write(ob, &f->peer);
}

void flow_watch_add(struct flow *f, struct flow_watch *w,
		    void (*fn)(void *arg, int err), void *arg)
{
	w->fn = fn;
	w->arg = arg;
	w->next = f->watches;
	w->prev = &f->watches;
	if (w->next)
		w->next->prev = &w->next;
	f->watches = w;
}

void flow_watch_del(struct flow_watch *w)
{
	if (!w->prev)
		return;
	*w->prev = w->next;
	if (w->next)
		w->next->prev = w->prev;
	w->prev = NULL;
}

void flow_fail(struct flow *f, int err)
{
	f->down = true;
	while (f->watches) {
		struct flow_watch *w = f->watches;

		flow_watch_del(w);
		w->fn(w->arg, err);
	}
}
