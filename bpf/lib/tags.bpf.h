/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VLAN tags, which only XDP meets: the stack takes them out before tc on the VLAN's own device. XDP
 * takes them out of frames that may be ours and remembers them in the frame's metadata, where each
 * stage finds them and no other frame's can be mistaken for them.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>

#include "maps/control.h"

#define GW_TAGS_MAGIC	 0x67775467 /* other programs may use the metadata, too */
#define GW_MACS_LENGTH	 (2 * ETH_ALEN)
#define GW_TAG_LENGTH	 sizeof(struct gw_vlan_tag)
#define GW_TAGGED_HEADER (sizeof(struct ethhdr) + GW_VLAN_TAGS * GW_TAG_LENGTH)

/* The tags that were taken out of this frame. */
struct gw_tags {
	__u32 magic;
	__u32 ifindex;			       /* the VLAN's device */
	struct gw_vlan_tag tags[GW_VLAN_TAGS]; /* as in the frame, priority included */
};
GW_STATIC_ASSERT(sizeof(struct gw_tags) % 4 == 0 && sizeof(struct gw_tags) <= 32,
		 "what XDP metadata may be");

/* The frame's removed tags, or NULL. */
static __always_inline const struct gw_tags *gw_tags_of(const struct xdp_md *ctx)
{
	const struct gw_tags *tags = (void *)(long)ctx->data_meta;

	if ((void *)(tags + 1) > (void *)(long)ctx->data || tags->magic != GW_TAGS_MAGIC)
		return NULL;
	return tags;
}

/* Puts tags (the second's protocol is 0 if there is only one) behind the MAC addresses. Packet
 * pointers are invalid afterwards. */
static __always_inline int gw_tags_push(struct xdp_md *ctx, const struct gw_vlan_tag *tags)
{
	const __u32 length = tags[1].protocol ? 2 * GW_TAG_LENGTH : GW_TAG_LENGTH;
	const struct ethhdr *old = (void *)(long)ctx->data;
	struct ethhdr eth;
	void *frame;

	if ((void *)(old + 1) > (void *)(long)ctx->data_end)
		return -1;
	eth = *old;
	if (bpf_xdp_adjust_head(ctx, -(int)length))
		return -1;
	frame = (void *)(long)ctx->data;
	if (frame + GW_TAGGED_HEADER > (void *)(long)ctx->data_end)
		return -1;
	__builtin_memcpy(frame, &eth, GW_MACS_LENGTH);
	__builtin_memcpy(frame + GW_MACS_LENGTH, &tags[0], GW_TAG_LENGTH);
	if (length == GW_TAG_LENGTH) {
		*(__be16 *)(frame + GW_MACS_LENGTH + GW_TAG_LENGTH) = eth.h_proto;
		return 0;
	}
	__builtin_memcpy(frame + GW_MACS_LENGTH + GW_TAG_LENGTH, &tags[1], GW_TAG_LENGTH);
	*(__be16 *)(frame + GW_MACS_LENGTH + 2 * GW_TAG_LENGTH) = eth.h_proto;
	return 0;
}

/* Forgets the removed tags: the frame leaves without them. */
static __always_inline int gw_tags_forget(struct xdp_md *ctx)
{
	return gw_tags_of(ctx) ? (int)bpf_xdp_adjust_meta(ctx, sizeof(struct gw_tags)) : 0;
}

/* Puts the removed tags back. Packet pointers are invalid afterwards. */
static __always_inline int gw_tags_restore(struct xdp_md *ctx)
{
	const struct gw_tags *tags = gw_tags_of(ctx);
	struct gw_tags removed;

	if (!tags)
		return 0;
	removed = *tags;
	return gw_tags_forget(ctx) || gw_tags_push(ctx, removed.tags) ? -1 : 0;
}
