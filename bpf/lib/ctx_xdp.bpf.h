/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet context over xdp_md. The same names as in ctx_tc.bpf.h: the core knows only them. */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "bpf/lib/csum.bpf.h"
#include "bpf/lib/feature.bpf.h"
#include "bpf/lib/tags.bpf.h"
#include "maps/flow.h"

#define GW_HOOK_XDP	 1 /* XDP leaves what it cannot do to the tc program of the same link */
#define GW_HOOK_EGRESS	 0
#define GW_PROGRAM(name) gw_xdp_##name
#define GW_SECTION	 "xdp" /* the loader adds BPF_F_XDP_HAS_FRAGS where the kernel has it */
#define GW_STAGE_TABLE	 gw_xdp_stages

typedef struct xdp_md gw_ctx;

enum { GW_VERDICT_PASS = XDP_PASS, GW_VERDICT_DROP = XDP_DROP };

static __always_inline void *ctx_data(const gw_ctx *ctx)
{
	return (void *)(long)ctx->data;
}

static __always_inline void *ctx_data_end(const gw_ctx *ctx)
{
	return (void *)(long)ctx->data_end;
}

/* The link that the packet came in by: with tags, their VLAN's device. */
static __always_inline __u32 ctx_ifindex(const gw_ctx *ctx)
{
	const struct gw_tags *tags = gw_tags_of(ctx);
	__u32 ifindex = ctx->ingress_ifindex;

	/* The compiler would choose a pointer first, and the verifier wants none into the context.
	 */
	barrier_var(ifindex);
	return tags ? tags->ifindex : ifindex;
}

/* True if the frame came with VLAN tags, which we took out. */
static __always_inline bool ctx_has_tags(const gw_ctx *ctx)
{
	return gw_tags_of(ctx);
}

/* The frame leaves without the tags it came with. */
static __always_inline int ctx_forget_tags(gw_ctx *ctx)
{
	return gw_tags_forget(ctx);
}

/* Makes the first `length` bytes directly accessible, or all there are. XDP frames are. */
static __always_inline void ctx_pull(gw_ctx *ctx, __u32 length)
{
}

/* The destination address of the frame decides on this hook, so nothing is known here. */
static __always_inline bool ctx_is_for_us(const gw_ctx *ctx)
{
	return true;
}

/* All buffers of the frame; before Linux 5.18 there is only one. */
static __always_inline long gw_frame_length(gw_ctx *ctx)
{
	if (gw_feature_is_allowed(GW_FEATURE_XDP_FRAGS) &&
	    bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_xdp_get_buff_len))
		return (long)bpf_xdp_get_buff_len(ctx);
	return ctx_data_end(ctx) - ctx_data(ctx);
}

/* True if the frame has `length` bytes, all buffers together. */
static __always_inline bool ctx_has(gw_ctx *ctx, __u32 length)
{
	return ctx_data_end(ctx) - ctx_data(ctx) >= length || gw_frame_length(ctx) >= length;
}

/* The longest IP packet that the frame is, or will be cut into; `ip_length` is the packet's own. */
static __always_inline __u32 ctx_segment_length(const gw_ctx *ctx, __u32 ip_length, __u32 headers)
{
	return ip_length;
}

/* Puts `length` bytes behind the Ethernet header, whose contents are then undefined. Packet
 * pointers are invalid afterwards. */
static __always_inline int ctx_make_room(gw_ctx *ctx, __u32 length, bool is_v6)
{
	return (int)bpf_xdp_adjust_head(ctx, -(int)length);
}

/* Puts `length` bytes in front of the frame. Packet pointers are invalid afterwards. */
static __always_inline int ctx_push(gw_ctx *ctx, __u32 length)
{
	return (int)bpf_xdp_adjust_head(ctx, -(int)length);
}

/* XDP sees no unfinished checksums. */
static __always_inline bool ctx_has_unfinished_csum(gw_ctx *ctx, __u32 offset)
{
	return false;
}

static __always_inline int ctx_truncate(gw_ctx *ctx, __u32 length)
{
	const long excess = gw_frame_length(ctx) - (long)length;

	return excess > 0 ? (int)bpf_xdp_adjust_tail(ctx, -(int)excess) : 0;
}

/*
 * Corrects a TCP or UDP checksum at `offset` for changed addresses (which are in the
 * pseudo-header) and changed segment bytes. `zero_is_none`: a field of zero stays, as "not
 * computed", and a result of zero is written as its other form (UDP, RFC 768). Invalidates no
 * packet pointer here, but does on tc: reload.
 */
static __always_inline int ctx_l4_csum_add(gw_ctx *ctx, __u32 offset, __u32 pseudo_delta,
					   __u32 segment_delta, bool zero_is_none)
{
	__sum16 *check = ctx_data(ctx) + offset;
	__sum16 corrected;

	if ((void *)(check + 1) > ctx_data_end(ctx))
		return -1;
	if (zero_is_none && !*check)
		return 0;
	corrected = gw_csum_apply(*check, gw_csum_sum(pseudo_delta, segment_delta));
	*check = zero_is_none && !corrected ? 0xffff : corrected;
	return 0;
}

/* XDP comes before anybody trusts a card's sum. */
static __always_inline void ctx_packet_csum_add(gw_ctx *ctx, __u32 delta)
{
}

static __always_inline void ctx_packet_csum_reset(gw_ctx *ctx)
{
}

/* XDP cannot: such packets are left to tc before anything in them is changed. */
static __always_inline int ctx_redirect_unresolved(gw_ctx *ctx, __u32 ifindex,
						   struct bpf_redir_neigh *neighbour)
{
	return GW_VERDICT_DROP;
}

/* By a next hop's link. */
static __always_inline int ctx_redirect(gw_ctx *ctx, __u32 ifindex)
{
	return (int)bpf_redirect(ifindex & ~GW_IFINDEX_PEER, 0);
}

/* To whoever has sent the packet. */
static __always_inline int ctx_send_back(gw_ctx *ctx)
{
	return gw_tags_restore(ctx) ? GW_VERDICT_DROP : ctx_redirect(ctx, ctx->ingress_ifindex);
}
