/* cert_shape: a look at a certificate's DER before OpenSSL decodes it. The
 * key is the dangerous part: explicit curve parameters and giant moduli cost
 * seconds (CVE-2022-0778), and d2i_X509() decodes keys at once. */
#ifndef IDENTITY_CERT_SHAPE_H
#define IDENTITY_CERT_SHAPE_H

#include "lib/base/slice.h"

/* NULL if it may be decoded, else why not (literal). */
const char *cert_shape_flaw(struct slice der);

#endif
