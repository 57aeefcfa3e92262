#include "relay/session.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/clk.h"
#include "lib/base/log.h"
#include "lib/base/rnd.h"
#include "lib/base/siphash.h"
#include "relay/record.h"
#include "relay/session_priv.h"

enum { BUCKETS_MIN = 64 };

/* ---- the table ---------------------------------------------------------- */

int sessions_new(struct sessions **ssp, const struct sessions_conf *conf)
{
	struct sessions *ss = calloc(1, sizeof(*ss));
	uint64_t id;

	if (!ss)
		return ENOMEM;
	rnd_fill(&id, sizeof(id));
	snprintf(ss->loop, sizeof(ss->loop), SESSION_LOOP_ATTR ":%016" PRIx64,
		 id);
	ss->conf = *conf;
	ss->buckets = BUCKETS_MIN;
	ss->bucket = calloc(ss->buckets, sizeof(*ss->bucket));
	if (!ss->bucket) {
		free(ss);
		return ENOMEM;
	}
	*ssp = ss;
	return 0;
}

void sessions_free(struct sessions *ss)
{
	if (!ss)
		return;
	for (size_t i = 0; i < ss->buckets; i++)
		while (ss->bucket[i])
			sessions_del(ss, ss->bucket[i]);
	free(ss->bucket);
	obuf_fini(&ss->plain);
	free(ss);
}

static struct session **place(const struct sessions *ss, uint64_t hash)
{
	return &ss->bucket[hash & (ss->buckets - 1)];
}

struct session *sessions_find(const struct sessions *ss, struct slice call_id)
{
	uint64_t hash = siphash_slice(call_id);

	for (struct session *s = *place(ss, hash); s; s = s->next)
		if (s->hash == hash && slice_eq_str(call_id, s->call_id))
			return s;
	return NULL;
}

/* Doubles the buckets; without memory the chains just get longer. */
static void grow(struct sessions *ss)
{
	size_t was = ss->buckets;
	struct session **old = ss->bucket;
	struct session **v = calloc(was * 2, sizeof(*v));

	if (!v)
		return;
	ss->bucket = v;
	ss->buckets = was * 2;
	for (size_t i = 0; i < was; i++)
		while (old[i]) {
			struct session *s = old[i];
			struct session **to = place(ss, s->hash);

			old[i] = s->next;
			s->next = *to;
			*to = s;
		}
	free(old);
}

/* Takes over what is held. NULL: without memory; nothing is taken. */
static struct session *make(struct slice call_id,
			    struct certificate *certificate)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->call_id = slice_dup(call_id);
	if (!s->call_id) {
		free(s);
		return NULL;
	}
	s->hash = siphash_slice(call_id);
	s->created_us = s->signal_us = clk_wall_us();
	s->signal_ms = clk_ms();
	s->tos = -1;
	s->certificate = certificate;
	return s;
}

int session_branch_new(struct session *first, struct session **sp)
{
	struct session **end = &first->branch;
	unsigned n = 1;

	for (; *end; end = &(*end)->branch)
		n++;
	if (n >= SESSION_BRANCHES)
		return ENOSPC;
	*end = make(slice_str(first->call_id),
		    certificate_hold(first->certificate));
	if (!*end) {
		certificate_release(first->certificate);
		return ENOMEM;
	}
	*sp = *end;
	return 0;
}

int session_new(struct sessions *ss, struct slice call_id,
		struct session **sp)
{
	struct handshake_pool *pool = plane_handshakes(ss->conf.plane);
	struct certificate *certificate =
		pool ? handshake_pool_certificate(pool) : NULL;
	struct session *s = make(call_id, certificate);
	struct session **to;

	if (!s) {
		certificate_release(certificate);
		return ENOMEM;
	}
	if (ss->count >= ss->buckets)
		grow(ss);
	to = place(ss, s->hash);
	s->next = *to;
	*to = s;
	ss->count++;
	ss->stats.created++;
	*sp = s;
	return 0;
}

/* The call's second branch becomes its first. */
static void unlink_branch(struct sessions *ss, struct session *s)
{
	struct session *first = sessions_find(ss, slice_str(s->call_id));
	struct session **at = place(ss, s->hash);

	if (first != s) {
		for (at = &first->branch; *at != s; at = &(*at)->branch)
			;
		*at = s->branch;
		return;
	}
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	if (s->branch) {
		s->branch->next = s->next;
		*at = s->branch;
	} else {
		ss->count--;
	}
}

void sessions_del(struct sessions *ss, struct session *s)
{
	if (ss->conf.ended && s->answered)
		ss->conf.ended(ss->conf.ended_arg, s);
	unlink_branch(ss, s);
	session_record_stop(s);
	while (s->medias)
		session_media_del(s);
	for (int i = 0; i < 2; i++) {
		free(s->side[i].tag);
		free(s->side[i].label);
		for (int k = 0; k < SESSION_ALIASES; k++)
			free(s->side[i].alias[k]);
		free(s->side[i].username);
		free(s->side[i].session_name);
	}
	certificate_release(s->certificate);
	free(s->via_branch);
	free(s->call_id);
	free(s);
}

size_t sessions_count(const struct sessions *ss)
{
	return ss->count;
}

void sessions_stats(const struct sessions *ss, struct sessions_stats *stats)
{
	*stats = ss->stats;
}

void sessions_each(struct sessions *ss,
		   bool (*fn)(struct session *s, void *arg), void *arg)
{
	for (size_t i = 0; i < ss->buckets; i++)
		for (struct session *s = ss->bucket[i], *next; s; s = next) {
			next = s->next;
			if (!fn(s, arg))
				return;
		}
}

/* ---- parts of a session ------------------------------------------------- */

int session_media_add(struct session *s)
{
	struct session_media *sm = calloc(1, sizeof(*sm));

	if (!sm)
		return ENOMEM;
	s->media[s->medias++] = sm;
	return 0;
}

void session_media_close(struct session_media *sm)
{
	media_close(sm->media);
	sm->media = NULL;
	OPENSSL_cleanse(sm->leg, sizeof(sm->leg));
}

void session_media_del(struct session *s)
{
	struct session_media *sm = s->media[--s->medias];

	session_media_close(sm);
	free(sm->absent);
	OPENSSL_cleanse(sm, sizeof(*sm));
	free(sm);
	s->media[s->medias] = NULL;
}

int session_text_set(char **to, struct slice text)
{
	char *copy;

	if (!text.p || (*to && slice_eq_str(text, *to)))
		return 0;
	copy = slice_dup(text);
	if (!copy)
		return ENOMEM;
	free(*to);
	*to = copy;
	return 0;
}

static bool has_tag(const struct session_side *side, struct slice tag)
{
	if (side->tag && slice_eq_str(tag, side->tag))
		return true;
	for (int i = 0; i < SESSION_ALIASES && side->alias[i]; i++)
		if (slice_eq_str(tag, side->alias[i]))
			return true;
	return false;
}

bool session_side_of(const struct session *s, struct slice tag,
		     enum media_side *side)
{
	for (int i = MEDIA_A; i <= MEDIA_B; i++)
		if (has_tag(&s->side[i], tag)) {
			*side = (enum media_side)i;
			return true;
		}
	return false;
}

void session_gate_set(struct session *s, enum media_side side, unsigned gate)
{
	s->side[side].gate = gate;
	for (unsigned i = 0; i < s->medias; i++)
		if (s->media[i]->media)
			media_gate_set(s->media[i]->media, side, gate);
}

static void record_set(struct session *s)
{
	uint32_t id = s->recording ? recording_id(s->recording) : 0;

	for (unsigned i = 0; i < s->medias; i++)
		if (s->media[i]->media)
			media_record_set(s->media[i]->media, id);
}

enum refusal session_record(const struct sessions *ss, struct session *s)
{
	int err;

	if (!ss->conf.recorder)
		return REFUSAL_RECORDING_OFF;
	if (s->recording)
		return REFUSAL_NONE;
	err = recording_start(ss->conf.recorder, slice_str(s->call_id),
			      &s->recording);
	if (err)
		log_error("recording: %s", strerror(err));
	else
		record_set(s);
	return err ? REFUSAL_RECORDING : REFUSAL_NONE;
}

void session_record_stop(struct session *s)
{
	struct recording *recording = s->recording;

	s->recording = NULL;
	record_set(s);
	recording_stop(recording);
}

/* ---- the end of it ------------------------------------------------------ */

/* When somebody last showed that the session is wanted, clk_ms(). */
static uint64_t last_life(const struct session *s, bool *held)
{
	uint64_t last = s->signal_ms;

	*held = true;
	for (unsigned i = 0; i < s->medias; i++) {
		const struct session_media *sm = s->media[i];

		for (int side = 0; side < 2 && sm->media; side++) {
			struct media_stats st;

			media_stats(sm->media, (enum media_side)side, &st);
			if (st.last_ms > last)
				last = st.last_ms;
			if (sm->leg[side].conf.recv)
				*held = false;
		}
	}
	return last;
}

/* NULL: not yet; else why. */
static const char *is_due(const struct sessions *ss, const struct session *s,
			  uint64_t now_ms)
{
	const struct sessions_conf *c = &ss->conf;
	unsigned limit;
	uint64_t last;
	bool held;

	if (s->delete_ms && now_ms >= s->delete_ms)
		return "deleted";
	last = last_life(s, &held);
	limit = !s->answered ? c->offer_timeout
		: held	     ? c->hold_timeout
			     : c->silence_timeout;
	if (now_ms < last || now_ms - last < limit * 1000ull)
		return NULL;
	return !s->answered ? "no answer" : "silence";
}

static void branches_sweep(struct sessions *ss, struct session *s,
			   uint64_t now_ms)
{
	for (struct session *next; s; s = next) {
		const char *why = is_due(ss, s, now_ms);

		next = s->branch;
		if (!why)
			continue;
		if (!s->delete_ms) {
			ss->stats.silent++;
			log_info("session %s: closed (%s)", s->call_id, why);
		}
		sessions_del(ss, s);
	}
}

void sessions_sweep(struct sessions *ss, uint64_t now_ms)
{
	for (size_t i = 0; i < ss->buckets; i++)
		for (struct session *s = ss->bucket[i], *next; s; s = next) {
			next = s->next;
			branches_sweep(ss, s, now_ms);
		}
}
