/* caller.c: see caller.h */
#include "unit.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "b2bua/identity/es256.h"
#include "caller.h"
#include "lib/base/b64.h"

#define RANGE "3014a1123010160b3132313535353531323030020164"
#define SPC "3008a006160434333231"

struct pki pki;
struct pki_cert range, spc, expired, self_signed, p384, no_list, domain;
struct pki_cert rsa, rsa_small, rsa_other, young;
int64_t now;

static int64_t test_clock(void)
{
	return now;
}

const char sdp[SDP_SIZE] =
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n"
	"t=0 0\r\nm=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n"
	"a=fingerprint:sha-256 " FINGERPRINT "\r\na=setup:actpass\r\n";

const char *or(const char *a, const char *b)
{
	return a ? a : b;
}

void build(struct obuf *ob, const struct parts *p)
{
	const char *body = or(p->body, sdp);
	char date[DATE_SIZE];

	date_write(date, now);
	obuf_reset(ob);
	obuf_fmt(ob, "%s %s SIP/2.0\r\n", or(p->method, "INVITE"),
		 or(p->ruri, "sip:+12155551213@b.example"));
	obuf_str(ob, "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n");
	obuf_str(ob, "Max-Forwards: 70\r\n");
	obuf_fmt(ob, "From: \"A\" <%s>;tag=1\r\n",
		 or(p->from, "sip:+12155551212@a.example.org;user=phone"));
	obuf_fmt(ob, "To: <%s>\r\n",
		 or(p->to, "sip:+12155551213@b.example;user=phone"));
	obuf_fmt(ob, "Call-ID: %s\r\n", or(p->call_id, "c1@a.example.org"));
	obuf_fmt(ob, "CSeq: %s %s\r\n", or(p->cseq, "1"),
		 or(p->method, "INVITE"));
	if (*or(p->date, "x"))
		obuf_fmt(ob, "Date: %s\r\n", or(p->date, date));
	obuf_fmt(ob, "Contact: <%s>\r\n",
		 or(p->contact, "sip:a@192.0.2.1:5060"));
	obuf_str(ob, or(p->extra, ""));
	if (*body)
		obuf_str(ob, "Content-Type: application/sdp\r\n");
	obuf_fmt(ob, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
	assert_int_equal(ob->err, 0);
}

static void head_write(struct obuf *ob, const struct token *t)
{
	if (t->head)
		obuf_str(ob, t->head);
	else
		obuf_fmt(ob, "{\"alg\":\"ES256\",%s\"typ\":\"passport\","
			 "\"x5u\":\"%s\"}",
			 or(t->ppt, "\"ppt\":\"shaken\","), or(t->x5u, URL));
}

static void claims_write(struct obuf *ob, const struct token *t)
{
	if (t->claims)
		obuf_str(ob, t->claims);
	else
		obuf_fmt(ob, "{%s%s,\"iat\":%" PRId64 ",%s%s%s}",
			 or(t->attest, "\"attest\":\"A\","),
			 or(t->dest, "\"dest\":{\"tn\":[\"12155551213\"]}"),
			 t->iat ? t->iat : now, or(t->mky, ""),
			 or(t->orig, "\"orig\":{\"tn\":\"12155551212\"}"),
			 or(t->origid, ",\"origid\":\"" ORIGID "\""));
}

void identity_write(struct obuf *ob, const struct token *t)
{
	struct obuf head = OBUF_INIT, claims = OBUF_INIT, in = OBUF_INIT;
	uint8_t sig[ES256_SIZE];

	head_write(&head, t);
	claims_write(&claims, t);
	b64url_write(&in, head.p, head.n);
	obuf_chr(&in, '.');
	b64url_write(&in, claims.p, claims.n);
	if (es256_sign((t->key ? t->key : &range)->key, obuf_as_slice(&in),
		       sig))
		memset(sig, 1, sizeof(sig));
	sig[40] ^= t->bend_sig;
	obuf_str(ob, "Identity: ");
	obuf_slice(ob, obuf_as_slice(&in));
	obuf_chr(ob, '.');
	b64url_write(ob, sig, sizeof(sig));
	obuf_fmt(ob, ";info=<%s>%s\r\n", or(t->info, URL),
		 or(t->params, ";alg=ES256;ppt=shaken"));
	obuf_chr(ob, 0);
	ob->n--;
	obuf_fini(&head);
	obuf_fini(&claims);
	obuf_fini(&in);
}

struct identity *context(const struct pki_cert *cert, unsigned bits)
{
	struct identity_cert map = {URL, cert ? cert->cert_file : NULL};
	struct identity_conf conf = {.anchors = pki.anchors,
				     .certs = &map,
				     .n_certs = cert ? 1 : 0,
				     .rsa_bits_min = bits,
				     .clock = test_clock};
	char why[IDENTITY_WHY] = "";
	struct identity *id;

	if (identity_new(&id, &conf, NULL, why))
		fail_msg("%s", why);
	return id;
}

static void on_verdicts(void *arg, struct verdicts *vs)
{
	struct verdicts **to = arg;

	*to = mem_ref(vs);
}

struct verdicts *verify(struct identity *id, struct obuf *ob,
			       const struct verify_policy *policy)
{
	static const struct verify_policy plain;
	struct verdicts *vs = NULL;
	struct identity_op *op;
	struct message *msg;
	struct flaw flaw;

	assert_int_equal(message_parse(&msg, ob->p, ob->n, false, &flaw), 0);
	assert_int_equal(identity_verify(&op, id, msg,
					 policy ? policy : &plain,
					 on_verdicts, &vs), 0);
	assert_null(op);
	assert_non_null(vs);
	mem_deref(msg);
	return vs;
}

static void on_signed(void *arg, const struct sign_result *res)
{
	struct signed_text *s = arg;

	s->err = res->err;
	s->attest = res->attest;
	memcpy(s->why, res->why, sizeof(s->why));
	slice_copy(res->lines, s->lines, sizeof(s->lines));
	slice_copy(res->canonical, s->canonical, sizeof(s->canonical));
}

static const char *const own_domains[] = {"example.org"};
static const char *const own_numbers[] = {"+1215555"};
static const char *const trunk_numbers[] = {"+121555512"};

struct signer *signer(struct identity *id, enum signer_method m,
			     const struct pki_cert *c, char attest)
{
	struct signer_conf conf = {
		.name = "ours", .method = m, .key = c->key_file,
		.certificate = c->cert_file, .info = URL,
		.domains = own_domains, .n_domains = 1,
		.numbers = own_numbers, .n_numbers = 1, .attest = attest,
		.mky = true};
	char why[IDENTITY_WHY] = "";
	struct signer *s;

	if (signer_new(&s, &conf, id, why))
		fail_msg("%s", why);
	return s;
}

struct signed_text sign(struct signer *s, struct obuf *ob,
			       const struct verdicts *in)
{
	struct sign_request req = {.outgoing = obuf_as_slice(ob),
				   .owned = trunk_numbers, .n_owned = 1,
				   .customer = true, .in = in};
	struct signed_text t = {.err = -1};

	assert_int_equal(identity_sign(s, &req, on_signed, &t), 0);
	return t;
}

struct verdicts *old_call(struct identity *id,
				 const struct pki_cert *key,
				 const struct parts *base,
				 const struct parts *sent, char *lines)
{
	struct identity *signing = context(&rsa, 1024);
	struct signer *s = signer(signing, SIGNER_RFC4474, key, 0);
	struct parts parts = *sent;
	struct obuf ob = OBUF_INIT;
	struct signed_text t;
	struct verdicts *vs;

	build(&ob, base);
	t = sign(s, &ob, NULL);
	if (t.err)
		fail_msg("%s", t.why);
	strcpy(lines, t.lines);
	parts.extra = lines;
	build(&ob, &parts);
	vs = verify(id, &ob, NULL);
	signer_free(s);
	identity_free(signing);
	obuf_fini(&ob);
	return vs;
}

int caller_setup(void **state)
{
	(void)state;
	now = PKI_NOW;
	pki_init(&pki);
	pki_issue(&pki, &range, &(struct pki_leaf){.name = "range",
						   .tnauth = RANGE});
	pki_issue(&pki, &spc, &(struct pki_leaf){.name = "spc",
						 .tnauth = SPC});
	pki_issue(&pki, &expired, &(struct pki_leaf){
		.name = "expired", .tnauth = RANGE, .until = PKI_NOW - 1});
	pki_issue(&pki, &self_signed, &(struct pki_leaf){
		.name = "self", .tnauth = RANGE, .self_signed = true});
	pki_issue(&pki, &p384, &(struct pki_leaf){
		.name = "p384", .tnauth = RANGE, .curve = "secp384r1"});
	pki_issue(&pki, &no_list, &(struct pki_leaf){.name = "nolist"});
	pki_issue(&pki, &domain, &(struct pki_leaf){
		.name = "domain", .dns = "DNS:example.org"});
	pki_issue(&pki, &rsa, &(struct pki_leaf){
		.name = "rsa", .rsa_bits = 2048, .dns = "DNS:example.org"});
	pki_issue(&pki, &rsa_small, &(struct pki_leaf){
		.name = "small", .rsa_bits = 1024, .dns = "DNS:example.org"});
	pki_issue(&pki, &rsa_other, &(struct pki_leaf){
		.name = "other", .rsa_bits = 2048, .dns = "DNS:example.com"});
	pki_issue(&pki, &young, &(struct pki_leaf){
		.name = "young", .tnauth = RANGE, .from = PKI_NOW - 10});
	return 0;
}

int caller_teardown(void **state)
{
	struct pki_cert *v[] = {&range, &spc, &expired, &self_signed, &p384,
				&no_list, &domain, &rsa, &rsa_small,
				&rsa_other, &young};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		pki_cert_fini(v[i]);
	pki_fini(&pki);
	return 0;
}

