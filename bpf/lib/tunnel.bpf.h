/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts the packet into another one, for DSR across routers: IP in IP (RFC 2003, RFC 2473). */
#pragma once

#include "bpf/lib/csum.bpf.h"
#include "bpf/lib/flow.bpf.h"

#define GW_TUNNEL_TTL 64

static __always_inline void gw_tunnel_fill_ipv4(struct iphdr *outer, const struct iphdr *inner,
						const struct gw_flow4 *flow)
{
	__builtin_memset(outer, 0, sizeof(*outer));
	outer->version = 4;
	outer->ihl = GW_IPV4_MIN_IHL;
	outer->tos = inner->tos;
	outer->tot_len = bpf_htons((__u16)(bpf_ntohs(inner->tot_len) + sizeof(*outer)));
	/* Without an identification of its own it must not be fragmented (RFC 6864), nor need it:
	 * the inner packet fits. */
	outer->frag_off = bpf_htons(0x4000);
	outer->ttl = GW_TUNNEL_TTL;
	outer->protocol = IPPROTO_IPIP;
	outer->saddr = flow->src;
	outer->daddr = flow->dst;
	outer->check = (__sum16)~gw_csum_fold(
		(__u32)bpf_csum_diff(NULL, 0, (__be32 *)outer, sizeof(*outer), 0));
}

static __always_inline void gw_tunnel_fill_ipv6(struct ipv6hdr *outer, const struct ipv6hdr *inner,
						const struct gw_flow6 *flow)
{
	__builtin_memset(outer, 0, sizeof(*outer));
	outer->version = 6;
	outer->priority = inner->priority;
	__builtin_memcpy(outer->flow_lbl, inner->flow_lbl, sizeof(outer->flow_lbl));
	outer->payload_len = bpf_htons((__u16)(bpf_ntohs(inner->payload_len) + sizeof(*inner)));
	outer->nexthdr = IPPROTO_IPV6;
	outer->hop_limit = GW_TUNNEL_TTL;
	__builtin_memcpy(&outer->saddr, &flow->src, sizeof(outer->saddr));
	__builtin_memcpy(&outer->daddr, &flow->dst, sizeof(outer->daddr));
}

/* Packet pointers are invalid afterwards; the Ethernet header is still to be written. */
static __always_inline int gw_tunnel(gw_ctx *ctx, const struct gw_flow *flow, bool is_v6)
{
	const __u32 length = is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	struct ethhdr *eth;
	void *outer;

	if (ctx_make_room(ctx, length, is_v6))
		return -1;
	eth = ctx_data(ctx);
	outer = eth + 1;
	/* Room for both headers: the inner one is read. */
	if (outer + 2 * length > ctx_data_end(ctx))
		return -1;
	eth->h_proto = is_v6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
	if (is_v6) {
		gw_tunnel_fill_ipv6(outer, outer + length, (const struct gw_flow6 *)flow);
		ctx_packet_csum_add(ctx, (__u32)bpf_csum_diff(NULL, 0, outer, length, 0));
	} else {
		struct iphdr header;

		gw_tunnel_fill_ipv4(&header, outer + length, (const struct gw_flow4 *)flow);
		__builtin_memcpy(outer, &header, sizeof(header));
	}
	return 0;
}
