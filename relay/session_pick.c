/* Which branch of a call a request is about.
 *
 * A dialog is named by two tags. Before it has two, by the via-branch that its
 * offer was sent with; without one, it is the branch that waits, and of those
 * the newest. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "relay/session_priv.h"

static bool is_via(const struct session *s, const struct options *o)
{
	return o->via_branch.n && s->via_branch &&
	       slice_eq_str(o->via_branch, s->via_branch);
}

static bool is_pending(const struct session *s)
{
	return !s->side[MEDIA_B].tag;
}

/* The branch with both tags, on different sides. */
static struct session *by_tags(struct session *s, const struct options *o,
			       enum media_side *side)
{
	enum media_side peer;

	for (; s; s = s->branch)
		if (session_side_of(s, o->from_tag, side) &&
		    session_side_of(s, o->to_tag, &peer) && *side != peer)
			return s;
	return NULL;
}

/* The newest branch of A's, or the one of the via-branch; pending ones only,
 * or those of which nothing else is known. */
static struct session *by_caller(struct session *s, struct slice tag,
				 const struct options *o, bool pending)
{
	struct session *found = NULL;
	enum media_side side;

	for (; s; s = s->branch) {
		if (!session_side_of(s, tag, &side) || side != MEDIA_A ||
		    (pending && !is_pending(s)))
			continue;
		if (is_via(s, o))
			return s;
		found = s;
	}
	return found;
}

static struct session *by_via(struct session *s, const struct options *o)
{
	while (s && !is_via(s, o))
		s = s->branch;
	return s;
}

static enum refusal found(struct session *s, enum media_side as,
			  struct session **sp, enum media_side *side)
{
	if (!s)
		return REFUSAL_DIALOGUE;
	*sp = s;
	*side = as;
	return REFUSAL_NONE;
}

/* Not in a dialog yet. */
static enum refusal pick_initial(struct session *s, const struct options *o,
				 struct session **sp, enum media_side *side)
{
	struct session *at = by_via(s, o);

	if (at && session_side_of(at, o->from_tag, side))
		return found(at, *side, sp, side);
	if (!by_caller(s, o->from_tag, o, false)) {
		/* the callee, once it has answered, by its tag alone */
		while (s && !session_side_of(s, o->from_tag, side))
			s = s->branch;
		return found(s, *side, sp, side);
	}
	if (o->via_branch.n || o->new_branch) {
		*sp = NULL;
		*side = MEDIA_A;
		return REFUSAL_NONE;
	}
	return found(by_caller(s, o->from_tag, o, false), MEDIA_A, sp, side);
}

enum refusal session_pick_offer(struct session *s, const struct options *o,
				struct session **sp, enum media_side *side)
{
	struct session *at;

	if (!o->to_tag.n)
		return pick_initial(s, o, sp, side);
	at = by_tags(s, o, side);
	if (at)
		return found(at, *side, sp, side);
	if (!by_caller(s, o->from_tag, o, false)) {
		/* A callee that has not answered yet offers, or one whose tag
		 * we know and whose peer has got another one. */
		at = by_caller(s, o->to_tag, o, true);
		if (at)
			return found(at, MEDIA_B, sp, side);
		while (s && !session_side_of(s, o->from_tag, side))
			s = s->branch;
		return found(s, *side, sp, side);
	}
	if (o->new_branch) {
		*sp = NULL;
		*side = MEDIA_A;
		return REFUSAL_NONE;
	}
	at = by_caller(s, o->from_tag, o, true);
	if (!at)
		at = by_caller(s, o->from_tag, o, false);
	return found(at, MEDIA_A, sp, side);
}

/* A branch whose last offer was made by who has the from-tag. */
static bool has_offered(const struct session *s, const struct options *o,
			enum media_side *side)
{
	return session_side_of(s, o->from_tag, side) && *side == s->offerer;
}

enum refusal session_pick_answer(struct session *s, const struct options *o,
				 struct session **sp, enum media_side *side)
{
	struct session *at = by_tags(s, o, side), *pending = NULL, *any = NULL;
	enum media_side as;

	if (at)
		return *side == at->offerer ? found(at, *side, sp, side)
					    : REFUSAL_DIALOGUE;
	for (; s; s = s->branch) {
		if (!has_offered(s, o, &as))
			continue;
		if (is_via(s, o))
			return found(s, as, sp, side);
		any = s;
		if (is_pending(s))
			pending = s;
	}
	at = pending ? pending : any;
	return found(at, at ? at->offerer : MEDIA_A, sp, side);
}

/* ---- deleting, asking --------------------------------------------------- */

static bool is_about(const struct session *s, const struct options *o,
		     bool via)
{
	enum media_side side;

	if (o->from_tag.n && !session_side_of(s, o->from_tag, &side))
		return false;
	if (o->by_to_tag && o->to_tag.n &&
	    !session_side_of(s, o->to_tag, &side))
		return false;
	if (via)
		return is_via(s, o);
	/* A via-branch that is none of ours is that of a later request in the
	 * dialog, which has a to-tag; or of a branch that has gone. */
	return !o->via_branch.n ||
	       (o->to_tag.n && session_side_of(s, o->to_tag, &side));
}

unsigned session_pick(struct session *s, const struct options *o,
		      struct session *v[SESSION_BRANCHES])
{
	bool via = by_via(s, o) != NULL, up = false;
	unsigned n = 0;

	for (struct session *b = s; b; b = b->branch)
		if (is_about(b, o, via)) {
			v[n++] = b;
			up |= b->answered && !via && !o->by_to_tag;
		}
	/* A call that was up takes those along that never were. */
	for (struct session *b = s; b && up; b = b->branch)
		if (!b->answered && !is_about(b, o, via))
			v[n++] = b;
	return n;
}

/* ---- tags --------------------------------------------------------------- */

/* The tag that was becomes an alias; the oldest alias is forgotten. */
static int tag_set(struct session_side *side, struct slice tag)
{
	char *copy;
	unsigned i = 0;

	if (side->tag && slice_eq_str(tag, side->tag))
		return 0;
	copy = slice_dup(tag);
	if (!copy)
		return ENOMEM;
	while (i < SESSION_ALIASES - 1 && side->alias[i] &&
	       !slice_eq_str(tag, side->alias[i]))
		i++;
	free(side->alias[i]);
	memmove(&side->alias[1], &side->alias[0], i * sizeof(side->alias[0]));
	side->alias[0] = side->tag;
	side->tag = copy;
	return 0;
}

int session_tags_set(struct session *s, enum media_side from,
		     const struct options *o)
{
	int err = tag_set(&s->side[from], o->from_tag);

	/* present and empty: a dialog that has no to-tag yet */
	if (!err && o->to_tag.n)
		err = tag_set(&s->side[media_other(from)], o->to_tag);
	return err;
}
