/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flows: finding, storing, and the state that both directions share.
 *
 * Two CPUs may handle the two directions at once. Each entry is written by packets of its
 * own direction, except for `state`, which a transition writes into both. Transitions are
 * monotonous towards CLOSED, so the worst a race can do is to leave one entry one step
 * behind until the next packet; the agent's timeouts go by both entries.
 */
#pragma once

#include "bpf/lib/clock.bpf.h"
#include "bpf/lib/counter.bpf.h"
#include "bpf/lib/packet.bpf.h"
#include "bpf/maps.bpf.h"

static __always_inline struct gw_flow4_key gw_flow4_key_of(const struct gw_tuple *tuple)
{
	return (struct gw_flow4_key){
		.src = tuple->src.word[3],
		.dst = tuple->dst.word[3],
		.sport = tuple->sport,
		.dport = tuple->dport,
		.protocol = tuple->protocol,
	};
}

static __always_inline struct gw_tuple gw_tuple_reverse(const struct gw_tuple *tuple)
{
	return (struct gw_tuple){
		.src = tuple->dst,
		.dst = tuple->src,
		.sport = tuple->dport,
		.dport = tuple->sport,
		.protocol = tuple->protocol,
	};
}

/* The tuple under which the other direction of `flow` is stored. */
static __always_inline struct gw_tuple gw_tuple_of_peer(const struct gw_flow *flow, __u8 protocol)
{
	return (struct gw_tuple){
		.src = flow->dst,
		.dst = flow->src,
		.sport = flow->dport,
		.dport = flow->sport,
		.protocol = protocol,
	};
}

static __always_inline struct gw_flow *gw_flow_find(const struct gw_tuple *tuple, bool is_v6)
{
	struct gw_flow4_key key;

	if (is_v6)
		return bpf_map_lookup_elem(&gw_flows6, tuple);
	key = gw_flow4_key_of(tuple);
	return bpf_map_lookup_elem(&gw_flows4, &key);
}

/* Stores a flow under a free tuple: -EEXIST if it is taken, atomically across CPUs. */
static __always_inline long gw_flow_insert(const struct gw_tuple *tuple, const struct gw_flow *flow,
					   bool is_v6)
{
	struct gw_flow4_key key;

	if (is_v6)
		return bpf_map_update_elem(&gw_flows6, tuple, flow, BPF_NOEXIST);
	key = gw_flow4_key_of(tuple);
	return bpf_map_update_elem(&gw_flows4, &key, flow, BPF_NOEXIST);
}

static __always_inline void gw_flow_remove(const struct gw_tuple *tuple, bool is_v6)
{
	struct gw_flow4_key key;

	if (is_v6) {
		bpf_map_delete_elem(&gw_flows6, tuple);
		return;
	}
	key = gw_flow4_key_of(tuple);
	bpf_map_delete_elem(&gw_flows4, &key);
}

/* A connection request: SYN without ACK. */
static __always_inline bool gw_is_syn(__u8 tcp_flags)
{
	return (tcp_flags & (GW_TCP_SYN | GW_TCP_ACK | GW_TCP_RST)) == GW_TCP_SYN;
}

/* A packet that may begin a connection. With UDP every one may. */
static __always_inline bool gw_is_request(const struct gw_packet *packet)
{
	return packet->tuple.protocol == IPPROTO_UDP || gw_is_syn(packet->tcp_flags);
}

/*
 * The state after a segment from the backend (is_reply) or from the client. RFC 9293
 * section 3.3.2, seen from the middle.
 */
static __always_inline __u8 gw_flow_next_state(__u8 state, bool is_reply, __u8 tcp_flags)
{
	if (state >= GW_FLOW_UDP_REQUEST)
		return is_reply ? GW_FLOW_UDP_STREAM : state;
	if (tcp_flags & GW_TCP_RST)
		return GW_FLOW_CLOSED;
	if (tcp_flags & GW_TCP_FIN) {
		const __u8 own = is_reply ? GW_FLOW_FIN_BACKEND : GW_FLOW_FIN_CLIENT;
		const __u8 other = is_reply ? GW_FLOW_FIN_CLIENT : GW_FLOW_FIN_BACKEND;

		return state == other || state == GW_FLOW_CLOSED ? GW_FLOW_CLOSED : own;
	}
	if (state == GW_FLOW_SYN_SENT && is_reply && tcp_flags & GW_TCP_SYN)
		return GW_FLOW_SYN_RECEIVED;
	if (state == GW_FLOW_SYN_RECEIVED && !is_reply && !(tcp_flags & GW_TCP_SYN))
		return GW_FLOW_ESTABLISHED;
	return state;
}

/* Writes a transition into both entries. Rare: out of the hot path. */
static __noinline void gw_flow_set_state(struct gw_flow *flow, __u32 state, __u32 protocol,
					 __u32 is_v6)
{
	struct gw_tuple tuple;
	struct gw_flow *peer;

	flow->state = (__u8)state;
	tuple = gw_tuple_of_peer(flow, (__u8)protocol);
	peer = gw_flow_find(&tuple, is_v6);
	if (peer)
		peer->state = (__u8)state;
}

/* Notes the packet in the flow: time of its direction, state of both. */
static __always_inline void gw_flow_track(struct gw_flow *flow, const struct gw_packet *packet,
					  bool is_v6)
{
	const __u32 now = gw_now();
	__u8 state;

	/* A write a second, not one a packet: the cache line stays shared between CPUs. */
	if (flow->last_seen != now)
		flow->last_seen = now;
	state = gw_flow_next_state(flow->state, flow->flags & GW_FLOW_REPLY, packet->tcp_flags);
	if (state != flow->state)
		gw_flow_set_state(flow, state, packet->tuple.protocol, is_v6);
}
