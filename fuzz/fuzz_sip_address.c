/* fuzz_sip_address.c: addresses, URIs, Vias, lists and parameters from any
 * octets: every slice lies in what was given, equality is reflexive. */
#include "b2bua/sip/address.h"
#include "b2bua/sip/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void inside(struct slice all, struct slice part)
{
	check(!part.n || (part.p >= all.p &&
			  part.p + part.n <= all.p + all.n));
}

static void uri_check(struct slice all, const struct address_uri *u)
{
	struct obuf ob = OBUF_INIT;

	inside(all, u->octets);
	inside(all, u->user);
	inside(all, u->password);
	inside(all, u->host);
	inside(all, u->params);
	inside(all, u->headers);
	/* One name may still be there twice, once in escapes. */
	check(address_uri_eq(u, u) || slice_chr(u->params, '%'));
	address_unescape(&ob, u->user);
	check(ob.n <= u->user.n);
	obuf_reset(&ob);
	address_uri_phone(u, &ob);
	check(ob.n <= u->user.n);
	obuf_fini(&ob);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct slice all = slice_of(p, n), rest = all, item;
	struct address_uri u;
	struct address a;
	struct param param;
	struct via v;

	if (!address_uri_parse(&u, all))
		uri_check(all, &u);
	if (!address_parse(&a, all)) {
		inside(all, a.display);
		inside(all, a.params);
		inside(all, a.tag);
		uri_check(all, &a.uri);
	}
	if (!via_parse(&v, all)) {
		inside(all, v.branch);
		inside(all, v.params);
		check(v.host.n > 0);
	}
	while (header_item_next(&rest, &item))
		inside(all, item);
	rest = all;
	while (!param_next(&rest, &param)) {
		inside(all, param.name);
		inside(all, param.value);
	}
	return 0;
}
