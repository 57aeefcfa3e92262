/* metrics: the page (metrics.h). */
#include "relay/metrics.h"

#include <inttypes.h>

#include "lib/base/clk.h"
#include "relay/hep.h"
#include "relay/limit.h"

enum metric {
#define METRIC(id, name, type, help) METRIC_##id,
#include "relay/metric.def"
#undef METRIC
	METRIC_COUNT
};

static const char COUNTER[] = "counter";
static const char GAUGE[] = "gauge";

static const struct row {
	const char *name;
	const char *type;
	const char *help;
} rows[METRIC_COUNT] = {
#define METRIC(id, name, type, help) [METRIC_##id] = {name, type, help},
#include "relay/metric.def"
#undef METRIC
};

/* ---- lines -------------------------------------------------------------- */

/* A name's hyphens are not allowed there. */
static void put_name(struct obuf *ob, const char *token)
{
	obuf_str(ob, METRICS_PREFIX);
	for (; *token; token++)
		obuf_chr(ob, *token == '-' ? '_' : *token);
}

static void put_head(struct obuf *ob, const char *token, const char *suffix,
		     const char *type, const char *help)
{
	obuf_str(ob, "# HELP ");
	put_name(ob, token);
	obuf_fmt(ob, "%s %s\n# TYPE ", suffix, help);
	put_name(ob, token);
	obuf_fmt(ob, "%s %s\n", suffix, type);
}

/* The format escapes three octets in a label's value. */
static void put_label(struct obuf *ob, const char *name, const char *value)
{
	obuf_fmt(ob, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			obuf_chr(ob, '\\');
		if (*value == '\n')
			obuf_str(ob, "\\n");
		else
			obuf_chr(ob, *value);
	}
	obuf_chr(ob, '"');
}

static void put_labelled(struct obuf *ob, enum metric metric, const char *label,
			 const char *value, uint64_t n)
{
	put_name(ob, rows[metric].name);
	obuf_chr(ob, '{');
	put_label(ob, label, value);
	obuf_fmt(ob, "} %" PRIu64 "\n", n);
}

/* ---- families with labels ----------------------------------------------- */

static void put_drops(const struct metrics *m, struct obuf *ob)
{
	struct counter_sums sums;

	plane_counters(m->plane, &sums);
	for (int i = DROP_NONE + 1; i < DROP_COUNT; i++)
		put_labelled(ob, METRIC_DROPS, "reason",
			     drop_row((enum drop)i)->token, sums.drops[i]);
}

static void count_media(const struct session_media *sm, uint64_t *n)
{
	for (int side = MEDIA_A; side <= MEDIA_B; side++)
		if (sm->leg[side].set)
			n[sm->leg[side].conf.security]++;
}

static bool count_legs(struct session *s, void *arg)
{
	for (; s; s = s->branch)
		for (unsigned i = 0; i < s->medias; i++)
			if (s->media[i]->media)
				count_media(s->media[i], arg);
	return true;
}

static void put_legs(const struct metrics *m, struct obuf *ob)
{
	uint64_t n[LEG_SECURITIES] = {0};

	sessions_each(m->sessions, count_legs, n);
	for (int i = 0; i < LEG_SECURITIES; i++)
		put_labelled(ob, METRIC_LEGS, "security",
			     leg_security_name((enum leg_security)i), n[i]);
}

static void put_pairs(const struct metrics *m, struct obuf *ob,
		      enum metric metric)
{
	struct plane_ports p;

	for (unsigned i = 0; plane_ports(m->plane, i, &p) == 0; i++) {
		put_name(ob, rows[metric].name);
		obuf_chr(ob, '{');
		put_label(ob, "interface", p.interface);
		obuf_chr(ob, ',');
		put_label(ob, "address", p.address);
		obuf_fmt(ob, "} %u\n",
			 metric == METRIC_PORT_PAIRS ? p.pairs : p.used);
	}
}

static void put_failed(const struct metrics *m, struct obuf *ob)
{
	struct handshake_pool_stats dtls = {0};

	if (m->handshakes)
		handshake_pool_stats(m->handshakes, &dtls);
	for (int i = HANDSHAKE_WHY_NONE + 1; i < HANDSHAKE_WHY_COUNT; i++)
		put_labelled(ob, METRIC_DTLS_FAILED, "reason",
			     handshake_why_row((enum handshake_why)i)->token,
			     dtls.why[i]);
}

static void put_limited(struct obuf *ob)
{
	static const struct {
		enum refusal why;
		const char *limit;
	} limits[] = {{REFUSAL_SESSIONS, "sessions-max"},
		      {REFUSAL_BANDWIDTH, "bandwidth-max"},
		      {REFUSAL_LOAD, "load-max"}};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		put_labelled(ob, METRIC_LIMITED, "limit", limits[i].limit,
			     limit_refused(limits[i].why));
}

/* False: it has none. */
static bool put_family(const struct metrics *m, struct obuf *ob,
		       enum metric metric)
{
	switch (metric) {
	case METRIC_DROPS:
		put_drops(m, ob);
		return true;
	case METRIC_LEGS:
		put_legs(m, ob);
		return true;
	case METRIC_PORT_PAIRS:
	case METRIC_PORT_PAIRS_USED:
		put_pairs(m, ob, metric);
		return true;
	case METRIC_DTLS_FAILED:
		put_failed(m, ob);
		return true;
	case METRIC_LIMITED:
		put_limited(ob);
		return true;
	default:
		return false;
	}
}

/* ---- the page ----------------------------------------------------------- */

static void values_read(const struct metrics *m, uint64_t v[METRIC_COUNT])
{
	struct handshake_pool_stats dtls = {0};
	struct hep_stats hep = {0};
	struct sessions_stats st;

	sessions_stats(m->sessions, &st);
	if (m->handshakes)
		handshake_pool_stats(m->handshakes, &dtls);
	if (m->hep)
		hep_stats(m->hep, &hep);
	v[METRIC_SESSIONS] = sessions_count(m->sessions);
	v[METRIC_BANDWIDTH] = limit_bandwidth();
	v[METRIC_WORKERS] = plane_workers(m->plane);
	v[METRIC_UPTIME] = (clk_ms() - m->since_ms) / 1000;
	v[METRIC_CREATED] = st.created;
	v[METRIC_SILENT] = st.silent;
	v[METRIC_OFFERS] = st.offers;
	v[METRIC_ANSWERS] = st.answers;
	v[METRIC_REFUSED] = st.refused;
	v[METRIC_DTLS_DATAGRAMS] = dtls.datagrams;
	v[METRIC_DTLS_REFUSED] = dtls.refused;
	v[METRIC_DTLS_MALFORMED] = dtls.malformed;
	v[METRIC_DTLS_COOKIES] = dtls.cookies;
	v[METRIC_DTLS_LIMITED] = dtls.limited;
	v[METRIC_DTLS_ATTEMPTS] = dtls.attempts;
	v[METRIC_DTLS_DONE] = dtls.done;
	v[METRIC_DTLS_MS] = dtls.ms;
	v[METRIC_HEP_SENT] = hep.sent;
	v[METRIC_HEP_LOST] = hep.lost;
}

static void put_counters(const struct metrics *m, struct obuf *ob)
{
	struct counter_sums sums;

	plane_counters(m->plane, &sums);
	for (int i = 0; i < COUNTER_COUNT; i++) {
		const struct counter_row *row = counter_row((enum counter)i);

		put_head(ob, row->token, "_total", COUNTER, row->help);
		put_name(ob, row->token);
		obuf_fmt(ob, "_total %" PRIu64 "\n", sums.v[i]);
	}
}

void metrics_write(const struct metrics *m, struct obuf *ob)
{
	uint64_t v[METRIC_COUNT] = {0};

	values_read(m, v);
	for (int i = 0; i < METRIC_COUNT; i++) {
		put_head(ob, rows[i].name, "", rows[i].type, rows[i].help);
		if (put_family(m, ob, (enum metric)i))
			continue;
		put_name(ob, rows[i].name);
		obuf_fmt(ob, " %" PRIu64 "\n", v[i]);
	}
	put_counters(m, ob);
}
