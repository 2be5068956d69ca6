/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet context over __sk_buff. The same names as in ctx_xdp.bpf.h: the core knows only them.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "bpf/lib/csum.bpf.h"

#define GW_HOOK_XDP 0

typedef struct __sk_buff gw_ctx;

/* TC_ACT_UNSPEC: go on with the next program or filter, as if we were not there. */
enum { GW_VERDICT_PASS = TC_ACT_UNSPEC, GW_VERDICT_DROP = TC_ACT_SHOT };

static __always_inline void *ctx_data(const gw_ctx *ctx)
{
	return (void *)(long)ctx->data;
}

static __always_inline void *ctx_data_end(const gw_ctx *ctx)
{
	return (void *)(long)ctx->data_end;
}

static __always_inline __u32 ctx_ifindex(const gw_ctx *ctx)
{
	return ctx->ifindex; /* at ingress that is the link the packet came in by */
}

/*
 * Makes the first `length` bytes directly accessible: some drivers leave the linear part
 * shorter than the headers.
 */
static __always_inline void ctx_pull(gw_ctx *ctx, __u32 length)
{
	if (ctx_data(ctx) + length > ctx_data_end(ctx))
		bpf_skb_pull_data(ctx, length < ctx->len ? length : ctx->len);
}

/* Frames of others, seen because the link is promiscuous or the switch floods, are not ours. */
static __always_inline bool ctx_is_for_us(const gw_ctx *ctx)
{
	return ctx->pkt_type == PACKET_HOST;
}

static __always_inline int ctx_truncate(gw_ctx *ctx, __u32 length)
{
	return (int)bpf_skb_change_tail(ctx, length, 0);
}

/*
 * Corrects a TCP or UDP checksum at `offset` for changed addresses (which are in the pseudo-header)
 * and changed segment bytes. Two calls, because the skb may carry an unfinished checksum
 * (CHECKSUM_PARTIAL): the field then holds the pseudo-header's sum alone, and only the helper
 * knows. `zero_is_none`: a field of zero stays, as "not computed" (UDP, RFC 768). Invalidates
 * packet pointers.
 */
static __always_inline int ctx_l4_csum_add(gw_ctx *ctx, __u32 offset, __u32 pseudo_delta,
					   __u32 segment_delta, bool zero_is_none)
{
	const __u64 flags = zero_is_none ? BPF_F_MARK_MANGLED_0 : 0;

	if (pseudo_delta &&
	    bpf_l4_csum_replace(ctx, offset, 0, pseudo_delta, BPF_F_PSEUDO_HDR | flags) < 0)
		return -1;
	if (segment_delta && bpf_l4_csum_replace(ctx, offset, 0, segment_delta, flags) < 0)
		return -1;
	return 0;
}

static __always_inline int ctx_redirect(gw_ctx *ctx, __u32 ifindex)
{
	return (int)bpf_redirect(ifindex, 0);
}
