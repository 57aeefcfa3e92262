/* core: everything one daemon holds, and the door that requests come in by:
 * known trunk or stranger, in a dialog or not, a new call or something else.
 * Thread: the SIP thread, all of it. */
#ifndef B2BUA_CORE_H
#define B2BUA_CORE_H

#include <re_types.h>
#include <re_list.h>
#include <re_mem.h>

#include "b2bua/cdr.h"
#include "b2bua/config.h"
#include "b2bua/counter.h"
#include "b2bua/relay.h"
#include "b2bua/sip/dialog.h"
#include "b2bua/sip/transaction.h"
#include "b2bua/sip/transport.h"
#include "b2bua/sip/wheel.h"

enum { CORE_HISTORY = 100 }; /* ended calls that can still be asked about */

struct core {
	struct config *config;
	struct wheel *wheel;
	struct transport *transport;
	struct transactions *transactions;
	struct dialogs *dialogs;
	struct fetch *fetch; /* NULL: nothing is fetched */
	struct identity *identity;
	struct signer **signers; /* in the order of config->signers */
	struct relay *relay;
	struct cdr *cdr;
	struct list calls; /* up, oldest first */
	struct list history; /* ended, oldest first */
	uint32_t ncalls, nhistory;
	struct list legs; /* also those that outlive their call */
	struct list medias; /* the same */
	uint64_t counters[COUNTERS];
	uint64_t started_us; /* wall clock */
	bool stopping;
};

/* After libre_init(): identity, signers, relay, records; no socket of SIP is
 * open yet. fetch: forked before, or NULL; it becomes the core's. flaw says
 * what is to blame, and the line. Takes config over also when it fails. */
int core_new(struct core **cp, struct config *config, struct fetch *fetch,
	     struct schema_flaw *flaw);
/* Opens the sockets of all realms: from here on calls come in. */
int core_listen(struct core *core, char why[256]);
/* Ends every call (BYE, CANCEL, 503) and refuses new ones. Goes on in the
 * background: core_idle() says when all of it is done. */
void core_stop(struct core *core);
bool core_idle(const struct core *core);
/* What is still there goes without a word; records are written. */
void core_free(struct core *core);

static inline void core_count(struct core *core, enum counter c)
{
	core->counters[c]++;
}

/* The realm a flow belongs to. */
static inline const struct realm *core_realm(const struct flow *flow)
{
	return flow->realm;
}
/* The trunk a flow belongs to; NULL: a stranger. */
struct trunk *core_trunk(struct core *core, const struct flow *flow);
struct signer *core_signer(const struct core *core,
			   const struct signer_conf *conf);

#endif
