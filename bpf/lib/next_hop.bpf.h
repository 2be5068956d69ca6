/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a flow's packets leave: the kernel's routes and neighbours, cached in the flow. Where the
 * destination alone decides, flows take it from gw_hops, which costs much less than the lookup.
 */
#pragma once

#include <linux/if_ether.h>

#include "bpf/lib/control.bpf.h"
#include "bpf/lib/counter.bpf.h"
#include "bpf/lib/feature.bpf.h"
#include "bpf/lib/flow.bpf.h"

#define GW_AF_INET  2
#define GW_AF_INET6 10

#define GW_MTU_UNKNOWN 0xffff

enum gw_next_hop {
	GW_NEXT_HOP_READY,	/* the flow's link and MAC addresses are current */
	GW_NEXT_HOP_UNRESOLVED, /* the link is known, the neighbour's MAC address is not */
	GW_NEXT_HOP_NONE,	/* no route */
	GW_NEXT_HOP_DISABLED,	/* forwarding is off on the incoming link */
};

static __always_inline __u32 gw_generation(void)
{
	const struct gw_control *control = gw_control_get();

	return control ? control->generation : 0;
}

static __always_inline void gw_fib_fill(struct bpf_fib_lookup *fib, const struct gw_flow *flow,
					const struct gw_packet *packet, __u32 ifindex, bool is_v6)
{
	__builtin_memset(fib, 0, sizeof(*fib));
	fib->ifindex = ifindex;
	fib->l4_protocol = packet->tuple.protocol;
	fib->sport = flow->sport;
	fib->dport = flow->dport;
	/* Any length: makes the kernel tell the route's MTU (Linux 5.12), path MTU included. */
	fib->tot_len = 1;
	if (is_v6) {
		const struct gw_addr src = gw_flow_src(flow, true);
		const struct gw_addr dst = gw_flow_dst(flow, true);

		fib->family = GW_AF_INET6;
		__builtin_memcpy(fib->ipv6_src, &src, sizeof(fib->ipv6_src));
		__builtin_memcpy(fib->ipv6_dst, &dst, sizeof(fib->ipv6_dst));
		return;
	}
	fib->family = GW_AF_INET;
	fib->ipv4_src = gw_flow_src(flow, false).word[3];
	fib->ipv4_dst = gw_flow_dst(flow, false).word[3];
}

/* Older kernels leave the 1 that gw_fib_fill() wrote; then the link's own MTU has to do. */
static __always_inline __u16 gw_hop_mtu(const struct bpf_fib_lookup *fib,
					const struct gw_link *link)
{
	__u32 mtu = gw_feature_is_allowed(GW_FEATURE_ROUTE_MTU) ? fib->tot_len : 0;

	if (mtu <= 1)
		mtu = link && link->mtu ? link->mtu : GW_MTU_UNKNOWN;
	return (__u16)(mtu > GW_MTU_UNKNOWN ? GW_MTU_UNKNOWN : mtu);
}

static __always_inline __u16 gw_inner_mtu(const struct gw_flow *flow, __u16 mtu, bool is_v6)
{
	const __u32 outer = is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);

	if (!gw_flow_is_tunnel(flow) || mtu == GW_MTU_UNKNOWN)
		return mtu;
	return mtu > outer ? (__u16)(mtu - outer) : 0;
}

static __always_inline __u8 gw_flags_to(const struct gw_link *link)
{
	if (!link)
		return 0;
	if (link->flags & GW_LINK_VLAN)
		return GW_FLOW_VLAN;
	return link->flags & GW_LINK_XDP ? GW_FLOW_XDP : 0;
}

static __always_inline void gw_hop_fill(struct gw_hop *hop, const struct gw_addr *dst,
					const struct bpf_fib_lookup *fib, __u32 generation)
{
	const __u32 ifindex = fib->ifindex;
	const struct gw_link *link = bpf_map_lookup_elem(&gw_links, &ifindex);
	const bool has_peer = link && link->flags & GW_LINK_PEER;

	hop->dst = *dst;
	hop->generation = generation;
	hop->ifindex = has_peer ? ifindex | GW_IFINDEX_PEER : ifindex;
	__builtin_memcpy(hop->source_mac, fib->smac, ETH_ALEN);
	__builtin_memcpy(hop->target_mac, fib->dmac, ETH_ALEN);
	hop->mtu = gw_hop_mtu(fib, link);
	hop->flow_flags = gw_flags_to(link);
	hop->pad = 0;
}

/*
 * The generation goes last: a CPU that sees it sees the rest too (x86 keeps the order of stores;
 * elsewhere the worst is one packet to the old neighbour).
 */
static __always_inline void gw_flow_use_hop(struct gw_flow *flow, const struct gw_hop *hop,
					    bool is_v6)
{
	flow->ifindex = hop->ifindex;
	/* Whoever takes packets out of a tunnel may know only such as a link lets through: what is
	   yet to be cut into segments has to be cut before. */
	if (gw_flow_is_tunnel(flow))
		flow->ifindex &= ~GW_IFINDEX_PEER;
	flow->mtu = gw_inner_mtu(flow, hop->mtu, is_v6);
	__builtin_memcpy(flow->source_mac, hop->source_mac, ETH_ALEN);
	__builtin_memcpy(flow->target_mac, hop->target_mac, ETH_ALEN);
	flow->flags = (flow->flags & (__u8)~GW_FLOW_VLAN) | hop->flow_flags;
	barrier();
	flow->generation = hop->generation;
}

/* The element of gw_hops that is for `dst`, or for another with the same hash. */
static __always_inline struct gw_hop *gw_hop_at(const struct gw_addr *dst)
{
	const __u32 word = dst->word[0] ^ dst->word[1] ^ dst->word[2] ^ dst->word[3];
	const __u32 index = word * 0x9e3779b1 >> (32 - GW_HOPS_BITS);

	return bpf_map_lookup_elem(&gw_hops, &index);
}

static __always_inline bool gw_hops_are_by_destination(const struct gw_control *control)
{
	return control && control->flags & GW_CONTROL_HOPS_BY_DESTINATION;
}

/* Takes the next hop that a flow to the same destination has found on this CPU; false if none has.
 */
static __always_inline bool gw_next_hop_recall(struct gw_flow *flow, bool is_v6)
{
	const struct gw_control *control = gw_control_get();
	const struct gw_addr dst = gw_flow_dst(flow, is_v6);
	const struct gw_hop *hop;

	if (!gw_hops_are_by_destination(control) || gw_flow_is_local(flow))
		return false;
	hop = gw_hop_at(&dst);
	if (!hop || hop->generation != control->generation || !gw_addr_equal(&hop->dst, &dst))
		return false;
	gw_flow_use_hop(flow, hop, is_v6);
	return true;
}

/* Stores the looked-up hop for others, and in the flow. */
static __always_inline enum gw_next_hop gw_next_hop_store(struct gw_flow *flow,
							  const struct bpf_fib_lookup *fib,
							  __u32 generation, bool is_v6)
{
	const struct gw_addr dst = gw_flow_dst(flow, is_v6);
	struct gw_hop *hop = gw_hop_at(&dst);

	if (!hop)
		return GW_NEXT_HOP_NONE;
	gw_hop_fill(hop, &dst, fib, generation);
	gw_flow_use_hop(flow, hop, is_v6);
	gw_count(GW_EVENT_NEXT_HOP_REFRESHED);
	return GW_NEXT_HOP_READY;
}

/* Who is to be asked for the MAC address: the gateway, or the host itself. The kernel's own choice,
 * since only this lookup knows the incoming link, which rules may ask for; and with DSR the packet
 * does not say. The gateway's family may differ from the packet's (RFC 8950). */
static __always_inline void gw_neighbour_fill(struct bpf_redir_neigh *neighbour,
					      const struct bpf_fib_lookup *fib)
{
	__builtin_memset(neighbour, 0, sizeof(*neighbour));
	neighbour->nh_family = fib->family;
	if (fib->family == GW_AF_INET6)
		__builtin_memcpy(neighbour->ipv6_nh, fib->ipv6_dst, sizeof(neighbour->ipv6_nh));
	else
		neighbour->ipv4_nh = fib->ipv4_dst;
}

/* Looks the hop up again. For GW_NEXT_HOP_UNRESOLVED, `flow->ifindex` and `neighbour` say where it
 * is. */
static __always_inline enum gw_next_hop gw_next_hop_refresh(gw_ctx *ctx, struct gw_flow *flow,
							    const struct gw_packet *packet,
							    struct bpf_redir_neigh *neighbour,
							    bool is_v6)
{
	/* Read before the lookup: a change during it then leads to another lookup, not to a stale
	 * hop. */
	const __u32 generation = gw_generation();
	struct bpf_fib_lookup fib;
	long result;

	if (gw_flow_is_local(flow)) {
		flow->mtu = GW_MTU_UNKNOWN;
		flow->generation = generation;
		return GW_NEXT_HOP_READY;
	}
	if (gw_next_hop_recall(flow, is_v6))
		return GW_NEXT_HOP_READY;
	gw_fib_fill(&fib, flow, packet, ctx_ifindex(ctx), is_v6);
	result = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	if (result == BPF_FIB_LKUP_RET_SUCCESS)
		return gw_next_hop_store(flow, &fib, generation, is_v6);
	if (result == BPF_FIB_LKUP_RET_NO_NEIGH) {
		flow->ifindex = fib.ifindex;
		flow->mtu = GW_MTU_UNKNOWN;
		gw_neighbour_fill(neighbour, &fib);
		return GW_NEXT_HOP_UNRESOLVED;
	}
	return result == BPF_FIB_LKUP_RET_FWD_DISABLED ? GW_NEXT_HOP_DISABLED : GW_NEXT_HOP_NONE;
}
