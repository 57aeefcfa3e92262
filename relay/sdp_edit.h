/* sdp_edit: a description that is ready to leave, with lines added, removed or
 * exchanged as a request's `sdp-attr` says. Text only: what it means is the
 * operator's, except that the result is as many lines as it says.
 *
 * Thread: any. */
#ifndef RELAY_SDP_EDIT_H
#define RELAY_SDP_EDIT_H

#include "lib/base/obuf.h"

enum sdp_edit_verb { SDP_EDIT_ADD, SDP_EDIT_REMOVE, SDP_EDIT_SUBSTITUTE };

enum { SDP_EDITS_MAX = 64 };

struct sdp_edits {
	unsigned n;
	struct {
		enum sdp_edit_verb verb;
		struct slice media; /* "audio", ...; "none": session part */
		/* Behind "a=". What is removed is named whole, by the name
		 * before its ":", or up to its first space. */
		struct slice value;
		struct slice instead; /* SDP_EDIT_SUBSTITUTE */
	} v[SDP_EDITS_MAX];
};

/* False: no room, or a value holds a line's end or a NUL. */
bool sdp_edit_add(struct sdp_edits *edits, enum sdp_edit_verb verb,
		  struct slice media, struct slice value,
		  struct slice instead);

/* Appends `sdp`, edited, to ob. */
void sdp_edit(struct obuf *ob, struct slice sdp,
	      const struct sdp_edits *edits);

#endif
