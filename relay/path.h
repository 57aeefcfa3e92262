/* path: the way of a packet. Datagrams are collected from many ports until the
 * batch is full or the worker's turn ends; then the batch takes all stages
 * together (the table is at the top of path.c). No lock, allocation, log,
 * reference count or system call but those of io on it.
 *
 * Thread: a path belongs to one worker. */
#ifndef RELAY_PATH_H
#define RELAY_PATH_H

#include "lib/io/io.h"
#include "lib/pkt/demux.h"
#include "relay/stream.h"

struct hub;
struct record_ring;

struct path_packet {
	struct io_packet io; /* on the way out: where to */
	struct component *at; /* where it came in */
	struct component *to; /* where it goes out */
	struct stream *stream;
	enum demux_kind kind;
	bool rtcp;
	enum drop drop;
};

struct path {
	struct io *io;
	struct counters *counters;
	struct record_ring *ring; /* NULL: recording is off */
	uint64_t now_ms; /* of this batch */
	uint64_t now_us; /* the same, finer */
	unsigned n; /* collected */
	unsigned live; /* still on the way */
	struct path_packet *way[IO_BATCH]; /* those, in order of arrival */
	struct path_packet packet[IO_BATCH];
	struct crypt_job job[IO_BATCH];
	uint8_t octets[IO_BATCH][IO_OCTETS];
};

/* 0 or ENOMEM. io and counters stay the caller's. */
int path_new(struct path **path, struct io *io, struct counters *counters);
void path_free(struct path *path);

/* Takes what waits at the component's port; runs the batch when it is full. */
void path_receive(struct path *path, struct component *at);
/* The same at a shared port. */
void path_receive_hub(struct path *path, const struct hub *hub);
/* Runs what is collected. After it no packet of any stream is in here. */
void path_run(struct path *path);

/* Stages that act on one packet, in the order of the path. Each returns
 * DROP_NONE or why the packet goes; PATH_TAKEN: it left by another way. */
#define PATH_TAKEN DROP_COUNT

/* demux.c: what is it, and which stream is it for? DTLS leaves here. */
enum drop demux_packet(struct path *path, struct path_packet *pkt);
/* latch.c: may it come from there? Changes nothing. */
enum drop latch_check(struct path *path, struct path_packet *pkt);
/* latch.c: it is authentic now: address, counters, time. */
enum drop latch_account(struct path *path, struct path_packet *pkt);
/* gate.c: RTP that somebody does not want to pass. Called by rewrite. */
enum drop gate_packet(const struct path_packet *pkt);
/* rewrite.c: where it goes out, and what must change for that. */
enum drop rewrite_packet(struct path *path, struct path_packet *pkt);

/* renumber.c: an RTP packet on its way to a secured leg. */
enum drop renumber_rtp(struct stream *s, uint8_t *p);
/* renumber.c: RTCP of the receiver of stream s, on its way back. */
void renumber_rtcp(struct stream *s, uint8_t *p, size_t n);
/* name.c: RTP and RTCP of the sender of stream s: every SSRC in it as the
 * receiver knows it. Between renumber_rtp() and renumber_rtcp(). */
void name_rtp(const struct stream *s, uint8_t *p);
void name_rtcp(const struct stream *s, uint8_t *p, size_t n);

#endif
