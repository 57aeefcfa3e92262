/*
 * replay.c: what a fuzz target links when libFuzzer is not there.
 *
 * Runs the target once over each file of its corpus and says so in TAP, as
 * one test: a crash or a sanitizer's report ends the process before the "ok".
 * The corpus of fuzz_NAME is fuzz/corpus/NAME in the source tree; files named
 * on the command line are run instead.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {FILE_MAX = 1 << 20};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* The octets are copied to a block of exactly their size, so that reading one
 * octet past the end is seen. */
static int run(const char *path)
{
	static uint8_t buf[FILE_MAX];
	uint8_t *p;
	size_t n;
	FILE *f = fopen(path, "rb");

	if (!f) {
		printf("# cannot open %s\n", path);
		return 1;
	}
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	p = malloc(n ? n : 1);
	if (!p)
		return 1;
	if (n)
		memcpy(p, buf, n);
	fprintf(stderr, "# %s\n", path);
	LLVMFuzzerTestOneInput(p, n);
	free(p);
	return 0;
}

static int run_corpus(const char *dir, unsigned *count)
{
	char path[8192];
	struct dirent *e;
	struct stat st;
	int failed = 0;
	DIR *d = opendir(dir);

	if (!d) {
		printf("# no corpus: %s\n", dir);
		return 1;
	}
	while ((e = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
			continue;
		failed |= run(path);
		++*count;
	}
	closedir(d);
	return failed;
}

/* fuzz_sdp, or libtool's and automake's spellings of it, gives "sdp". */
static const char *target_name(const char *argv0)
{
	const char *s = strrchr(argv0, '/');

	s = s ? s + 1 : argv0;
	return strncmp(s, "fuzz_", 5) == 0 ? s + 5 : s;
}

int main(int argc, char **argv)
{
	const char *src = getenv("srcdir");
	const char *name = target_name(argv[0]);
	char dir[4096];
	unsigned count = 0;
	int failed = 0;

	printf("1..1\n");
	fflush(stdout);
	for (int i = 1; i < argc; i++, count++)
		failed |= run(argv[i]);
	if (argc < 2) {
		snprintf(dir, sizeof(dir), "%s/fuzz/corpus/%s",
			 src ? src : ".", name);
		failed |= run_corpus(dir, &count);
	}
	if (!count)
		failed = 1;
	printf("%sok 1 - corpus of %s: %u files\n", failed ? "not " : "",
	       name, count);
	return failed;
}
