/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv6 packets whose layer 4 header stands behind extension headers (RFC 8200, section 4). */
#pragma once

#include "bpf/lib/fragment.bpf.h"
#include "bpf/lib/stage.bpf.h"

/* Longer chains are left to the stack. RFC 8200 names six kinds, each at most once or twice. */
#define GW_EXTENSIONS_MAX 6

struct gw_extension {
	__u8 next;
	__u8 length; /* in units of 8 bytes, the first not counted */
	__be16 rest; /* fragment header: offset and flags; routing header: type and segments left */
	__be32 id;   /* fragment header */
};

#define GW_IPV6_FRAGMENT_OFFSET 0xfff8
#define GW_IPV6_MORE_FRAGMENTS	0x0001

/* Where the walk over the headers has come to. */
struct gw_extension_walk {
	__u32 offset; /* of the next header */
	__u8 protocol;
	__be32 id;
};

/* Steps over one header; false if it is cut short, or takes the packet elsewhere. */
static __always_inline bool gw_extension_step(const gw_ctx *ctx, struct gw_packet *packet,
					      struct gw_extension_walk *walk)
{
	const struct gw_extension *header = ctx_data(ctx) + (walk->offset & GW_MAX_L4_OFFSET);
	__u32 length;

	if (walk->offset > GW_MAX_L4_OFFSET || (void *)(header + 1) > ctx_data_end(ctx))
		return false;
	length = 8 + header->length * 8;
	if (walk->protocol == IPPROTO_FRAGMENT) {
		length = 8;
		walk->id = header->id;
		if (header->rest & bpf_htons(GW_IPV6_FRAGMENT_OFFSET))
			packet->fragment = GW_FRAGMENT_LATER;
		else if (header->rest & bpf_htons(GW_IPV6_MORE_FRAGMENTS))
			packet->fragment = GW_FRAGMENT_FIRST;
	} else if (walk->protocol == IPPROTO_ROUTING && header->rest & bpf_htons(0x00ff)) {
		return false; /* the destination is only a stop on the way */
	}
	walk->protocol = header->next;
	walk->offset += length;
	return true;
}

static __always_inline int gw_stage_extension6(gw_ctx *ctx)
{
	struct gw_extension_walk walk = {sizeof(struct ethhdr) + sizeof(struct ipv6hdr), 0, 0};
	const struct ipv6hdr *ip;
	struct gw_packet packet;
	__u32 skipped;
	int i;

	ctx_pull(ctx, GW_MAX_L4_OFFSET + sizeof(struct tcphdr));
	ip = gw_ipv6(ctx);
	if (!ip)
		return gw_pass();
	gw_packet_from_ipv6(&packet, ip);
	walk.protocol = ip->nexthdr;
#pragma unroll
	for (i = 0; i < GW_EXTENSIONS_MAX; i++) {
		/* Behind the fragment header of a later fragment comes no header. */
		if (!gw_is_extension(walk.protocol) || packet.fragment == GW_FRAGMENT_LATER)
			break;
		if (!gw_extension_step(ctx, &packet, &walk))
			return gw_pass();
	}
	skipped = walk.offset - sizeof(struct ethhdr) - sizeof(struct ipv6hdr);
	if (!gw_is_served_protocol(walk.protocol) || walk.offset > GW_MAX_L4_OFFSET ||
	    skipped > packet.l4_length)
		return gw_pass();
	packet.l4_offset = (__u16)walk.offset;
	packet.l4_length -= skipped;
	if (packet.fragment != GW_FRAGMENT_NONE)
		return gw_forward_fragment(ctx, &packet, walk.id, walk.protocol, true);
	if (!gw_parse_l4(ctx, &packet, walk.protocol))
		return gw_pass();
	return gw_enter_with(ctx, &packet, GW_STAGE_FORWARD6);
}
