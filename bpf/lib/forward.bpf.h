/* SPDX-License-Identifier: GPL-2.0-only */
/* Sends a packet of a known flow: checks, next hop, state, rewrite. */
#pragma once

#include "bpf/lib/counter.bpf.h"
#include "bpf/lib/flow.bpf.h"
#include "bpf/lib/next_hop.bpf.h"
#include "bpf/lib/rewrite.bpf.h"
#include "bpf/lib/select.bpf.h"
#include "bpf/lib/stage.bpf.h"
#include "bpf/lib/track.bpf.h"
#include "bpf/lib/tunnel.bpf.h"
#include "bpf/lib/vlan.bpf.h"

/* XDP has no way to make the kernel resolve a neighbour: the tc program behind it has. */
static __always_inline int gw_leave_to_tc(void)
{
	gw_count(GW_EVENT_XDP_TO_TC);
	return GW_VERDICT_PASS;
}

/* Which program code is in: what nearly all packets need is in the entry alone. */
enum gw_place {
	GW_IN_ENTRY,   /* neither the frame nor its next hop has VLAN tags */
	GW_IN_VLAN,    /* as the entry, with tags */
	GW_IN_FORWARD, /* the next hop is looked up first */
	GW_IN_CONNECT, /* so it is; the flow was made from the packet and knows of it */
};

/* Everything but the MAC addresses; an outer header if the flow has one. */
static __always_inline int gw_transform(gw_ctx *ctx, const struct gw_flow *flow,
					const struct gw_packet *packet, bool is_v6)
{
	if (gw_rewrite(ctx, flow, packet, is_v6))
		return -1;
	return gw_flow_is_tunnel(flow) ? gw_tunnel(ctx, flow, is_v6) : 0;
}

static __always_inline bool gw_is_too_big(const gw_ctx *ctx, const struct gw_flow *flow,
					  const struct gw_packet *packet)
{
	const __u32 headers = packet->l4_offset - sizeof(struct ethhdr) + packet->l4_header;

	return ctx_segment_length(ctx, gw_ip_length(packet), headers) > flow->mtu;
}

/* The rewritten packet goes to the flow's next hop, or on through this host's own stack. */
static __always_inline int gw_transmit(gw_ctx *ctx, const struct gw_flow *flow, enum gw_place place)
{
	if (!GW_HOOK_XDP && gw_flow_is_local(flow))
		return GW_VERDICT_PASS;
	if (gw_rewrite_ethernet(ctx, flow))
		return gw_drop(GW_DROP_INTERNAL);
	return place == GW_IN_ENTRY ? ctx_redirect(ctx, flow->ifindex) : gw_leave(ctx, flow);
}

/*
 * Sends to the flow's link. With GW_NEXT_HOP_UNRESOLVED that goes through the kernel's own
 * resolution of `neighbour`, which queues the packet meanwhile.
 */
static __always_inline int gw_send(gw_ctx *ctx, struct gw_flow *flow,
				   const struct gw_packet *packet, enum gw_next_hop hop,
				   struct bpf_redir_neigh *neighbour, enum gw_place place,
				   bool is_v6)
{
	if (GW_HOOK_XDP && (hop == GW_NEXT_HOP_UNRESOLVED || !(flow->flags & GW_FLOW_XDP)))
		return gw_leave_to_tc();
	if (GW_HOOK_XDP && place == GW_IN_ENTRY && gw_flow_is_for_vlan(flow))
		return gw_enter(ctx, is_v6 ? GW_STAGE_VLAN6 : GW_STAGE_VLAN4);
	if (gw_is_too_big(ctx, flow, packet))
		return gw_enter_error(ctx, packet, flow->mtu, is_v6);
	if (place != GW_IN_CONNECT)
		gw_flow_track(flow, packet, is_v6);
	if (gw_transform(ctx, flow, packet, is_v6))
		return gw_drop(GW_DROP_INTERNAL);
	if (hop == GW_NEXT_HOP_UNRESOLVED) {
		gw_count(GW_EVENT_NEIGHBOUR_UNRESOLVED);
		return ctx_redirect_unresolved(ctx, flow->ifindex, neighbour);
	}
	gw_count(GW_EVENT_FORWARDED);
	return gw_transmit(ctx, flow, place);
}

/* Sends, unless the lookup of the next hop has found none. */
static __always_inline int gw_send_if_found(gw_ctx *ctx, struct gw_flow *flow,
					    const struct gw_packet *packet, enum gw_next_hop hop,
					    struct bpf_redir_neigh *neighbour, enum gw_place place,
					    bool is_v6)
{
	if (hop == GW_NEXT_HOP_DISABLED)
		return gw_drop(GW_DROP_FORWARDING_DISABLED);
	if (hop == GW_NEXT_HOP_NONE)
		return gw_drop(GW_DROP_NO_ROUTE);
	return gw_send(ctx, flow, packet, hop, neighbour, place, is_v6);
}

/* A TCP data offset that points before the header's or behind the segment's end. */
static __always_inline bool gw_is_malformed(const struct gw_packet *packet)
{
	return packet->tuple.protocol == IPPROTO_TCP && packet->fragment != GW_FRAGMENT_LATER &&
	       (packet->l4_header < sizeof(struct tcphdr) || packet->l4_header > packet->l4_length);
}

/* The packet has no flow, or one that is over: it may be for a listener. */
static __always_inline int gw_connect_or_pass(gw_ctx *ctx, const struct gw_packet *packet,
					      bool reopens, bool is_v6)
{
	struct gw_scratch *scratch = gw_scratch_get();
	const struct gw_listener *listener = gw_listener_find(&packet->tuple);

	if (GW_HOOK_EGRESS || !listener || !gw_is_host(&packet->tuple.src, is_v6))
		return gw_pass();
	if (!scratch)
		return gw_drop(GW_DROP_INTERNAL);
	if (gw_is_malformed(packet))
		return gw_drop(GW_DROP_MALFORMED);
	if (packet->ttl <= 1)
		return gw_enter_error(ctx, packet, 0, is_v6);
	scratch->listener = *listener;
	scratch->reopens = reopens;
	return gw_enter_with(ctx, packet, is_v6 ? GW_STAGE_CONNECT6 : GW_STAGE_CONNECT4);
}

/* True if the flow's backend is in use, or drains. Looked up only where the next hop is, too: when
 * the agent removes a backend it raises the generation. */
static __always_inline bool gw_backend_is_there(const struct gw_flow *flow)
{
	const __u32 id = flow->backend_id;

	return bpf_map_lookup_elem(&gw_backends, &id);
}

/*
 * A backend that is no more may speak until the client has been told. To answer it with a RST would
 * leave a client that waits for just this segment waiting for ever; once it has the segment, it
 * acknowledges it, and is told.
 */
static __always_inline bool gw_orphan_may_pass(const struct gw_flow *flow,
					       const struct gw_packet *packet)
{
	return flow->flags & GW_FLOW_REPLY && flow->state != GW_FLOW_CLOSED &&
	       packet->tuple.protocol == IPPROTO_TCP;
}

/* The flow's backend is no more: the client is told at its next segment, then the backend at its
 * own. */
static __always_inline int gw_reject_orphan(gw_ctx *ctx, struct gw_flow *flow,
					    const struct gw_packet *packet, bool is_v6)
{
	struct gw_flow *peer;

	if (flow->state != GW_FLOW_CLOSED) {
		peer = gw_flow_peer(flow, packet->tuple.protocol, is_v6);
		gw_flow_set_state(flow, peer, GW_FLOW_CLOSED, packet, is_v6);
	}
	return gw_enter_reject(ctx, packet, GW_DROP_BACKEND_GONE);
}

/* At egress only answers of backends on this host concern us. */
static __always_inline bool gw_is_others_at_egress(const struct gw_flow *flow)
{
	return GW_HOOK_EGRESS && !(flow && gw_flow_is_local(flow) && flow->flags & GW_FLOW_REPLY);
}

/*
 * What becomes of a TCP segment, a UDP datagram, or a fragment whose ports are known. `place`, a
 * constant: a flow without a current next hop is left to the stage, which looks it up.
 */
static __always_inline int gw_forward(gw_ctx *ctx, const struct gw_packet *packet,
				      enum gw_place place, bool is_v6)
{
	struct gw_flow *flow = gw_flow_find(&packet->tuple, is_v6);
	struct bpf_redir_neigh neighbour;
	enum gw_next_hop hop;
	bool is_orphan;

	if (gw_is_others_at_egress(flow))
		return gw_pass();
	if (!flow)
		return gw_connect_or_pass(ctx, packet, false, is_v6);
	if (gw_is_malformed(packet))
		return gw_drop(GW_DROP_MALFORMED);
	if (gw_flow_is_over(flow, packet))
		return gw_connect_or_pass(ctx, packet, true, is_v6);
	if (packet->ttl <= 1)
		return gw_enter_error(ctx, packet, 0, is_v6);
	is_orphan = place == GW_IN_FORWARD && !gw_backend_is_there(flow);
	if (is_orphan && gw_flow_may_begin(flow, packet))
		return gw_connect_or_pass(ctx, packet, true, is_v6);
	if (is_orphan && !gw_orphan_may_pass(flow, packet))
		return gw_reject_orphan(ctx, flow, packet, is_v6);
	if (place == GW_IN_FORWARD) {
		hop = gw_next_hop_refresh(ctx, flow, packet, &neighbour, is_v6);
		/* Its next segment is to come here, too. */
		if (is_orphan)
			flow->generation = gw_generation() - 1;
		return gw_send_if_found(ctx, flow, packet, hop, &neighbour, place, is_v6);
	}
	if (flow->generation != gw_generation())
		return gw_enter_with(ctx, packet, is_v6 ? GW_STAGE_FORWARD6 : GW_STAGE_FORWARD4);
	return gw_send(ctx, flow, packet, GW_NEXT_HOP_READY, NULL, place, is_v6);
}

static __always_inline int gw_stage_forward(gw_ctx *ctx, bool is_v6)
{
	const struct gw_scratch *scratch = gw_scratch_get();

	if (!scratch)
		return gw_drop(GW_DROP_INTERNAL);
	return gw_forward(ctx, &scratch->packet, GW_IN_FORWARD, is_v6);
}

static __always_inline int gw_stage_forward4(gw_ctx *ctx)
{
	return gw_stage_forward(ctx, false);
}

static __always_inline int gw_stage_forward6(gw_ctx *ctx)
{
	return gw_stage_forward(ctx, true);
}
