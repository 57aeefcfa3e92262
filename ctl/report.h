/* report: a call's security report, and why an assertion did not hold. */
#ifndef CTL_REPORT_H
#define CTL_REPORT_H

#include "ctl/show.h"

/* The five properties of a call, who says so, and what we changed. */
void report_show(const struct show *s, const struct value *report);
/* Our canonical form of each assertion beside the signer's. */
void report_show_why(const struct show *s, const struct value *reply);

#endif
