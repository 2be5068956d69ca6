/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ICMP errors about packets that we have sent on. What is quoted is a packet as we rewrote it, so
 * the other direction's entry, found under the quoted tuple turned round, holds what its sender
 * knows: that entry's rewrite, applied to the error and backwards to the quote, is the translation
 * (RFC 5508). So path MTU discovery works through the gateway.
 */
#pragma once

#include "bpf/lib/error.bpf.h"
#include "bpf/lib/forward.bpf.h"
#include "bpf/lib/health.bpf.h"

/* Where the quoted IP header begins. */
#define GW_INNER4_OFFSET (sizeof(struct ethhdr) + sizeof(struct iphdr) + sizeof(struct gw_icmp))
#define GW_INNER6_OFFSET (sizeof(struct ethhdr) + sizeof(struct ipv6hdr) + sizeof(struct gw_icmp))

/* What is quoted in an error, and what the error needs to be sent on. */
struct gw_quote {
	struct gw_tuple tuple; /* as the quoted packet has it */
	struct gw_addr sender; /* of the error */
	__u32 l4_offset;       /* of the quoted layer 4 header */
	bool is_unreachable;   /* the error says: it cannot be reached at all */
};

static __always_inline bool gw_is_icmp_error(__u8 type, bool is_v6)
{
	if (is_v6)
		return type >= GW_ICMPV6_DEST_UNREACH && type <= GW_ICMPV6_PARAMPROB;
	return type == GW_ICMP_DEST_UNREACH || type == GW_ICMP_TIME_EXCEEDED ||
	       type == GW_ICMP_PARAMETERPROB;
}

/* The quoted ports: the first 8 bytes of layer 4 are there (RFC 792), before the packet's end,
 * which is `ip_length` behind the beginning of the IP header. */
static __always_inline bool gw_quote_ports(const gw_ctx *ctx, struct gw_quote *quote,
					   __u32 ip_length)
{
	const __be16 *ports = ctx_data(ctx) + (quote->l4_offset & GW_MAX_L4_OFFSET);

	if ((void *)(ports + 4) > ctx_data_end(ctx) ||
	    quote->l4_offset + 8 > sizeof(struct ethhdr) + ip_length)
		return false;
	quote->tuple.sport = ports[0];
	quote->tuple.dport = ports[1];
	return true;
}

/* An error goes to whoever has sent what it is about; one that goes elsewhere is not about a packet
 * that we have sent on. */
static __always_inline bool gw_parse_icmp4(gw_ctx *ctx, struct gw_quote *quote)
{
	const struct iphdr *ip = gw_ipv4(ctx);
	const struct gw_icmp *icmp = (void *)(ip + 1);
	const struct iphdr *inner = (void *)(icmp + 1);

	if (!ip || ip->ihl != GW_IPV4_MIN_IHL || (void *)(inner + 1) > ctx_data_end(ctx))
		return false;
	if (!gw_is_icmp_error(icmp->type, false) || inner->version != 4 ||
	    inner->ihl < GW_IPV4_MIN_IHL || !gw_is_served_protocol(inner->protocol) ||
	    inner->frag_off & bpf_htons(GW_IPV4_FRAGMENT_OFFSET) || inner->saddr != ip->daddr)
		return false;
	__builtin_memset(quote, 0, sizeof(*quote));
	gw_addr_from_v4(&quote->sender, ip->saddr);
	gw_addr_from_v4(&quote->tuple.src, inner->saddr);
	gw_addr_from_v4(&quote->tuple.dst, inner->daddr);
	quote->tuple.protocol = inner->protocol;
	quote->l4_offset = GW_INNER4_OFFSET + inner->ihl * 4;
	quote->is_unreachable =
		icmp->type == GW_ICMP_DEST_UNREACH && icmp->code != GW_ICMP_FRAG_NEEDED;
	return gw_quote_ports(ctx, quote, bpf_ntohs(ip->tot_len));
}

static __always_inline bool gw_parse_icmp6(gw_ctx *ctx, struct gw_quote *quote)
{
	const struct ipv6hdr *ip = gw_ipv6(ctx);
	const struct gw_icmp *icmp = (void *)(ip + 1);
	const struct ipv6hdr *inner = (void *)(icmp + 1);
	struct gw_addr target;

	if (!ip || (void *)(inner + 1) > ctx_data_end(ctx))
		return false;
	if (!gw_is_icmp_error(icmp->type, true) || inner->version != 6 ||
	    !gw_is_served_protocol(inner->nexthdr))
		return false;
	__builtin_memset(quote, 0, sizeof(*quote));
	gw_addr_from_v6(&quote->sender, &ip->saddr);
	gw_addr_from_v6(&quote->tuple.src, &inner->saddr);
	gw_addr_from_v6(&quote->tuple.dst, &inner->daddr);
	quote->tuple.protocol = inner->nexthdr;
	quote->l4_offset = GW_INNER6_OFFSET + sizeof(struct ipv6hdr);
	quote->is_unreachable = icmp->type == GW_ICMPV6_DEST_UNREACH;
	gw_addr_from_v6(&target, &ip->daddr);
	return gw_addr_equal(&target, &quote->tuple.src) &&
	       gw_quote_ports(ctx, quote, sizeof(*ip) + bpf_ntohs(ip->payload_len));
}

/*
 * Rewrites the quoted packet into the one that its sender sent: from F.dst to F.src, where F is the
 * entry of the error's direction. Returns what that adds to the ICMP checksum: the quoted IPv4
 * header's own checksum makes up for its addresses, so only IPv6's count, and the ports.
 *
 * The quoted TCP or UDP checksum is left as it is. Nobody can check it, most of the packet is not
 * there.
 */
static __always_inline bool gw_rewrite_quote(gw_ctx *ctx, const struct gw_flow *flow,
					     const struct gw_quote *quote, bool is_v6, __u32 *delta)
{
	void *l3 = ctx_data(ctx) + (is_v6 ? GW_INNER6_OFFSET : GW_INNER4_OFFSET);
	__be16 *ports = ctx_data(ctx) + (quote->l4_offset & GW_MAX_L4_OFFSET);
	const struct gw_addr src = gw_flow_dst(flow, is_v6);
	const struct gw_addr dst = gw_flow_src(flow, is_v6);
	__u32 addresses;

	addresses = gw_csum_diff(&quote->tuple.src, &src, sizeof(src), 0);
	addresses = gw_csum_diff(&quote->tuple.dst, &dst, sizeof(dst), addresses);
	if (is_v6) {
		struct ipv6hdr *ip = l3;

		if ((void *)(ip + 1) > ctx_data_end(ctx))
			return false;
		__builtin_memcpy(&ip->saddr, &src, sizeof(ip->saddr));
		__builtin_memcpy(&ip->daddr, &dst, sizeof(ip->daddr));
	} else {
		struct iphdr *ip = l3;

		if ((void *)(ip + 1) > ctx_data_end(ctx))
			return false;
		ip->check = gw_csum_apply(ip->check, addresses);
		ip->saddr = src.word[3];
		ip->daddr = dst.word[3];
	}
	if ((void *)(ports + 2) > ctx_data_end(ctx))
		return false;
	*delta = gw_ports_delta(ports[0], ports[1], flow->dport, flow->sport);
	if (is_v6)
		*delta = gw_csum_sum(*delta, addresses);
	ports[0] = flow->dport;
	ports[1] = flow->sport;
	return true;
}

/* An error that comes from the quoted packet's destination is from the flow's; a router stays who
 * it is. */
static __always_inline struct gw_addr gw_error_source(const struct gw_flow *flow,
						      const struct gw_quote *quote, bool is_v6)
{
	return gw_addr_equal(&quote->sender, &quote->tuple.dst) ? gw_flow_src(flow, is_v6)
								: quote->sender;
}

static __always_inline bool gw_rewrite_error4(gw_ctx *ctx, const struct gw_flow *flow,
					      const struct gw_quote *quote, __u32 delta)
{
	struct iphdr *ip = ctx_data(ctx) + sizeof(struct ethhdr);
	struct gw_icmp *icmp = (void *)(ip + 1);
	struct gw_addr old_dst, src, dst;
	__u32 addresses;

	if ((void *)(icmp + 1) > ctx_data_end(ctx))
		return false;
	gw_addr_from_v4(&old_dst, ip->daddr);
	src = gw_error_source(flow, quote, false);
	dst = gw_flow_dst(flow, false);
	addresses = gw_csum_diff(&quote->sender, &src, sizeof(src), 0);
	addresses = gw_csum_diff(&old_dst, &dst, sizeof(dst), addresses);
	ip->check = gw_rewrite_ipv4_check(ip, addresses);
	ip->saddr = src.word[3];
	ip->daddr = dst.word[3];
	ip->ttl--;
	icmp->checksum = gw_csum_apply(icmp->checksum, delta);
	return true;
}

static __always_inline bool gw_rewrite_error6(gw_ctx *ctx, const struct gw_flow *flow,
					      const struct gw_quote *quote, __u32 delta)
{
	struct ipv6hdr *ip = ctx_data(ctx) + sizeof(struct ethhdr);
	struct gw_icmp *icmp = (void *)(ip + 1);
	struct gw_addr old_dst, src, dst;

	if ((void *)(icmp + 1) > ctx_data_end(ctx))
		return false;
	gw_addr_from_v6(&old_dst, &ip->daddr);
	src = gw_error_source(flow, quote, true);
	dst = gw_flow_dst(flow, true);
	delta = gw_csum_diff(&quote->sender, &src, sizeof(src), delta);
	delta = gw_csum_diff(&old_dst, &dst, sizeof(dst), delta);
	__builtin_memcpy(&ip->saddr, &src, sizeof(ip->saddr));
	__builtin_memcpy(&ip->daddr, &dst, sizeof(ip->daddr));
	ip->hop_limit--;
	ctx_packet_csum_add(ctx, GW_CSUM_HOP);
	icmp->checksum = gw_csum_apply(icmp->checksum, delta);
	return true;
}

static __always_inline bool gw_translate_icmp(gw_ctx *ctx, const struct gw_flow *flow,
					      const struct gw_quote *quote, bool is_v6)
{
	__u32 delta;

	/* With DSR the backend has sent the quoted packet itself, from the VIP: it goes there as it
	 * is. */
	if (flow->flags & GW_FLOW_DSR)
		return !gw_rewrite_ip(ctx, flow, is_v6) &&
		       (!gw_flow_is_tunnel(flow) || !gw_tunnel(ctx, flow, is_v6));
	if (!gw_rewrite_quote(ctx, flow, quote, is_v6, &delta))
		return false;
	return is_v6 ? gw_rewrite_error6(ctx, flow, quote, delta)
		     : gw_rewrite_error4(ctx, flow, quote, delta);
}

static __always_inline __u8 gw_ttl(const gw_ctx *ctx, bool is_v6)
{
	const __u8 *l3 = ctx_data(ctx) + sizeof(struct ethhdr);
	const __u32 offset = is_v6 ? __builtin_offsetof(struct ipv6hdr, hop_limit)
				   : __builtin_offsetof(struct iphdr, ttl);

	return (void *)(l3 + offset + 1) > ctx_data_end(ctx) ? 0 : l3[offset];
}

static __always_inline int gw_stage_icmp(gw_ctx *ctx, bool is_v6)
{
	struct bpf_redir_neigh neighbour;
	struct gw_packet packet = {};
	struct gw_quote quote;
	struct gw_flow *flow;
	enum gw_next_hop hop;

	ctx_pull(ctx, GW_MAX_L4_OFFSET);
	if (!(is_v6 ? gw_parse_icmp6(ctx, &quote) : gw_parse_icmp4(ctx, &quote)))
		return gw_pass();
	packet.tuple = gw_tuple_reverse(&quote.tuple);
	flow = gw_flow_find(&packet.tuple, is_v6);
	if (!flow || !gw_is_host(&quote.sender, is_v6) || gw_is_others_at_egress(flow))
		return gw_pass();
	if (gw_ttl(ctx, is_v6) <= 1)
		return gw_drop(GW_DROP_TTL_EXPIRED);
	hop = GW_NEXT_HOP_READY;
	if (flow->generation != gw_generation()) {
		/* Its next packet is to find that out, so the hop must not become current. */
		if (!gw_backend_is_there(flow))
			return gw_pass();
		hop = gw_next_hop_refresh(ctx, flow, &packet, &neighbour, is_v6);
	}
	if (hop != GW_NEXT_HOP_READY && hop != GW_NEXT_HOP_UNRESOLVED)
		return gw_drop(hop == GW_NEXT_HOP_DISABLED ? GW_DROP_FORWARDING_DISABLED
							   : GW_DROP_NO_ROUTE);
	if (GW_HOOK_XDP && (hop == GW_NEXT_HOP_UNRESOLVED || !(flow->flags & GW_FLOW_XDP)))
		return gw_leave_to_tc();
	if (!gw_translate_icmp(ctx, flow, &quote, is_v6))
		return gw_drop(GW_DROP_INTERNAL);
	gw_count(GW_EVENT_ICMP_TRANSLATED);
	if (quote.is_unreachable) /* as good as a RST */
		gw_health_note_state(flow, GW_FLOW_CLOSED, quote.tuple.protocol);
	if (hop == GW_NEXT_HOP_UNRESOLVED)
		return ctx_redirect_unresolved(ctx, flow->ifindex, &neighbour);
	return gw_transmit(ctx, flow, GW_IN_FORWARD);
}

static __always_inline int gw_stage_icmp4(gw_ctx *ctx)
{
	return gw_stage_icmp(ctx, false);
}

static __always_inline int gw_stage_icmp6(gw_ctx *ctx)
{
	return gw_stage_icmp(ctx, true);
}
