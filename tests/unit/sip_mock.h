/* sip_mock.h: a flow that keeps what is sent, and SIP messages from few words,
 * for the tests of transactions and dialogs. */
#ifndef SIP_MOCK_H
#define SIP_MOCK_H

#include <stdio.h>
#include <stdlib.h>

#include <re_types.h>
#include <re_mem.h>

#include "b2bua/sip/flow.h"
#include "b2bua/sip/message.h"

enum { MOCK_SENT_MAX = 64 };

struct mock_flow {
	struct flow flow; /* first */
	struct message *sent[MOCK_SENT_MAX];
	unsigned n; /* sent in all */
	unsigned seen; /* looked at by mock_next() */
	int err; /* of the next sends */
};

static int mock_send(struct flow *f, struct slice octets)
{
	struct mock_flow *m = (struct mock_flow *)f;
	struct flaw flaw;

	if (m->err)
		return m->err;
	assert_true(m->n < MOCK_SENT_MAX);
	if (message_parse(&m->sent[m->n], octets.p, octets.n, true, &flaw))
		fail_msg("%s: %.*s", flaw.reason, SLICE(octets));
	m->n++;
	return 0;
}

static void mock_destroy(void *arg)
{
	struct mock_flow *m = arg;

	for (unsigned i = 0; i < m->n; i++)
		mem_deref(m->sent[i]);
}

static inline struct mock_flow *mock_flow(enum flow_kind kind, const char *ip,
				   unsigned port)
{
	static const struct flow_ops ops = {.send = mock_send};
	static int socket, realm;
	struct mock_flow *m = mem_zalloc(sizeof(*m), mock_destroy);

	m->flow = (struct flow){.ops = &ops, .kind = kind, .realm = &realm,
				.socket = &socket, .sent_by = "us.test:5060"};
	assert_int_equal(sa_set_str(&m->flow.peer, ip, (uint16_t)port), 0);
	return m;
}

/* The next message that was sent and not looked at; NULL: none. */
static inline const struct message *mock_next(struct mock_flow *m)
{
	return m->seen < m->n ? m->sent[m->seen++] : NULL;
}

static inline void mock_silent(struct mock_flow *m)
{
	if (m->seen < m->n)
		fail_msg("sent: %.*s", SLICE(m->sent[m->seen]->octets));
}

/* The next one sent: a request of that method, or a status. */
static inline const struct message *mock_request(struct mock_flow *m,
					  const char *method)
{
	const struct message *got = mock_next(m);

	if (!got || !got->request || !slice_eq_str(got->method_name, method))
		fail_msg("no %s but %.*s", method, got ? (int)got->octets.n : 7,
			 got ? got->octets.p : "nothing");
	return got;
}

static inline const struct message *mock_status(struct mock_flow *m, unsigned status)
{
	const struct message *got = mock_next(m);

	if (!got || got->request || got->status != status)
		fail_msg("no %u but %.*s", status, got ? (int)got->octets.n : 7,
			 got ? got->octets.p : "nothing");
	return got;
}

#endif
