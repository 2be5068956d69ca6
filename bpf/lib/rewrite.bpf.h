/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes a flow's tuple, MAC addresses and the smaller TTL into the packet. */
#pragma once

#include "bpf/lib/csum.bpf.h"
#include "bpf/lib/flow.bpf.h"

/* The new IPv4 header checksum for changed addresses and a TTL that is one less. */
static __always_inline __sum16 gw_rewrite_ipv4_check(const struct iphdr *ip, __u32 address_delta)
{
	/* TTL is the high byte of its 16-bit word: adding the complement of 0x0100 takes one away.
	 */
	return gw_csum_apply(ip->check, gw_csum_sum(address_delta, (__u16)~bpf_htons(0x0100)));
}

static __always_inline int gw_rewrite_ip(gw_ctx *ctx, const struct gw_flow *flow, bool is_v6)
{
	void *l3 = ctx_data(ctx) + sizeof(struct ethhdr);
	const bool keeps_addresses = flow->flags & GW_FLOW_DSR;

	if (is_v6) {
		const struct gw_flow6 *flow6 = (const struct gw_flow6 *)flow;
		struct ipv6hdr *ip = l3;

		if ((void *)(ip + 1) > ctx_data_end(ctx))
			return -1;
		ip->hop_limit--;
		ctx_packet_csum_add(
			ctx, gw_csum_sum(keeps_addresses ? 0 : flow->csum_addresses, GW_CSUM_HOP));
		if (keeps_addresses)
			return 0;
		__builtin_memcpy(&ip->saddr, &flow6->src, sizeof(ip->saddr));
		__builtin_memcpy(&ip->daddr, &flow6->dst, sizeof(ip->daddr));
	} else {
		const struct gw_flow4 *flow4 = (const struct gw_flow4 *)flow;
		struct iphdr *ip = l3;

		if ((void *)(ip + 1) > ctx_data_end(ctx))
			return -1;
		ip->check = gw_rewrite_ipv4_check(ip, keeps_addresses ? 0 : flow->csum_addresses);
		ip->ttl--;
		if (keeps_addresses)
			return 0;
		ip->saddr = flow4->src;
		ip->daddr = flow4->dst;
	}
	return 0;
}

/* Ports and checksum. Packet pointers are invalid afterwards. */
static __always_inline int gw_rewrite_l4(gw_ctx *ctx, const struct gw_flow *flow,
					 const struct gw_packet *packet)
{
	const bool is_udp = packet->tuple.protocol == IPPROTO_UDP;
	const __u32 l4_offset = gw_l4_offset(packet);
	const __u32 check_offset = is_udp ? __builtin_offsetof(struct udphdr, check)
					  : __builtin_offsetof(struct tcphdr, check);
	const __u16 csum_ports =
		gw_ports_delta(packet->tuple.sport, packet->tuple.dport, flow->sport, flow->dport);
	__be16 *ports;

	/* The checksum first: on tc its helper may move the packet. */
	if (ctx_l4_csum_add(ctx, l4_offset + check_offset, flow->csum_addresses, csum_ports,
			    is_udp))
		return -1;
	/* TCP and UDP begin with the same two ports. */
	ports = ctx_data(ctx) + l4_offset;
	if ((void *)(ports + 2) > ctx_data_end(ctx))
		return -1;
	ports[0] = flow->sport;
	ports[1] = flow->dport;
	return 0;
}

/* Everything but the MAC addresses. Packet pointers are invalid afterwards. */
static __always_inline int gw_rewrite(gw_ctx *ctx, const struct gw_flow *flow,
				      const struct gw_packet *packet, bool is_v6)
{
	if (!(flow->flags & GW_FLOW_DSR) && packet->fragment != GW_FRAGMENT_LATER &&
	    gw_rewrite_l4(ctx, flow, packet))
		return -1;
	return gw_rewrite_ip(ctx, flow, is_v6);
}

static __always_inline int gw_rewrite_ethernet(gw_ctx *ctx, const struct gw_flow *flow)
{
	struct ethhdr *eth = ctx_data(ctx);

	if ((void *)(eth + 1) > ctx_data_end(ctx))
		return -1;
	__builtin_memcpy(eth->h_source, flow->source_mac, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, flow->target_mac, ETH_ALEN);
	return 0;
}
