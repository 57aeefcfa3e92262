/* test_record.c: what a call's ends sent is in the file, decrypted, as it came
 * in; and a disk that does not keep up costs packets of the file only. */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/pkt/octets.h"
#include "relay/record.h"
#include "rig.h"

static struct rig rig;
static char dir[64];
static struct recorder *recorder;

static int process(void **state)
{
	(void)state;
	return crypt_init_process();
}

static int setup(void **state)
{
	(void)state;
	rig_init(&rig);
	snprintf(dir, sizeof(dir), "/tmp/record-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(recorder_new(&recorder, dir, 1), 0);
	rig.path->ring = recorder_ring(recorder, 0);
	for (unsigned side = 0; side < 2; side++)
		for (unsigned k = 0; k < COMPONENTS; k++)
			assert_int_equal(
				addr_parse(SLICE_LIT("203.0.113.3"),
					   (uint16_t)(7000 + 2 * side + k),
					   &rig.bridge.leg[side].component[k]
						    .local), 0);
	return 0;
}

static int teardown(void **state)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	(void)state;
	recorder_free(recorder);
	assert_non_null(d);
	while ((e = readdir(d)))
		unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	assert_int_equal(rmdir(dir), 0);
	rig_fini(&rig);
	return 0;
}

/* The file's octets; it is complete when recorder_free() has returned. */
static size_t file_read(const char *name, uint8_t *to, size_t room)
{
	char path[256];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(to, 1, room, f);
	fclose(f);
	return n;
}

static void as_it_was_said(void **state)
{
	static uint8_t file[4096], want[IO_OCTETS];
	struct recording *rec;
	char name[RECORD_NAME];
	uint32_t caplen;
	size_t n;
	(void)state;

	rig_sdes(&rig, MEDIA_A, SUITE_AEAD_AES_128_GCM);
	rig_plain(&rig, MEDIA_B);
	assert_int_equal(recording_start(recorder, SLICE_LIT("../a b@c"), &rec),
			 0);
	snprintf(name, sizeof(name), "%s", recording_name(rec));
	assert_memory_equal(name, "___a_b_c-", 9);
	rig.bridge.stream[MEDIA_A].record = recording_id(rec);
	rig_send(&rig, MEDIA_A, 7, 1);
	rig_run(&rig);
	rig.bridge.stream[MEDIA_A].record = 0;
	rig_send(&rig, MEDIA_A, 7, 2);
	rig_run(&rig);
	recording_stop(rec);
	recorder_free(recorder);
	n = file_read(name, file, sizeof(file));
	assert_int_equal(recorder_new(&recorder, dir, 1), 0);
	assert_int_equal(counter_get(&rig.counters.v[COUNTER_RECORDED]), 1);

	assert_int_equal(n, 24 + 16 + 28 + 172);
	memcpy(&caplen, file + 24 + 8, 4);
	assert_int_equal(caplen, 28 + 172);
	assert_int_equal(file[40], 0x45);
	assert_int_equal(octets_u32(file + 40 + 12), 0xc0000201);
	assert_int_equal(octets_u32(file + 40 + 16), 0xcb007103);
	assert_int_equal(octets_u16(file + 60), 5000);
	assert_int_equal(octets_u16(file + 62), 7000);
	n = rig_rtp(want, 7, 1);
	assert_memory_equal(file + 68, want, n);
}

/* Nothing is open, so nobody empties the ring. */
static void a_full_ring_loses(void **state)
{
	(void)state;
	rig_plain(&rig, MEDIA_A);
	rig_plain(&rig, MEDIA_B);
	rig.bridge.stream[MEDIA_A].record = 1;
	for (unsigned i = 0; i < RECORD_PLACES + 3; i++) {
		rig_send(&rig, MEDIA_A, 7, (uint16_t)i);
		rig_run(&rig);
		assert_int_equal(rig_take(&rig), MEDIA_B);
	}
	assert_int_equal(counter_get(&rig.counters.v[COUNTER_RECORDED]),
			 RECORD_PLACES);
	assert_int_equal(counter_get(&rig.counters.v[COUNTER_RECORD_LOST]), 3);
}

static void no_such_directory(void **state)
{
	struct recorder *r;
	(void)state;

	assert_int_equal(recorder_new(&r, "/nonexistent", 1), ENOENT);
	assert_int_equal(recorder_new(&r, "/dev/null", 1), ENOTDIR);
}

#define RECORD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECORD_TEST(as_it_was_said),
		RECORD_TEST(a_full_ring_loses),
		cmocka_unit_test(no_such_directory),
	};

	return cmocka_run_group_tests(tests, process, NULL);
}
