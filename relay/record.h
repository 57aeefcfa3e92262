/* record: calls written to pcap files, decrypted, as they came in. A worker
 * copies a packet into a ring of its own, or counts it as lost when the ring
 * is full; one thread empties the rings and is alone with the disk. No worker
 * and no request ever waits for it.
 *
 * Each file is made new, by us alone (0600), in one configured directory. Of
 * packets of more than RECORD_OCTETS the rest is missing; a file ends at
 * RECORD_FILE_MAX. */
#ifndef RELAY_RECORD_H
#define RELAY_RECORD_H

#include "lib/base/slice.h"
#include "lib/io/addr.h"

enum {
	RECORD_OCTETS = 1600, /* of a packet */
	RECORD_PLACES = 1024, /* packets in a ring */
	RECORD_NAME = 96, /* of a file, without its directory */
};
#define RECORD_FILE_MAX (1ull << 30)

struct recorder;
struct recording;
struct record_ring;

/* Starts the thread. dir must be there. rings: one per worker. 0; errno of
 * open(2) if dir is none; ENOMEM, EAGAIN. Control thread. */
int recorder_new(struct recorder **recorder, const char *dir, unsigned rings);
/* Writes what waits and closes all files. After the workers have ended. NULL
 * is allowed. */
void recorder_free(struct recorder *recorder);
unsigned recorder_rings(const struct recorder *recorder);
struct record_ring *recorder_ring(struct recorder *recorder, unsigned i);

/* A new file, named by the call-id and something random. 0; errno of open(2);
 * ENOMEM. It is the caller's until recording_stop(). Control thread. */
int recording_start(struct recorder *recorder, struct slice call_id,
		    struct recording **recording);
/* The file is complete and closed a moment later. NULL is allowed. */
void recording_stop(struct recording *recording);
/* Never 0, never given twice. */
uint32_t recording_id(const struct recording *recording);
const char *recording_name(const struct recording *recording);

/* A datagram from `from` to `to`, for the recording of that id. False: there
 * was no room. The ring's worker. */
bool record_put(struct record_ring *ring, uint32_t id, const union addr *from,
		const union addr *to, const void *p, size_t n);

#endif
