/* fuzz_b64.c: base64, base64url and hex readers (lib/base/b64.h). */
#include "lib/base/b64.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct slice in = slice_of(p, n);
	uint8_t out[64];
	size_t len;

	if (b64_parse(in, out, sizeof(out), &len) == 0 && len > sizeof(out))
		__builtin_trap();
	if (b64url_parse(in, out, sizeof(out), &len) == 0 && len > sizeof(out))
		__builtin_trap();
	if (hex_parse(in, ':', out, sizeof(out), &len) == 0 &&
	    len > sizeof(out))
		__builtin_trap();
	return 0;
}
