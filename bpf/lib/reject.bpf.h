/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Turns the packet into the RST that answers it (RFC 9293, section 3.10.7.1) and sends it
 * back the way it came.
 */
#pragma once

#include "bpf/lib/counter.bpf.h"
#include "bpf/lib/csum.bpf.h"
#include "bpf/lib/packet.bpf.h"
#include "bpf/lib/stage.bpf.h"

#define GW_RESET_TTL	      64
#define GW_IPV4_DONT_FRAGMENT 0x4000

static __always_inline void gw_reset_fill_tcp(struct tcphdr *tcp, const struct gw_packet *packet)
{
	__u32 length = packet->l4_length - packet->l4_header;

	__builtin_memset(tcp, 0, sizeof(*tcp));
	tcp->source = packet->tuple.dport;
	tcp->dest = packet->tuple.sport;
	tcp->doff = sizeof(*tcp) / 4;
	tcp->rst = 1;
	if (packet->tcp_flags & GW_TCP_ACK) {
		tcp->seq = packet->ack;
		return;
	}
	length += !!(packet->tcp_flags & GW_TCP_SYN) + !!(packet->tcp_flags & GW_TCP_FIN);
	tcp->ack = 1;
	tcp->ack_seq = bpf_htonl(bpf_ntohl(packet->seq) + length);
}

static __always_inline void gw_reset_fill_ipv4(struct iphdr *ip, const struct gw_packet *packet)
{
	__builtin_memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = GW_IPV4_MIN_IHL;
	ip->tot_len = bpf_htons(sizeof(*ip) + sizeof(struct tcphdr));
	ip->frag_off = bpf_htons(GW_IPV4_DONT_FRAGMENT);
	ip->ttl = GW_RESET_TTL;
	ip->protocol = IPPROTO_TCP;
	ip->saddr = packet->tuple.dst.word[3];
	ip->daddr = packet->tuple.src.word[3];
	ip->check =
		(__sum16)~gw_csum_fold((__u32)bpf_csum_diff(NULL, 0, (__be32 *)ip, sizeof(*ip), 0));
}

static __always_inline void gw_reset_fill_ipv6(struct ipv6hdr *ip, const struct gw_packet *packet)
{
	__builtin_memset(ip, 0, sizeof(*ip));
	ip->version = 6;
	ip->payload_len = bpf_htons(sizeof(struct tcphdr));
	ip->nexthdr = IPPROTO_TCP;
	ip->hop_limit = GW_RESET_TTL;
	__builtin_memcpy(&ip->saddr, &packet->tuple.dst, sizeof(ip->saddr));
	__builtin_memcpy(&ip->daddr, &packet->tuple.src, sizeof(ip->daddr));
}

/* The sum of the pseudo-header, the same in both directions; v4-mapped words differ from IPv4's. */
static __always_inline __u32 gw_reset_pseudo_sum(const struct gw_packet *packet)
{
	const __be32 rest[2] = {bpf_htonl(sizeof(struct tcphdr)), bpf_htonl(IPPROTO_TCP)};
	__u32 sum = (__u32)bpf_csum_diff(NULL, 0, (__be32 *)rest, sizeof(rest), 0);

	if (packet->is_v6) {
		sum = (__u32)bpf_csum_diff(NULL, 0, (__be32 *)&packet->tuple.src,
					   sizeof(packet->tuple.src), sum);
		return (__u32)bpf_csum_diff(NULL, 0, (__be32 *)&packet->tuple.dst,
					    sizeof(packet->tuple.dst), sum);
	}
	sum = gw_csum_sum(sum, packet->tuple.src.word[3]);
	return gw_csum_sum(sum, packet->tuple.dst.word[3]);
}

/* Writes the headers in place of the packet's. */
static __always_inline bool gw_reset_write(gw_ctx *ctx, const struct gw_packet *packet,
					   const struct tcphdr *tcp)
{
	struct ethhdr *eth = ctx_data(ctx);
	__u8 mac[ETH_ALEN];
	void *l3 = eth + 1;

	if (l3 + sizeof(struct iphdr) + sizeof(*tcp) > ctx_data_end(ctx))
		return false;
	__builtin_memcpy(mac, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, mac, ETH_ALEN);
	if (!packet->is_v6) {
		struct iphdr ip;

		gw_reset_fill_ipv4(&ip, packet);
		__builtin_memcpy(l3, &ip, sizeof(ip));
		__builtin_memcpy(l3 + sizeof(ip), tcp, sizeof(*tcp));
		return true;
	}
	if (l3 + sizeof(struct ipv6hdr) + sizeof(*tcp) > ctx_data_end(ctx))
		return false;
	gw_reset_fill_ipv6(l3, packet);
	ctx_packet_csum_add(ctx, (__u32)bpf_csum_diff(NULL, 0, l3, sizeof(struct ipv6hdr), 0));
	__builtin_memcpy(l3 + sizeof(struct ipv6hdr), tcp, sizeof(*tcp));
	return true;
}

/*
 * Answers a segment with a RST and counts `reason`; never answers a RST. UDP is dropped.
 *
 * IPv4 options and IPv6 extension headers would move the TCP header, to which an unfinished
 * checksum of the skb points. Nobody opens connections with them: drop, and let the client time
 * out.
 */
static __always_inline int gw_reject(gw_ctx *ctx, const struct gw_packet *packet,
				     enum gw_counter reason)
{
	const __u32 l3_length = packet->is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	const __u32 l4_offset = sizeof(struct ethhdr) + l3_length;
	struct tcphdr tcp;
	__u32 tcp_sum;

	if (packet->tuple.protocol != IPPROTO_TCP || packet->tcp_flags & GW_TCP_RST ||
	    packet->l4_offset != l4_offset || packet->fragment != GW_FRAGMENT_NONE)
		return gw_drop(reason);
	gw_reset_fill_tcp(&tcp, packet);
	tcp_sum = (__u32)bpf_csum_diff(NULL, 0, (__be32 *)&tcp, sizeof(tcp), 0);
	/*
	 * From a checksum field of zero, adding the pseudo-header's sum and then the segment's
	 * yields the full checksum, or the pseudo-header's sum alone in an skb whose checksum is
	 * still to be finished.
	 */
	if (ctx_truncate(ctx, l4_offset + sizeof(tcp)))
		return gw_drop(GW_DROP_INTERNAL);
	ctx_packet_csum_reset(ctx);
	if (!gw_reset_write(ctx, packet, &tcp) ||
	    ctx_l4_csum_add(ctx, l4_offset + __builtin_offsetof(struct tcphdr, check),
			    gw_reset_pseudo_sum(packet), tcp_sum, false))
		return gw_drop(GW_DROP_INTERNAL);
	gw_count(reason);
	return ctx_send_back(ctx);
}

static __always_inline int gw_stage_reject(gw_ctx *ctx)
{
	const struct gw_scratch *scratch = gw_scratch_get();

	if (!scratch)
		return gw_drop(GW_DROP_INTERNAL);
	return gw_reject(ctx, &scratch->packet, (enum gw_counter)scratch->reason);
}
