/* test_mailbox.c: what crosses threads arrives whole, once and in order. Built
 * for the thread sanitizer too. */
#include "unit.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "relay/mailbox.h"
#include "relay/stream.h"

enum { SENDERS = 4, LETTERS = 5000 };

struct note {
	struct letter letter; /* first */
	unsigned sender;
	unsigned number;
};

static struct mailbox box;

static struct note *note_of(struct letter *letter)
{
	return (struct note *)(void *)letter;
}

static void *send_notes(void *arg)
{
	for (unsigned i = 0; i < LETTERS; i++) {
		struct note *n = malloc(sizeof(*n));

		*n = (struct note){.sender = *(unsigned *)arg, .number = i};
		mailbox_post(&box, &n->letter);
	}
	return NULL;
}

/* Each sender's letters come in its order; none is lost, none comes twice. */
static void many_senders(void **state)
{
	pthread_t thread[SENDERS];
	unsigned id[SENDERS];
	unsigned next[SENDERS] = {0};
	unsigned total = 0;
	(void)state;

	assert_int_equal(mailbox_init(&box), 0);
	for (unsigned i = 0; i < SENDERS; i++) {
		id[i] = i;
		assert_int_equal(pthread_create(&thread[i], NULL, send_notes,
						&id[i]), 0);
	}
	while (total < SENDERS * LETTERS) {
		struct pollfd wait = {.fd = box.fd, .events = POLLIN};
		struct letter *l;

		assert_int_equal(poll(&wait, 1, 5000), 1);
		for (l = mailbox_take(&box); l; total++) {
			struct note *n = note_of(l);

			l = l->next;
			assert_int_equal(n->number, next[n->sender]++);
			free(n);
		}
	}
	for (unsigned i = 0; i < SENDERS; i++)
		pthread_join(thread[i], NULL);
	assert_null(mailbox_take(&box));
	mailbox_fini(&box);
}

static void limit(void **state)
{
	struct letter a;
	struct letter b;
	struct letter c;
	struct pollfd wait;
	(void)state;

	assert_int_equal(mailbox_init(&box), 0);
	wait = (struct pollfd){.fd = box.fd, .events = POLLIN};
	assert_int_equal(poll(&wait, 1, 0), 0);
	assert_int_equal(mailbox_offer(&box, &a, 1), 0);
	assert_int_equal(poll(&wait, 1, 0), 1);
	assert_int_equal(mailbox_offer(&box, &b, 1), ENOBUFS);
	mailbox_post(&box, &c); /* always taken */
	assert_ptr_equal(mailbox_take(&box), &a);
	assert_ptr_equal(a.next, &c);
	assert_null(c.next);
	assert_int_equal(poll(&wait, 1, 0), 0);
	assert_int_equal(mailbox_offer(&box, &b, 1), 0);
	assert_ptr_equal(mailbox_take(&box), &b);
	mailbox_fini(&box);
}

/* ---- an address that is read while it changes ---- */

static struct addr_cell cell;
static _Atomic bool stop;
static union addr v4;
static union addr v6;

static void *write_addrs(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop)) {
		addr_cell_set(&cell, &v4, false);
		addr_cell_set(&cell, &v6, true);
	}
	return NULL;
}

static void addr_is_never_torn(void **state)
{
	pthread_t writer;
	union addr got;
	(void)state;

	assert_int_equal(addr_parse(SLICE_LIT("192.0.2.1"), 1, &v4), 0);
	assert_int_equal(addr_parse(SLICE_LIT("2001:db8:ffff:ffff::1"), 2,
				    &v6), 0);
	addr_cell_set(&cell, &v4, false);
	assert_int_equal(pthread_create(&writer, NULL, write_addrs, NULL), 0);
	for (unsigned i = 0; i < 20000; i++) {
		bool flag = addr_cell_get(&cell, &got);

		assert_true(addr_eq(&got, flag ? &v6 : &v4));
	}
	atomic_store(&stop, true);
	pthread_join(writer, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_senders),
		cmocka_unit_test(limit),
		cmocka_unit_test(addr_is_never_torn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
