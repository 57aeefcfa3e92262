/* ng over HTTP and WebSocket, as rtpengine has it: POST to /ng (cookie and
 * dictionary) or /ng-plain (dictionary only); subprotocols ng.rtpengine.com
 * and ng-plain.rtpengine.com.
 *
 * Browsers are kept out, as a page of anybody's can reach loopback through
 * them: whatever has an Origin is refused, and so is a body of any type that a
 * page could send without asking first. */
#include <errno.h>
#include <event2/buffer.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "lib/base/b64.h"
#include "relay/control_priv.h"

#define MEDIA_TYPE "application/x-rtpengine-ng"
#define SOCKET_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

static int say(struct client *k, struct obuf *ob)
{
	int err = ob->err;

	if (!err && bufferevent_write(k->bev, ob->p, ob->n))
		err = ENOMEM;
	if (ob->n)
		explicit_bzero(ob->p, ob->n);
	obuf_fini(ob);
	return err;
}

static int respond(struct client *k, int status, const char *fields,
		   struct slice body, bool close)
{
	struct obuf ob = OBUF_INIT;
	int err;

	web_response_write(&ob, status, fields, body, close);
	err = say(k, &ob);
	return err ? err : close ? ECONNABORTED : 0;
}

/* Nothing more is read after it. */
static int refuse(struct client *k, int status)
{
	return respond(k, status, NULL, SLICE_NONE, true);
}

/* ---- HTTP --------------------------------------------------------------- */

static bool is_type(struct slice content_type)
{
	return slice_caseeq_str(slice_trim(slice_cut(&content_type, ';')),
				MEDIA_TYPE);
}

static int post(struct client *k, const struct web_request *r)
{
	struct obuf *reply = &k->listener->control->reply;
	struct ng_message m = {.payload = r->body};
	struct slice path = r->path;
	bool plain;
	int err;

	path = slice_cut(&path, '?');
	plain = slice_eq_str(path, "/ng-plain");
	if (!plain && !slice_eq_str(path, "/ng"))
		return refuse(k, 404);
	if (!is_type(r->content_type))
		return refuse(k, 415);
	if (!plain && ng_split(r->body, &m))
		return refuse(k, 400);
	obuf_reset(reply);
	err = control_request(k->listener, slice_str(k->source), &m, reply);
	if (err)
		return refuse(k, 403);
	if (!reply->n || reply->err)
		return refuse(k, 500);
	return respond(k, 200, "Content-Type: " MEDIA_TYPE "\r\n",
		       obuf_as_slice(reply), r->close);
}

/* RFC 6455 section 4.2.2 */
static int accept_key(struct slice key, char to[64])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	struct obuf ob = OBUF_FIXED(to, 63);
	char text[128];
	size_t n = 0;
	int len = snprintf(text, sizeof(text), "%.*s%s", SLICE(key),
			   SOCKET_GUID);

	if (!EVP_Q_digest(NULL, "SHA1", NULL, text, (size_t)len, digest, &n))
		return EIO;
	b64_write(&ob, digest, n);
	to[ob.n] = '\0';
	return ob.err;
}

static bool is_upgrade(const struct web_request *r)
{
	uint8_t key[16];
	size_t n = 0;

	return slice_eq_str(r->method, "GET") && !r->body.n && !r->close &&
	       web_list_has(r->connection, "upgrade") &&
	       slice_eq_str(r->socket_version, "13") &&
	       r->socket_key.n == WEB_KEY_MAX &&
	       b64_parse(r->socket_key, key, sizeof(key), &n) == 0 &&
	       n == sizeof(key);
}

static int upgrade(struct client *k, const struct web_request *r)
{
	char accept[64], fields[256];

	if (!is_upgrade(r))
		return refuse(k, 400);
	if (web_list_has(r->socket_protocol, "ng-plain.rtpengine.com"))
		k->plain = true;
	if (web_list_has(r->socket_protocol, "ng.rtpengine.com"))
		k->plain = false;
	else if (!k->plain)
		return refuse(k, 400);
	if (accept_key(r->socket_key, accept))
		return refuse(k, 500);
	snprintf(fields, sizeof(fields),
		 "Upgrade: websocket\r\nConnection: Upgrade\r\n"
		 "Sec-WebSocket-Accept: %s\r\n"
		 "Sec-WebSocket-Protocol: %s.rtpengine.com\r\n",
		 accept, k->plain ? "ng-plain" : "ng");
	k->take = socket_take;
	return respond(k, 101, fields, SLICE_NONE, false);
}

int web_take(struct client *k, struct slice in, size_t *used)
{
	struct web_request r;
	int err = web_request_read(in, NG_MESSAGE_MAX, &r, used);

	if (err == EAGAIN)
		return err;
	if (err)
		return refuse(k, err == E2BIG ? 413 : 400);
	if (r.origin.p)
		return refuse(k, 403);
	if (web_list_has(r.upgrade, "websocket"))
		return upgrade(k, &r);
	if (!slice_eq_str(r.method, "POST"))
		return refuse(k, 405);
	return post(k, &r);
}

/* ---- WebSocket ---------------------------------------------------------- */

static int frame_send(struct client *k, enum web_opcode opcode,
		      struct slice payload)
{
	struct obuf ob = OBUF_INIT;

	web_frame_write(&ob, opcode, payload);
	return say(k, &ob);
}

enum status {
	STATUS_NORMAL = 1000,
	STATUS_PROTOCOL = 1002,
	STATUS_POLICY = 1008,
	STATUS_TOO_BIG = 1009,
};

/* RFC 6455 section 7.4 */
static int hang_up(struct client *k, enum status status)
{
	const char code[2] = {(char)(status >> 8), (char)status};

	frame_send(k, WEB_CLOSE, slice_of(code, sizeof(code)));
	return ECONNABORTED;
}

static int control_frame(struct client *k, const struct web_frame *f)
{
	struct obuf ob = OBUF_INIT;
	int err = 0;

	if (f->opcode == WEB_CLOSE)
		return hang_up(k, STATUS_NORMAL);
	if (f->opcode == WEB_PING) {
		web_frame_take(f, &ob);
		err = ob.err ? ob.err
			     : frame_send(k, WEB_PONG, obuf_as_slice(&ob));
		obuf_fini(&ob);
	}
	return err;
}

/* A whole message. */
static int message_take(struct client *k)
{
	struct obuf *reply = &k->listener->control->reply;
	struct ng_message m = {.payload = obuf_as_slice(&k->message)};

	if (!k->plain && ng_split(obuf_as_slice(&k->message), &m))
		return hang_up(k, STATUS_POLICY);
	obuf_reset(reply);
	if (control_request(k->listener, slice_str(k->source), &m, reply))
		return hang_up(k, STATUS_POLICY);
	return reply->n && !reply->err
		       ? frame_send(k, k->opcode, obuf_as_slice(reply))
		       : 0;
}

static int data_frame(struct client *k, const struct web_frame *f)
{
	int err;

	if ((f->opcode == WEB_CONTINUATION) != k->begun)
		return hang_up(k, STATUS_PROTOCOL);
	if (!k->begun)
		k->opcode = f->opcode;
	k->begun = !f->fin;
	if (k->message.n + f->payload.n > NG_MESSAGE_MAX)
		return hang_up(k, STATUS_TOO_BIG);
	web_frame_take(f, &k->message);
	if (k->message.err)
		return k->message.err;
	if (!f->fin)
		return 0;
	err = message_take(k);
	if (k->message.n)
		explicit_bzero(k->message.p, k->message.n);
	obuf_reset(&k->message);
	return err;
}

int socket_take(struct client *k, struct slice in, size_t *used)
{
	struct web_frame f;
	int err = web_frame_read(in, NG_MESSAGE_MAX, &f, used);

	if (err == EAGAIN)
		return err;
	if (err)
		return hang_up(k, err == E2BIG ? STATUS_TOO_BIG
					       : STATUS_PROTOCOL);
	return f.opcode >= WEB_CLOSE ? control_frame(k, &f)
				     : data_frame(k, &f);
}
