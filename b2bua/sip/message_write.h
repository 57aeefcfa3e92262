/* message_write: messages that follow from another one by rule: responses,
 * the ACK to a failure, CANCEL. Whole octets, ready to send.
 * Thread: the SIP thread. */
#ifndef SIP_MESSAGE_WRITE_H
#define SIP_MESSAGE_WRITE_H

#include "b2bua/sip/message.h"

struct flow;

struct reply {
	unsigned status;
	const char *reason; /* NULL: the registered phrase */
	/* Put on To if the request's To has none and status > 100
	 * (RFC 3261 8.2.6.2). Absent: one derived from the request, the same
	 * for its retransmissions (stateless answers). */
	struct slice to_tag;
	/* Whole lines, each with CRLF: "Contact: ...\r\nAllow: ...\r\n".
	 * Record-Route is copied by itself into 1xx (not 100) and 2xx. */
	struct slice headers;
	struct slice body_type;
	struct slice body;
};

/* RFC 3261 8.2.6. from: adds received and rport to the top Via (18.2.1,
 * RFC 3581); NULL: Via as it came. 0, EMSGSIZE, ENOMEM. */
int message_write_reply(struct obuf *ob, const struct message *req,
			const struct flow *from, const struct reply *r);
/* RFC 3261 17.1.1.3: the ACK to a response of 300 and above. req: the INVITE
 * as sent, with our Via on top. */
int message_write_ack(struct obuf *ob, const struct message *req,
		      const struct message *resp);
/* RFC 3261 9.1. headers: whole lines (Reason), or absent. */
int message_write_cancel(struct obuf *ob, const struct message *req,
			 struct slice headers);
/* "Not Found"; "" for a status nobody registered */
const char *message_status_phrase(unsigned status);

#endif
