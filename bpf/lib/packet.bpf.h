/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the core knows about a packet, and how it finds out. The parsers here read what nearly all
 * packets are, a whole TCP segment or UDP datagram; fragment.bpf.h and extension.bpf.h the rest.
 */
#pragma once

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "bpf/lib/tuple.bpf.h"

#define GW_IPV4_FRAGMENT_OFFSET 0x1fff
#define GW_IPV4_MORE_FRAGMENTS	0x2000
#define GW_IPV4_MIN_IHL		5
/* Ethernet and IPv6; as much as Ethernet, IPv4 and TCP, all without options. */
#define GW_MIN_HEADERS (sizeof(struct ethhdr) + sizeof(struct ipv6hdr))
/* Layer 4 headers begin before this offset. */
#define GW_MAX_L4_OFFSET 0xff

enum gw_tcp_flags {
	GW_TCP_FIN = 1 << 0,
	GW_TCP_SYN = 1 << 1,
	GW_TCP_RST = 1 << 2,
	GW_TCP_PSH = 1 << 3,
	GW_TCP_ACK = 1 << 4,
};

enum gw_fragment_kind {
	GW_FRAGMENT_NONE,
	GW_FRAGMENT_FIRST, /* has the ports; its length is not that of the datagram */
	GW_FRAGMENT_LATER, /* begins in the middle: nothing of layer 4 can be read or written */
};

struct gw_packet {
	struct gw_tuple tuple; /* as it arrived */
	__be32 seq;
	__be32 ack;
	__u16 l4_offset; /* from the start of the frame */
	__u16 l4_length; /* layer 4 header and payload, from the IP header's own length */
	__u8 l4_header;	 /* its header's length in bytes, as the header says */
	__u8 tcp_flags;	 /* 0 for UDP */
	__u8 ttl;
	__u8 is_v6;
	__u8 fragment; /* enum gw_fragment_kind */
	__u8 pad[3];
};

/* What the first look at a frame finds. */
enum gw_parsed {
	GW_PARSED_OTHER, /* nothing for us, or cut short */
	GW_PARSED_L4,	 /* a whole TCP segment or UDP datagram: `packet` is filled in */
	GW_PARSED_ICMP,
	GW_PARSED_FRAGMENT,  /* IPv4 */
	GW_PARSED_EXTENSION, /* IPv6 extension headers come first */
};

/*
 * The offset of the layer 4 header, in a form whose bound the verifier sees: it forgets the range
 * of what was stored, and the compiler would drop a mask that it knows to be idle.
 */
static __always_inline __u32 gw_l4_offset(const struct gw_packet *packet)
{
	__u32 offset = packet->l4_offset;

	barrier_var(offset);
	return offset & GW_MAX_L4_OFFSET;
}
GW_STATIC_ASSERT(sizeof(struct ethhdr) + 60 < GW_MAX_L4_OFFSET,
		 "the longest IPv4 header ends within the mask");

/* The length of the IP packet in bytes, from its own header. */
static __always_inline __u32 gw_ip_length(const struct gw_packet *packet)
{
	return packet->l4_offset - sizeof(struct ethhdr) + packet->l4_length;
}

static __always_inline bool gw_parse_udp(const gw_ctx *ctx, struct gw_packet *packet)
{
	const struct udphdr *udp = ctx_data(ctx) + gw_l4_offset(packet);

	if ((void *)(udp + 1) > ctx_data_end(ctx) || packet->l4_length < sizeof(*udp))
		return false;
	packet->tuple.sport = udp->source;
	packet->tuple.dport = udp->dest;
	packet->seq = 0;
	packet->ack = 0;
	packet->l4_header = sizeof(*udp);
	packet->tcp_flags = 0;
	return true;
}

static __always_inline bool gw_parse_tcp(const gw_ctx *ctx, struct gw_packet *packet)
{
	const struct tcphdr *tcp = ctx_data(ctx) + gw_l4_offset(packet);

	if ((void *)(tcp + 1) > ctx_data_end(ctx) || packet->l4_length < sizeof(*tcp))
		return false;
	packet->tuple.sport = tcp->source;
	packet->tuple.dport = tcp->dest;
	packet->seq = tcp->seq;
	packet->ack = tcp->ack_seq;
	packet->l4_header = tcp->doff * 4;
	packet->tcp_flags = ((const __u8 *)tcp)[13];
	return true;
}

static __always_inline bool gw_is_served_protocol(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

/* Fills in the ports and what follows them; false if the header is cut short. Packet pointers are
 * invalid afterwards. */
static __always_inline bool gw_parse_l4(gw_ctx *ctx, struct gw_packet *packet, __u8 protocol)
{
	const bool is_udp = protocol == IPPROTO_UDP;

	ctx_pull(ctx,
		 gw_l4_offset(packet) + (is_udp ? sizeof(struct udphdr) : sizeof(struct tcphdr)));
	packet->tuple.protocol = protocol;
	__builtin_memset(packet->tuple.pad, 0, sizeof(packet->tuple.pad));
	return is_udp ? gw_parse_udp(ctx, packet) : gw_parse_tcp(ctx, packet);
}

/* The IPv4 header; NULL if it contradicts itself, or if the packet is cut short: a router must not
 * send such a one on (RFC 1812, section 5.2.2). */
static __always_inline const struct iphdr *gw_ipv4(gw_ctx *ctx)
{
	const struct iphdr *ip = ctx_data(ctx) + sizeof(struct ethhdr);

	if ((void *)(ip + 1) > ctx_data_end(ctx))
		return NULL;
	if (ip->version != 4 || ip->ihl < GW_IPV4_MIN_IHL || bpf_ntohs(ip->tot_len) < ip->ihl * 4)
		return NULL;
	return ctx_has(ctx, sizeof(struct ethhdr) + bpf_ntohs(ip->tot_len)) ? ip : NULL;
}

/* Everything that the IPv4 header itself tells. */
static __always_inline void gw_packet_from_ipv4(struct gw_packet *packet, const struct iphdr *ip)
{
	const __u32 header = ip->ihl * 4;

	gw_addr_from_v4(&packet->tuple.src, ip->saddr);
	gw_addr_from_v4(&packet->tuple.dst, ip->daddr);
	packet->ttl = ip->ttl;
	packet->is_v6 = 0;
	packet->l4_offset = (__u16)(sizeof(struct ethhdr) + header);
	packet->l4_length = (__u16)(bpf_ntohs(ip->tot_len) - header);
	packet->fragment = GW_FRAGMENT_NONE;
	__builtin_memset(packet->pad, 0, sizeof(packet->pad));
}

static __always_inline enum gw_parsed gw_parse_ipv4(gw_ctx *ctx, struct gw_packet *packet)
{
	const struct iphdr *ip = gw_ipv4(ctx);

	if (!ip)
		return GW_PARSED_OTHER;
	if (ip->frag_off & bpf_htons(GW_IPV4_FRAGMENT_OFFSET | GW_IPV4_MORE_FRAGMENTS))
		return gw_is_served_protocol(ip->protocol) ? GW_PARSED_FRAGMENT : GW_PARSED_OTHER;
	if (ip->protocol == IPPROTO_ICMP)
		return GW_PARSED_ICMP;
	if (!gw_is_served_protocol(ip->protocol))
		return GW_PARSED_OTHER;
	gw_packet_from_ipv4(packet, ip);
	return gw_parse_l4(ctx, packet, ip->protocol) ? GW_PARSED_L4 : GW_PARSED_OTHER;
}

/* The IPv6 header; NULL if it is forged, or the packet is cut short. */
static __always_inline const struct ipv6hdr *gw_ipv6(gw_ctx *ctx)
{
	const struct ipv6hdr *ip = ctx_data(ctx) + sizeof(struct ethhdr);

	if ((void *)(ip + 1) > ctx_data_end(ctx) || ip->version != 6)
		return NULL;
	/* On the wire these are forgeries (RFC 4291, section 2.5.5.2), and here they would mean
	 * IPv4. */
	if (gw_v6_is_mapped(&ip->saddr) || gw_v6_is_mapped(&ip->daddr))
		return NULL;
	return ctx_has(ctx, sizeof(struct ethhdr) + sizeof(*ip) + bpf_ntohs(ip->payload_len))
		       ? ip
		       : NULL;
}

/* Everything that the IPv6 header itself tells, for a layer 4 header right behind it. */
static __always_inline void gw_packet_from_ipv6(struct gw_packet *packet, const struct ipv6hdr *ip)
{
	gw_addr_from_v6(&packet->tuple.src, &ip->saddr);
	gw_addr_from_v6(&packet->tuple.dst, &ip->daddr);
	packet->ttl = ip->hop_limit;
	packet->is_v6 = 1;
	packet->l4_offset = sizeof(struct ethhdr) + sizeof(struct ipv6hdr);
	packet->l4_length = bpf_ntohs(ip->payload_len);
	packet->fragment = GW_FRAGMENT_NONE;
	__builtin_memset(packet->pad, 0, sizeof(packet->pad));
}

static __always_inline bool gw_is_extension(__u8 protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
	       protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_DSTOPTS;
}

static __always_inline enum gw_parsed gw_parse_ipv6(gw_ctx *ctx, struct gw_packet *packet)
{
	const struct ipv6hdr *ip = gw_ipv6(ctx);

	if (!ip)
		return GW_PARSED_OTHER;
	if (gw_is_extension(ip->nexthdr))
		return GW_PARSED_EXTENSION;
	if (ip->nexthdr == IPPROTO_ICMPV6)
		return GW_PARSED_ICMP;
	if (!gw_is_served_protocol(ip->nexthdr))
		return GW_PARSED_OTHER;
	gw_packet_from_ipv6(packet, ip);
	return gw_parse_l4(ctx, packet, ip->nexthdr) ? GW_PARSED_L4 : GW_PARSED_OTHER;
}

/* The EtherType of a unicast frame for us; 0 for any other frame. */
static __always_inline __be16 gw_parse_ethernet(gw_ctx *ctx)
{
	const struct ethhdr *eth;

	ctx_pull(ctx, GW_MIN_HEADERS);
	eth = ctx_data(ctx);
	if ((void *)(eth + 1) > ctx_data_end(ctx))
		return 0;
	if (!ctx_is_for_us(ctx) || eth->h_dest[0] & 1)
		return 0;
	return eth->h_proto;
}
