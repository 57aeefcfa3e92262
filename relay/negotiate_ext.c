/* negotiate_ext: which header extensions a description lets pass (RFC 8285
 * section 5: "a=extmap:ID[/direction] URI ..."). */
#include "relay/negotiate.h"

static bool is_stripped(const struct options_extmap *x, struct slice uri)
{
	for (unsigned i = 0; i < x->n; i++)
		if (slice_eq(uri, x->strip[i]))
			return true;
	return x->all;
}

static void part_take(struct rtp_ext_set *set, struct slice part,
		      const struct options_extmap *x)
{
	struct sdpv_line line;
	uint64_t id;

	while (sdpv_line_next(&part, &line)) {
		struct slice arg = line.arg, number;

		if (line.type != 'a' || !slice_eq_str(line.name, "extmap"))
			continue;
		number = slice_cut(&arg, ' ');
		if (slice_u64(slice_cut(&number, '/'), UINT8_MAX, &id) || !id ||
		    is_stripped(x, slice_cut(&arg, ' ')))
			continue;
		rtp_ext_add(set, (uint8_t)id);
	}
}

void negotiate_extensions(struct rtp_ext_set *set, const struct sdpv_media *m,
			  const struct options *o)
{
	*set = (struct rtp_ext_set){0};
	part_take(set, m->session, &o->extmap);
	part_take(set, m->whole, &o->extmap);
}
