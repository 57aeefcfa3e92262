#include "relay/pcap.h"

#include "lib/pkt/octets.h"

enum {
	LINKTYPE_RAW = 101,
	SNAPLEN = 65535,
	IPV4 = 20,
	IPV6 = 40,
	UDP = 8,
	HOPS = 64,
	PROTOCOL_UDP = 17,
};

void pcap_begin(FILE *f)
{
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, snaplen, linktype;
	} head = {0xa1b2c3d4, 2, 4, 0, 0, SNAPLEN, LINKTYPE_RAW};

	fwrite(&head, sizeof(head), 1, f);
}

static uint16_t ipv4_sum(const uint8_t *p)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < IPV4; i += 2)
		sum += octets_u16(p + i);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~(sum + (sum >> 16));
}

static size_t ipv4_head(uint8_t *p, const union addr *from,
			const union addr *to, size_t n)
{
	p[0] = 0x45;
	octets_put_u16(p + 2, (uint16_t)(IPV4 + UDP + n));
	p[8] = HOPS;
	p[9] = PROTOCOL_UDP;
	memcpy(p + 12, &from->v4.sin_addr, 4);
	memcpy(p + 16, &to->v4.sin_addr, 4);
	octets_put_u16(p + 10, ipv4_sum(p));
	return IPV4;
}

static size_t ipv6_head(uint8_t *p, const union addr *from,
			const union addr *to, size_t n)
{
	p[0] = 0x60;
	octets_put_u16(p + 4, (uint16_t)(UDP + n));
	p[6] = PROTOCOL_UDP;
	p[7] = HOPS;
	memcpy(p + 8, &from->v6.sin6_addr, 16);
	memcpy(p + 24, &to->v6.sin6_addr, 16);
	return IPV6;
}

size_t pcap_write(FILE *f, uint64_t us, const union addr *from,
		  const union addr *to, const void *p, size_t have, size_t n)
{
	uint8_t head[IPV6 + UDP] = {0};
	size_t ip = from->sa.sa_family == AF_INET6
			    ? ipv6_head(head, from, to, n)
			    : ipv4_head(head, from, to, n);
	const uint32_t row[4] = {
		(uint32_t)(us / 1000000), (uint32_t)(us % 1000000),
		(uint32_t)(ip + UDP + have), (uint32_t)(ip + UDP + n)};

	octets_put_u16(head + ip, addr_port(from));
	octets_put_u16(head + ip + 2, addr_port(to));
	octets_put_u16(head + ip + 4, (uint16_t)(UDP + n));
	fwrite(row, sizeof(row), 1, f);
	fwrite(head, ip + UDP, 1, f);
	fwrite(p, 1, have, f);
	return sizeof(row) + ip + UDP + have;
}
