#include <errno.h>
#include <stdlib.h>

#include "b2bua/call/body.h"
#include "b2bua/call/media.h"
#include "lib/base/log.h"
#include "lib/base/rnd.h"

/* The tags by which the relay knows the two legs: ours, so that no tag of a
 * peer ever meets another's. */
static const char *const tags[REPORT_LEGS] = {"a", "b"};

struct media {
	struct le le; /* core->medias */
	struct core *core;
	char id[24];
	const char *interface[REPORT_LEGS];
	struct relay_ask *ask; /* offer or answer under way */
	struct relay_ask *query;
	media_stats_h *query_h;
	void *query_arg;
	bool used; /* the relay may know the id */
	bool offered; /* an offer was made: the next one changes it */
	bool closing;
	bool pass; /* asked for */
	bool asked_offer; /* what is under way is an offer */
	uint64_t keys; /* of the description under way */
	bool kept; /* the last offer's keys came back as they were */
	bool passed; /* ... and the answer's */
	char fingerprint[REPORT_LEGS][BODY_FINGERPRINT];
	media_sdp_h *h;
	media_stats_h *stats_h;
	void *arg;
};

int media_new(struct media **mp, struct core *core,
	      const char *const interfaces[REPORT_LEGS])
{
	struct media *m = calloc(1, sizeof(*m));

	if (!m)
		return ENOMEM;
	m->core = core;
	for (size_t i = 0; i < REPORT_LEGS; i++)
		m->interface[i] = interfaces[i];
	rnd_hex(m->id, 20);
	list_append(&core->medias, &m->le, m);
	*mp = m;
	return 0;
}

void media_free(struct media *m)
{
	list_unlink(&m->le);
	free(m);
}

const char *media_id(const struct media *m)
{
	return m->id;
}

void media_pass(struct media *m)
{
	m->pass = true;
}

bool media_passed(const struct media *m)
{
	return m->passed;
}

const char *media_fingerprint(const struct media *m, enum report_leg leg)
{
	return m->fingerprint[leg];
}

bool media_busy(const struct media *m)
{
	return m->ask != NULL;
}

void media_forget(struct media *m)
{
	m->h = NULL;
}

/* ---- the end ----------------------------------------------------------- */

static void on_deleted(void *arg, int err, const struct value *reply)
{
	struct media *m = arg;
	struct media_stats stats = {0};

	if (!err)
		media_stats_parse(reply, &stats);
	if (m->stats_h)
		m->stats_h(m->arg, err ? NULL : &stats);
	media_free(m);
}

static void media_delete(struct media *m)
{
	struct value_pool pool = VALUE_POOL_INIT;
	struct value *req = value_new_dict(&pool);
	int err;

	value_put_cstr(req, "command", "delete");
	value_put_cstr(req, "call-id", m->id);
	value_put_cstr(req, "from-tag", tags[REPORT_LEG_A]);
	err = pool.err;
	if (!err)
		err = relay_ask(NULL, m->core->relay, req, on_deleted, m);
	value_pool_fini(&pool);
	if (!err)
		return;
	log_error("media %s: not deleted at the relay (%s)", m->id,
		  strerror(err));
	on_deleted(m, err, NULL);
}

static void on_query(void *arg, int err, const struct value *reply)
{
	struct media *m = arg;
	struct media_stats stats;

	m->query = NULL;
	if (!err)
		media_stats_parse(reply, &stats);
	m->query_h(m->query_arg, err ? NULL : &stats);
}

int media_query(struct media *m, media_stats_h *h, void *arg)
{
	struct value_pool pool = VALUE_POOL_INIT;
	struct value *req = value_new_dict(&pool);
	int err = m->query ? EBUSY : 0;

	value_put_cstr(req, "command", "query");
	value_put_cstr(req, "call-id", m->id);
	if (!err)
		err = pool.err;
	if (!err)
		err = relay_ask(&m->query, m->core->relay, req, on_query, m);
	value_pool_fini(&pool);
	if (err)
		return err;
	m->query_h = h;
	m->query_arg = arg;
	return 0;
}

void media_close(struct media *m, media_stats_h *h, void *arg)
{
	if (!m)
		return;
	m->closing = true;
	relay_forget(m->query);
	m->query = NULL;
	m->h = NULL;
	m->stats_h = h;
	m->arg = arg;
	if (!m->used)
		on_deleted(m, ENOENT, NULL);
	else if (!m->ask)
		media_delete(m);
}

void media_stats_forget(struct media *m)
{
	m->stats_h = NULL;
}

/* ---- offer and answer -------------------------------------------------- */

static void keys_compare(struct media *m, struct slice sdp)
{
	char first[BODY_FINGERPRINT];
	bool same = m->keys && body_keys(sdp, first) == m->keys;

	if (m->asked_offer)
		m->kept = same;
	else
		m->passed = m->kept && same;
}

static void sdp_deliver(struct media *m, int err, const struct value *reply)
{
	struct slice result = value_get_str(reply, "result");
	struct slice sdp = value_get_str(reply, "sdp");
	struct obuf why = OBUF_INIT;
	char text[160] = "";

	if (!err && (!slice_eq_str(result, "ok") || !sdp.n)) {
		err = EREMOTEIO;
		obuf_escaped(&why, value_get_str(reply, "error-reason"));
		slice_copy(slice_of(why.p ? why.p : "",
				    why.n < 159 ? why.n : 159),
			   text, sizeof(text));
	}
	obuf_fini(&why);
	if (!err)
		keys_compare(m, sdp);
	if (err)
		core_count(m->core, COUNTER_RELAY_ERRORS);
	if (m->h)
		m->h(m->arg, err, err ? SLICE_NONE : sdp, text);
}

static void on_sdp(void *arg, int err, const struct value *reply)
{
	struct media *m = arg;

	m->ask = NULL;
	if (m->closing)
		media_delete(m);
	else
		sdp_deliver(m, err, reply);
}

static int media_ask(struct media *m, struct value_pool *pool,
		     struct value *req, media_sdp_h *h, void *arg)
{
	int err = pool->err;

	if (!err)
		err = relay_ask(&m->ask, m->core->relay, req, on_sdp, m);
	value_pool_fini(pool);
	if (err)
		return err;
	m->used = true;
	m->h = h;
	m->arg = arg;
	return 0;
}

/* What offer and answer have in common. */
static struct value *request_new(struct media *m, struct value_pool *pool,
				 enum report_leg from, const char *command,
				 struct slice sdp)
{
	struct value *req = value_new_dict(pool), *list;

	m->keys = body_keys(sdp, m->fingerprint[from]);
	if (m->pass)
		value_put_cstr(req, "passthrough", "on");

	value_put_cstr(req, "command", command);
	value_put_cstr(req, "call-id", m->id);
	value_put_str(req, "sdp", sdp);
	value_put_cstr(req, "ICE", "remove");
	list = value_put_list(req, "replace");
	value_append_str(list, SLICE_LIT("origin"));
	return req;
}

int media_offer(struct media *m, enum report_leg from, struct slice sdp,
		const char *transport, media_sdp_h *h, void *arg)
{
	struct value_pool pool = VALUE_POOL_INIT;
	enum report_leg to = from == REPORT_LEG_A ? REPORT_LEG_B
						  : REPORT_LEG_A;
	struct value *req, *list;

	if (m->ask)
		return EBUSY;
	req = request_new(m, &pool, from, "offer", sdp);
	value_put_cstr(req, "from-tag", tags[from]);
	if (m->offered)
		value_put_cstr(req, "to-tag", tags[to]);
	m->offered = m->asked_offer = true;
	list = value_put_list(req, "direction");
	value_append_str(list, slice_str(m->interface[from]));
	value_append_str(list, slice_str(m->interface[to]));
	list = value_put_list(req, "rtcp-mux");
	value_append_str(list, SLICE_LIT("demux"));
	if (transport && !m->pass)
		value_put_cstr(req, "transport-protocol", transport);
	return media_ask(m, &pool, req, h, arg);
}

int media_answer(struct media *m, enum report_leg from, struct slice sdp,
		 media_sdp_h *h, void *arg)
{
	struct value_pool pool = VALUE_POOL_INIT;
	enum report_leg to = from == REPORT_LEG_A ? REPORT_LEG_B
						  : REPORT_LEG_A;
	struct value *req;

	if (m->ask)
		return EBUSY;
	req = request_new(m, &pool, from, "answer", sdp);
	m->asked_offer = false;
	/* the tags are the offer's: from is who offered */
	value_put_cstr(req, "from-tag", tags[to]);
	value_put_cstr(req, "to-tag", tags[from]);
	return media_ask(m, &pool, req, h, arg);
}

/* ---- statistics -------------------------------------------------------- */

static void text_get(const struct value *dict, const char *key, char *to,
		     size_t size)
{
	if (slice_copy(value_get_str(dict, key), to, size))
		to[0] = '\0';
}

/* Of several streams all must be verified for the leg to be. */
static void handshake_parse(const struct value *dtls, struct media_side *side)
{
	bool verified = value_get_bool(dtls, "verified", false);

	side->dtls_verified = verified && (!side->dtls || side->dtls_verified);
	side->dtls = true;
	text_get(dtls, "version", side->dtls_version,
		 sizeof(side->dtls_version));
	text_get(dtls, "cipher", side->dtls_cipher, sizeof(side->dtls_cipher));
	text_get(dtls, "peer fingerprint", side->peer_fingerprint,
		 sizeof(side->peer_fingerprint));
}

static void stream_parse(const struct value *stream, struct media_side *side)
{
	const struct value *dtls = value_get(stream, "DTLS");
	const struct value *count = value_get(stream, "stats");

	if (value_get(stream, "crypto suite"))
		text_get(stream, "crypto suite", side->suite,
			 sizeof(side->suite));
	if (dtls)
		handshake_parse(dtls, side);
	side->packets += (uint64_t)value_get_int(count, "packets", 0);
	side->octets += (uint64_t)value_get_int(count, "bytes", 0);
	side->errors += (uint64_t)value_get_int(count, "errors", 0);
}

static void tag_parse(const struct value *tag, struct media_side *side)
{
	const struct value *media = value_first(value_get(tag, "medias"));
	const struct value *stream;

	text_get(tag, "security", side->security, sizeof(side->security));
	for (; media; media = value_next(media)) {
		if (!side->security[0])
			text_get(media, "security", side->security,
				 sizeof(side->security));
		stream = value_first(value_get(media, "streams"));
		/* the first stream is RTP; RTCP is counted with it by nobody */
		if (stream)
			stream_parse(stream, side);
	}
}

void media_stats_parse(const struct value *reply, struct media_stats *stats)
{
	const struct value *by_tag = value_get(reply, "tags");

	memset(stats, 0, sizeof(*stats));
	for (size_t i = 0; i < REPORT_LEGS; i++)
		tag_parse(value_get(by_tag, tags[i]), &stats->side[i]);
}
