/* The file of call records on a disk that fills up. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "b2bua/cdr.h"

static void room_set(rlim_t octets)
{
	struct rlimit l;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	l.rlim_cur = octets == RLIM_INFINITY ? l.rlim_max : octets;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static void full_disk_leaves_whole_lines(void **state)
{
	char path[] = "/tmp/countersign-cdr-XXXXXX", got[64] = "";
	struct cdr *c;
	FILE *f;
	(void)state;

	close(mkstemp(path));
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(cdr_open(&c, path), 0);
	assert_int_equal(cdr_write(c, SLICE_LIT("{\"id\":1}")), 0);
	room_set(15);
	assert_int_equal(cdr_write(c, SLICE_LIT("{\"id\":2}")), ENOSPC);
	room_set(RLIM_INFINITY);
	assert_int_equal(cdr_write(c, SLICE_LIT("{\"id\":3}")), 0);
	cdr_close(c);
	f = fopen(path, "r");
	assert_int_equal(fread(got, 1, sizeof(got) - 1, f), 18);
	assert_string_equal(got, "{\"id\":1}\n{\"id\":3}\n");
	fclose(f);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_disk_leaves_whole_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
