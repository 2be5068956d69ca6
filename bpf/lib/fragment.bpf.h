/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets in pieces. The first fragment has the ports, which it leaves in gw_fragments for the
 * others; all take the way of the flow. A fragment that overtakes the first one is left to the
 * stack, like any packet that we cannot tell to be ours.
 */
#pragma once

#include "bpf/lib/flow.bpf.h"
#include "bpf/lib/select.bpf.h"
#include "bpf/lib/stage.bpf.h"

static __always_inline struct gw_fragment_key gw_fragment_key_of(const struct gw_packet *packet,
								 __u32 id, __u8 protocol)
{
	return (struct gw_fragment_key){
		.src = packet->tuple.src,
		.dst = packet->tuple.dst,
		.id = id,
		.protocol = protocol,
	};
}

/* Takes the ports that the first fragment has left; false if there are none. */
static __always_inline bool gw_fragment_recall(struct gw_packet *packet,
					       const struct gw_fragment_key *key)
{
	const struct gw_fragment *fragment = bpf_map_lookup_elem(&gw_fragments, key);

	if (!fragment)
		return false;
	packet->tuple.sport = fragment->sport;
	packet->tuple.dport = fragment->dport;
	packet->tuple.protocol = key->protocol;
	__builtin_memset(packet->tuple.pad, 0, sizeof(packet->tuple.pad));
	packet->seq = 0;
	packet->ack = 0;
	packet->l4_header = 0;
	packet->tcp_flags = 0;
	return true;
}

/* True if the packet belongs to a flow or a listener. */
static __always_inline bool gw_is_ours(const struct gw_packet *packet, bool is_v6)
{
	return gw_flow_find(&packet->tuple, is_v6) || gw_listener_find(&packet->tuple);
}

/* The ports of the first fragment, for the others too. Only packets that are ours take room. */
static __always_inline bool gw_fragment_remember(const struct gw_packet *packet,
						 const struct gw_fragment_key *key, bool is_v6)
{
	const struct gw_fragment fragment = {packet->tuple.sport, packet->tuple.dport};

	if (!gw_is_ours(packet, is_v6)) {
		/* Identifications come round again: an older packet's may have been ours. */
		bpf_map_delete_elem(&gw_fragments, key);
		return false;
	}
	bpf_map_update_elem(&gw_fragments, key, &fragment, BPF_ANY);
	return true;
}

/* Goes on with a fragment whose layer 4 header, if it has one, is not read yet. */
static __always_inline int gw_forward_fragment(gw_ctx *ctx, struct gw_packet *packet, __u32 id,
					       __u8 protocol, bool is_v6)
{
	const struct gw_fragment_key key = gw_fragment_key_of(packet, id, protocol);
	bool is_ours;

	if (packet->fragment == GW_FRAGMENT_LATER) {
		is_ours = gw_fragment_recall(packet, &key);
	} else {
		if (!gw_parse_l4(ctx, packet, protocol))
			return gw_pass();
		is_ours = gw_fragment_remember(packet, &key, is_v6);
	}
	if (!is_ours)
		return gw_pass();
	return gw_enter_with(ctx, packet, is_v6 ? GW_STAGE_FORWARD6 : GW_STAGE_FORWARD4);
}

static __always_inline int gw_stage_fragment4(gw_ctx *ctx)
{
	const struct iphdr *ip = gw_ipv4(ctx);
	struct gw_packet packet;

	if (!ip)
		return gw_pass();
	gw_packet_from_ipv4(&packet, ip);
	packet.fragment = ip->frag_off & bpf_htons(GW_IPV4_FRAGMENT_OFFSET) ? GW_FRAGMENT_LATER
									    : GW_FRAGMENT_FIRST;
	return gw_forward_fragment(ctx, &packet, ip->id, ip->protocol, false);
}
