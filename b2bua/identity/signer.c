/* signer.c: loading a signing key, and refusing what peers would refuse. */
#include "b2bua/identity/signer.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 16384 };

static const char *const methods[] = {
	[SIGNER_RFC4474] = "rfc4474",
	[SIGNER_RFC8224] = "rfc8224",
	[SIGNER_SHAKEN] = "shaken",
};

int signer_method_parse(const char *name, enum signer_method *m)
{
	for (unsigned i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(name, methods[i]) == 0) {
			*m = (enum signer_method)i;
			return 0;
		}
	}
	return EINVAL;
}

static int refuse(char *why, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static int refuse(char *why, int err, const char *fmt, ...)
{
	va_list ap;

	if (why) {
		va_start(ap, fmt);
		vsnprintf(why, IDENTITY_WHY, fmt, ap);
		va_end(ap);
	}
	return err;
}

static int texts_copy(struct texts *t, const char *const *v, size_t n)
{
	t->v = calloc(n + 1, sizeof(*t->v));
	if (!t->v)
		return ENOMEM;
	for (; t->n < n; t->n++) {
		t->v[t->n] = strdup(v[t->n]);
		if (!t->v[t->n])
			return ENOMEM;
	}
	return 0;
}

static void texts_free(struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i]);
	free(t->v);
}

/* The file's octets are wiped here, OpenSSL's copy by EVP_PKEY_free(). */
static int key_read(EVP_PKEY **key, int fd)
{
	char *octets = OPENSSL_secure_zalloc(KEY_FILE_MAX);
	BIO *bio = NULL;
	ssize_t n = octets ? read(fd, octets, KEY_FILE_MAX) : -1;

	if (n > 0)
		bio = BIO_new_mem_buf(octets, (int)n);
	/* an empty pass phrase: never ask a terminal */
	if (bio)
		*key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");
	BIO_free(bio);
	OPENSSL_secure_clear_free(octets, KEY_FILE_MAX);
	ERR_clear_error();
	return *key ? 0 : EBADMSG;
}

static int key_load(struct signer *s, const char *file, char *why)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), err;
	struct stat st;

	if (fd < 0)
		return refuse(why, errno, "key %s: %s", file,
			      strerror(errno));
	if (fstat(fd, &st) != 0 || (st.st_mode & S_IRWXO))
		err = refuse(why, EACCES,
			     "key %s: others may read it (chmod o-rwx)",
			     file);
	else if ((err = key_read(&s->key, fd)) != 0)
		refuse(why, err, "key %s: not a private key in PEM", file);
	close(fd);
	return err;
}

static int pair_check(const struct signer *s, const char *file, char *why)
{
	bool rsa = s->method == SIGNER_RFC4474;
	bool broken;

	if (!rsa && !es256_key(s->key))
		return refuse(why, EINVAL, "key: not P-256, the only kind "
			      "that %s signs with", methods[s->method]);
	if (rsa && cert_rsa_bits(s->cert) < (int)s->id->rsa_bits_min)
		return refuse(why, EINVAL, "key: not RSA with %u bits",
			      s->id->rsa_bits_min);
	if (EVP_PKEY_eq(s->key, cert_key(s->cert)) != 1)
		return refuse(why, EINVAL, "certificate %s: not that of the "
			      "key", file);
	if (!cert_valid_at(s->cert, s->id->clock()))
		return refuse(why, EINVAL, "certificate %s: expired, or not "
			      "valid yet", file);
	if (s->method == SIGNER_SHAKEN && !cert_tnauth(s->cert, &broken))
		return refuse(why, EINVAL, "certificate %s: no TNAuthList, "
			      "which SHAKEN needs (RFC 8226)", file);
	return 0;
}

static int items_check(const struct signer *s, char *why)
{
	const char *flaw = fetch_url_flaw(slice_str(s->info), false);

	if (flaw)
		return refuse(why, EINVAL, "info %.80s: %s", s->info, flaw);
	for (size_t i = 0; i < s->domains.n; i++) {
		struct slice d = slice_str(s->domains.v[i]);

		if (s->method == SIGNER_RFC4474 && !cert_names_host(s->cert, d))
			return refuse(why, EINVAL, "domain %.60s: not in the "
				      "certificate", d.p);
	}
	for (size_t i = 0; i < s->numbers.n; i++) {
		const char *p = s->numbers.v[i];

		p += *p == '+';
		if (!*p || p[strspn(p, "0123456789")])
			return refuse(why, EINVAL, "number %.40s: not digits "
				      "with a \"+\" before them",
				      s->numbers.v[i]);
	}
	if (s->attest && s->attest != 'B' && s->attest != 'C')
		return refuse(why, EINVAL, "attest: B, C or nothing; A comes "
			      "from the numbers of the trunk");
	return 0;
}

static int signer_load(struct signer *s, const struct signer_conf *conf,
		       char *why)
{
	const char *flaw = "";
	int err;

	if (!conf->name || !conf->key || !conf->certificate || !conf->info)
		return refuse(why, EINVAL,
			      "key, certificate and info are needed");
	s->name = strdup(conf->name);
	s->info = strdup(conf->info);
	if (!s->name || !s->info ||
	    texts_copy(&s->domains, conf->domains, conf->n_domains) ||
	    texts_copy(&s->numbers, conf->numbers, conf->n_numbers))
		return ENOMEM;
	err = key_load(s, conf->key, why);
	if (err)
		return err;
	err = cert_load(&s->cert, conf->certificate, &flaw);
	if (err)
		return refuse(why, err, "certificate %s: %s (%s)",
			      conf->certificate, flaw, strerror(err));
	err = pair_check(s, conf->certificate, why);
	return err ? err : items_check(s, why);
}

int signer_new(struct signer **sp, const struct signer_conf *conf,
	       struct identity *id, char why[IDENTITY_WHY])
{
	struct signer *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return ENOMEM;
	s->id = id;
	s->method = conf->method;
	s->attest = conf->attest;
	s->mky = conf->mky || conf->method == SIGNER_RFC8224;
	if (why)
		*why = 0;
	err = signer_load(s, conf, why);
	if (err) {
		signer_free(s);
		return err;
	}
	*sp = s;
	return 0;
}

void signer_free(struct signer *s)
{
	if (!s)
		return;
	EVP_PKEY_free(s->key);
	mem_deref(s->cert);
	texts_free(&s->domains);
	texts_free(&s->numbers);
	free(s->name);
	free(s->info);
	free(s);
}

const char *signer_name(const struct signer *s)
{
	return s->name;
}
