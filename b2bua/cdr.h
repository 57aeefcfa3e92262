/* cdr: the file of call records: one JSON object a line, one line a call.
 * Thread: the SIP thread. */
#ifndef B2BUA_CDR_H
#define B2BUA_CDR_H

#include "lib/base/slice.h"

struct cdr;

/* Opens path for appending (0640). path "": records go nowhere.
 * 0 or what open(2) says. */
int cdr_open(struct cdr **cp, const char *path);
void cdr_close(struct cdr *c);
/* The path anew, after the file was moved away (SIGHUP). On an error the old
 * file stays in use. */
int cdr_reopen(struct cdr *c);
/* Appends one record, given without its newline, in one write(2): lines of
 * two processes never mix, and a full disk leaves no half of one. 0, or the
 * errno that lost it. */
int cdr_write(struct cdr *c, struct slice record);

#endif
