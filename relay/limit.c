#include "relay/limit.h"

#include <stdlib.h>

#include "lib/base/log.h"

static bool is_loaded(unsigned load_max)
{
	double load;

	return load_max && getloadavg(&load, 1) == 1 &&
	       load * 100 >= load_max;
}

enum refusal limit_refusal(const struct sessions_conf *conf, size_t sessions)
{
	static struct log_limit lim;
	enum refusal why = REFUSAL_NONE;

	if (conf->sessions_max && sessions >= conf->sessions_max)
		why = REFUSAL_SESSIONS;
	else if (is_loaded(conf->load_max))
		why = REFUSAL_LOAD;
	if (why && log_limit_pass(&lim))
		log_warn("limit: new session refused (%s; %u kept back)",
			 refusal_row(why)->text, lim.last);
	return why;
}
