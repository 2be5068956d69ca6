/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flows: finding, storing, forgetting. `is_v6` is a constant wherever it is a parameter, so each
 * program has the code of one family only.
 */
#pragma once

#include "bpf/lib/clock.bpf.h"
#include "bpf/lib/counter.bpf.h"
#include "bpf/lib/packet.bpf.h"
#include "bpf/maps.bpf.h"

/* A value of either table, to build a new one in. Both begin with the gw_flow. */
union gw_flow_value {
	struct gw_flow flow;
	struct gw_flow4 v4;
	struct gw_flow6 v6;
};

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

static __always_inline bool gw_tuple_equal(const struct gw_tuple *a, const struct gw_tuple *b)
{
	return a->sport == b->sport && a->dport == b->dport && a->protocol == b->protocol &&
	       gw_addr_equal(&a->src, &b->src) && gw_addr_equal(&a->dst, &b->dst);
}

/* The source and destination that `flow`, an element of a flow table, writes into a packet. */
static __always_inline struct gw_addr gw_flow_src(const struct gw_flow *flow, bool is_v6)
{
	struct gw_addr addr;

	if (is_v6)
		return ((const struct gw_flow6 *)flow)->src;
	gw_addr_from_v4(&addr, ((const struct gw_flow4 *)flow)->src);
	return addr;
}

static __always_inline struct gw_addr gw_flow_dst(const struct gw_flow *flow, bool is_v6)
{
	struct gw_addr addr;

	if (is_v6)
		return ((const struct gw_flow6 *)flow)->dst;
	gw_addr_from_v4(&addr, ((const struct gw_flow4 *)flow)->dst);
	return addr;
}

/* The tuple under which the other direction of `flow` is stored. */
static __always_inline struct gw_tuple gw_tuple_of_peer(const struct gw_flow *flow, __u8 protocol,
							bool is_v6)
{
	return (struct gw_tuple){
		.src = gw_flow_dst(flow, is_v6),
		.dst = gw_flow_src(flow, is_v6),
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
static __always_inline long gw_flow_insert(const struct gw_tuple *tuple,
					   const union gw_flow_value *value, bool is_v6)
{
	struct gw_flow4_key key;

	if (is_v6)
		return bpf_map_update_elem(&gw_flows6, tuple, value, BPF_NOEXIST);
	key = gw_flow4_key_of(tuple);
	return bpf_map_update_elem(&gw_flows4, &key, value, BPF_NOEXIST);
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

static __always_inline bool gw_flow_is_tunnel(const struct gw_flow *flow)
{
	return (flow->flags & GW_FLOW_TUNNEL) == GW_FLOW_TUNNEL;
}

/* The backend is this host. */
static __always_inline bool gw_flow_is_local(const struct gw_flow *flow)
{
	return (flow->flags & GW_FLOW_VLAN) == GW_FLOW_LOCAL;
}

/* On XDP the frame leaves by a VLAN. */
static __always_inline bool gw_flow_is_for_vlan(const struct gw_flow *flow)
{
	return (flow->flags & GW_FLOW_VLAN) == GW_FLOW_VLAN;
}

/* The entry of the other direction; NULL with DSR, where what stands under its tuple is somebody
 * else's. */
static __always_inline struct gw_flow *gw_flow_peer(const struct gw_flow *flow, __u8 protocol,
						    bool is_v6)
{
	struct gw_tuple tuple;

	if (flow->flags & GW_FLOW_DSR)
		return NULL;
	tuple = gw_tuple_of_peer(flow, protocol, is_v6);
	return gw_flow_find(&tuple, is_v6);
}

/* Removes both entries of the connection of `flow`, which stands under `tuple`. */
static __always_inline void gw_flow_remove_both(const struct gw_flow *flow,
						const struct gw_tuple *tuple, bool is_v6)
{
	struct gw_tuple peer;

	if (!(flow->flags & GW_FLOW_DSR)) {
		peer = gw_tuple_of_peer(flow, tuple->protocol, is_v6);
		gw_flow_remove(&peer, is_v6);
	}
	gw_flow_remove(tuple, is_v6);
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

/* A packet with which the client may begin anew in the place of `flow`. */
static __always_inline bool gw_flow_may_begin(const struct gw_flow *flow,
					      const struct gw_packet *packet)
{
	return !(flow->flags & GW_FLOW_REPLY) && gw_is_request(packet);
}

/* A SYN for a closed connection's tuple begins a new one (RFC 9293, section 3.6.1); so does any
 * datagram, after the backend of the old one had gone. */
static __always_inline bool gw_flow_is_over(const struct gw_flow *flow,
					    const struct gw_packet *packet)
{
	return flow->state == GW_FLOW_CLOSED && gw_flow_may_begin(flow, packet);
}
