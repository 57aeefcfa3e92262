/* test_scrape.c: requests of the metrics listener: what is asked for, what is
 * not complete, what is too long. */
#include "unit.h"

#include <errno.h>

#include "relay/scrape.h"

static struct scrape_request r;

static int read_text(const char *text)
{
	return scrape_request_read(slice_str(text), &r);
}

static void statuses(void **state)
{
	static const struct {
		const char *line;
		unsigned status;
	} v[] = {
		{"GET /metrics HTTP/1.1", 200},
		{"GET /metrics HTTP/1.0", 200},
		{"GET /metrics?x=1 HTTP/1.1", 200},
		{"HEAD /metrics HTTP/1.1", 200},
		{"GET / HTTP/1.1", 404},
		{"GET /metrics/ HTTP/1.1", 404},
		{"GET /../metrics HTTP/1.1", 404},
		{"POST /metrics HTTP/1.1", 405},
		{"get /metrics HTTP/1.1", 405},
		{"GET /metrics HTTP/2.0", 505},
		{"GET /metrics HTTP/1.1 ", 505},
		{"GET /metrics", 400},
		{"GET  /metrics HTTP/1.1", 400},
		{"", 400},
		{" ", 400},
		{"\x16\x03\x01", 400},
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		snprintf(text, sizeof(text), "%s\r\nHost: x\r\n\r\n",
			 v[i].line);
		assert_int_equal(read_text(text), 0);
		assert_int_equal(r.status, v[i].status);
		assert_int_equal(r.head, v[i].line[0] == 'H');
	}
}

static void in_pieces(void **state)
{
	const char *text = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";

	(void)state;
	for (size_t n = 0; n < strlen(text); n++)
		assert_int_equal(scrape_request_read(slice_of(text, n), &r),
				 EAGAIN);
	assert_int_equal(read_text(text), 0);
}

static void too_long(void **state)
{
	static char text[SCRAPE_REQUEST_MAX + 1];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(scrape_request_read(
				 slice_of(text, SCRAPE_REQUEST_MAX - 1), &r),
			 EAGAIN);
	assert_int_equal(
		scrape_request_read(slice_of(text, SCRAPE_REQUEST_MAX), &r),
		EMSGSIZE);
	assert_int_equal(scrape_request_read(slice_of(text, sizeof(text)), &r),
			 EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses),
		cmocka_unit_test(in_pieces),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
