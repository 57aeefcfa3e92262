#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "b2bua/call/call.h"
#include "b2bua/call/outgoing.h"
#include "b2bua/core.h"
#include "b2bua/identity/fetch.h"
#include "b2bua/identity/identity.h"
#include "lib/base/clk.h"
#include "lib/base/log.h"

#define SERVER_NAME "countersign/" PACKAGE_VERSION

struct trunk *core_trunk(struct core *core, const struct flow *flow)
{
	return config_trunk_match(core->config, core_realm(flow),
				  &flow->peer.u.sa);
}

struct signer *core_signer(const struct core *core,
			   const struct signer_conf *conf)
{
	return conf ? core->signers[conf - core->config->signers] : NULL;
}

/* ---- the door ---------------------------------------------------------- */

/* Twice the calls a trunk may make become calls and records: those it may, and
 * as many refusals. What comes on top fills neither memory nor disk. */
static bool floods(struct trunk *t, const struct message *req)
{
	uint32_t rate = 2 * t->calls_per_second;

	return rate && req && req->method == METHOD_INVITE &&
	       !req->to.tag.p &&
	       !bucket_take(&t->offered, rate, rate, clk_us());
}

/* Strangers get one answer, whatever they ask, and cost no state. */
static int on_admit(void *arg, struct flow *flow, const struct message *req)
{
	struct core *core = arg;
	struct trunk *trunk = core_trunk(core, flow);

	if (!trunk) {
		core_count(core, COUNTER_STRANGERS);
		return 403;
	}
	if (floods(trunk, req)) {
		core_count(core, COUNTER_FLOODED);
		return 503;
	}
	return 0;
}

static void options_answer(struct core *core, struct server_tx *tx)
{
	struct reply r = {
		.status = core->stopping ? 503 : 200,
		.headers = SLICE_LIT("Allow: " OUTGOING_ALLOW "\r\n"
				     "Accept: application/sdp\r\n"),
	};

	core_count(core, COUNTER_OPTIONS);
	server_tx_reply(tx, &r);
}

static void other_refuse(struct core *core, struct server_tx *tx)
{
	struct reply r = {
		.status = server_tx_request(tx)->method == METHOD_OTHER ? 501
									: 405,
		.headers = SLICE_LIT("Allow: " OUTGOING_ALLOW "\r\n"),
	};

	core_count(core, COUNTER_OUT_OF_DIALOG);
	server_tx_reply(tx, &r);
}

static void on_request(void *arg, struct server_tx *tx)
{
	struct core *core = arg;
	const struct message *req = server_tx_request(tx);
	struct trunk *trunk = core_trunk(core, server_tx_flow(tx));
	struct dialog *d;

	if (req->to.tag.p) {
		d = dialog_find(core->dialogs, req);
		if (d) {
			leg_receive(d->owner, tx);
			return;
		}
		core_count(core, COUNTER_NO_DIALOG);
		server_tx_reply_plain(tx, 481, NULL);
	} else if (!trunk) {
		server_tx_reply_plain(tx, 403, NULL);
	} else if (req->method == METHOD_INVITE) {
		call_open(core, trunk, tx);
	} else if (req->method == METHOD_OPTIONS) {
		options_answer(core, tx);
	} else {
		other_refuse(core, tx);
	}
}

/* A 2xx whose client transaction has gone: the peer lost our ACK. */
static void on_stray_response(void *arg, struct flow *flow,
			      const struct message *resp)
{
	struct core *core = arg;
	struct dialog *d;

	if (resp->method != METHOD_INVITE || resp->status / 100 != 2)
		return;
	d = dialog_find(core->dialogs, resp);
	if (d && leg_is_from(d->owner, flow))
		dialog_ack_again(d, resp);
}

static const struct transaction_ops ops = {
	.admit = on_admit,
	.request = on_request,
	.stray_response = on_stray_response,
};

/* ---- up ---------------------------------------------------------------- */

static int signers_load(struct core *core, struct schema_flaw *flaw)
{
	struct config *c = core->config;
	char why[IDENTITY_WHY] = "";
	int err = 0;

	core->signers = calloc(c->nsigners ? c->nsigners : 1,
			       sizeof(*core->signers));
	if (!core->signers)
		return ENOMEM;
	for (size_t i = 0; !err && i < c->nsigners; i++) {
		err = signer_new(&core->signers[i], &c->signers[i],
				 core->identity, why);
		if (err)
			config_refuse(c, "signer", i, why, flaw);
	}
	return err;
}

static int identity_load(struct core *core, struct schema_flaw *flaw)
{
	char why[IDENTITY_WHY] = "";
	int err = identity_new(&core->identity, &core->config->identity,
			       core->fetch, why);

	if (err) {
		config_refuse(core->config, "identity", 0, why, flaw);
		return err;
	}
	return signers_load(core, flaw);
}

static int sip_open(struct core *core)
{
	struct transaction_conf conf = {.server = SERVER_NAME};
	int err = transactions_new(&core->transactions, core->wheel, &conf,
				   &ops, core);

	if (!err)
		err = dialogs_new(&core->dialogs);
	if (!err)
		err = transport_new(&core->transport, core->wheel, NULL,
				    transactions_transport_ops(),
				    core->transactions);
	if (!err)
		transactions_attach(core->transactions, core->transport);
	return err;
}

static int core_load(struct core *core, struct schema_flaw *flaw)
{
	struct config *config = core->config;
	int err = wheel_new(&core->wheel, false);

	if (!err)
		err = identity_load(core, flaw);
	if (!err && core->fetch)
		err = fetch_listen(core->fetch);
	if (!err)
		err = relay_open(&core->relay, config->relay_control,
				 core->wheel);
	if (err)
		return err;
	err = cdr_open(&core->cdr, config->cdr);
	if (err)
		snprintf(flaw->text, sizeof(flaw->text), "cdr %s: %s",
			 config->cdr, strerror(err));
	return err ? err : sip_open(core);
}

int core_new(struct core **cp, struct config *config, struct fetch *fetch,
	     struct schema_flaw *flaw)
{
	struct core *core = calloc(1, sizeof(*core));
	int err;

	memset(flaw, 0, sizeof(*flaw));
	if (!core) {
		config_free(config);
		if (fetch)
			fetch_free(fetch);
		return ENOMEM;
	}
	core->config = config;
	core->fetch = fetch;
	core->started_us = clk_wall_us();
	err = core_load(core, flaw);
	if (err) {
		if (!flaw->text[0])
			snprintf(flaw->text, sizeof(flaw->text), "%s",
				 strerror(err));
		core_free(core);
		return err;
	}
	*cp = core;
	return 0;
}

int core_listen(struct core *core, char why[256])
{
	struct config *c = core->config;

	for (size_t i = 0; i < c->nrealms; i++) {
		struct realm *r = &c->realms[i];

		for (size_t k = 0; k < r->listen.n; k++) {
			int err = transport_listen(core->transport, r,
						   r->listen.v[k],
						   r->advertise);

			if (!err)
				continue;
			snprintf(why, 256, "realm %s: %s: %s", r->name,
				 r->listen.v[k], strerror(err));
			return err;
		}
	}
	return 0;
}

/* ---- down -------------------------------------------------------------- */

void core_stop(struct core *core)
{
	struct le *le = core->calls.head;

	core->stopping = true;
	while (le) {
		struct call *call = le->data;

		le = le->next; /* the call moves to the history */
		call_end(call, CAUSE_STOPPED, CALL_BY_US, 0, SLICE_NONE);
	}
}

bool core_idle(const struct core *core)
{
	return !core->ncalls && list_isempty(&core->legs) &&
	       list_isempty(&core->medias) && !relay_pending(core->relay);
}

static void calls_free(struct core *core)
{
	while (!list_isempty(&core->calls))
		call_abort(list_ledata(list_head(&core->calls)));
	while (!list_isempty(&core->history))
		call_free(list_ledata(list_head(&core->history)));
	while (!list_isempty(&core->legs))
		mem_deref(list_ledata(list_head(&core->legs)));
	while (!list_isempty(&core->medias))
		media_free(list_ledata(list_head(&core->medias)));
}

void core_free(struct core *core)
{
	if (!core)
		return;
	if (core->cdr)
		calls_free(core);
	transactions_free(core->transactions);
	transport_free(core->transport);
	dialogs_free(core->dialogs);
	cdr_close(core->cdr);
	relay_close(core->relay);
	for (size_t i = 0; core->signers && i < core->config->nsigners; i++)
		signer_free(core->signers[i]);
	free(core->signers);
	identity_free(core->identity);
	if (core->fetch)
		fetch_free(core->fetch);
	wheel_free(core->wheel);
	config_free(core->config);
	free(core);
}
