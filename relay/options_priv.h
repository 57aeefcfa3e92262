/* options_priv: what options.c and options_words.c share. */
#ifndef RELAY_OPTIONS_PRIV_H
#define RELAY_OPTIONS_PRIV_H

#include "relay/options.h"

struct reading {
	struct options *o;
	const struct options_context *context;
	/* From a string of flags, which has no way to quote: "--" in values
	 * stands for "=", ".." for a space. */
	bool escaped;
	unsigned templates; /* inside each other */
	/* Parts of a transport, one word each: RTP, SRTP, AVP, AVPF, DTLS */
	bool parts, srtp, feedback, dtls;
	unsigned directions; /* direction=... that came one by one */
};

/* A word of a list. False: not one of the list's. */
typedef bool options_word(struct reading *r, struct slice word);

/* options.c: one line in the log, at most once a second */
void options_unknown(const char *what, struct slice word);
/* options.c: the string that is meant */
struct slice options_unescape(struct reading *r, struct slice s);
/* options.c: what the template of that name says */
bool options_template(struct reading *r, struct slice name);

/* options_words.c */
bool options_flag_word(struct reading *r, struct slice word);
bool options_mux_word(struct reading *r, struct slice word);
bool options_replace_word(struct reading *r, struct slice word);
bool options_support_word(struct reading *r, struct slice word);
bool options_sdes_word(struct reading *r, struct slice word);
bool options_dtls_word(struct reading *r, struct slice word);
bool options_osrtp_word(struct reading *r, struct slice word);
bool options_ice_lite_word(struct reading *r, struct slice word);
bool options_ice_word(struct reading *r, struct slice word);
bool options_learning_word(struct reading *r, struct slice word);
bool options_remove_word(struct reading *r, struct slice word);
bool options_strip_word(struct reading *r, struct slice word);
bool options_except_word(struct reading *r, struct slice word);
bool options_codec_offer_word(struct reading *r, struct slice word);
bool options_extmap_word(struct reading *r, struct slice word);
bool options_quiet_word(struct reading *r, struct slice word);

#endif
