/* SRTP's rollover counter: streams that start before it turns, lose packets
 * there, come late, or are gone for long. */
#include "tests/unit/crypt_rig.h"

/* Starts at 65530...65535 and loses the first 0...12 packets: the rest passes,
 * each once. */
static void start_at_wrap(enum suite suite)
{
	uint8_t p[ROOM], again[ROOM];
	unsigned start, lost, i;
	struct crypt *tx, *rx;
	size_t n, n2;

	for (start = 65530; start <= 65535; start++) {
		for (lost = 0; lost <= 12; lost++) {
			tx = make(suite, CRYPT_PROTECT);
			rx = make(suite, CRYPT_UNPROTECT);
			for (i = 0; i < 20; i++) {
				n2 = n = protected(tx, p, 9,
						   (uint16_t)(start + i));
				if (i < lost)
					continue;
				memcpy(again, p, n);
				assert_int_equal(run(rx, CRYPT_UNPROTECT, p,
						     &n, false),
						 DROP_NONE);
				assert_int_equal(run(rx, CRYPT_UNPROTECT,
						     again, &n2, false),
						 DROP_REPLAY);
			}
			crypt_free(tx);
			crypt_free(rx);
		}
	}
}

static void test_start_at_wrap(void **state)
{
	(void)state;
	each_suite(start_at_wrap);
}

/* Packets that were sent before the wrap and come after it. */
static void test_reorder_at_wrap(void **state)
{
	struct crypt *tx = make(SUITE_AES_CM_128_HMAC_SHA1_80, CRYPT_PROTECT);
	struct crypt *rx = make(SUITE_AES_CM_128_HMAC_SHA1_80, CRYPT_UNPROTECT);
	static const uint8_t order[] = {3, 0, 5, 4, 1, 2, 7, 6};
	static uint8_t p[8][ROOM];
	size_t n[8];
	int i;

	(void)state;
	for (i = 0; i < 8; i++)
		n[i] = protected(tx, p[i], 9, (uint16_t)(65533 + i));
	for (i = 0; i < 8; i++)
		assert_int_equal(run(rx, CRYPT_UNPROTECT, p[order[i]],
				     &n[order[i]], false),
				 DROP_NONE);
	crypt_free(tx);
	crypt_free(rx);
}

/* The peer is not heard for `gap` packets, from index `at` on. What was
 * recorded before cannot be played into the stream afterwards. */
static void gap(enum suite suite, unsigned at, unsigned long gap_packets)
{
	struct crypt *tx = make(suite, CRYPT_PROTECT);
	struct crypt *rx = make(suite, CRYPT_UNPROTECT);
	static uint8_t old[8][ROOM];
	size_t n, nold[8];
	uint8_t p[ROOM];
	unsigned long i;

	for (i = 0; i < at + gap_packets + 8; i++) {
		/* far from the edges a packet in 1,000 is enough to move the
		 * index on */
		if (i > 8 && i + 1000 < at && i % 1000)
			continue;
		if (i > at && i + 1000 < at + gap_packets && i % 1000)
			continue;
		n = protected(tx, p, 9, (uint16_t)i);
		if (i < 8) {
			memcpy(old[i], p, n);
			nold[i] = n;
		}
		if (i >= at && i < at + gap_packets)
			continue;
		assert_int_equal(run(rx, CRYPT_UNPROTECT, p, &n, false),
				 DROP_NONE);
	}
	for (i = 0; i < 8 && i < at; i++)
		assert_int_not_equal(run(rx, CRYPT_UNPROTECT, old[i], &nold[i],
					 false),
				     DROP_NONE);
	crypt_free(tx);
	crypt_free(rx);
}

static void test_gap(void **state)
{
	static const unsigned long gaps[] = {
		250,   1024,  32766, 32767, 32768, 32769, 60000, 64512,
		65000, 65534, 65535, 65536, 65537, 90000, 98302,
	};
	static const unsigned at[] = {10, 32768, 65000, 66000};
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		for (j = 0; j < sizeof(at) / sizeof(at[0]); j++) {
			gap((i + j) % 2 ? SUITE_AES_CM_128_HMAC_SHA1_80
					: SUITE_AEAD_AES_256_GCM,
			    at[j], gaps[i]);
		}
	}
}

/* 140,000 packets (two wraps) in order, some lost, some late. */
static void test_long(void **state)
{
	struct crypt *tx = make(SUITE_AEAD_AES_128_GCM, CRYPT_PROTECT);
	struct crypt *rx = make(SUITE_AEAD_AES_128_GCM, CRYPT_UNPROTECT);
	uint8_t p[ROOM], late[ROOM];
	size_t n, nlate = 0;
	uint32_t i;

	(void)state;
	for (i = 0; i < 140000; i++) {
		n = protected(tx, p, 9, (uint16_t)i);
		if (i % 500 == 0) {
			nlate = n;
			memcpy(late, p, n);
			continue;
		}
		assert_int_equal(run(rx, CRYPT_UNPROTECT, p, &n, false),
				 DROP_NONE);
		if (i % 500 == 300)
			assert_int_equal(run(rx, CRYPT_UNPROTECT, late, &nlate,
					     false),
					 DROP_NONE);
	}
	crypt_free(tx);
	crypt_free(rx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_at_wrap),
		cmocka_unit_test(test_reorder_at_wrap),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_long),
	};

	if (crypt_init_process())
		return 1;
	return RUN_OVER_ENGINES("crypt_roc", tests, NULL);
}
