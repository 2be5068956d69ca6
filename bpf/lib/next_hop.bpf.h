/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a flow's packets leave: the kernel's routes and neighbours, cached in the flow. */
#pragma once

#include <linux/if_ether.h>

#include "bpf/lib/counter.bpf.h"
#include "bpf/lib/flow.bpf.h"

#define GW_AF_INET  2
#define GW_AF_INET6 10

enum gw_next_hop {
	GW_NEXT_HOP_READY,	/* the flow's link and MAC addresses are current */
	GW_NEXT_HOP_UNRESOLVED, /* the link is known, the neighbour's MAC address is not */
	GW_NEXT_HOP_NONE,	/* no route */
	GW_NEXT_HOP_DISABLED,	/* forwarding is off on the incoming link */
};

static __always_inline __u32 gw_generation(void)
{
	const __u32 index = 0;
	const struct gw_control *control = bpf_map_lookup_elem(&gw_control, &index);

	return control ? control->generation : 0;
}

static __always_inline bool gw_link_has_xdp(__u32 ifindex)
{
	const struct gw_link *link = bpf_map_lookup_elem(&gw_links, &ifindex);

	return link && link->flags & GW_LINK_XDP;
}

static __always_inline void gw_fib_fill(struct bpf_fib_lookup *fib, const struct gw_flow *flow,
					const struct gw_packet *packet, __u32 ifindex)
{
	__builtin_memset(fib, 0, sizeof(*fib));
	fib->ifindex = ifindex;
	fib->l4_protocol = packet->tuple.protocol;
	fib->sport = flow->sport;
	fib->dport = flow->dport;
	if (packet->is_v6) {
		fib->family = GW_AF_INET6;
		__builtin_memcpy(fib->ipv6_src, &flow->src, sizeof(fib->ipv6_src));
		__builtin_memcpy(fib->ipv6_dst, &flow->dst, sizeof(fib->ipv6_dst));
		return;
	}
	fib->family = GW_AF_INET;
	fib->ipv4_src = flow->src.word[3];
	fib->ipv4_dst = flow->dst.word[3];
}

/*
 * Stores the looked-up hop. The generation goes last: a CPU that sees it sees the rest too
 * (x86 keeps the order of stores; elsewhere the worst is one packet to the old neighbour).
 */
static __always_inline void gw_next_hop_store(struct gw_flow *flow,
					      const struct bpf_fib_lookup *fib, __u32 generation)
{
	flow->ifindex = fib->ifindex;
	__builtin_memcpy(flow->source_mac, fib->smac, ETH_ALEN);
	__builtin_memcpy(flow->target_mac, fib->dmac, ETH_ALEN);
	if (gw_link_has_xdp(fib->ifindex))
		flow->flags |= GW_FLOW_XDP;
	else
		flow->flags &= (__u16)~GW_FLOW_XDP;
	barrier();
	flow->generation = generation;
	gw_count(GW_EVENT_NEXT_HOP_REFRESHED);
}

/* Looks the hop up again. `flow->ifindex` is also right for GW_NEXT_HOP_UNRESOLVED. */
static __noinline int gw_next_hop_refresh(gw_ctx *ctx, struct gw_flow *flow,
					  const struct gw_packet *packet)
{
	/* Read before the lookup: a change during it then leads to another lookup, not to a stale
	 * hop. */
	const __u32 generation = gw_generation();
	struct bpf_fib_lookup fib;
	long result;

	if (!flow || !packet)
		return GW_NEXT_HOP_NONE;
	gw_fib_fill(&fib, flow, packet, ctx_ifindex(ctx));
	result = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	if (result == BPF_FIB_LKUP_RET_SUCCESS) {
		gw_next_hop_store(flow, &fib, generation);
		return GW_NEXT_HOP_READY;
	}
	if (result == BPF_FIB_LKUP_RET_NO_NEIGH) {
		flow->ifindex = fib.ifindex;
		return GW_NEXT_HOP_UNRESOLVED;
	}
	return result == BPF_FIB_LKUP_RET_FWD_DISABLED ? GW_NEXT_HOP_DISABLED : GW_NEXT_HOP_NONE;
}

static __always_inline int gw_next_hop(gw_ctx *ctx, struct gw_flow *flow,
				       const struct gw_packet *packet)
{
	if (flow->generation == gw_generation())
		return GW_NEXT_HOP_READY;
	return gw_next_hop_refresh(ctx, flow, packet);
}
