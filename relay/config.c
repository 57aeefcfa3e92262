#include "relay/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "relay/options.h"

static const struct schema_section sections[] = {
#define CONFIG_SECTION(name, titled, help) {name, titled, help},
#include "relay/config.def"
};

static const struct schema_item items[] = {
#define CONFIG_ITEM(section, name, type, dflt, limits, help) \
	{section, name, type, dflt, limits, help},
#include "relay/config.def"
};

static const struct schema schema = {
	sections,
	sizeof(sections) / sizeof(sections[0]),
	items,
	sizeof(items) / sizeof(items[0]),
};

/* What every loader below is handed. */
struct load {
	struct config *c;
	cfg_t *root;
	struct schema_flaw *flaw;
};

#define REFUSE(ld, sec, item, ...) \
	schema_refuse((ld)->c->file, sec, item, (ld)->flaw, __VA_ARGS__)

static bool is_loopback(const union addr *a)
{
	if (a->sa.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
	return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
}

/* "ADDRESS:PORT", IPv6 in brackets */
static int host_port_parse(struct slice s, union addr *a)
{
	struct slice host, port;
	uint32_t n;
	size_t colon = s.n;

	while (colon && s.p[colon - 1] != ':')
		colon--;
	if (!colon)
		return EINVAL;
	host = slice_of(s.p, colon - 1);
	port = slice_of(s.p + colon, s.n - colon);
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = slice_of(host.p + 1, host.n - 2);
	if (slice_u32(port, 65535, &n) || n == 0)
		return EINVAL;
	return addr_parse(host, (uint16_t)n, a);
}

static int guard_load(struct load *ld)
{
	struct guard *g = &ld->c->guard;
	const char *file = cfg_getstr(ld->root, "control-secret");
	size_t n = cfg_size(ld->root, "control-allow");
	int err = 0;

	g->nets = calloc(n + 1, sizeof(*g->nets));
	if (!g->nets)
		return ENOMEM;
	for (; g->n < n; g->n++) {
		const char *text = cfg_getnstr(ld->root, "control-allow",
					       (unsigned)g->n);

		if (guard_net_parse(slice_str(text), &g->nets[g->n]))
			return REFUSE(ld, ld->root, "control-allow",
				      "%s: want ADDRESS or ADDRESS/BITS",
				      text);
	}
	if (file[0])
		err = guard_key_load(g, file);
	if (err == EINVAL)
		return REFUSE(ld, ld->root, "control-secret",
			      "%s: a key has %d to %d characters", file,
			      GUARD_KEY_MIN, GUARD_KEY_MAX);
	return err ? REFUSE(ld, ld->root, "control-secret", "%s: %s", file,
			    strerror(err))
		   : 0;
}

static int address_of(struct slice s, struct config_control *to)
{
	static const struct {
		const char *prefix;
		enum config_kind kind;
	} v[] = {
		{"udp:", CONFIG_UDP},
		{"tcp:", CONFIG_TCP},
		{"http:", CONFIG_HTTP},
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		size_t n = strlen(v[i].prefix);

		if (!slice_starts(s, v[i].prefix))
			continue;
		to->kind = v[i].kind;
		return host_port_parse(slice_of(s.p + n, s.n - n), &to->addr);
	}
	return EINVAL;
}

/* ng has no authentication: whoever reaches the socket owns the calls. So
 * whatever others can reach has to have one. */
static int control_load(struct load *ld, const char *text,
			struct config_control *to)
{
	struct slice s = slice_str(text);

	to->text = text;
	if (slice_starts(s, "unix:/")) {
		to->path = text + 5;
		return 0;
	}
	if (address_of(s, to))
		return REFUSE(ld, ld->root, "control",
			      "%s: want unix:/PATH or "
			      "udp:|tcp:|http:ADDRESS:PORT", text);
	to->guarded = !is_loopback(&to->addr);
	if (to->guarded && (!ld->c->guard.n || !ld->c->guard.key_n))
		return REFUSE(ld, ld->root, "control",
			      "%s: not loopback; requests carry no "
			      "authentication, so this needs control-allow "
			      "and control-secret", text);
	return 0;
}

static int controls_load(struct load *ld)
{
	struct config *c = ld->c;
	size_t n = cfg_size(ld->root, "control");
	int err = 0;

	c->controls = calloc(n ? n : 1, sizeof(*c->controls));
	if (!c->controls)
		return ENOMEM;
	c->ncontrols = n;
	if (!n)
		return REFUSE(ld, ld->root, "control",
			      "no control socket: nobody could ask");
	for (size_t i = 0; !err && i < n; i++)
		err = control_load(ld,
				   cfg_getnstr(ld->root, "control",
					       (unsigned)i),
				   &c->controls[i]);
	return err;
}

static int address_load(struct load *ld, cfg_t *sec, unsigned i,
			struct config_interface *to)
{
	union addr a;

	to->name = cfg_title(sec);
	to->address = cfg_getnstr(sec, "address", i);
	to->advertise = i < cfg_size(sec, "advertise")
				? cfg_getnstr(sec, "advertise", i)
				: "";
	to->port_min = (uint16_t)cfg_getint(sec, "port-min");
	to->port_max = (uint16_t)cfg_getint(sec, "port-max");
	to->shared_port = (uint16_t)cfg_getint(sec, "shared-port");
	if (addr_parse(slice_str(to->address), 0, &a))
		return REFUSE(ld, sec, "address",
			      "interface %s: \"%s\" is no IP address",
			      to->name, to->address);
	if (to->advertise[0] && addr_parse(slice_str(to->advertise), 0, &a))
		return REFUSE(ld, sec, "advertise",
			      "interface %s: \"%s\" is no IP address",
			      to->name, to->advertise);
	return 0;
}

static int interface_load(struct load *ld, cfg_t *sec)
{
	struct config *c = ld->c;
	unsigned n = cfg_size(sec, "address");
	int err = 0;

	if (!n)
		return REFUSE(ld, sec, NULL, "interface %s has no address",
			      cfg_title(sec));
	if (cfg_size(sec, "advertise") > n)
		return REFUSE(ld, sec, "advertise",
			      "interface %s: more than there are addresses",
			      cfg_title(sec));
	if (cfg_getint(sec, "port-min") >= cfg_getint(sec, "port-max"))
		return REFUSE(ld, sec, "port-min",
			      "interface %s: port-min must be below port-max",
			      cfg_title(sec));
	if (cfg_getint(sec, "shared-port") >= cfg_getint(sec, "port-min") &&
	    cfg_getint(sec, "shared-port") <= cfg_getint(sec, "port-max"))
		return REFUSE(ld, sec, "shared-port",
			      "interface %s: is among the other ports",
			      cfg_title(sec));
	for (unsigned i = 0; !err && i < n; i++)
		err = address_load(ld, sec, i,
				   &c->interfaces[c->ninterfaces++]);
	return err;
}

static int interfaces_load(struct load *ld)
{
	unsigned sections_n = cfg_size(ld->root, "interface");
	size_t n = 0;
	int err = 0;

	if (!sections_n)
		return REFUSE(ld, ld->root, NULL,
			      "no interface: nowhere to open media ports");
	for (unsigned i = 0; i < sections_n; i++)
		n += cfg_size(cfg_getnsec(ld->root, "interface", i),
			      "address");
	ld->c->interfaces = calloc(n ? n : 1, sizeof(*ld->c->interfaces));
	if (!ld->c->interfaces)
		return ENOMEM;
	for (unsigned i = 0; !err && i < sections_n; i++)
		err = interface_load(ld, cfg_getnsec(ld->root, "interface", i));
	return err;
}

static int templates_load(struct load *ld)
{
	struct config *c = ld->c;

	c->ntemplates = cfg_size(ld->root, "template");
	c->templates = calloc(c->ntemplates + 1, sizeof(*c->templates));
	if (!c->templates)
		return ENOMEM;
	for (unsigned i = 0; i < c->ntemplates; i++) {
		cfg_t *sec = cfg_getnsec(ld->root, "template", i);

		c->templates[i].name = cfg_title(sec);
		c->templates[i].flags = cfg_getstr(sec, "flags");
	}
	return 0;
}

static int numbers_load(struct load *ld)
{
	struct config *c = ld->c;

	c->user = cfg_getstr(ld->root, "user");
	c->log_level = cfg_getstr(ld->root, "log-level");
	c->srtp_engine = cfg_getstr(ld->root, "srtp-engine");
	c->recording_dir = cfg_getstr(ld->root, "recording-dir");
	c->workers = (unsigned)cfg_getint(ld->root, "workers");
	c->certificate_age =
		(unsigned)cfg_getint(ld->root, "certificate-age");
	c->handshake_threads =
		(unsigned)cfg_getint(ld->root, "handshake-threads");
	c->sessions_max = (unsigned)cfg_getint(ld->root, "sessions-max");
	c->load_max = (unsigned)cfg_getint(ld->root, "load-max");
	c->bandwidth_max = (unsigned)cfg_getint(ld->root, "bandwidth-max");
	c->offer_timeout = (unsigned)cfg_getint(ld->root, "offer-timeout");
	c->silence_timeout = (unsigned)cfg_getint(ld->root, "silence-timeout");
	c->hold_timeout = (unsigned)cfg_getint(ld->root, "hold-timeout");
	return 0;
}

static int hep_load(struct load *ld)
{
	const char *text = cfg_getstr(ld->root, "hep");

	ld->c->hep_id = (uint32_t)cfg_getint(ld->root, "hep-id");
	ld->c->hep_interval = (unsigned)cfg_getint(ld->root, "hep-interval");
	if (text[0] && host_port_parse(slice_str(text), &ld->c->hep))
		return REFUSE(ld, ld->root, "hep", "%s: want ADDRESS:PORT",
			      text);
	return 0;
}

static int metrics_load(struct load *ld)
{
	const char *text = cfg_getstr(ld->root, "metrics");

	if (!text[0])
		return 0;
	if (host_port_parse(slice_str(text), &ld->c->metrics))
		return REFUSE(ld, ld->root, "metrics", "%s: want ADDRESS:PORT",
			      text);
	if (!is_loopback(&ld->c->metrics) &&
	    !cfg_getbool(ld->root, "metrics-public"))
		return REFUSE(ld, ld->root, "metrics",
			      "%s: not loopback; metrics-public = true if "
			      "others may read it", text);
	return 0;
}

static int (*const loaders[])(struct load *ld) = {
	numbers_load, guard_load, controls_load, interfaces_load,
	templates_load, metrics_load, hep_load};

int config_load(struct config **cp, const char *path, struct schema_flaw *flaw)
{
	struct config *c = calloc(1, sizeof(*c));
	struct load ld = {.c = c, .flaw = flaw};
	int err;

	*flaw = (struct schema_flaw){0};
	if (!c)
		return ENOMEM;
	err = schema_open(&c->file, &schema, path, flaw);
	if (!err)
		ld.root = schema_root(c->file);
	for (size_t i = 0; !err && i < sizeof(loaders) / sizeof(*loaders); i++)
		err = loaders[i](&ld);
	if (err) {
		config_free(c);
		return err;
	}
	*cp = c;
	return 0;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	free(c->controls);
	free(c->guard.nets);
	OPENSSL_cleanse(&c->guard, sizeof(c->guard));
	free(c->interfaces);
	free(c->templates);
	if (c->file)
		schema_close(c->file);
	free(c);
}

void config_dump(FILE *to)
{
	schema_dump(to, &schema);
}
