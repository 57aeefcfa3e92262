/* date: SIP-date (RFC 3261 section 20.17): "Sat, 13 Nov 2010 23:29:00 GMT".
 * Case-sensitive, one SP each, GMT only, as RFC 4474 section 9 signs it. */
#ifndef IDENTITY_DATE_H
#define IDENTITY_DATE_H

#include "lib/base/slice.h"

enum { DATE_SIZE = 30 }; /* with its NUL */

/* Seconds since 1970. EINVAL: not a SIP-date, or a day that does not exist
 * (the weekday's name is read, not believed). 1970 to 9999; second 60 is the
 * next minute's first. */
int date_parse(struct slice s, int64_t *t);
/* EINVAL outside 1970 to 9999. */
int date_write(char to[DATE_SIZE], int64_t t);

#endif
