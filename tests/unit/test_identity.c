/* test_identity.c: whole requests: verified, kept, signed, and every defect
 * with the code that it must get. */
#include "unit.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <re_types.h>
#include <re_mem.h>
#include <stdio.h>
#include <stdlib.h>

#include "b2bua/identity/date.h"
#include "b2bua/identity/es256.h"
#include "b2bua/identity/identity.h"
#include "b2bua/sip/message.h"
#include "lib/base/b64.h"
#include "pki.h"

#define URL "https://cert.example.org/leaf.pem"
#define ORIGID "7c1b5d3a-8f0e-4b53-9a3d-0d7c0e1a2b3c"
/* range 12155551200 + 100 */
#define RANGE "3014a1123010160b3132313535353531323030020164"
#define SPC "3008a006160434333231"
#define FINGERPRINT "AB:CD:EF:01"

static struct pki pki;
static struct pki_cert range, spc, expired, self_signed, p384, no_list, domain;
static struct pki_cert rsa, rsa_small, rsa_other;
static int64_t now;

static int64_t test_clock(void)
{
	return now;
}

/* ---- messages ---------------------------------------------------------- */

struct parts { /* NULL: the usual */
	const char *method, *ruri, *from, *to, *call_id, *cseq, *contact;
	const char *date; /* "": none */
	const char *extra; /* header lines */
	const char *body; /* "": none */
};

static const char sdp[] =
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n"
	"t=0 0\r\nm=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n"
	"a=fingerprint:sha-256 " FINGERPRINT "\r\na=setup:actpass\r\n";

static const char *or(const char *a, const char *b)
{
	return a ? a : b;
}

static void build(struct obuf *ob, const struct parts *p)
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

struct token { /* NULL: the usual */
	const char *head, *claims; /* whole JSON */
	const char *ppt, *attest, *orig, *dest, *mky, *origid;
	const char *x5u, *info, *params;
	int64_t iat; /* 0: now */
	const struct pki_cert *key;
	bool bend_sig;
};

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

/* An Identity line as a signer of other make would write it. */
static void identity_write(struct obuf *ob, const struct token *t)
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

/* ---- verify ------------------------------------------------------------ */

static struct identity *context(const struct pki_cert *cert, unsigned bits)
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

static struct verdicts *verify(struct identity *id, struct obuf *ob,
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

struct defect {
	const char *name;
	struct token token;
	struct parts parts;
	const struct pki_cert *cert; /* of the URL; NULL: range */
	bool no_cert;
	enum identity_result result;
	int code;
	const char *phrase;
};

static void check(const struct defect *d)
{
	struct identity *id = context(d->no_cert ? NULL
				      : d->cert  ? d->cert
						 : &range, 0);
	struct obuf line = OBUF_INIT, ob = OBUF_INIT;
	struct parts parts = d->parts;
	struct verdicts *vs;

	identity_write(&line, &d->token);
	if (!parts.extra)
		parts.extra = line.p;
	build(&ob, &parts);
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->n, 1);
	if (vs->v[0].result != d->result || vs->v[0].code != d->code ||
	    (d->phrase && strcmp(vs->v[0].phrase, d->phrase) != 0))
		fail_msg("%s: %s %d %s (%s)", d->name,
			 identity_result_name(vs->v[0].result),
			 vs->v[0].code, vs->v[0].phrase, vs->v[0].why);
	assert_int_equal(vs->overall, d->result);
	assert_int_equal(vs->code, d->code);
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&line);
	obuf_fini(&ob);
}

#define INVALID .result = IDENTITY_INVALID, .code = 438
#define PLAIN .ppt = "", .attest = "", .origid = "", .params = ""
#define MKY(dig) "\"mky\":[{\"alg\":\"sha-256\",\"dig\":\"" dig "\"}],"

static void good_ones(void **state)
{
	const struct defect v[] = {
		{"shaken", .result = IDENTITY_VALID},
		{"shaken, service provider", .token.key = &spc, .cert = &spc,
		 .result = IDENTITY_VALID},
		{"baseline", .token = {PLAIN}, .result = IDENTITY_VALID},
		{"no Date, iat is fresh", .parts.date = "",
		 .result = IDENTITY_VALID},
		{"Date changed on the way, iat is fresh",
		 .parts.date = "Thu, 21 Feb 2002 13:02:03 GMT",
		 .result = IDENTITY_VALID},
		{"one of several dest",
		 .token.dest = "\"dest\":{\"uri\":[\"sip:x@y\"],"
			       "\"tn\":[\"1\",\"12155551213\"]}",
		 .result = IDENTITY_VALID},
		{"other spelling of the numbers",
		 .parts.from = "tel:+1-215-555-1212",
		 .parts.to = "sip:+1(215)5551213;verstat=x@other",
		 .result = IDENTITY_VALID},
		{"59 s old", .token.iat = PKI_NOW - 60,
		 .result = IDENTITY_VALID},
		{"5 s ahead", .token.iat = PKI_NOW + 5,
		 .result = IDENTITY_VALID},
		{"mky", .token.mky = MKY("ABCDEF01"),
		 .result = IDENTITY_VALID},
		{"unknown claims", .token.mky = "\"rcd\":{\"nam\":\"A\"},",
		 .result = IDENTITY_VALID},
		{"uri identities, domain certificate",
		 .token = {PLAIN, .key = &domain,
			   .orig = "\"orig\":{\"uri\":\"sip:a@example.org\"}",
			   .dest = "\"dest\":{\"uri\":[\"sip:b@b.example\"]}"},
		 .parts.from = "sip:A@example.org:5070;x=y",
		 .parts.to = "sip:b@B.example", .cert = &domain,
		 .result = IDENTITY_VALID},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		check(&v[i]);
}

static void bad_tokens(void **state)
{
	const struct defect v[] = {
		{"bent signature", .token.bend_sig = true, INVALID},
		{"other key", .token.key = &spc, INVALID},
		{"alg none", .token.head = "{\"alg\":\"none\",\"ppt\":"
		 "\"shaken\",\"typ\":\"passport\",\"x5u\":\"" URL "\"}",
		 INVALID},
		{"alg HS256", .token.head = "{\"alg\":\"HS256\",\"ppt\":"
		 "\"shaken\",\"typ\":\"passport\",\"x5u\":\"" URL "\"}",
		 INVALID},
		{"alg in the header", .token.params = ";alg=RS256;ppt=shaken",
		 INVALID},
		{"x5u is not info", .token.x5u = "https://cert.example.org/x",
		 INVALID},
		{"x5u differs in case",
		 .token.x5u = "https://CERT.example.org/leaf.pem", INVALID},
		{"ppt only in the header", .token.ppt = "", INVALID,
		 .phrase = "Invalid PASSporT"},
		{"ppt only in the token", .token.params = "", INVALID,
		 .phrase = "Invalid PASSporT"},
		{"no attest", .token.attest = "", INVALID,
		 .phrase = "Invalid PASSporT"},
		{"attest D", .token.attest = "\"attest\":\"D\",", INVALID,
		 .phrase = "Invalid PASSporT"},
		{"no origid", .token.origid = "", INVALID,
		 .phrase = "Invalid PASSporT"},
		{"no claims", .token.claims = "{}", INVALID,
		 .phrase = "Invalid PASSporT"},
		{"claims are broken", .token.claims = "{\"iat\":1", INVALID},
		{"a claim twice", .token.mky = "\"iat\":1,", INVALID},
		{"unknown ppt", .token.params = ";ppt=rph",
		 .result = IDENTITY_IGNORED, .code = 0},
		{"no token", .parts.extra = "Identity: ;info=<" URL ">\r\n",
		 INVALID},
		{"dots", .parts.extra = "Identity: ..;info=<" URL ">\r\n",
		 INVALID},
		{"no info", .parts.extra = "Identity: a.b.c\r\n",
		 .result = IDENTITY_UNVERIFIABLE, .code = 436,
		 .phrase = "Bad Identity Info"},
		{"empty", .parts.extra = "Identity:\r\n", INVALID},
		{"one quote", .parts.extra = "Identity: \"\r\n",
		 .result = IDENTITY_UNVERIFIABLE, .code = 436,
		 .phrase = "Bad Identity-Info"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		check(&v[i]);
}

static void wrong_calls(void **state)
{
	const struct defect v[] = {
		{"another caller", .parts.from = "sip:+12155551299@a;user=phone",
		 INVALID},
		{"caller is no number", .parts.from = "sip:bob@a.example.org",
		 INVALID},
		{"another called party", .parts.to = "sip:+12155551214@b",
		 INVALID},
		{"dest of another kind", .token.dest =
		 "\"dest\":{\"uri\":[\"sip:12155551213@b.example\"]}",
		 INVALID},
		{"another key in the SDP", .token.mky = MKY("00000000"),
		 INVALID},
		{"the key was taken out", .token.mky = MKY("ABCDEF01"),
		 .parts.body = "", INVALID},
		{"PAI is not believed", .parts.from = "sip:+1@x",
		 INVALID},
		{"61 s old", .token.iat = PKI_NOW - 61,
		 .result = IDENTITY_INVALID, .code = 403,
		 .phrase = "Stale Date"},
		{"6 s ahead", .token.iat = PKI_NOW + 6,
		 .result = IDENTITY_INVALID, .code = 403},
		{"1970", .token.iat = 1, .result = IDENTITY_INVALID,
		 .code = 403},
		{"2106", .token.iat = 4294967296, .result = IDENTITY_INVALID,
		 .code = 403},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		check(&v[i]);
}

static void bad_certificates(void **state)
{
	const struct defect v[] = {
		{"not known", .no_cert = true, .result = IDENTITY_UNVERIFIABLE,
		 .code = 436},
		{"expired", .token.key = &expired, .cert = &expired,
		 .result = IDENTITY_UNVERIFIABLE, .code = 437,
		 .phrase = "Unsupported Credential"},
		{"self-signed", .token.key = &self_signed,
		 .cert = &self_signed, .result = IDENTITY_UNVERIFIABLE,
		 .code = 437},
		{"P-384", .token.key = &p384, .cert = &p384,
		 .result = IDENTITY_UNVERIFIABLE, .code = 437},
		{"RSA", .token.key = &rsa, .cert = &rsa,
		 .result = IDENTITY_UNVERIFIABLE, .code = 437},
		{"no TNAuthList", .token.key = &no_list, .cert = &no_list,
		 .result = IDENTITY_INVALID, .code = 437},
		{"number not in its range",
		 .token.orig = "\"orig\":{\"tn\":\"12155551300\"}",
		 .parts.from = "sip:+12155551300@a", .result =
		 IDENTITY_INVALID, .code = 437},
		{"domain not in it",
		 .token = {PLAIN, .key = &domain,
			   .orig = "\"orig\":{\"uri\":\"sip:a@example.com\"}"},
		 .parts.from = "sip:a@example.com", .cert = &domain,
		 .result = IDENTITY_INVALID, .code = 437},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		check(&v[i]);
}

/* Every beginning of a good header is refused in good order. */
static void every_prefix(void **state)
{
	struct identity *id = context(&range, 0);
	struct obuf line = OBUF_INIT, ob = OBUF_INIT;
	char extra[2048];
	(void)state;

	identity_write(&line, &(struct token){0});
	for (size_t n = 9; n < line.n - 30; n++) {
		struct verdicts *vs;

		snprintf(extra, sizeof(extra), "%.*s\r\n", (int)n, line.p);
		build(&ob, &(struct parts){.extra = extra});
		vs = verify(id, &ob, NULL);
		assert_int_not_equal(vs->overall, IDENTITY_VALID);
		mem_deref(vs);
	}
	identity_free(id);
	obuf_fini(&line);
	obuf_fini(&ob);
}

/* ---- several headers, policy ------------------------------------------- */

static void nothing_there(void **state)
{
	static const struct verify_policy require = {.require = true};
	struct identity *id = context(&range, 0);
	struct obuf ob = OBUF_INIT;
	struct verdicts *vs;
	(void)state;

	build(&ob, &(struct parts){0});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->overall, IDENTITY_NONE);
	assert_int_equal(vs->code, 0);
	mem_deref(vs);
	vs = verify(id, &ob, &require);
	assert_int_equal(vs->code, 428);
	assert_string_equal(vs->phrase, "Use Identity Header");
	mem_deref(vs);
	build(&ob, &(struct parts){
		.extra = "Identity: a.b.c;info=<x>;ppt=rcd\r\n"});
	vs = verify(id, &ob, &require);
	assert_int_equal(vs->overall, IDENTITY_IGNORED);
	assert_int_equal(vs->code, 428);
	assert_string_equal(vs->phrase, "Use Supported PASSporT Format");
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&ob);
}

static void several(void **state)
{
	struct identity *id = context(&range, 0);
	struct obuf lines = OBUF_INIT, ob = OBUF_INIT;
	struct verdicts *vs;
	(void)state;

	identity_write(&lines, &(struct token){.bend_sig = true});
	obuf_str(&lines, "Identity: x.y.z;info=<u>;ppt=new\r\n");
	identity_write(&lines, &(struct token){0});
	identity_write(&lines, &(struct token){.info = "https://no/cert",
					       .x5u = "https://no/cert"});
	build(&ob, &(struct parts){.extra = lines.p});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->n, 4);
	assert_int_equal(vs->v[0].code, 438);
	assert_int_equal(vs->v[1].result, IDENTITY_IGNORED);
	assert_int_equal(vs->v[2].result, IDENTITY_VALID);
	assert_int_equal(vs->v[3].code, 436);
	assert_int_equal(vs->overall, IDENTITY_VALID);
	assert_int_equal(vs->code, 0);
	assert_ptr_equal(verdicts_best(vs), &vs->v[2]);
	mem_deref(vs);

	obuf_reset(&lines);
	for (unsigned i = 0; i < 50; i++)
		obuf_str(&lines, "Identity: a.b.c;info=<u>\r\n");
	obuf_chr(&lines, 0);
	build(&ob, &(struct parts){.extra = lines.p});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->n, IDENTITY_MAX);
	assert_int_equal(vs->unjudged, 50 - IDENTITY_MAX);
	assert_int_equal(vs->overall, IDENTITY_INVALID);
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&lines);
	obuf_fini(&ob);
}

static void asserted_by_trusted_peer(void **state)
{
	static const struct verify_policy trust = {.trust_pai = true};
	struct identity *id = context(&range, 0);
	struct obuf lines = OBUF_INIT, ob = OBUF_INIT;
	struct verdicts *vs;
	(void)state;

	identity_write(&lines, &(struct token){0});
	obuf_str(&lines, "P-Asserted-Identity: <sip:x@y>, "
			 "<tel:+12155551212>\r\n");
	obuf_chr(&lines, 0);
	build(&ob, &(struct parts){
		.from = "sip:anonymous@anonymous.invalid",
		.extra = lines.p});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->overall, IDENTITY_INVALID);
	mem_deref(vs);
	vs = verify(id, &ob, &trust);
	assert_int_equal(vs->overall, IDENTITY_VALID);
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&lines);
	obuf_fini(&ob);
}

/* What a verdict tells about the one who signed. */
static void what_it_tells(void **state)
{
	struct identity *id = context(&range, 0);
	struct obuf line = OBUF_INIT, ob = OBUF_INIT;
	const struct verdict *v;
	struct verdicts *vs;
	(void)state;

	identity_write(&line, &(struct token){.mky = MKY("ABCDEF01")});
	build(&ob, &(struct parts){.extra = line.p,
				   .ruri = "sip:+12155559999@b"});
	vs = verify(id, &ob, NULL);
	v = verdicts_best(vs);
	assert_non_null(v);
	assert_int_equal(v->attest, 'A');
	assert_string_equal(v->origid, ORIGID);
	assert_string_equal(v->orig, "12155551212");
	assert_string_equal(v->info, URL);
	assert_string_equal(v->signer, "CN=range,O=Test Telecom");
	assert_string_equal(v->issuer, "CN=ca,O=Test Telecom");
	assert_string_equal(v->authority,
			    "numbers 12155551200 to 12155551299");
	assert_true(v->covers);
	assert_false(v->weak);
	assert_true(v->retargeted);
	assert_int_equal(v->media, IDENTITY_MEDIA_SIGNED);
	assert_int_equal(v->differ, -1);
	assert_string_equal(v->canonical_ours, v->canonical_signers);
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&line);
	obuf_fini(&ob);

	id = context(&spc, 0);
	identity_write(&line, &(struct token){.key = &spc});
	build(&ob, &(struct parts){.extra = line.p});
	vs = verify(id, &ob, NULL);
	v = verdicts_best(vs);
	assert_non_null(v);
	assert_false(v->covers);
	assert_false(v->retargeted);
	assert_int_equal(v->media, IDENTITY_MEDIA_UNSIGNED);
	assert_non_null(strstr(v->authority, "service provider 4321: says"));
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&line);
	obuf_fini(&ob);
}

static void first_difference(void **state)
{
	static const char ours[] =
		"{\"attest\":\"A\",\"dest\":{\"tn\":[\"12155551213\"]},"
		"\"iat\":1700000000,\"orig\":{\"tn\":\"12155551299\"}";
	struct identity *id = context(&range, 0);
	struct obuf line = OBUF_INIT, ob = OBUF_INIT;
	struct verdicts *vs;
	(void)state;

	identity_write(&line, &(struct token){0});
	build(&ob, &(struct parts){.extra = line.p,
				   .from = "sip:+12155551299@a"});
	vs = verify(id, &ob, NULL);
	assert_memory_equal(vs->v[0].canonical_ours, ours, sizeof(ours) - 2);
	assert_int_equal(vs->v[0].differ, strstr(ours, "99\"}") - ours);
	assert_string_equal(vs->v[0].why,
			    "orig is 12155551212, the caller is 12155551299");
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&line);
	obuf_fini(&ob);
}

static void replay(void **state)
{
	struct identity *id = context(&range, 0);
	struct obuf line = OBUF_INIT, ob = OBUF_INIT;
	struct verdicts *vs;
	(void)state;

	identity_write(&line, &(struct token){0});
	build(&ob, &(struct parts){.extra = line.p});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->overall, IDENTITY_VALID);
	mem_deref(vs);
	build(&ob, &(struct parts){.extra = line.p, .call_id = "other"});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->overall, IDENTITY_INVALID);
	assert_int_equal(vs->code, 438);
	mem_deref(vs);
	/* signed anew in the same second: another call */
	obuf_reset(&line);
	identity_write(&line, &(struct token){0});
	build(&ob, &(struct parts){.extra = line.p});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->overall, IDENTITY_VALID);
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&line);
	obuf_fini(&ob);
}

/* ---- sign, then verify with the other hand ----------------------------- */

struct signed_text {
	int err;
	char why[IDENTITY_WHY], lines[4096], canonical[2048];
	char attest;
};

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

static struct signer *signer(struct identity *id, enum signer_method m,
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

static struct signed_text sign(struct signer *s, struct obuf *ob,
			       const struct verdicts *in)
{
	struct sign_request req = {.outgoing = obuf_as_slice(ob),
				   .owned = trunk_numbers, .n_owned = 1,
				   .customer = true, .in = in};
	struct signed_text t = {.err = -1};

	assert_int_equal(identity_sign(s, &req, on_signed, &t), 0);
	return t;
}

static void round_trip(enum signer_method m, const struct pki_cert *c,
		       const struct parts *base)
{
	struct identity *id = context(c, 0);
	struct signer *s = signer(id, m, c, 'B');
	struct parts parts = *base;
	struct obuf ob = OBUF_INIT;
	struct signed_text t;
	struct verdicts *vs;
	char extra[5000];

	build(&ob, &parts);
	t = sign(s, &ob, NULL);
	if (t.err)
		fail_msg("%s", t.why);
	snprintf(extra, sizeof(extra), "%s%s", or(base->extra, ""), t.lines);
	parts.extra = extra;
	build(&ob, &parts);
	vs = verify(id, &ob, NULL);
	if (vs->overall != IDENTITY_VALID)
		fail_msg("%s", vs->v[0].why);
	mem_deref(vs);
	signer_free(s);
	identity_free(id);
	obuf_fini(&ob);
}

static void signed_by_us_verifies(void **state)
{
	(void)state;
	round_trip(SIGNER_SHAKEN, &range, &(struct parts){0});
	round_trip(SIGNER_SHAKEN, &range, &(struct parts){.date = ""});
	round_trip(SIGNER_SHAKEN, &spc, &(struct parts){.body = ""});
	round_trip(SIGNER_RFC8224, &range, &(struct parts){.date = ""});
	round_trip(SIGNER_RFC8224, &domain, &(struct parts){
		.from = "sip:Alice@Example.org", .to = "sip:bob@b.example"});
	round_trip(SIGNER_RFC4474, &rsa, &(struct parts){
		.from = "sip:alice@example.org"});
	round_trip(SIGNER_RFC4474, &rsa, &(struct parts){
		.from = "sip:alice@example.org", .date = "", .body = "",
		.cseq = "0007", .method = "MESSAGE"});
}

/* attest: who may say what (threats I11) */
static void attestation(void **state)
{
	static const struct {
		const char *from;
		char conf, in; /* in: attestation that came in, 0: nothing,
				  'X': an invalid one */
		int err;
		char want;
	} v[] = {
		{"sip:+12155551212@a", 'B', 0, 0, 'A'},
		{"sip:+12155559999@a", 'B', 0, 0, 'B'},
		{"sip:+12155559999@a", 'C', 0, 0, 'C'},
		{"sip:+12155559999@a", 0, 0, EPERM, 0},
		{"sip:+14155551212@a", 'B', 0, 0, 'B'},
		{"sip:+12155551212@a", 'B', 'A', 0, 'A'},
		{"sip:+12155551212@a", 'B', 'B', 0, 'B'},
		{"sip:+12155551212@a", 'B', 'C', 0, 'C'},
		{"sip:+12155559999@a", 'B', 'A', 0, 'B'},
		{"sip:+12155551212@a", 'B', 'X', 0, 'C'},
	};
	struct identity *id = context(&spc, 0);
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct signer *s = signer(id, SIGNER_SHAKEN, &spc, v[i].conf);
		struct verdicts in = {.overall = IDENTITY_VALID, .n = 1};
		struct obuf ob = OBUF_INIT;
		struct signed_text t;

		in.v[0].method = IDENTITY_RFC8224;
		in.v[0].attest = v[i].in;
		in.v[0].result = IDENTITY_VALID;
		if (v[i].in == 'X')
			in.overall = in.v[0].result = IDENTITY_INVALID;
		build(&ob, &(struct parts){.from = v[i].from});
		t = sign(s, &ob, v[i].in ? &in : NULL);
		assert_int_equal(t.err, v[i].err);
		assert_int_equal(t.err ? 0 : t.attest, v[i].want);
		signer_free(s);
		obuf_fini(&ob);
	}
	identity_free(id);
}

static void not_ours_to_sign(void **state)
{
	struct identity *id = context(&range, 0);
	struct signer *base = signer(id, SIGNER_RFC8224, &range, 0);
	struct signer *shaken = signer(id, SIGNER_SHAKEN, &range, 'B');
	struct signer *old = signer(id, SIGNER_RFC4474, &rsa, 0);
	const struct {
		struct signer *s;
		struct parts parts;
		int err;
	} v[] = {
		{base, {.from = "sip:+14155551212@a"}, EPERM},
		{base, {.from = "sip:+12155559999@a"}, EPERM}, /* cert */
		{base, {.from = "sip:a@example.com"}, EPERM},
		{base, {.from = "sip:anonymous@anonymous.invalid"}, EPERM},
		{base, {.date = "Thu, 21 Feb 2002 13:02:03 GMT"}, EINVAL},
		{base, {.date = "yesterday"}, EINVAL},
		{base, {.body = "a=fingerprint:x y\r\n"}, EINVAL},
		{shaken, {.from = "sip:+12155551300@a"}, EPERM}, /* cert */
		{old, {.from = "sip:a@sub.example.org"}, EPERM},
		{old, {.from = "tel:+12155551212"}, EPERM},
		{old, {.from = "sip:a@example.org",
		       .date = "Thu, 21 Feb 2002 13:02:03 GMT"}, EINVAL},
		{old, {.from = "sip:a@example.org",
		       .extra = "Identity: \"x\"\r\n"}, EINVAL},
	};
	struct obuf ob = OBUF_INIT;
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct signed_text t;

		build(&ob, &v[i].parts);
		t = sign(v[i].s, &ob, NULL);
		if (t.err != v[i].err)
			fail_msg("%zu: %d %s", i, t.err, t.why);
		assert_string_equal(t.lines, "");
		assert_true(*t.why);
	}
	signer_free(base);
	signer_free(shaken);
	signer_free(old);
	identity_free(id);
	obuf_fini(&ob);
}

static void signers_refused(void **state)
{
	struct identity *id = context(&range, 0);
	const struct signer_conf good = {
		.name = "x", .method = SIGNER_SHAKEN, .key = range.key_file,
		.certificate = range.cert_file, .info = URL};
	struct signer_conf v[9];
	char why[IDENTITY_WHY];
	struct signer *s;
	(void)state;

	for (size_t i = 0; i < 9; i++)
		v[i] = good;
	v[0].key = "/nonexistent";
	v[1].certificate = range.key_file;
	v[2].certificate = spc.cert_file; /* not that of the key */
	v[3].method = SIGNER_RFC4474; /* not RSA */
	v[4].key = rsa.key_file;
	v[4].certificate = rsa.cert_file; /* not P-256 */
	v[5].key = no_list.key_file;
	v[5].certificate = no_list.cert_file;
	v[6].info = "http://a/b";
	v[7].attest = 'A';
	v[8].key = expired.key_file;
	v[8].certificate = expired.cert_file;
	for (size_t i = 0; i < 9; i++) {
		*why = 0;
		if (signer_new(&s, &v[i], id, why) == 0)
			fail_msg("%zu accepted", i);
		assert_true(*why);
	}
	assert_int_equal(signer_new(&s, &good, id, why), 0);
	assert_string_equal(signer_name(s), "x");
	signer_free(s);
	identity_free(id);
}

static void signer_methods(void **state)
{
	enum signer_method m;
	(void)state;

	assert_int_equal(signer_method_parse("rfc4474", &m), 0);
	assert_int_equal(m, SIGNER_RFC4474);
	assert_int_equal(signer_method_parse("rfc8224", &m), 0);
	assert_int_equal(signer_method_parse("shaken", &m), 0);
	assert_int_equal(m, SIGNER_SHAKEN);
	assert_int_equal(signer_method_parse("stir", &m), EINVAL);
}

/* ---- RFC 4474 ---------------------------------------------------------- */

/* Signs base with rsa and verifies what parts and lines make of it. */
static struct verdicts *old_call(struct identity *id,
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

#define OLD_FROM .from = "sip:alice@example.org"

/* One octet of each covered field changed: 438; of others: nothing. */
static void old_coverage(void **state)
{
	const struct parts base = {OLD_FROM, .date = NULL};
	char later[DATE_SIZE], changed_body[sizeof(sdp)];
	const struct {
		struct parts parts;
		bool valid;
	} v[] = {
		{{OLD_FROM}, true},
		{{OLD_FROM, .ruri = "sip:elsewhere@x"}, true},
		{{OLD_FROM, .cseq = "0001"}, true}, /* zeros are stripped */
		{{.from = "sip:blice@example.org"}, false},
		{{.from = "sip:alice@example.org;user=phone"}, false},
		{{.from = "sip:Alice@example.org"}, false}, /* bit by bit */
		{{OLD_FROM, .to = "sip:+12155551213@b.example"}, false},
		{{OLD_FROM, .call_id = "c2@a.example.org"}, false},
		{{OLD_FROM, .cseq = "2"}, false},
		{{OLD_FROM, .date = later}, false},
		{{OLD_FROM, .contact = "sip:b@192.0.2.1:5060"}, false},
		{{OLD_FROM, .body = changed_body}, false},
		{{OLD_FROM, .body = ""}, false},
		{{OLD_FROM, .method = "MESSAGE"}, false},
	};
	char lines[4096];
	(void)state;

	date_write(later, now + 1);
	memcpy(changed_body, sdp, sizeof(sdp));
	changed_body[strlen(sdp) - 3] ^= 1;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct identity *id = context(&rsa, 0);
		struct verdicts *vs = old_call(id, &rsa, &base, &v[i].parts,
					       lines);

		assert_int_equal(vs->n, 1);
		if ((vs->overall == IDENTITY_VALID) != v[i].valid)
			fail_msg("%zu: %s", i, vs->v[0].why);
		assert_int_equal(vs->code, v[i].valid ? 0 : 438);
		assert_true(vs->v[0].weak);
		mem_deref(vs);
		identity_free(id);
	}
}

static void old_verdict_tells(void **state)
{
	struct identity *id = context(&rsa, 0);
	struct verdicts *vs;
	char lines[4096];
	(void)state;

	vs = old_call(id, &rsa, &(struct parts){OLD_FROM},
		      &(struct parts){OLD_FROM}, lines);
	assert_int_equal(vs->overall, IDENTITY_VALID);
	assert_string_equal(vs->v[0].why, "verified, SHA-1 (weak)");
	assert_string_equal(vs->v[0].authority, "domain example.org");
	assert_int_equal(vs->v[0].media, IDENTITY_MEDIA_SIGNED);
	mem_deref(vs);
	vs = old_call(id, &rsa, &(struct parts){OLD_FROM},
		      &(struct parts){OLD_FROM, .to = "sip:x@y"}, lines);
	assert_non_null(strstr(vs->v[0].canonical_ours,
			       "sip:alice@example.org|sip:x@y|c1@a"));
	assert_non_null(strstr(vs->v[0].canonical_signers, "SHA-1"));
	assert_int_equal(vs->v[0].differ, -1);
	mem_deref(vs);
	identity_free(id);
}

static void old_codes(void **state)
{
	struct identity *none = context(NULL, 0), *ok = context(&rsa, 0);
	struct identity *other = context(&rsa_other, 0);
	struct identity *small = context(&rsa_small, 0);
	const struct parts base = {OLD_FROM};
	char lines[4096];
	struct verdicts *vs;
	(void)state;

	vs = old_call(none, &rsa, &base, &base, lines);
	assert_int_equal(vs->code, 436);
	assert_string_equal(vs->phrase, "Bad Identity-Info");
	mem_deref(vs);
	vs = old_call(other, &rsa, &base, &base, lines); /* other domain */
	assert_int_equal(vs->code, 437);
	assert_string_equal(vs->phrase, "Unsupported Certificate");
	mem_deref(vs);
	vs = old_call(small, &rsa_small, &base, &base, lines);
	assert_int_equal(vs->code, 437);
	mem_deref(vs);
	/* an hour late, and one second more */
	vs = old_call(ok, &rsa, &base, &base, lines);
	assert_int_equal(vs->code, 0);
	mem_deref(vs);
	now += 3601;
	vs = old_call(ok, &rsa, &(struct parts){OLD_FROM, .call_id = "z"},
		      &(struct parts){OLD_FROM, .call_id = "z",
		      .date = "Tue, 14 Nov 2023 22:13:20 GMT"}, lines);
	assert_int_equal(vs->code, 438);
	mem_deref(vs);
	now = PKI_NOW;
	identity_free(none);
	identity_free(ok);
	identity_free(other);
	identity_free(small);
}

static void old_replay(void **state)
{
	struct identity *id = context(&rsa, 0);
	const struct parts again = {OLD_FROM, .cseq = "2"};
	const struct parts base = {OLD_FROM};
	char lines[4096];
	struct verdicts *vs;
	(void)state;

	vs = old_call(id, &rsa, &base, &base, lines);
	assert_int_equal(vs->overall, IDENTITY_VALID);
	mem_deref(vs);
	vs = old_call(id, &rsa, &base, &base, lines);
	assert_int_equal(vs->code, 438);
	assert_non_null(strstr(vs->v[0].why, "replay"));
	mem_deref(vs);
	/* the sender went on with a higher CSeq and signed it */
	vs = old_call(id, &rsa, &again, &again, lines);
	assert_int_equal(vs->overall, IDENTITY_VALID);
	mem_deref(vs);
	vs = old_call(id, &rsa, &base, &base, lines);
	assert_int_equal(vs->code, 438);
	mem_deref(vs);
	/* after two windows it is forgotten, and stale anyway */
	identity_free(id);
}

/* ---- keep -------------------------------------------------------------- */

struct change_row {
	struct parts parts;
	const char *fields; /* changed ones, joined by ' ' */
};

static void keep_check(struct identity *id, const struct verdicts *in,
		       const char *lines, const struct change_row *row)
{
	struct parts parts = row->parts;
	struct obuf ob = OBUF_INIT;
	struct identity_kept k;
	char fields[256] = "";

	if (!parts.extra)
		parts.extra = lines;
	build(&ob, &parts);
	assert_int_equal(identity_keep(id, in, obuf_as_slice(&ob), &k), 0);
	for (size_t i = 0; i < k.n; i++) {
		strcat(fields, i ? " " : "");
		strcat(fields, identity_field_name(k.changed[i].field));
	}
	assert_string_equal(fields, row->fields);
	assert_int_equal(k.holds[0], !*row->fields);
	assert_int_equal(k.any_valid_holds, !*row->fields);
	obuf_fini(&ob);
}

static void keep_8224(void **state)
{
	const struct change_row v[] = {
		{{0}, ""},
		{{.ruri = "sip:x@y", .call_id = "new", .contact = "sip:us@us",
		  .cseq = "99", .date = ""}, ""},
		{{.from = "sip:+1-215-555-1212@other;user=phone"}, ""},
		{{.from = "sip:+12155550000@a"}, "orig"},
		{{.to = "sip:+12155550000@b"}, "dest"},
		{{.body = "v=0\r\na=fingerprint:sha-256 00:11\r\n"}, "mky"},
		{{.extra = "Subject: x\r\n"}, "Identity header"},
		{{.from = "sip:a@b", .to = "sip:c@d", .body = "",
		  .extra = "X: y\r\n"}, "Identity header orig dest mky"},
	};
	struct identity *id = context(&range, 0);
	struct obuf line = OBUF_INIT, ob = OBUF_INIT;
	struct verdicts *vs;
	(void)state;

	identity_write(&line, &(struct token){.mky = MKY("ABCDEF01")});
	build(&ob, &(struct parts){.extra = line.p});
	vs = verify(id, &ob, NULL);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		keep_check(id, vs, line.p, &v[i]);
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&line);
	obuf_fini(&ob);
}

static void keep_4474(void **state)
{
	char later[DATE_SIZE];
	const struct change_row v[] = {
		{{OLD_FROM}, ""},
		{{OLD_FROM, .ruri = "sip:x@y"}, ""},
		{{OLD_FROM, .call_id = "new", .contact = "sip:us@us",
		  .cseq = "9", .body = "v=0\r\n"},
		 "Call-ID CSeq Contact body"},
		{{.from = "sip:bob@example.org", .to = "sip:x@y",
		  .date = later}, "From To Date"},
		{{OLD_FROM, .date = ""}, "Date"},
		{{OLD_FROM, .extra = "X: y\r\n"},
		 "Identity header Identity-Info"},
	};
	struct identity *id = context(&rsa, 0);
	struct verdicts *vs;
	char lines[4096];
	(void)state;

	date_write(later, now + 1);
	vs = old_call(id, &rsa, &(struct parts){OLD_FROM},
		      &(struct parts){OLD_FROM}, lines);
	assert_int_equal(vs->overall, IDENTITY_VALID);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		keep_check(id, vs, lines, &v[i]);
	mem_deref(vs);
	identity_free(id);
}

/* Compact form: only our own canonical form can make it fit. */
static void compact_form(void **state)
{
	struct identity *id = context(&range, 0);
	struct obuf line = OBUF_INIT, ob = OBUF_INIT, full = OBUF_INIT;
	struct verdicts *vs;
	const char *sig;
	(void)state;

	identity_write(&full, &(struct token){PLAIN,
					      .mky = MKY("ABCDEF01")});
	sig = strrchr(full.p, '.'); /* of ".pem" */
	while (sig > full.p && strncmp(sig, ".pem", 4) == 0)
		sig--;
	sig = strchr(strchr(full.p, '.') + 1, '.');
	obuf_fmt(&line, "Identity: .%s", sig);
	obuf_chr(&line, 0);
	build(&ob, &(struct parts){.extra = line.p});
	vs = verify(id, &ob, NULL);
	if (vs->overall != IDENTITY_VALID)
		fail_msg("%s", vs->v[0].why);
	mem_deref(vs);
	build(&ob, &(struct parts){.extra = line.p, .date = ""});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->code, 438);
	mem_deref(vs);
	build(&ob, &(struct parts){.extra = line.p,
				   .to = "sip:+12155551214@b"});
	vs = verify(id, &ob, NULL);
	assert_int_equal(vs->code, 438);
	mem_deref(vs);
	identity_free(id);
	obuf_fini(&line);
	obuf_fini(&full);
	obuf_fini(&ob);
}

/* ---- set-up ------------------------------------------------------------ */

static int setup(void **state)
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
	return 0;
}

static int teardown(void **state)
{
	struct pki_cert *v[] = {&range, &spc, &expired, &self_signed, &p384,
				&no_list, &domain, &rsa, &rsa_small,
				&rsa_other};
	(void)state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		pki_cert_fini(v[i]);
	pki_fini(&pki);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones),
		cmocka_unit_test(bad_tokens),
		cmocka_unit_test(wrong_calls),
		cmocka_unit_test(bad_certificates),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(nothing_there),
		cmocka_unit_test(several),
		cmocka_unit_test(asserted_by_trusted_peer),
		cmocka_unit_test(what_it_tells),
		cmocka_unit_test(first_difference),
		cmocka_unit_test(replay),
		cmocka_unit_test(signed_by_us_verifies),
		cmocka_unit_test(attestation),
		cmocka_unit_test(not_ours_to_sign),
		cmocka_unit_test(signers_refused),
		cmocka_unit_test(signer_methods),
		cmocka_unit_test(old_coverage),
		cmocka_unit_test(old_verdict_tells),
		cmocka_unit_test(old_codes),
		cmocka_unit_test(old_replay),
		cmocka_unit_test(keep_8224),
		cmocka_unit_test(keep_4474),
		cmocka_unit_test(compact_form),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
