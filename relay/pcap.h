/* pcap: the format of a capture file (version 2.4), with packets that begin
 * with their IP header (LINKTYPE_RAW). UDP checksums are left out. */
#ifndef RELAY_PCAP_H
#define RELAY_PCAP_H

#include <stdio.h>

#include "lib/io/addr.h"

/* Errors stay in the stream: ferror(3). */
void pcap_begin(FILE *f);
/* A UDP datagram of n octets of which the first `have` are at p. us: wall
 * clock. Both addresses are of one family. Returns the octets written. */
size_t pcap_write(FILE *f, uint64_t us, const union addr *from,
		  const union addr *to, const void *p, size_t have, size_t n);

#endif
