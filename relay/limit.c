#include "relay/limit.h"

#include <stdlib.h>

#include "lib/base/log.h"

/* Of the process: there is one control thread. */
static struct {
	uint64_t octets, at_ms; /* when last measured */
	uint64_t bits; /* per second */
	unsigned load; /* percent of one processor */
	uint64_t refused[REFUSAL_COUNT];
} now;

static unsigned load_read(void)
{
	double load;

	return getloadavg(&load, 1) == 1 ? (unsigned)(load * 100) : 0;
}

void limit_measure(uint64_t octets, uint64_t now_ms)
{
	if (now.at_ms && now_ms > now.at_ms && octets >= now.octets)
		now.bits = (octets - now.octets) * 8000 /
			   (now_ms - now.at_ms);
	now.octets = octets;
	now.at_ms = now_ms;
	now.load = load_read();
}

uint64_t limit_bandwidth(void)
{
	return now.bits;
}

uint64_t limit_refused(enum refusal why)
{
	return now.refused[why];
}

static enum refusal limit_hit(const struct sessions_conf *conf, size_t sessions)
{
	if (conf->sessions_max && sessions >= conf->sessions_max)
		return REFUSAL_SESSIONS;
	if (conf->bandwidth_max && now.bits >= conf->bandwidth_max * 1000ull)
		return REFUSAL_BANDWIDTH;
	if (conf->load_max && now.load >= conf->load_max)
		return REFUSAL_LOAD;
	return REFUSAL_NONE;
}

enum refusal limit_refusal(const struct sessions_conf *conf, size_t sessions)
{
	static struct log_limit lim[REFUSAL_COUNT];
	enum refusal why = limit_hit(conf, sessions);

	now.refused[why]++;
	if (why && log_limit_pass(&lim[why]))
		log_warn("limit: new session refused (%s; %u kept back)",
			 refusal_row(why)->text, lim[why].last);
	return why;
}
