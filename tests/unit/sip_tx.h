/* sip_tx.h: the transaction layer on flows in memory and a clock that the test
 * moves, with a call layer that counts what it is told. */
#ifndef SIP_TX_H
#define SIP_TX_H

#include "b2bua/sip/transaction.h"
#include "tests/unit/sip_mock.h"

struct fixture {
	struct wheel *wheel;
	struct transactions *t;
	struct mock_flow *udp, *tcp, *stranger;
	struct server_tx *server;
	struct client_tx *client;
	unsigned requests, cancels, acks, stray_acks, stray_responses;
	unsigned server_failed, client_failed;
	unsigned responses, last_status;
	int admit, client_err, admit_null;
	bool refuse_ack;
};

static inline int on_admit(void *arg, struct flow *flow, const struct message *req)
{
	struct fixture *f = arg;
	(void)flow;

	return req ? f->admit : f->admit_null;
}

static inline void on_cancel(void *arg, struct server_tx *tx,
		      const struct message *cancel)
{
	struct fixture *f = arg;

	assert_int_equal(cancel->method, METHOD_CANCEL);
	f->cancels++;
	server_tx_reply_plain(tx, 487, NULL);
}

static inline bool on_ack(void *arg, struct server_tx *tx, struct flow *flow,
		   const struct message *ack)
{
	struct fixture *f = arg;
	(void)tx, (void)flow;

	assert_int_equal(ack->method, METHOD_ACK);
	if (f->refuse_ack)
		return false;
	f->acks++;
	return true;
}

static inline void on_server_failed(void *arg, struct server_tx *tx, int err)
{
	struct fixture *f = arg;
	(void)tx;

	assert_int_equal(err, ETIMEDOUT);
	f->server_failed++;
}

static const struct server_tx_ops server_ops = {
	.cancel = on_cancel, .ack = on_ack, .failed = on_server_failed,
};

static inline void on_request(void *arg, struct server_tx *tx)
{
	struct fixture *f = arg;

	f->requests++;
	mem_deref(f->server);
	f->server = mem_ref(tx);
	server_tx_watch(tx, &server_ops, f);
}

static inline void on_stray_ack(void *arg, struct flow *flow,
			 const struct message *ack)
{
	struct fixture *f = arg;
	(void)flow, (void)ack;

	f->stray_acks++;
}

static inline void on_stray_response(void *arg, struct flow *flow,
			      const struct message *resp)
{
	struct fixture *f = arg;
	(void)flow, (void)resp;

	f->stray_responses++;
}

static const struct transaction_ops ops = {
	.admit = on_admit, .request = on_request, .stray_ack = on_stray_ack,
	.stray_response = on_stray_response,
};

static inline int setup(void **state)
{
	struct transaction_conf conf = {.servers_max = 3, .clients_max = 3,
					.octets_max = 8000};
	struct fixture *f = calloc(1, sizeof(*f));

	assert_int_equal(wheel_new(&f->wheel, true), 0);
	assert_int_equal(transactions_new(&f->t, f->wheel, &conf, &ops, f), 0);
	f->udp = mock_flow(FLOW_UDP, "192.0.2.1", 5070);
	f->tcp = mock_flow(FLOW_TCP, "192.0.2.1", 40000);
	f->stranger = mock_flow(FLOW_UDP, "192.0.2.66", 5070);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	mem_deref(f->server);
	if (f->client)
		client_tx_release(f->client);
	transactions_free(f->t);
	assert_int_equal(wheel_pending(f->wheel), 0);
	wheel_free(f->wheel);
	mem_deref(f->udp);
	mem_deref(f->tcp);
	mem_deref(f->stranger);
	free(f);
	return 0;
}

static inline void receive(struct fixture *f, struct mock_flow *from,
		    const char *text)
{
	transactions_receive(f->t, &from->flow, slice_str(text));
}

/* branch, To with tag, CSeq */
#define REQUEST(method, branch, to, cseq) \
	method " sip:b@us.test SIP/2.0\r\n" \
	"Via: SIP/2.0/UDP a.test;branch=" branch ";rport\r\n" \
	"Max-Forwards: 70\r\n" \
	"From: <sip:a@h>;tag=1\r\n" \
	"To: <sip:b@h>" to "\r\n" \
	"Call-ID: c\r\n" \
	"CSeq: " cseq " " method "\r\n" \
	"Content-Length: 0\r\n\r\n"
#define INVITE REQUEST("INVITE", "z9hG4bKa", "", "1")
#define OPTIONS REQUEST("OPTIONS", "z9hG4bKo", "", "1")

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
