/* config: relay.conf as structs. Loaded once, before anything is opened; all
 * of it, strings too, lives until config_free(). Read-only afterwards. */
#ifndef RELAY_CONFIG_H
#define RELAY_CONFIG_H

#include <stdio.h>

#include "lib/conf/schema.h"
#include "lib/io/addr.h"
#include "relay/guard.h"

enum config_kind { CONFIG_UNIX, CONFIG_UDP, CONFIG_TCP, CONFIG_HTTP };

/* Where requests come. */
struct config_control {
	const char *text; /* as configured */
	enum config_kind kind;
	const char *path; /* CONFIG_UNIX */
	union addr addr; /* others */
	bool guarded; /* not loopback: the guard decides */
};

struct config_interface {
	const char *name;
	const char *address;
	const char *advertise; /* "": address */
	uint16_t port_min, port_max;
	uint16_t shared_port; /* 0: none */
};

struct options_template;

struct config {
	struct schema_file *file;
	const char *user;
	const char *log_level;
	const char *srtp_engine;
	const char *recording_dir; /* "": no recording */
	unsigned certificate_age; /* s; 0: for ever */
	unsigned workers, handshake_threads;
	unsigned sessions_max, load_max, bandwidth_max;
	union addr metrics; /* not set: no listener */
	union addr hep; /* collector; not set: none */
	uint32_t hep_id;
	unsigned hep_interval; /* s */
	unsigned offer_timeout, silence_timeout, hold_timeout; /* s */
	struct config_control *controls;
	size_t ncontrols;
	struct guard guard;
	struct config_interface *interfaces; /* one row per address */
	size_t ninterfaces;
	struct options_template *templates;
	size_t ntemplates;
};

/* 0; EINVAL, ENOMEM or the errno of open(2), with *flaw filled. */
int config_load(struct config **cp, const char *path,
		struct schema_flaw *flaw);
void config_free(struct config *c);
/* Every item with its help and default. */
void config_dump(FILE *to);

#endif
