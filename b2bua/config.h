/* config: b2bua.conf as structs. Loaded once, before anything is opened; all
 * of it, strings too, lives until config_free(). Read-only afterwards. */
#ifndef B2BUA_CONFIG_H
#define B2BUA_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include "b2bua/acl.h"
#include "b2bua/identity/identity.h"
#include "lib/base/bucket.h"
#include "lib/conf/schema.h"

struct config_list {
	const char **v;
	size_t n;
};

struct realm {
	const char *name;
	struct config_list listen;
	const char *advertise; /* "" : the socket's own address */
	const char *media_interface;
	struct config_list domains;
};

enum trunk_media { MEDIA_ANY, MEDIA_RTP, MEDIA_SDES, MEDIA_DTLS,
		   MEDIA_PASS };
enum trunk_verify { VERIFY_OFF, VERIFY_CHECK, VERIFY_REQUIRE };
enum trunk_sign { SIGN_KEEP, SIGN_RESIGN, SIGN_OWN };

struct trunk {
	const char *name;
	const struct realm *realm;
	struct acl_net *sources;
	size_t nsources;
	struct sockaddr_storage address; /* ss_family 0: calls only come in */
	bool tcp;
	enum trunk_media media;
	bool sdes_over_cleartext;
	bool hide;
	bool trusted;
	enum trunk_verify verify;
	enum trunk_sign sign;
	const struct signer_conf *signer; /* NULL: none */
	struct config_list numbers;
	uint32_t calls_max;
	uint32_t calls_per_second;
	uint32_t try_ms;
	uint32_t answer_ms;
	/* what changes while we run */
	uint32_t calls; /* up now, that came from it */
	struct bucket rate;
	struct bucket offered; /* calls that get as far as a record */
};

struct route_conf {
	const char *name;
	const char *prefix;
	struct trunk **from; /* nfrom 0: every trunk */
	size_t nfrom;
	struct trunk **to;
	size_t nto;
};

struct config {
	struct schema_file *file;
	struct config_list control;
	const char *user;
	const char *log_level;
	const char *cdr;
	uint32_t calls_max;
	const char *relay_control;
	struct identity_conf identity; /* certs is ours */
	struct identity_cert *certs;
	bool fetch;
	struct realm *realms;
	size_t nrealms;
	struct signer_conf *signers; /* their keys: b2bua/identity */
	size_t nsigners;
	struct trunk *trunks;
	size_t ntrunks;
	struct route_conf *routes;
	size_t nroutes;
};

/* 0, or an errno with the line and the reason in *flaw. */
int config_load(struct config **cp, const char *path,
		struct schema_flaw *flaw);
/* For what is found wrong later, when files named in it are read: fills flaw
 * with why and the line of the n-th section of that name; of the item there
 * that why begins with, if it begins with one. Returns EINVAL. */
int config_refuse(const struct config *c, const char *section, size_t n,
		  const char *why, struct schema_flaw *flaw);
void config_free(struct config *c);
void config_dump(FILE *to);

/* The trunk that a datagram or connection from `from` in this realm belongs
 * to: the closest fit, the first of equals; NULL: a stranger. */
struct trunk *config_trunk_match(struct config *c, const struct realm *realm,
				 const struct sockaddr *from);
struct trunk *config_trunk_find(struct config *c, const char *name);
const struct realm *config_realm_find(const struct config *c,
				      const char *name);

const char *trunk_media_name(enum trunk_media media);
/* As in an m= line; NULL: whatever the other side has. */
const char *trunk_media_transport(enum trunk_media media);
/* Both leave the keys to the ends: the call is passed (RFC 7879). */
bool trunk_media_passes(const struct trunk *a, const struct trunk *b);

#endif
