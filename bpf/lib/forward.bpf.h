/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The forwarding core, the same for XDP and tc: parse -> flow -> (listener -> backend -> new
 * flow) -> next hop -> rewrite -> send. The including file has chosen the hook by
 * including ctx_xdp.bpf.h or ctx_tc.bpf.h first.
 */
#pragma once

#include "bpf/lib/connect.bpf.h"
#include "bpf/lib/counter.bpf.h"
#include "bpf/lib/flow.bpf.h"
#include "bpf/lib/next_hop.bpf.h"
#include "bpf/lib/packet.bpf.h"
#include "bpf/lib/reject.bpf.h"
#include "bpf/lib/rewrite.bpf.h"
#include "bpf/lib/select.bpf.h"

/* XDP has no way to make the kernel resolve a neighbour: the tc program behind it has. */
static __always_inline int gw_leave_to_tc(void)
{
	gw_count(GW_EVENT_XDP_TO_TC);
	return GW_VERDICT_PASS;
}

/* Sends through the kernel's own neighbour resolution, which queues the packet meanwhile. */
static __always_inline int gw_send_unresolved(gw_ctx *ctx, struct gw_flow *flow,
					      const struct gw_packet *packet, bool is_v6)
{
#if GW_HOOK_XDP
	return gw_leave_to_tc();
#else
	const __u32 ifindex = flow->ifindex;

	gw_flow_track(flow, packet, is_v6);
	if (gw_rewrite(ctx, flow, packet, is_v6))
		return gw_drop(GW_DROP_INTERNAL);
	gw_count(GW_EVENT_NEIGHBOUR_UNRESOLVED);
	return (int)bpf_redirect_neigh(ifindex, NULL, 0, 0);
#endif
}

static __always_inline int gw_send(gw_ctx *ctx, struct gw_flow *flow,
				   const struct gw_packet *packet, bool is_v6)
{
	if (GW_HOOK_XDP && !(flow->flags & GW_FLOW_XDP))
		return gw_leave_to_tc();
	gw_flow_track(flow, packet, is_v6);
	if (gw_rewrite(ctx, flow, packet, is_v6) || gw_rewrite_ethernet(ctx, flow))
		return gw_drop(GW_DROP_INTERNAL);
	gw_count(GW_EVENT_FORWARDED);
	return ctx_redirect(ctx, flow->ifindex);
}

/* A TCP data offset that points before the header's or behind the segment's end. */
static __always_inline bool gw_is_malformed(const struct gw_packet *packet)
{
	return packet->tuple.protocol == IPPROTO_TCP &&
	       (packet->l4_header < sizeof(struct tcphdr) || packet->l4_header > packet->l4_length);
}

static __always_inline int gw_forward_flow(gw_ctx *ctx, struct gw_flow *flow,
					   const struct gw_packet *packet, bool is_v6)
{
	if (packet->is_fragment)
		return gw_drop(GW_DROP_FRAGMENT);
	if (gw_is_malformed(packet))
		return gw_drop(GW_DROP_MALFORMED);
	if (packet->ttl <= 1)
		return gw_drop(GW_DROP_TTL_EXPIRED);
	switch (gw_next_hop(ctx, flow, packet)) {
	case GW_NEXT_HOP_READY:
		return gw_send(ctx, flow, packet, is_v6);
	case GW_NEXT_HOP_UNRESOLVED:
		return gw_send_unresolved(ctx, flow, packet, is_v6);
	case GW_NEXT_HOP_DISABLED:
		return gw_drop(GW_DROP_FORWARDING_DISABLED);
	default:
		return gw_drop(GW_DROP_NO_ROUTE);
	}
}

/* Answers a packet for which there is no connection to be had. */
static __always_inline int gw_refuse(gw_ctx *ctx, const struct gw_packet *packet, int why)
{
	switch (why) {
	case GW_CONNECT_NO_BACKEND:
		return gw_reject(ctx, packet, GW_DROP_NO_BACKEND);
	case GW_CONNECT_NO_FLOW:
		return gw_reject(ctx, packet, GW_DROP_NO_FLOW);
	case GW_CONNECT_NO_PORT:
		return gw_reject(ctx, packet, GW_DROP_NAT_PORTS_EXHAUSTED);
	default:
		return gw_drop(GW_DROP_FLOW_TABLE_FULL);
	}
}

/* A SYN for a closed connection's tuple begins a new one (RFC 9293, section 3.6.1). */
static __always_inline bool gw_flow_is_over(const struct gw_flow *flow,
					    const struct gw_packet *packet)
{
	return flow->state == GW_FLOW_CLOSED && !(flow->flags & GW_FLOW_REPLY) &&
	       gw_is_syn(packet->tcp_flags);
}

static __noinline void gw_flow_forget(const struct gw_flow *flow, const struct gw_packet *packet)
{
	const struct gw_tuple peer = gw_tuple_of_peer(flow, packet->tuple.protocol);

	gw_flow_remove(&peer, packet->is_v6);
	gw_flow_remove(&packet->tuple, packet->is_v6);
}

static __always_inline int gw_forward_packet(gw_ctx *ctx, const struct gw_packet *packet,
					     bool is_v6)
{
	struct gw_flow *flow = gw_flow_find(&packet->tuple, is_v6);
	const struct gw_listener *listener;
	int result;

	if (flow && !gw_flow_is_over(flow, packet))
		return gw_forward_flow(ctx, flow, packet, is_v6);
	if (flow)
		gw_flow_forget(flow, packet);
	listener = gw_listener_find(packet);
	if (!listener)
		return gw_pass();
	if (packet->is_fragment)
		return gw_drop(GW_DROP_FRAGMENT);
	if (packet->tcp_flags & GW_TCP_RST)
		return gw_drop(GW_DROP_STRAY_RST);
	result = gw_connect(packet, listener);
	if (result != GW_CONNECT_OK)
		return gw_refuse(ctx, packet, result);
	flow = gw_flow_find(&packet->tuple, is_v6);
	if (!flow)
		return gw_drop(GW_DROP_FLOW_TABLE_FULL);
	return gw_forward_flow(ctx, flow, packet, is_v6);
}

/* The family is a constant in each branch, so each gets code without the other's cases. */
static __always_inline int gw_forward(gw_ctx *ctx)
{
	const __be16 type = gw_parse_ethernet(ctx);
	struct gw_packet packet;

	if (type == bpf_htons(ETH_P_IP) && gw_parse_ipv4(ctx, &packet))
		return gw_forward_packet(ctx, &packet, false);
	if (type == bpf_htons(ETH_P_IPV6) && gw_parse_ipv6(ctx, &packet))
		return gw_forward_packet(ctx, &packet, true);
	return gw_pass();
}
