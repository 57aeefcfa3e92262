/* hep: summaries of how sessions sound, to a collector (Homer and others): one
 * HEP3 datagram per leg, every `interval` seconds and when the session ends.
 * Payload type 5 (RTCP as JSON, rtpengine's keys), correlated by the call-id.
 *
 * It is written as the sender report that we would send to the leg's peer:
 * sender_information is what went to that peer, a report block per SSRC that
 * came from it, counted from its start (so fraction_lost is of the whole
 * stream); lsr and dlsr are 0, as the reports of the ends go by unchanged.
 *
 * Thread: control thread only. What the socket does not take at once is lost
 * and counted: a collector never holds up a call. */
#ifndef RELAY_HEP_H
#define RELAY_HEP_H

#include "lib/base/obuf.h"
#include "relay/session.h"

struct hep_conf {
	union addr collector;
	uint32_t id; /* of this capture agent */
	unsigned interval; /* s */
};

struct hep;

/* 0 or errno, logged. */
int hep_open(struct hep **hp, const struct hep_conf *conf);
/* NULL is allowed. */
void hep_close(struct hep *h);

/* A session's legs, now. */
void hep_session(struct hep *h, const struct session *s);
/* Every session that is due. Call about once a second. */
void hep_tick(struct hep *h, struct sessions *ss, uint64_t now_ms);

struct hep_stats {
	uint64_t sent, lost; /* datagrams */
};
void hep_stats(const struct hep *h, struct hep_stats *st);

enum { HEP_CORRELATION_MAX = 512, HEP_RTCP_JSON = 5 };

/* One HEP3 packet. Both addresses of one family. */
struct hep_packet {
	union addr from, to;
	uint64_t wall_us;
	uint32_t id;
	uint8_t type; /* HEP_RTCP_JSON */
	struct slice correlation; /* cut at HEP_CORRELATION_MAX */
	struct slice payload;
};

/* Appends it to ob, which may then hold EMSGSIZE: longer than 65,535. */
void hep_write(struct obuf *ob, const struct hep_packet *p);

#endif
