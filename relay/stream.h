/* stream: the state that packets need, and nothing else. A bridge is two legs
 * and the two streams between them:
 *
 *	   leg A  == stream[A] ==>  leg B
 *	          <== stream[B] ==
 *
 * A stream is one direction: what comes in on its leg `in`, is unprotected with
 * the keys of that leg's peer, and leaves on leg `out`, protected with our keys
 * of that leg. A leg has two components (RFC 8445's word), RTP and RTCP, each a
 * port of ours and an address of the peer's; with rtcp-mux only the first.
 *
 * Thread: from bridge_attach() to bridge_detach() all of it belongs to one
 * worker; only counter cells and shown addresses are read by others. Changes
 * come as orders (order.h). */
#ifndef RELAY_STREAM_H
#define RELAY_STREAM_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "lib/io/addr.h"
#include "lib/pkt/rtp.h"
#include "relay/counter.h"
#include "relay/crypt.h"
#include "relay/media.h"
#include "relay/track.h"

struct assoc;
struct bridge;
struct ice;
struct worker;

enum { COMPONENT_RTP, COMPONENT_RTCP, COMPONENTS };

/* An address that one thread writes and others read. */
struct addr_cell {
	_Atomic uint32_t turn; /* odd while it is being written */
	_Atomic uint64_t word[4];
};

void addr_cell_set(struct addr_cell *cell, const union addr *a, bool flag);
/* Returns the flag that was set with it. */
bool addr_cell_get(const struct addr_cell *cell, union addr *a);

struct component {
	struct leg *leg;
	unsigned kind; /* COMPONENT_RTP or COMPONENT_RTCP */
	int fd;
	union addr local; /* what fd is bound to */
	union addr said; /* the SDP's address; may be not set */
	union addr peer; /* where we send to; may be not set */
	union addr source; /* where it sends from, once learned */
	bool learned; /* peer came from a packet or a handshake: it stays */
	struct assoc *assoc; /* DTLS; NULL: none here */
	struct addr_cell shown; /* peer and learned, for other threads */
	/* With ICE: the peer's last sign of life at its selected address; its
	 * authentic checks, and when the last came; whom to tell that it has
	 * selected another address (NULL: nobody). */
	uint64_t consent_ms;
	struct addr_cell dtls_from; /* its DTLS came from there last */
	counter_cell checks;
	counter_cell check_ms;
	void (*selected)(struct component *c);
	struct worker *worker; /* who listens at fd, by event */
	struct event event;
};

/* What an SDP says of a leg, as far as packets care. */
struct leg_facts {
	bool set; /* false: no SDP yet, everything is dropped */
	bool mux;
	bool recv;
	bool send;
	enum leg_security security;
	enum leg_latch latch;
	struct rtp_ext_set extensions;
	union addr said[COMPONENTS];
	struct payload_map payloads;
};

struct leg {
	struct bridge *bridge;
	enum media_side side;
	struct leg_facts facts;
	struct ice *ice; /* NULL: no ICE here */
	struct component component[COMPONENTS];
};

/* One SSRC of a stream in: RFC 3550 appendix A.1 and A.3. */
struct track {
	uint32_t ssrc;
	bool used;
	uint16_t newest; /* sequence number */
	uint32_t cycles; /* wraps, shifted by 16 */
	uint32_t first; /* sequence number counted from */
	uint64_t packets; /* since first */
	uint64_t last_ms;
	/* How it leaves: see name.c and renumber.c. */
	uint32_t out; /* the SSRC */
	uint16_t shift; /* added to its sequence numbers */
	uint16_t newest_out;
	bool left; /* newest_out is set */
	bool doubted; /* the last packet went back too far ... */
	uint16_t proof; /* ... unless this sequence number follows */
	struct track_timing timing;
};

enum { STREAM_TRACKS = MEDIA_TRACKS };

struct stream_cells {
	counter_cell packets_in;
	counter_cell octets_in;
	counter_cell rtcp_in;
	counter_cell packets_out; /* on leg `out` */
	counter_cell octets_out;
	counter_cell rtcp_out;
	counter_cell errors_out;
	counter_cell last_ms;
	counter_cell ssrc;
	counter_cell ssrcs;
	counter_cell lost;
	counter_cell key_in;
	counter_cell key_out;
	counter_cell rtt_us; /* between us and the peer of leg `in` */
	counter_cell newest; /* which track the last RTP packet was of */
	counter_cell drops[DROP_COUNT];
	struct track_cells track[STREAM_TRACKS];
};

struct stream {
	struct leg *in;
	struct leg *out;
	/* By component. SDES has one crypt for both; DTLS one per port. */
	struct crypt *unprotect[COMPONENTS];
	struct crypt *protect[COMPONENTS];
	/* The SDES key before this one, for both components: for packets that
	 * were under way when the SDP changed it. NULL most of the time. */
	struct crypt *fading;
	struct track track[STREAM_TRACKS];
	bool shifted; /* some track has, or had, a shift */
	struct track_reports reports;
	/* Both the control thread's: */
	_Atomic unsigned gate; /* enum media_gate */
	_Atomic uint32_t record; /* id of a recording; 0: none */
	struct stream_cells cells;
};

struct bridge {
	struct leg leg[2];
	struct stream stream[2]; /* [side]: what comes in on that side's leg */
};

/* Before a worker knows of it. fd[side][component]. */
void bridge_init(struct bridge *b, int fd[2][COMPONENTS]);

/* A change of one leg, prepared by the control thread: crypts and assocs are
 * made there. bridge_leg_apply() swaps: afterwards it holds what was replaced,
 * for the control thread to free. */
struct leg_change {
	enum media_side side;
	struct leg_facts facts;
	bool new_rx[COMPONENTS];
	bool new_tx[COMPONENTS];
	bool new_assoc[COMPONENTS];
	struct crypt *rx[COMPONENTS];
	struct crypt *tx[COMPONENTS];
	struct assoc *assoc[COMPONENTS];
	bool new_ice;
	struct ice *ice;
	uint64_t ice_peer; /* hash of its ufrag; 0: not known */
	struct crypt *faded; /* out: what faded before this change */
	bool fading; /* out: the replaced rx stays for STREAM_FADE_MS */
};

enum { STREAM_FADE_MS = 5000 };

void bridge_leg_apply(struct bridge *b, struct leg_change *change);

/* What fades on the leg: NULL or the caller's. */
struct crypt *bridge_fade_end(struct bridge *b, enum media_side side);

/* Keys of a handshake at a component, and the address it was done with.
 * Swaps like bridge_leg_apply(). false: the assoc is not the component's any
 * more, nothing was changed. */
bool bridge_keys_apply(struct component *c, const struct assoc *assoc,
		       const union addr *from, struct crypt **rx,
		       struct crypt **tx);

/* The component's peer is at a from now on (until the next SDP). */
void component_learn(struct component *c, const union addr *a);

/* Where it is, is not known any more. */
void component_forget(struct component *c);

/* An accepted RTP packet. */
void stream_track(struct stream *s, const struct rtp_view *v, uint64_t now_ms);
/* NULL: not one of the newest STREAM_TRACKS. */
struct track *stream_track_find(struct stream *s, uint32_t ssrc);

/* name.c: SSRCs. On a leg, those of its peer and those that we send to it must
 * differ: a new track of s gets a name for its way out, and a track of the
 * other direction that bears that SSRC there already gets another. */
void name_track(struct stream *s, struct track *t);
/* How the sender's SSRC leaves. */
uint32_t name_out(const struct stream *s, uint32_t ssrc);
/* Which of the sender's SSRCs leaves under that name. */
uint32_t name_in(const struct stream *s, uint32_t name);
/* The stream that goes the other way. */
struct stream *stream_back(const struct stream *s);

#endif
