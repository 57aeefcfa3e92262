/* hep: HEP3 packets and the socket they leave by (hep.h). */
#include "relay/hep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/base/log.h"
#include "lib/pkt/octets.h"

struct hep {
	struct hep_conf conf;
	int fd;
	struct hep_stats stats;
	struct obuf json, datagram;
};

/* ---- the packet --------------------------------------------------------- */

/* Chunk types of vendor 0. */
enum chunk {
	CHUNK_FAMILY = 1,
	CHUNK_PROTOCOL = 2,
	CHUNK_FROM4 = 3,
	CHUNK_TO4 = 4,
	CHUNK_FROM6 = 5,
	CHUNK_TO6 = 6,
	CHUNK_FROM_PORT = 7,
	CHUNK_TO_PORT = 8,
	CHUNK_SECONDS = 9,
	CHUNK_MICROSECONDS = 10,
	CHUNK_TYPE = 11,
	CHUNK_AGENT = 12,
	CHUNK_PAYLOAD = 15,
	CHUNK_CORRELATION = 17,
};

enum { CHUNK_HEADER = 6, PACKET_HEADER = 6, UDP = 17, IP4 = 2, IP6 = 10 };

static void put_chunk(struct obuf *ob, enum chunk chunk, const void *p, size_t n)
{
	uint8_t head[CHUNK_HEADER] = {0};

	octets_put_u16(head + 2, (uint16_t)chunk);
	octets_put_u16(head + 4, (uint16_t)(CHUNK_HEADER + n));
	obuf_put(ob, head, sizeof(head));
	obuf_put(ob, p, n);
}

static void put_u8(struct obuf *ob, enum chunk chunk, uint8_t v)
{
	put_chunk(ob, chunk, &v, 1);
}

static void put_u16(struct obuf *ob, enum chunk chunk, uint16_t v)
{
	uint8_t p[2];

	octets_put_u16(p, v);
	put_chunk(ob, chunk, p, sizeof(p));
}

static void put_u32(struct obuf *ob, enum chunk chunk, uint32_t v)
{
	uint8_t p[4];

	octets_put_u32(p, v);
	put_chunk(ob, chunk, p, sizeof(p));
}

static void put_addrs(struct obuf *ob, const union addr *from,
		      const union addr *to)
{
	if (from->sa.sa_family == AF_INET6) {
		put_u8(ob, CHUNK_FAMILY, IP6);
		put_chunk(ob, CHUNK_FROM6, &from->v6.sin6_addr, 16);
		put_chunk(ob, CHUNK_TO6, &to->v6.sin6_addr, 16);
	} else {
		put_u8(ob, CHUNK_FAMILY, IP4);
		put_chunk(ob, CHUNK_FROM4, &from->v4.sin_addr, 4);
		put_chunk(ob, CHUNK_TO4, &to->v4.sin_addr, 4);
	}
	put_u8(ob, CHUNK_PROTOCOL, UDP);
	put_u16(ob, CHUNK_FROM_PORT, addr_port(from));
	put_u16(ob, CHUNK_TO_PORT, addr_port(to));
}

void hep_write(struct obuf *ob, const struct hep_packet *p)
{
	struct slice id = p->correlation;
	size_t start = ob->n;

	if (id.n > HEP_CORRELATION_MAX)
		id.n = HEP_CORRELATION_MAX;
	if (p->payload.n > UINT16_MAX / 2) {
		ob->err = EMSGSIZE;
		return;
	}
	obuf_put(ob, "HEP3\0\0", PACKET_HEADER);
	put_addrs(ob, &p->from, &p->to);
	put_u32(ob, CHUNK_SECONDS, (uint32_t)(p->wall_us / 1000000));
	put_u32(ob, CHUNK_MICROSECONDS, (uint32_t)(p->wall_us % 1000000));
	put_u8(ob, CHUNK_TYPE, p->type);
	put_u32(ob, CHUNK_AGENT, p->id);
	put_chunk(ob, CHUNK_CORRELATION, id.p, id.n);
	put_chunk(ob, CHUNK_PAYLOAD, p->payload.p, p->payload.n);
	if (!ob->err)
		octets_put_u16((uint8_t *)ob->p + start + 4,
			       (uint16_t)(ob->n - start));
}

/* ---- what it says ------------------------------------------------------- */

static void put_block(struct obuf *ob, const struct media_track *t)
{
	uint64_t all = t->packets + t->lost;

	obuf_fmt(ob,
		 "{\"source_ssrc\":%" PRIu32 ",\"highest_seq_no\":%" PRIu32
		 ",\"fraction_lost\":%u,\"ia_jitter\":%" PRIu32
		 ",\"packets_lost\":%" PRIu32 ",\"lsr\":0,\"dlsr\":0}",
		 t->ssrc, t->highest, all ? (unsigned)(t->lost * 255ull / all)
					  : 0,
		 (uint32_t)((uint64_t)t->jitter_us * t->clock / 1000000),
		 t->lost);
}

/* RFC 3550 section 4: seconds since 1900. */
enum { NTP_OFFSET = 2208988800u };

static void put_sender(struct obuf *ob, const struct media_stats *st,
		       uint64_t wall_us)
{
	uint64_t headers = 12 * st->packets_out;

	obuf_fmt(ob,
		 "\"sender_information\":{\"ntp_timestamp_sec\":%" PRIu32
		 ",\"ntp_timestamp_usec\":%" PRIu32 ",\"octets\":%" PRIu64
		 ",\"rtp_timestamp\":0,\"packets\":%" PRIu64 "}",
		 (uint32_t)(wall_us / 1000000 + NTP_OFFSET),
		 (uint32_t)((wall_us % 1000000 << 32) / 1000000),
		 st->octets_out > headers ? st->octets_out - headers : 0,
		 st->packets_out);
}

static void put_report(struct obuf *ob, const struct media *m,
		       enum media_side side, const struct media_stats *st,
		       uint64_t wall_us)
{
	struct media_track v[MEDIA_TRACKS];
	struct media_stats other;
	unsigned n = media_tracks(m, side, v);

	media_stats(m, media_other(side), &other);
	obuf_chr(ob, '{');
	put_sender(ob, st, wall_us);
	obuf_fmt(ob,
		 ",\"ssrc\":%" PRIu32 ",\"type\":200,\"report_count\":%u"
		 ",\"report_blocks\":[", other.ssrc, n);
	for (unsigned i = 0; i < n; i++) {
		if (i)
			obuf_chr(ob, ',');
		put_block(ob, &v[i]);
	}
	obuf_str(ob, "]}");
}

/* ---- sending ------------------------------------------------------------ */

static void send_packet(struct hep *h, const struct hep_packet *p)
{
	static struct log_limit lim;
	char text[ADDR_TEXT];

	obuf_reset(&h->datagram);
	hep_write(&h->datagram, p);
	if (!h->datagram.err &&
	    send(h->fd, h->datagram.p, h->datagram.n, MSG_DONTWAIT) >= 0) {
		h->stats.sent++;
		return;
	}
	h->stats.lost++;
	if (log_limit_pass(&lim))
		log_warn("hep %s: not sent (%u kept back)",
			 addr_text(&h->conf.collector, text), lim.last);
}

static void send_leg(struct hep *h, const struct session *s,
		     const struct session_media *sm, enum media_side side)
{
	struct hep_packet p = {.wall_us = clk_wall_us(),
			       .id = h->conf.id,
			       .type = HEP_RTCP_JSON,
			       .correlation = slice_str(s->call_id)};
	struct media_stats st;

	media_stats(sm->media, side, &st);
	p.to = st.peer;
	if ((!st.packets_in && !st.packets_out) || !addr_is_set(&p.to) ||
	    addr_parse(slice_str(media_address(sm->media, side)),
		       media_port(sm->media, side, false), &p.from) ||
	    p.from.sa.sa_family != p.to.sa.sa_family)
		return;
	obuf_reset(&h->json);
	put_report(&h->json, sm->media, side, &st, p.wall_us);
	p.payload = obuf_as_slice(&h->json);
	if (!h->json.err)
		send_packet(h, &p);
}

void hep_session(struct hep *h, const struct session *s)
{
	for (unsigned i = 0; i < s->medias; i++)
		for (int side = MEDIA_A; side <= MEDIA_B; side++)
			if (s->media[i]->media)
				send_leg(h, s, s->media[i],
					 (enum media_side)side);
}

struct tick {
	struct hep *h;
	uint64_t now_ms;
};

static void tick_branch(const struct tick *t, struct session *s)
{
	if (!s->reported_ms)
		s->reported_ms = t->now_ms;
	if (t->now_ms - s->reported_ms < t->h->conf.interval * 1000ull)
		return;
	s->reported_ms = t->now_ms;
	hep_session(t->h, s);
}

static bool tick_session(struct session *s, void *arg)
{
	for (; s; s = s->branch)
		if (s->answered)
			tick_branch(arg, s);
	return true;
}

void hep_tick(struct hep *h, struct sessions *ss, uint64_t now_ms)
{
	struct tick t = {h, now_ms};

	sessions_each(ss, tick_session, &t);
}

void hep_stats(const struct hep *h, struct hep_stats *st)
{
	*st = h->stats;
}

int hep_open(struct hep **hp, const struct hep_conf *conf)
{
	struct hep *h = calloc(1, sizeof(*h));
	char text[ADDR_TEXT];
	int err = 0;

	if (!h)
		return ENOMEM;
	h->conf = *conf;
	h->fd = socket(conf->collector.sa.sa_family,
		       SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (h->fd < 0 || connect(h->fd, &conf->collector.sa,
				 addr_len(&conf->collector)))
		err = errno;
	if (!err) {
		*hp = h;
		return 0;
	}
	log_error("hep %s: not reachable (%s)",
		  addr_text(&conf->collector, text), strerror(err));
	hep_close(h);
	return err;
}

void hep_close(struct hep *h)
{
	if (!h)
		return;
	if (h->fd >= 0)
		close(h->fd);
	obuf_fini(&h->json);
	obuf_fini(&h->datagram);
	free(h);
}
