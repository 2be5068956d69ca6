/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tells the sender of a packet why it went no further: too long for the next hop, or out of time
 * (RFC 792, RFC 1191, RFC 4443). The source is the address that the packet was sent to, as no
 * filter between would let another one pass for sure.
 */
#pragma once

#include "bpf/lib/counter.bpf.h"
#include "bpf/lib/csum.bpf.h"
#include "bpf/lib/packet.bpf.h"
#include "bpf/lib/reject.bpf.h"
#include "bpf/lib/stage.bpf.h"

/* How much of the packet is quoted: what it has of these, from the IP header on. */
#define GW_QUOTE_LONG 128

/* Both families' header; <linux/icmp.h> would bring the C library with it. */
struct gw_icmp {
	__u8 type;
	__u8 code;
	__sum16 checksum;
	__be32 rest; /* with IPv4 the MTU is in its lower half, with IPv6 it is all of it */
};

#define GW_ICMP_DEST_UNREACH	3
#define GW_ICMP_FRAG_NEEDED	4
#define GW_ICMP_TIME_EXCEEDED	11
#define GW_ICMP_PARAMETERPROB	12
#define GW_ICMPV6_DEST_UNREACH	1
#define GW_ICMPV6_PKT_TOOBIG	2
#define GW_ICMPV6_TIME_EXCEEDED 3
#define GW_ICMPV6_PARAMPROB	4

/* Errors that a CPU sends in a second (RFC 4443, section 2.4 (f): MUST be limited). */
#define GW_ERRORS_PER_SECOND 1000

static __always_inline bool gw_error_is_allowed(struct gw_scratch *scratch)
{
	const __u32 now = gw_now();

	if (scratch->error_second != now) {
		scratch->error_second = now;
		scratch->errors = 0;
	}
	return scratch->errors++ < GW_ERRORS_PER_SECOND;
}

/* How much is quoted: the packet's first 128 bytes, or the headers of a shorter one. */
static __always_inline __u32 gw_quote_length(const struct gw_packet *packet, bool is_v6)
{
	const __u32 l3 = is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);

	if (gw_ip_length(packet) >= GW_QUOTE_LONG)
		return GW_QUOTE_LONG;
	return l3 + (packet->tuple.protocol == IPPROTO_UDP ? sizeof(struct udphdr)
							   : sizeof(struct tcphdr));
}

/* The sum of `length` bytes (a constant) from the IP header on; false if they are not there. */
static __always_inline bool gw_sum_from_l3(const gw_ctx *ctx, __u32 length, __u32 *sum)
{
	void *l3 = ctx_data(ctx) + sizeof(struct ethhdr);

	if (l3 + length > ctx_data_end(ctx))
		return false;
	*sum = (__u32)bpf_csum_diff(NULL, 0, l3, length, 0);
	return true;
}

static __always_inline bool gw_sum_of_quote(const gw_ctx *ctx, __u32 length, bool is_v6, __u32 *sum)
{
	const __u32 l3 = is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);

	if (length == GW_QUOTE_LONG)
		return gw_sum_from_l3(ctx, GW_QUOTE_LONG, sum);
	if (length == l3 + sizeof(struct tcphdr))
		return gw_sum_from_l3(ctx, l3 + sizeof(struct tcphdr), sum);
	return gw_sum_from_l3(ctx, l3 + sizeof(struct udphdr), sum);
}

/*
 * The sum of the quote once the device has finished the checksum at `offset` in it. That sets the
 * field f to ~S, where S is the sum of the layer 4 part with f in it; S - f + ~S is ~f.
 */
static __always_inline bool gw_sum_of_unfinished(const gw_ctx *ctx, __u32 offset, bool is_v6,
						 __u32 *sum)
{
	const __u32 l3 = is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	const __u16 *field = ctx_data(ctx) + (offset & GW_MAX_L4_OFFSET);

	if ((void *)(field + 1) > ctx_data_end(ctx) || !gw_sum_from_l3(ctx, l3, sum))
		return false;
	*sum = gw_csum_sum(*sum, (__u16) ~*field);
	return true;
}

/* What stands in front of the quote, ready but for the Ethernet header. */
struct gw_error_head4 {
	struct iphdr ip;
	struct gw_icmp icmp;
};
struct gw_error_head6 {
	struct ipv6hdr ip;
	struct gw_icmp icmp;
};
GW_STATIC_ASSERT(sizeof(struct gw_error_head4) == 28, "an IPv4 and an ICMP header");
GW_STATIC_ASSERT(sizeof(struct gw_error_head6) == 48, "an IPv6 and an ICMPv6 header");

static __always_inline void gw_error_fill4(struct gw_error_head4 *head,
					   const struct gw_packet *packet, __u32 mtu, __u32 quote,
					   __u32 sum)
{
	__builtin_memset(head, 0, sizeof(*head));
	head->ip.version = 4;
	head->ip.ihl = GW_IPV4_MIN_IHL;
	head->ip.tot_len = bpf_htons((__u16)(sizeof(*head) + quote));
	head->ip.ttl = GW_RESET_TTL;
	head->ip.protocol = IPPROTO_ICMP;
	head->ip.saddr = packet->tuple.dst.word[3];
	head->ip.daddr = packet->tuple.src.word[3];
	head->ip.check = (__sum16)~gw_csum_fold(
		(__u32)bpf_csum_diff(NULL, 0, (__be32 *)&head->ip, sizeof(head->ip), 0));
	head->icmp.type = mtu ? GW_ICMP_DEST_UNREACH : GW_ICMP_TIME_EXCEEDED;
	head->icmp.code = mtu ? GW_ICMP_FRAG_NEEDED : 0;
	head->icmp.rest = bpf_htonl(mtu);
	head->icmp.checksum = (__sum16)~gw_csum_fold(
		(__u32)bpf_csum_diff(NULL, 0, (__be32 *)&head->icmp, sizeof(head->icmp), sum));
}

static __always_inline void gw_error_fill6(struct gw_error_head6 *head,
					   const struct gw_packet *packet, __u32 mtu, __u32 quote,
					   __u32 sum)
{
	const __u32 length = sizeof(head->icmp) + quote;
	const __be32 rest[2] = {bpf_htonl(length), bpf_htonl(IPPROTO_ICMPV6)};

	__builtin_memset(head, 0, sizeof(*head));
	head->ip.version = 6;
	head->ip.payload_len = bpf_htons((__u16)length);
	head->ip.nexthdr = IPPROTO_ICMPV6;
	head->ip.hop_limit = GW_RESET_TTL;
	__builtin_memcpy(&head->ip.saddr, &packet->tuple.dst, sizeof(head->ip.saddr));
	__builtin_memcpy(&head->ip.daddr, &packet->tuple.src, sizeof(head->ip.daddr));
	head->icmp.type = mtu ? GW_ICMPV6_PKT_TOOBIG : GW_ICMPV6_TIME_EXCEEDED;
	head->icmp.rest = bpf_htonl(mtu);
	sum = (__u32)bpf_csum_diff(NULL, 0, (__be32 *)rest, sizeof(rest), sum);
	sum = (__u32)bpf_csum_diff(NULL, 0, (__be32 *)&packet->tuple.src, sizeof(packet->tuple.src),
				   sum);
	sum = (__u32)bpf_csum_diff(NULL, 0, (__be32 *)&packet->tuple.dst, sizeof(packet->tuple.dst),
				   sum);
	head->icmp.checksum = (__sum16)~gw_csum_fold(
		(__u32)bpf_csum_diff(NULL, 0, (__be32 *)&head->icmp, sizeof(head->icmp), sum));
}

/* Puts `head` in front of the IP packet, and the Ethernet header, turned round, in front of that.
 */
static __always_inline int gw_error_push(gw_ctx *ctx, const void *head, __u32 length)
{
	const struct ethhdr *old;
	struct ethhdr turned;
	struct ethhdr *eth;

	if (ctx_push(ctx, length))
		return -1;
	eth = ctx_data(ctx);
	old = (void *)eth + length;
	if ((void *)(old + 1) > ctx_data_end(ctx))
		return -1;
	__builtin_memcpy(turned.h_dest, old->h_source, ETH_ALEN);
	__builtin_memcpy(turned.h_source, old->h_dest, ETH_ALEN);
	turned.h_proto = old->h_proto;
	*eth = turned;
	__builtin_memcpy(eth + 1, head, length);
	return 0;
}

/* Where the packet has its layer 4 checksum. */
static __always_inline __u32 gw_check_offset(const struct gw_packet *packet)
{
	return gw_l4_offset(packet) + (packet->tuple.protocol == IPPROTO_UDP
					       ? __builtin_offsetof(struct udphdr, check)
					       : __builtin_offsetof(struct tcphdr, check));
}

static __always_inline int gw_stage_error(gw_ctx *ctx, bool is_v6)
{
	const __u32 l3 = is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	struct gw_scratch *scratch = gw_scratch_get();
	const struct gw_packet *packet;
	__u32 quote, sum;
	bool unfinished;
	int pushed;

	if (!scratch)
		return gw_drop(GW_DROP_INTERNAL);
	packet = &scratch->packet;
	/* A later fragment is not answered (RFC 1122, section 3.2.2); options are rare. */
	if (packet->fragment == GW_FRAGMENT_LATER ||
	    packet->l4_offset != sizeof(struct ethhdr) + l3 || !gw_error_is_allowed(scratch))
		return gw_drop((enum gw_counter)scratch->reason);
	quote = gw_quote_length(packet, is_v6);
	unfinished = ctx_has_unfinished_csum(ctx, gw_check_offset(packet));
	if (ctx_truncate(ctx, sizeof(struct ethhdr) + quote))
		return gw_drop(GW_DROP_INTERNAL);
	ctx_pull(ctx, sizeof(struct ethhdr) + GW_QUOTE_LONG);
	if (unfinished ? !gw_sum_of_unfinished(ctx, gw_check_offset(packet), is_v6, &sum)
		       : !gw_sum_of_quote(ctx, quote, is_v6, &sum))
		return gw_drop(GW_DROP_INTERNAL);
	if (is_v6) {
		struct gw_error_head6 head;

		gw_error_fill6(&head, packet, scratch->mtu, quote, sum);
		pushed = gw_error_push(ctx, &head, sizeof(head));
	} else {
		struct gw_error_head4 head;

		gw_error_fill4(&head, packet, scratch->mtu, quote, sum);
		pushed = gw_error_push(ctx, &head, sizeof(head));
	}
	if (pushed)
		return gw_drop(GW_DROP_INTERNAL);
	gw_count((enum gw_counter)scratch->reason);
	gw_count(GW_EVENT_ICMP_SENT);
	return ctx_send_back(ctx);
}

static __always_inline int gw_stage_error4(gw_ctx *ctx)
{
	return gw_stage_error(ctx, false);
}

static __always_inline int gw_stage_error6(gw_ctx *ctx)
{
	return gw_stage_error(ctx, true);
}
