#include <errno.h>
#include <stdlib.h>

#include "b2bua/config.h"
#include "b2bua/sip/address.h"

static const struct schema_section sections[] = {
#define CONFIG_SECTION(name, titled, help) {name, titled, help},
#include "b2bua/config.def"
};

static const struct schema_item items[] = {
#define CONFIG_ITEM(section, name, type, dflt, limits, help) \
	{section, name, type, dflt, limits, help},
#include "b2bua/config.def"
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

static const char *const media_names[] = {
	[MEDIA_ANY] = "any",
	[MEDIA_RTP] = "rtp",
	[MEDIA_SDES] = "sdes-srtp",
	[MEDIA_DTLS] = "dtls-srtp",
	[MEDIA_PASS] = "pass",
};

const char *trunk_media_name(enum trunk_media media)
{
	return media_names[media];
}

const char *trunk_media_transport(enum trunk_media media)
{
	static const char *const transports[] = {
		[MEDIA_ANY] = NULL,
		[MEDIA_RTP] = "RTP/AVP",
		[MEDIA_SDES] = "RTP/SAVP",
		[MEDIA_DTLS] = "UDP/TLS/RTP/SAVPF",
		[MEDIA_PASS] = "UDP/TLS/RTP/SAVPF",
	};

	return transports[media];
}

bool trunk_media_passes(const struct trunk *a, const struct trunk *b)
{
	return a->media == MEDIA_PASS && b->media == MEDIA_PASS;
}

/* Index of value; the schema has let no other value pass. */
static int choice_of(const char *const v[], int n, const char *value)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(v[i], value))
			return i;
	return 0;
}

static int list_get(cfg_t *sec, const char *item, struct config_list *list)
{
	size_t n = cfg_size(sec, item);
	const char **v = calloc(n ? n : 1, sizeof(*v));

	if (!v)
		return ENOMEM;
	for (size_t i = 0; i < n; i++)
		v[i] = cfg_getnstr(sec, item, (unsigned)i);
	list->v = v;
	list->n = n;
	return 0;
}

/* Room for the sections called name; *n counts them. */
static void *sections_alloc(cfg_t *root, const char *name, size_t size,
			    size_t *n)
{
	*n = cfg_size(root, name);
	return calloc(*n ? *n : 1, size);
}

/* ---- addresses --------------------------------------------------------- */

static bool listen_is_good(const char *text)
{
	struct sockaddr_storage sa;
	struct slice s = slice_str(text);

	return (slice_starts(s, "udp:") || slice_starts(s, "tcp:")) &&
	       !acl_sockaddr_parse(text + 4, &sa, NULL);
}

/* ---- realms and signers ------------------------------------------------ */

static int realm_load(struct load *ld, cfg_t *sec, struct realm *r)
{
	struct slice host;
	uint16_t port;
	int err;

	r->name = cfg_title(sec);
	r->advertise = cfg_getstr(sec, "advertise");
	r->media_interface = cfg_getstr(sec, "media-interface");
	err = list_get(sec, "listen", &r->listen);
	if (!err)
		err = list_get(sec, "domains", &r->domains);
	if (err)
		return err;
	if (!r->listen.n)
		return REFUSE(ld, sec, "listen", "realm %s listens nowhere",
			      r->name);
	for (size_t i = 0; i < r->listen.n; i++)
		if (!listen_is_good(r->listen.v[i]))
			return REFUSE(ld, sec, "listen",
				      "%s: want udp:ADDRESS:PORT or "
				      "tcp:ADDRESS:PORT", r->listen.v[i]);
	/* they become part of every From and Contact */
	for (size_t i = 0; i < r->domains.n; i++)
		if (!address_host_valid(slice_str(r->domains.v[i])))
			return REFUSE(ld, sec, "domains", "%s: no host name",
				      r->domains.v[i]);
	if (r->advertise[0] &&
	    address_hostport_parse(slice_str(r->advertise), &host, &port))
		return REFUSE(ld, sec, "advertise", "%s: want HOST[:PORT]",
			      r->advertise);
	return 0;
}

static int realms_load(struct load *ld)
{
	struct config *c = ld->c;
	int err = 0;

	c->realms = sections_alloc(ld->root, "realm", sizeof(*c->realms),
				   &c->nrealms);
	if (!c->realms)
		return ENOMEM;
	for (size_t i = 0; !err && i < c->nrealms; i++)
		err = realm_load(ld,
				 cfg_getnsec(ld->root, "realm", (unsigned)i),
				 &c->realms[i]);
	if (!err && !c->nrealms)
		err = REFUSE(ld, ld->root, NULL, "no realm: nowhere to listen");
	return err;
}

static int signer_lists(cfg_t *sec, struct signer_conf *s)
{
	struct config_list domains, numbers;
	int err = list_get(sec, "domains", &domains);

	if (err)
		return err;
	s->domains = domains.v;
	s->n_domains = domains.n;
	err = list_get(sec, "numbers", &numbers);
	if (err)
		return err;
	s->numbers = numbers.v;
	s->n_numbers = numbers.n;
	return 0;
}

static int signer_load(struct load *ld, cfg_t *sec, struct signer_conf *s)
{
	static const char *const needed[] = {"key", "certificate", "info"};
	const char *attest = cfg_getstr(sec, "attest");
	int err;

	s->name = cfg_title(sec);
	if (signer_method_parse(cfg_getstr(sec, "method"), &s->method))
		return REFUSE(ld, sec, "method", "signer %s: no such method",
			      s->name);
	s->key = cfg_getstr(sec, "key");
	s->certificate = cfg_getstr(sec, "certificate");
	s->info = cfg_getstr(sec, "info");
	s->attest = (char)(strcmp(attest, "none") ? attest[0] : 0);
	s->mky = cfg_getbool(sec, "mky");
	err = signer_lists(sec, s);
	for (size_t i = 0; !err && i < 3; i++)
		if (!cfg_getstr(sec, needed[i])[0])
			err = REFUSE(ld, sec, needed[i], "signer %s has no %s",
				     s->name, needed[i]);
	return err;
}

static int signers_load(struct load *ld)
{
	struct config *c = ld->c;
	int err = 0;

	c->signers = sections_alloc(ld->root, "signer", sizeof(*c->signers),
				    &c->nsigners);
	if (!c->signers)
		return ENOMEM;
	for (size_t i = 0; !err && i < c->nsigners; i++)
		err = signer_load(ld,
				  cfg_getnsec(ld->root, "signer", (unsigned)i),
				  &c->signers[i]);
	return err;
}

/* ---- trunks ------------------------------------------------------------ */

static int trunk_sources_load(struct load *ld, cfg_t *sec, struct trunk *t)
{
	t->nsources = cfg_size(sec, "sources");
	t->sources = calloc(t->nsources ? t->nsources : 1,
			    sizeof(*t->sources));
	if (!t->sources)
		return ENOMEM;
	for (unsigned i = 0; i < t->nsources; i++) {
		const char *text = cfg_getnstr(sec, "sources", i);

		if (acl_net_parse(text, &t->sources[i]))
			return REFUSE(ld, sec, "sources",
				      "%s: want ADDRESS[/BITS][:PORT]", text);
	}
	return 0;
}

static void trunk_policy_load(cfg_t *sec, struct trunk *t)
{
	static const char *const verify[] = {"off", "check", "require"};
	static const char *const sign[] = {"keep", "resign", "own"};

	t->tcp = !strcmp(cfg_getstr(sec, "transport"), "tcp");
	t->media = (enum trunk_media)choice_of(media_names, 5,
					       cfg_getstr(sec, "media"));
	t->sdes_over_cleartext = cfg_getbool(sec, "sdes-over-cleartext");
	t->hide = !strcmp(cfg_getstr(sec, "topology"), "hide");
	t->trusted = cfg_getbool(sec, "trusted");
	t->verify = (enum trunk_verify)choice_of(verify, 3,
						 cfg_getstr(sec, "verify"));
	t->sign = (enum trunk_sign)choice_of(sign, 3, cfg_getstr(sec, "sign"));
	t->calls_max = (uint32_t)cfg_getint(sec, "calls-max");
	t->calls_per_second = (uint32_t)cfg_getint(sec, "calls-per-second");
	t->try_ms = 1000 * (uint32_t)cfg_getint(sec, "try-timeout");
	t->answer_ms = 1000 * (uint32_t)cfg_getint(sec, "answer-timeout");
}

static const struct signer_conf *signer_find(const struct config *c,
					     const char *name)
{
	for (size_t i = 0; i < c->nsigners; i++)
		if (!strcmp(c->signers[i].name, name))
			return &c->signers[i];
	return NULL;
}

/* A socket that can reach the trunk: of its transport and its family. */
static bool realm_reaches(const struct realm *r, const struct trunk *t)
{
	struct sockaddr_storage sa;

	for (size_t i = 0; i < r->listen.n; i++)
		if (slice_starts(slice_str(r->listen.v[i]),
				 t->tcp ? "tcp:" : "udp:") &&
		    !acl_sockaddr_parse(r->listen.v[i] + 4, &sa, NULL) &&
		    sa.ss_family == t->address.ss_family)
			return true;
	return false;
}

static int trunk_refs_load(struct load *ld, cfg_t *sec, struct trunk *t)
{
	const char *realm = cfg_getstr(sec, "realm");
	const char *signer = cfg_getstr(sec, "signer");
	const char *address = cfg_getstr(sec, "address");

	t->realm = config_realm_find(ld->c, realm);
	if (!t->realm)
		return REFUSE(ld, sec, "realm", "trunk %s: no realm \"%s\"",
			      t->name, realm);
	if (address[0] && acl_sockaddr_parse(address, &t->address, NULL))
		return REFUSE(ld, sec, "address", "%s: want ADDRESS:PORT",
			      address);
	if (address[0] && !realm_reaches(t->realm, t))
		return REFUSE(ld, sec, "transport",
			      "trunk %s: realm %s listens on no such socket",
			      t->name, realm);
	t->signer = signer_find(ld->c, signer);
	if (signer[0] && !t->signer)
		return REFUSE(ld, sec, "signer", "trunk %s: no signer \"%s\"",
			      t->name, signer);
	if (t->sign != SIGN_KEEP && !t->signer)
		return REFUSE(ld, sec, "sign",
			      "trunk %s: to sign it needs a signer", t->name);
	return 0;
}

static int trunk_load(struct load *ld, cfg_t *sec, struct trunk *t)
{
	int err;

	t->name = cfg_title(sec);
	trunk_policy_load(sec, t);
	err = trunk_sources_load(ld, sec, t);
	if (!err)
		err = list_get(sec, "numbers", &t->numbers);
	if (!err)
		err = trunk_refs_load(ld, sec, t);
	return err;
}

static int trunks_load(struct load *ld)
{
	struct config *c = ld->c;
	int err = 0;

	c->trunks = sections_alloc(ld->root, "trunk", sizeof(*c->trunks),
				   &c->ntrunks);
	if (!c->trunks)
		return ENOMEM;
	for (size_t i = 0; !err && i < c->ntrunks; i++)
		err = trunk_load(ld,
				 cfg_getnsec(ld->root, "trunk", (unsigned)i),
				 &c->trunks[i]);
	return err;
}

/* ---- routes ------------------------------------------------------------ */

static int route_trunks(struct load *ld, cfg_t *sec, const char *item,
			struct trunk ***v, size_t *n)
{
	*n = cfg_size(sec, item);
	*v = calloc(*n ? *n : 1, sizeof(**v));
	if (!*v)
		return ENOMEM;
	for (size_t i = 0; i < *n; i++) {
		const char *name = cfg_getnstr(sec, item, (unsigned)i);

		(*v)[i] = config_trunk_find(ld->c, name);
		if (!(*v)[i])
			return REFUSE(ld, sec, item,
				      "route %s: no trunk \"%s\"",
				      cfg_title(sec), name);
	}
	return 0;
}

static int route_load(struct load *ld, cfg_t *sec, struct route_conf *r)
{
	int err;

	r->name = cfg_title(sec);
	r->prefix = cfg_getstr(sec, "prefix");
	err = route_trunks(ld, sec, "from", &r->from, &r->nfrom);
	if (!err)
		err = route_trunks(ld, sec, "to", &r->to, &r->nto);
	if (err)
		return err;
	if (!r->nto)
		return REFUSE(ld, sec, "to", "route %s leads nowhere",
			      r->name);
	for (size_t i = 0; i < r->nto; i++)
		if (!r->to[i]->address.ss_family)
			return REFUSE(ld, sec, "to",
				      "route %s: trunk %s has no address",
				      r->name, r->to[i]->name);
	return 0;
}

static int routes_load(struct load *ld)
{
	struct config *c = ld->c;
	int err = 0;

	c->routes = sections_alloc(ld->root, "route", sizeof(*c->routes),
				   &c->nroutes);
	if (!c->routes)
		return ENOMEM;
	for (size_t i = 0; !err && i < c->nroutes; i++)
		err = route_load(ld,
				 cfg_getnsec(ld->root, "route", (unsigned)i),
				 &c->routes[i]);
	return err;
}

/* ---- the whole --------------------------------------------------------- */

/* "URL FILE" */
static int certs_load(struct load *ld, cfg_t *sec)
{
	struct config *c = ld->c;
	size_t n = cfg_size(sec, "certificate-map");

	c->certs = calloc(n ? n : 1, sizeof(*c->certs));
	if (!c->certs)
		return ENOMEM;
	c->identity.certs = c->certs;
	for (unsigned i = 0; i < n; i++) {
		const char *text = cfg_getnstr(sec, "certificate-map", i);
		const char *gap = strchr(text, ' ');

		if (!gap || !gap[1] || strchr(gap + 1, ' '))
			return REFUSE(ld, sec, "certificate-map",
				      "%s: want \"URL FILE\"", text);
		c->certs[i].url = slice_dup(
			slice_of(text, (size_t)(gap - text)));
		c->certs[i].file = gap + 1;
		c->identity.n_certs++;
		if (!c->certs[i].url)
			return ENOMEM;
	}
	return 0;
}

static int identity_load(struct load *ld)
{
	cfg_t *sec = cfg_getsec(ld->root, "identity");
	struct identity_conf *id = &ld->c->identity;
	const char *anchors = cfg_getstr(sec, "anchors");

	id->anchors = anchors[0] ? anchors : NULL;
	id->freshness = (unsigned)cfg_getint(sec, "freshness");
	id->date_window = (unsigned)cfg_getint(sec, "date-window");
	id->skew = (unsigned)cfg_getint(sec, "skew");
	id->bare_numbers = cfg_getbool(sec, "bare-numbers");
	ld->c->fetch = cfg_getbool(sec, "fetch");
	return certs_load(ld, sec);
}

static int relay_load(struct load *ld)
{
	struct config *c = ld->c;
	cfg_t *sec;

	if (cfg_size(ld->root, "relay") != 1)
		return REFUSE(ld, ld->root, NULL, "want one relay section");
	sec = cfg_getnsec(ld->root, "relay", 0);
	c->relay_control = cfg_getstr(sec, "control");
	if (!slice_starts(slice_str(c->relay_control), "unix:/") &&
	    !slice_starts(slice_str(c->relay_control), "udp:"))
		return REFUSE(ld, sec, "control",
			      "%s: want unix:PATH or udp:ADDRESS:PORT",
			      c->relay_control);
	return 0;
}

static int root_load(struct load *ld)
{
	struct config *c = ld->c;

	c->user = cfg_getstr(ld->root, "user");
	c->log_level = cfg_getstr(ld->root, "log-level");
	c->cdr = cfg_getstr(ld->root, "cdr");
	c->calls_max = (uint32_t)cfg_getint(ld->root, "calls-max");
	return list_get(ld->root, "control", &c->control);
}

/* What a section names must be loaded before it. */
static int (*const loaders[])(struct load *ld) = {
	root_load,   identity_load, realms_load, signers_load,
	trunks_load, routes_load,   relay_load,
};

int config_load(struct config **cp, const char *path, struct schema_flaw *flaw)
{
	struct config *c = calloc(1, sizeof(*c));
	struct load ld = {.c = c, .flaw = flaw};
	int err;

	memset(flaw, 0, sizeof(*flaw));
	if (!c)
		return ENOMEM;
	err = schema_open(&c->file, &schema, path, flaw);
	if (err)
		goto out;
	ld.root = schema_root(c->file);
	for (size_t i = 0; !err && i < sizeof(loaders) / sizeof(*loaders); i++)
		err = loaders[i](&ld);
out:
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
	for (size_t i = 0; c->realms && i < c->nrealms; i++) {
		free(c->realms[i].listen.v);
		free(c->realms[i].domains.v);
	}
	for (size_t i = 0; c->signers && i < c->nsigners; i++) {
		free((void *)c->signers[i].domains);
		free((void *)c->signers[i].numbers);
	}
	for (size_t i = 0; c->trunks && i < c->ntrunks; i++) {
		free(c->trunks[i].sources);
		free(c->trunks[i].numbers.v);
	}
	for (size_t i = 0; c->routes && i < c->nroutes; i++) {
		free(c->routes[i].from);
		free(c->routes[i].to);
	}
	free(c->realms);
	free(c->signers);
	free(c->trunks);
	free(c->routes);
	free(c->control.v);
	for (size_t i = 0; i < c->identity.n_certs; i++)
		free((void *)c->certs[i].url);
	free(c->certs);
	schema_close(c->file);
	free(c);
}

int config_refuse(const struct config *c, const char *section, size_t n,
		  const char *why, struct schema_flaw *flaw)
{
	cfg_t *sec = cfg_getnsec(schema_root(c->file), section, (unsigned)n);
	const char *item = NULL;

	for (size_t i = 0; i < schema.nitems; i++)
		if (!strcmp(items[i].section, section) &&
		    slice_starts(slice_str(why), items[i].name))
			item = items[i].name;
	return schema_refuse(c->file, sec, item, flaw, "%s: %s",
			     cfg_title(sec) ? cfg_title(sec) : section, why);
}

void config_dump(FILE *to)
{
	schema_dump(to, &schema);
}

struct trunk *config_trunk_match(struct config *c, const struct realm *realm,
				 const struct sockaddr *from)
{
	struct trunk *best = NULL;
	unsigned fit = 0;

	for (size_t i = 0; i < c->ntrunks; i++) {
		struct trunk *t = &c->trunks[i];

		for (size_t k = 0; t->realm == realm && k < t->nsources; k++) {
			unsigned f = acl_net_match(&t->sources[k], from);

			if (f <= fit)
				continue;
			fit = f;
			best = t;
		}
	}
	return best;
}

struct trunk *config_trunk_find(struct config *c, const char *name)
{
	for (size_t i = 0; i < c->ntrunks; i++)
		if (!strcmp(c->trunks[i].name, name))
			return &c->trunks[i];
	return NULL;
}

const struct realm *config_realm_find(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->nrealms; i++)
		if (!strcmp(c->realms[i].name, name))
			return &c->realms[i];
	return NULL;
}
