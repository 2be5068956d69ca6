/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames that come from or leave for a VLAN, on XDP. A VLAN's device has no XDP of its own: its
 * frames pass the program of the link below it, with their tags; and what leaves by it leaves by
 * that link, with its tags. On tc, VLAN devices are links like all others.
 */
#pragma once

#include "bpf/lib/counter.bpf.h"
#include "bpf/lib/flow.bpf.h"
#include "bpf/lib/packet.bpf.h"
#include "bpf/lib/stage.bpf.h"

static __always_inline bool gw_is_vlan(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

#if GW_HOOK_XDP
/* The frame's tags, and the type of what is behind them; false if it is cut short. */
static __always_inline bool gw_read_tags(const gw_ctx *ctx, struct gw_tags *tags, __be16 *type)
{
	const void *frame = ctx_data(ctx);
	const struct gw_vlan_tag *tag = frame + GW_MACS_LENGTH;

	/* No IP packet is so short that the second tag could not be read. */
	if (frame + GW_TAGGED_HEADER > ctx_data_end(ctx))
		return false;
	__builtin_memset(tags, 0, sizeof(*tags));
	tags->tags[0] = tag[0];
	*type = tag[1].protocol;
	if (!gw_is_vlan(*type))
		return true;
	tags->tags[1] = tag[1];
	*type = tag[2].protocol;
	return true;
}

/* The VLAN's device, if we serve it. */
static __always_inline __u32 gw_vlan_find(const gw_ctx *ctx, const struct gw_tags *tags)
{
	struct gw_vlan_key key = {
		.ifindex = ctx->ingress_ifindex,
		.tags = {tags->tags[0], tags->tags[1]},
	};
	const __u32 *ifindex;

	key.tags[0].tci &= bpf_htons(GW_VLAN_ID);
	key.tags[1].tci &= bpf_htons(GW_VLAN_ID);
	ifindex = bpf_map_lookup_elem(&gw_vlans, &key);
	return ifindex ? *ifindex : 0;
}

enum gw_untagged {
	GW_UNTAGGED,	 /* the frame is as if it had come without tags */
	GW_UNTAGGED_NOT, /* as it was: a VLAN that we do not serve, or a driver without metadata */
	GW_UNTAGGED_BROKEN, /* a helper failed where it cannot */
};

/* Notes the tags in the frame's metadata, then takes them out. */
static __always_inline enum gw_untagged gw_remove_tags(gw_ctx *ctx, struct gw_tags *tags,
						       __be16 type)
{
	const int length = tags->tags[1].protocol ? 2 * GW_TAG_LENGTH : GW_TAG_LENGTH;
	struct gw_tags *kept;
	struct ethhdr *frame;
	struct ethhdr eth;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*tags)))
		return GW_UNTAGGED_NOT;
	kept = (void *)(long)ctx->data_meta;
	frame = ctx_data(ctx);
	if ((void *)(kept + 1) > (void *)frame || (void *)(frame + 1) > ctx_data_end(ctx))
		return GW_UNTAGGED_BROKEN;
	tags->magic = GW_TAGS_MAGIC;
	*kept = *tags;
	eth = *frame;
	eth.h_proto = type;
	if (bpf_xdp_adjust_head(ctx, length))
		return GW_UNTAGGED_BROKEN;
	frame = ctx_data(ctx);
	if ((void *)(frame + 1) > ctx_data_end(ctx))
		return GW_UNTAGGED_BROKEN;
	*frame = eth;
	return GW_UNTAGGED;
}

static __always_inline enum gw_untagged gw_untag(gw_ctx *ctx, __be16 *type)
{
	struct gw_tags tags;

	if (!gw_read_tags(ctx, &tags, type))
		return GW_UNTAGGED_NOT;
	if (*type != bpf_htons(ETH_P_IP) && *type != bpf_htons(ETH_P_IPV6))
		return GW_UNTAGGED_NOT;
	tags.ifindex = gw_vlan_find(ctx, &tags);
	if (!tags.ifindex)
		return GW_UNTAGGED_NOT;
	return gw_remove_tags(ctx, &tags, *type);
}
#endif

/* A frame with tags. */
static __always_inline int gw_stage_untag(gw_ctx *ctx)
{
#if GW_HOOK_XDP
	__be16 type;

	switch (gw_untag(ctx, &type)) {
	case GW_UNTAGGED:
		return gw_enter(ctx, type == bpf_htons(ETH_P_IP) ? GW_STAGE_VLAN4 : GW_STAGE_VLAN6);
	case GW_UNTAGGED_NOT:
		return gw_pass();
	default:
		break;
	}
#endif
	return gw_drop(GW_DROP_INTERNAL);
}

/* Sends the frame by the flow's link, which may be a VLAN's device. */
static __always_inline int gw_leave(gw_ctx *ctx, const struct gw_flow *flow)
{
	struct gw_scratch *scratch;

	if (GW_HOOK_XDP && gw_flow_is_for_vlan(flow)) {
		scratch = gw_scratch_get();
		if (!scratch)
			return gw_drop(GW_DROP_INTERNAL);
		scratch->vlan = flow->ifindex;
		return gw_enter(ctx, GW_STAGE_TAG);
	}
	if (ctx_forget_tags(ctx))
		return gw_drop(GW_DROP_INTERNAL);
	return ctx_redirect(ctx, flow->ifindex);
}

/* A frame that is ready but for the tags that it leaves with. */
static __always_inline int gw_stage_tag(gw_ctx *ctx)
{
#if GW_HOOK_XDP
	const struct gw_scratch *scratch = gw_scratch_get();
	const struct gw_link *link;
	__u32 ifindex;

	if (!scratch)
		return gw_drop(GW_DROP_INTERNAL);
	ifindex = scratch->vlan;
	link = bpf_map_lookup_elem(&gw_links, &ifindex);
	if (!link)
		return gw_drop(GW_DROP_NO_ROUTE);
	if (gw_tags_forget(ctx) || gw_tags_push(ctx, link->tags))
		return gw_drop(GW_DROP_INTERNAL);
	return ctx_redirect(ctx, link->parent);
#else
	return gw_drop(GW_DROP_INTERNAL);
#endif
}

/* A frame that is left alone: it gets back the tags that it came with. Counted already. */
static __always_inline int gw_stage_restore(gw_ctx *ctx)
{
#if GW_HOOK_XDP
	return gw_tags_restore(ctx) ? gw_drop(GW_DROP_INTERNAL) : GW_VERDICT_PASS;
#else
	return GW_VERDICT_PASS;
#endif
}
