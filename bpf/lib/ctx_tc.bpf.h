/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet context over __sk_buff, for ingress; for egress if gw_egress.bpf.c has said so. The
 * same names as in ctx_xdp.bpf.h: the core knows only them.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "bpf/lib/csum.bpf.h"
#include "maps/control.h"
#include "maps/flow.h"

#define GW_HOOK_XDP 0
#define GW_SECTION  "tc"

#ifndef GW_HOOK_EGRESS
#define GW_HOOK_EGRESS	 0
#define GW_PROGRAM(name) gw_tc_##name
#define GW_STAGE_TABLE	 gw_tc_stages
#endif

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
	return ctx->ifindex; /* the link that the packet came in by, or leaves by */
}

/* The stack has taken VLAN tags out for good. */
static __always_inline bool ctx_has_tags(const gw_ctx *ctx)
{
	return false;
}

static __always_inline int ctx_forget_tags(gw_ctx *ctx)
{
	return 0;
}

/*
 * Makes the first `length` bytes directly accessible, or all there are: some drivers leave the
 * linear part shorter than the headers. Sockets put exactly the headers there, so asking for more
 * than one needs costs a new buffer for each packet. Packet pointers are invalid afterwards.
 */
static __always_inline void ctx_pull(gw_ctx *ctx, __u32 length)
{
	const __u32 linear = ctx_data_end(ctx) - ctx_data(ctx);

	if (linear < length && linear < ctx->len)
		bpf_skb_pull_data(ctx, length < ctx->len ? length : ctx->len);
}

/*
 * Frames of others, seen because the link is promiscuous or the switch floods, are not ours. Nor
 * are those with a VLAN tag, which the kernel has already taken out of the frame: they will be seen
 * again on their VLAN's own device, and that one has our program if we serve it. A tag without a
 * number is none: it only gives a priority. At egress the type says nothing.
 */
static __always_inline bool ctx_is_for_us(const gw_ctx *ctx)
{
	return (GW_HOOK_EGRESS || ctx->pkt_type == PACKET_HOST) &&
	       (!ctx->vlan_present || !(ctx->vlan_tci & GW_VLAN_ID));
}

/* True if the frame has `length` bytes, directly accessible or not. */
static __always_inline bool ctx_has(const gw_ctx *ctx, __u32 length)
{
	return ctx->len >= length;
}

/* The longest IP packet that the frame is, or will be cut into; `ip_length` is the packet's own,
 * `headers` the length of its headers from the IP header on. */
static __always_inline __u32 ctx_segment_length(const gw_ctx *ctx, __u32 ip_length, __u32 headers)
{
	const __u32 gso_size = ctx->gso_size;

	return gso_size ? headers + gso_size : ip_length;
}

/*
 * Puts `length` bytes for an outer IP header behind the Ethernet header. Packet pointers are
 * invalid afterwards. Segments that the frame is yet to be cut into keep their size: of UDP each is
 * a datagram (without the flag the helper refuses), of TCP gw_is_too_big() has seen that they fit.
 */
static __always_inline int ctx_make_room(gw_ctx *ctx, __u32 length, bool is_v6)
{
	const __u64 family = is_v6 ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV4;

	return (int)bpf_skb_adjust_room(ctx, (int)length, BPF_ADJ_ROOM_MAC,
					family | BPF_F_ADJ_ROOM_FIXED_GSO);
}

/* Puts `length` bytes in front of the frame. Packet pointers are invalid afterwards. */
static __always_inline int ctx_push(gw_ctx *ctx, __u32 length)
{
	return (int)bpf_skb_change_head(ctx, length, 0);
}

/*
 * True if the checksum at `offset` is still to be finished by the device (CHECKSUM_PARTIAL). No
 * field tells; but a change of what the checksum covers leaves such a field alone.
 */
static __always_inline bool ctx_has_unfinished_csum(gw_ctx *ctx, __u32 offset)
{
	__u16 before, after;

	if (bpf_skb_load_bytes(ctx, offset, &before, sizeof(before)) < 0 ||
	    bpf_l4_csum_replace(ctx, offset, 0, 1, 0) < 0 ||
	    bpf_skb_load_bytes(ctx, offset, &after, sizeof(after)) < 0)
		return false;
	if (before == after)
		return true;
	bpf_skb_store_bytes(ctx, offset, &before, sizeof(before), 0);
	return false;
}

static __always_inline int ctx_truncate(gw_ctx *ctx, __u32 length)
{
	return (int)bpf_skb_change_tail(ctx, length, 0);
}

/*
 * Some cards sum up the whole IP packet (CHECKSUM_COMPLETE), and the receiver trusts that sum: it
 * has to change with the bytes. `delta`: what no checksum in the packet makes up for, which is an
 * IPv6 header's fields; also its addresses, as ctx_l4_csum_add() takes their delta off, which is
 * right for IPv4 only (docs/design/0028).
 */
static __always_inline void ctx_packet_csum_add(gw_ctx *ctx, __u32 delta)
{
	bpf_csum_update(ctx, delta);
}

/* Makes that sum the one of an empty packet: all is about to be written anew. */
static __always_inline void ctx_packet_csum_reset(gw_ctx *ctx)
{
	const long sum = (long)bpf_csum_update(ctx, 0);

	if (sum >= 0)
		bpf_csum_update(ctx, ~(__u32)sum);
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
	const __sum16 *check = ctx_data(ctx) + offset;

	if (zero_is_none && (void *)(check + 1) <= ctx_data_end(ctx) && !*check) {
		ctx_packet_csum_add(ctx, segment_delta);
		return 0;
	}
	if (pseudo_delta &&
	    bpf_l4_csum_replace(ctx, offset, 0, pseudo_delta, BPF_F_PSEUDO_HDR | flags) < 0)
		return -1;
	if (segment_delta && bpf_l4_csum_replace(ctx, offset, 0, segment_delta, flags) < 0)
		return -1;
	return 0;
}

/* To a neighbour whose MAC address the kernel has to find out; it queues the packet meanwhile. */
static __always_inline int ctx_redirect_unresolved(gw_ctx *ctx, __u32 ifindex,
						   struct bpf_redir_neigh *neighbour)
{
	return (int)bpf_redirect_neigh(ifindex, neighbour, sizeof(*neighbour), 0);
}

/* To whoever has sent the packet: what leaves us at egress is from our own stack. */
static __always_inline int ctx_send_back(gw_ctx *ctx)
{
	return (int)bpf_redirect(ctx_ifindex(ctx), GW_HOOK_EGRESS ? BPF_F_INGRESS : 0);
}

/*
 * By a next hop's link, or to its other end: the packet then goes on there at once, as if it had
 * just arrived, and misses a queue and a wakeup on its way. Only from ingress.
 */
static __always_inline int ctx_redirect(gw_ctx *ctx, __u32 ifindex)
{
	const __u32 link = ifindex & ~GW_IFINDEX_PEER;

	if (!GW_HOOK_EGRESS && link != ifindex)
		return (int)bpf_redirect_peer(link, 0);
	return (int)bpf_redirect(link, 0);
}
