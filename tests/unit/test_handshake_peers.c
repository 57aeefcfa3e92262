/* DTLS-SRTP handshakes with others: `openssl s_client` and `s_server` over
 * loopback sockets, and clients of OpenSSL's library that send what ours never
 * would: ClientHellos in many pieces, and certificates that we refuse. */
#include "tests/unit/dtls_rig.h"

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lib/base/b64.h"

extern char **environ;

/* A port of the relay: a handshake of ours behind a socket. */
struct port {
	struct end e; /* first: the filter casts */
	int fd;
};

static bool send_udp(struct end *e, const union addr *to, const uint8_t *p,
		     size_t n)
{
	struct port *port = (struct port *)(void *)e;

	(void)!sendto(port->fd, p, n, 0, &to->sa, addr_len(to));
	return false;
}

static int udp_socket(union addr *local)
{
	socklen_t n = sizeof(*local);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*local = at("127.0.0.1", 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, &local->sa, addr_len(local)), 0);
	assert_int_equal(getsockname(fd, &local->sa, &n), 0);
	return fd;
}

static void port_open(struct port *port, enum handshake_role role,
		      const struct handshake_conf *conf)
{
	end_open(&port->e, 0, role, conf);
	port->e.filter = send_udp;
	port->fd = udp_socket(&port->e.addr);
}

static void port_close(struct port *port)
{
	handshake_close(port->e.h);
	close(port->fd);
}

/* What has come in goes to the handshake, the last first if `reverse`. */
static unsigned port_pump(struct port *port, int ms, bool reverse)
{
	struct pollfd fd = {.fd = port->fd, .events = POLLIN};
	static uint8_t p[16][2048];
	union addr from[16];
	socklen_t size;
	ssize_t n[16];
	unsigned i, count = 0;

	if (poll(&fd, 1, ms) <= 0)
		return 0;
	if (reverse)
		usleep(3000);
	while (count < 16) {
		size = sizeof(from[count]);
		n[count] = recvfrom(port->fd, p[count], sizeof(p[count]), 0,
				    &from[count].sa, &size);
		if (n[count] < 0)
			break;
		count++;
	}
	for (i = 0; i < count; i++) {
		unsigned k = reverse ? count - 1 - i : i;

		handshake_input(port->e.h, &from[k], p[k], (size_t)n[k]);
	}
	return count;
}

#define pump_until(port, condition)                                       \
	do {                                                              \
		uint64_t end_ = clk_ms() + 20000;                         \
		while (!(condition) && clk_ms() < end_)                   \
			port_pump(port, 5, false);                        \
		assert_true(condition);                                   \
	} while (0)

/* ---- certificates ---- */

static EVP_PKEY *rsa_key(unsigned bits)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits), 1);
	if (bits > 4096) /* many small primes: quicker to find */
		EVP_PKEY_CTX_set_rsa_keygen_primes(ctx, 4);
	assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static EVP_PKEY *ec_key(const char *curve, bool explicit)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_group_name(ctx, curve), 1);
	if (explicit)
		assert_int_equal(EVP_PKEY_CTX_set_ec_param_enc(
					 ctx, OPENSSL_EC_EXPLICIT_CURVE),
				 1);
	assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* ballast: octets of a comment, to make it large */
static X509 *certificate(EVP_PKEY *key, size_t ballast)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	const EVP_MD *md = EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const unsigned char *)"peer", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	if (ballast) {
		char *text = malloc(ballast + 1);
		X509_EXTENSION *x;

		memset(text, 'x', ballast);
		text[ballast] = 0;
		x = X509V3_EXT_conf_nid(NULL, NULL, NID_netscape_comment, text);
		assert_non_null(x);
		X509_add_ext(cert, x, -1);
		X509_EXTENSION_free(x);
		free(text);
	}
	assert_true(X509_sign(cert, key, md) > 0);
	return cert;
}

/* ---- a client made of OpenSSL's library ---- */

struct raw {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
	unsigned first_flight; /* datagrams of it */
};

static int take_any(X509_STORE_CTX *store, void *arg)
{
	(void)store;
	(void)arg;
	return 1;
}

static void raw_open_as(struct raw *r, const struct port *to, EVP_PKEY *key,
			X509 *cert, bool srtp)
{
	union addr local;
	BIO *bio;

	memset(r, 0, sizeof(*r));
	r->fd = udp_socket(&local);
	assert_int_equal(connect(r->fd, &to->e.addr.sa, addr_len(&to->e.addr)),
			 0);
	r->ctx = SSL_CTX_new(DTLS_client_method());
	SSL_CTX_set_security_level(r->ctx, 0);
	SSL_CTX_set_cert_verify_callback(r->ctx, take_any, NULL);
	if (key) {
		assert_int_equal(SSL_CTX_use_certificate(r->ctx, cert), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(r->ctx, key), 1);
	}
	if (srtp)
		SSL_CTX_set_tlsext_use_srtp(r->ctx, "SRTP_AEAD_AES_256_GCM");
	r->ssl = SSL_new(r->ctx);
	bio = BIO_new_dgram(r->fd, BIO_NOCLOSE);
	BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0,
		 (void *)(uintptr_t)&to->e.addr);
	SSL_set_bio(r->ssl, bio, bio);
	SSL_set_options(r->ssl, SSL_OP_NO_QUERY_MTU);
	SSL_set_mtu(r->ssl, HANDSHAKE_MTU);
	SSL_set_connect_state(r->ssl);
}

static void raw_open(struct raw *r, const struct port *to, EVP_PKEY *key,
		     X509 *cert)
{
	raw_open_as(r, to, key, cert, true);
}

static void raw_close(struct raw *r)
{
	SSL_free(r->ssl);
	SSL_CTX_free(r->ctx);
	close(r->fd);
}

/* Until the client is done or fails, or the port has keys or failed. */
static bool raw_run(struct raw *r, struct port *port, bool reverse)
{
	uint64_t end = clk_ms() + 20000;
	unsigned n;
	int got;

	while (clk_ms() < end) {
		got = SSL_do_handshake(r->ssl);
		n = port_pump(port, 5, reverse);
		if (!r->first_flight)
			r->first_flight = n;
		if (got == 1)
			return true;
		if (SSL_get_error(r->ssl, got) != SSL_ERROR_WANT_READ)
			return false;
		DTLSv1_handle_timeout(r->ssl);
	}
	return false;
}

static void known_to(struct port *port, const X509 *cert)
{
	struct handshake_fingerprint f;
	int hash = rnd_u32() % FINGERPRINT_HASHES;

	fingerprint_of(cert, (enum fingerprint_hash)hash, &f);
	assert_int_equal(handshake_peer(port->e.h, NULL, &f, 1), 0);
}

/* A ClientHello in so many pieces (Chromium's comes in two), in order or the
 * last piece first: no retransmission is needed. */
static void in_pieces(size_t alpn, int mtu, bool reverse, unsigned least)
{
	EVP_PKEY *key = ec_key("P-256", false);
	X509 *cert = certificate(key, 0);
	unsigned char names[2048];
	struct port port;
	struct raw r;
	size_t i;

	port_open(&port, HANDSHAKE_PASSIVE, NULL);
	known_to(&port, cert);
	raw_open(&r, &port, key, cert);
	for (i = 0; i < alpn; i++)
		names[i] = i % 64 ? 'a' : 63;
	SSL_set_alpn_protos(r.ssl, names, (unsigned)alpn);
	SSL_set_mtu(r.ssl, mtu);
	assert_true(raw_run(&r, &port, reverse));
	assert_true(r.first_flight >= least);
	pump_until(&port, keys_count(&port.e));
	assert_int_equal(port.e.keys.suite, SUITE_AEAD_AES_256_GCM);
	raw_close(&r);
	port_close(&port);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void test_pieces(void **state)
{
	(void)state;
	in_pieces(1024, 1200, false, 2);
	in_pieces(1024, 1200, true, 2);
	in_pieces(1536, 300, false, 6);
}

/* ---- certificates that we take, and that we refuse ---- */

static void judged(EVP_PKEY *key, X509 *cert, unsigned extra,
		   enum handshake_why why)
{
	struct handshake_status st = {0};
	struct port port;
	struct raw r;

	port_open(&port, HANDSHAKE_PASSIVE, NULL);
	if (cert)
		known_to(&port, cert);
	raw_open(&r, &port, key, cert);
	while (extra--) {
		X509_up_ref(cert);
		SSL_CTX_add_extra_chain_cert(r.ctx, cert);
	}
	raw_run(&r, &port, false);
	pump_until(&port, (handshake_status(port.e.h, &st),
			   st.state == HANDSHAKE_DONE || st.why));
	assert_int_equal(st.why, why);
	assert_int_equal(keys_count(&port.e), why == HANDSHAKE_WHY_NONE);
	raw_close(&r);
	port_close(&port);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void judged_key(EVP_PKEY *key, enum handshake_why why)
{
	judged(key, certificate(key, 0), 0, why);
}

static void test_certificates(void **state)
{
	EVP_PKEY *key;

	(void)state;
	judged_key(ec_key("P-256", false), HANDSHAKE_WHY_NONE);
	judged_key(ec_key("P-384", false), HANDSHAKE_WHY_NONE);
	judged_key(ec_key("P-521", false), HANDSHAKE_WHY_NONE);
	judged_key(rsa_key(2048), HANDSHAKE_WHY_NONE);
	judged_key(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
		   HANDSHAKE_WHY_NONE);

	judged_key(rsa_key(1024), HANDSHAKE_WHY_CERTIFICATE);
	judged_key(rsa_key(4352), HANDSHAKE_WHY_CERTIFICATE);
	judged_key(ec_key("P-256", true), HANDSHAKE_WHY_CERTIFICATE);
	judged(NULL, NULL, 0, HANDSHAKE_WHY_CERTIFICATE);

	/* three besides are a chain, four are too many */
	key = ec_key("P-256", false);
	judged(key, certificate(key, 0), 3, HANDSHAKE_WHY_NONE);
	key = ec_key("P-256", false);
	judged(key, certificate(key, 0), 4, HANDSHAKE_WHY_CERTIFICATE);
	key = ec_key("P-256", false);
	judged(key, certificate(key, 7000), 0, HANDSHAKE_WHY_NONE);
	key = ec_key("P-256", false);
	judged(key, certificate(key, 8200), 0, HANDSHAKE_WHY_CERTIFICATE);
}

/* Other things that a peer must not be: without SRTP, or of before 1.2. */
static void refused(bool srtp, int version, enum handshake_why why)
{
	struct handshake_status st = {0};
	EVP_PKEY *key = ec_key("P-256", false);
	X509 *cert = certificate(key, 0);
	struct port port;
	struct raw r;

	port_open(&port, HANDSHAKE_PASSIVE, NULL);
	known_to(&port, cert);
	raw_open_as(&r, &port, key, cert, srtp);
	SSL_set_max_proto_version(r.ssl, version);
	raw_run(&r, &port, false);
	pump_until(&port, (handshake_status(port.e.h, &st), st.why));
	assert_int_equal(st.why, why);
	assert_int_equal(keys_count(&port.e), 0);
	raw_close(&r);
	port_close(&port);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void test_protocol(void **state)
{
	(void)state;
	refused(false, DTLS1_2_VERSION, HANDSHAKE_WHY_PROFILE);
	refused(true, DTLS1_VERSION, HANDSHAKE_WHY_PROTOCOL);
}

/* ---- the openssl program ---- */

struct tool {
	pid_t pid;
	int in; /* its stdin: open as long as it shall run */
	int out;
	char text[65536];
	size_t n;
};

static void tool_start(struct tool *t, const char *const argv[])
{
	posix_spawn_file_actions_t files;
	int in[2], out[2];

	memset(t, 0, sizeof(*t));
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in[0], 0);
	posix_spawn_file_actions_adddup2(&files, out[1], 1);
	posix_spawn_file_actions_adddup2(&files, out[1], 2);
	assert_int_equal(posix_spawnp(&t->pid, argv[0], &files, NULL,
				      (char *const *)(uintptr_t)argv, environ),
			 0);
	posix_spawn_file_actions_destroy(&files);
	close(in[0]);
	close(out[1]);
	t->in = in[1];
	t->out = out[0];
	fcntl(t->out, F_SETFL, O_NONBLOCK);
}

/* Has it printed this line's beginning, and the line's end? */
static const char *tool_said(struct tool *t, const char *what)
{
	const char *p;
	ssize_t n;

	n = read(t->out, t->text + t->n, sizeof(t->text) - 1 - t->n);
	if (n > 0)
		t->n += (size_t)n;
	p = strstr(t->text, what);
	return p && strchr(p, '\n') ? p + strlen(what) : NULL;
}

static void tool_stop(struct tool *t)
{
	kill(t->pid, SIGTERM);
	waitpid(t->pid, NULL, 0);
	close(t->in);
	close(t->out);
}

static char folder[] = "/tmp/handshake-XXXXXX";
static char cert_file[64], key_file[64];
static X509 *tool_cert;

static void make_files(void)
{
	EVP_PKEY *key = ec_key("P-256", false);
	FILE *f;

	assert_non_null(mkdtemp(folder));
	tool_cert = certificate(key, 0);
	snprintf(cert_file, sizeof(cert_file), "%s/cert.pem", folder);
	snprintf(key_file, sizeof(key_file), "%s/key.pem", folder);
	f = fopen(cert_file, "w");
	assert_non_null(f);
	PEM_write_X509(f, tool_cert);
	fclose(f);
	f = fopen(key_file, "w");
	assert_non_null(f);
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	EVP_PKEY_free(key);
}

static void remove_files(void)
{
	unlink(cert_file);
	unlink(key_file);
	rmdir(folder);
	X509_free(tool_cert);
}

/* What the program exported (RFC 5764 4.2), beside what we did. */
static void assert_exported(const char *hex_line, const struct handshake_keys *k,
			    bool we_are_server)
{
	const struct suite_info *s = suite_info(k->suite);
	const uint8_t *client = we_are_server ? k->remote : k->local;
	const uint8_t *server = we_are_server ? k->local : k->remote;
	uint8_t block[2 * SUITE_KEY_SALT_MAX];
	size_t n;

	assert_int_equal(hex_parse(slice_of(hex_line, 4 * k->n), 0, block,
				   sizeof(block), &n),
			 0);
	assert_memory_equal(block, client, s->key);
	assert_memory_equal(block + s->key, server, s->key);
	assert_memory_equal(block + 2 * s->key, client + s->key, s->salt);
	assert_memory_equal(block + 2 * s->key + s->salt, server + s->key,
			    s->salt);
}

static const enum suite dtls_suites[] = {
	SUITE_AEAD_AES_128_GCM, SUITE_AEAD_AES_256_GCM,
	SUITE_AES_CM_128_HMAC_SHA1_80, SUITE_AES_CM_128_HMAC_SHA1_32,
};

static void with_s_client(enum suite suite)
{
	const struct suite_info *s = suite_info(suite);
	char to[64], octets[8];
	const char *const argv[] = {
		"openssl", "s_client", "-dtls1_2", "-connect", to, "-cert",
		cert_file, "-key", key_file, "-use_srtp", s->dtls,
		"-keymatexport", "EXTRACTOR-dtls_srtp", "-keymatexportlen",
		octets, NULL,
	};
	const char *hex;
	struct port port;
	struct tool tool;

	port_open(&port, HANDSHAKE_PASSIVE, NULL);
	known_to(&port, tool_cert);
	addr_text(&port.e.addr, to);
	snprintf(octets, sizeof(octets), "%zu", 2 * suite_key_salt(suite));
	tool_start(&tool, argv);
	pump_until(&port, keys_count(&port.e) &&
			  tool_said(&tool, "Keying material: "));
	hex = tool_said(&tool, "Keying material: ");
	assert_int_equal(port.e.keys.suite, suite);
	assert_exported(hex, &port.e.keys, true);
	tool_stop(&tool);
	port_close(&port);
}

static void with_s_server(enum suite suite)
{
	const struct suite_info *s = suite_info(suite);
	char octets[8], listen[64];
	const char *const argv[] = {
		"openssl", "s_server", "-dtls1_2", "-accept", listen, "-cert",
		cert_file, "-key", key_file, "-Verify", "1", "-use_srtp",
		s->dtls, "-keymatexport", "EXTRACTOR-dtls_srtp",
		"-keymatexportlen", octets, NULL,
	};
	struct handshake_fingerprint f;
	struct port port;
	struct tool tool;
	union addr there;
	const char *hex;
	int fd;

	fd = udp_socket(&there); /* a free port, most likely free still */
	close(fd);
	addr_text(&there, listen);
	snprintf(octets, sizeof(octets), "%zu", 2 * suite_key_salt(suite));
	tool_start(&tool, argv);
	wait_for(tool_said(&tool, "ACCEPT"));

	port_open(&port, HANDSHAKE_ACTIVE, NULL);
	fingerprint_of(tool_cert, FINGERPRINT_SHA256, &f);
	assert_int_equal(handshake_peer(port.e.h, &there, &f, 1), 0);
	pump_until(&port, keys_count(&port.e) &&
			  tool_said(&tool, "Keying material: "));
	hex = tool_said(&tool, "Keying material: ");
	assert_int_equal(port.e.keys.suite, suite);
	assert_exported(hex, &port.e.keys, false);
	tool_stop(&tool);
	port_close(&port);
}

static void test_openssl(void **state)
{
	size_t i;

	(void)state;
	make_files();
	for (i = 0; i < 4; i++) {
		with_s_client(dtls_suites[i]);
		with_s_server(dtls_suites[i]);
	}
	remove_files();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_protocol),
		cmocka_unit_test(test_openssl),
	};

	return cmocka_run_group_tests_name("handshake_peers", tests,
					   pools_open, pools_close);
}
