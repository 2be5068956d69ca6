// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program for BPF_PROG_TEST_RUN with `repeat`, which hands the same frame to each repetition, as
 * the one before has left it: restores the frame, with the addresses and ports of another flow, and
 * calls the program under test. See test_run.h.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "tests/bench/bpf/test_run.h"

#define FIRST_ADDRESS 0x0a400000 /* 10.64.0.0/10; of IPv6 the last word */

struct frames frames = {};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tuple);
} tuples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} program SEC(".maps");

/* What varies in a frame, in the packet. */
struct fields {
	void *src; /* addresses: IPv4 one word, IPv6 four */
	void *dst;
	__be16 *ports; /* source, then destination */
	__sum16 *ip_check;
	__sum16 *l4_check;
};

static __always_inline struct fields fields_of(void *data, bool is_v6)
{
	struct iphdr *ip = data + ETH_HLEN;
	struct ipv6hdr *ip6 = data + ETH_HLEN;
	void *l4 = is_v6 ? (void *)(ip6 + 1) : (void *)(ip + 1);
	const bool is_udp = (is_v6 ? ip6->nexthdr : ip->protocol) == IPPROTO_UDP;

	return (struct fields){
		.src = is_v6 ? (void *)&ip6->saddr : (void *)&ip->saddr,
		.dst = is_v6 ? (void *)&ip6->daddr : (void *)&ip->daddr,
		.ports = l4,
		.ip_check = &ip->check,
		.l4_check = l4 + (is_udp ? 6 : 16),
	};
}

/* Adds words to a checksum field (RFC 1624). */
static __always_inline void add_to_checksum(__sum16 *check, __u64 words)
{
	__u64 sum = (__u16) ~*check + (words >> 32) + (__u32)words;

	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	*check = (__sum16)~sum;
}

/* The flow of a number: 16 of an address. */
static __always_inline void write_source(const struct fields *f, __u32 number, bool is_v6)
{
	const __be32 address = bpf_htonl(FIRST_ADDRESS + (number >> 4));
	const __be16 port = bpf_htons(1024 + ((number & 15) << 10));

	((__be32 *)f->src)[is_v6 ? 3 : 0] = address;
	f->ports[0] = port;
	if (!is_v6)
		add_to_checksum(f->ip_check, address);
	add_to_checksum(f->l4_check, (__u64)address + port);
}

static __always_inline void write_tuple(const struct fields *f, const struct tuple *t, bool is_v6)
{
	const int words = is_v6 ? 4 : 1;
	__u64 sum = 0;
	int i;

	for (i = 0; i < words; i++) {
		((__be32 *)f->src)[i] = t->src[i];
		((__be32 *)f->dst)[i] = t->dst[i];
		sum += (__u64)t->src[i] + t->dst[i];
	}
	f->ports[0] = t->sport;
	f->ports[1] = t->dport;
	if (!is_v6)
		add_to_checksum(f->ip_check, sum);
	add_to_checksum(f->l4_check, sum + t->sport + t->dport);
}

/* `data` is the frame as it was sent; `number` the one that was before it. */
static __always_inline void capture(void *data, __u32 number, bool is_v6)
{
	const struct fields f = fields_of(data, is_v6);
	struct tuple *t = bpf_map_lookup_elem(&tuples, &number);
	const int words = is_v6 ? 4 : 1;
	int i;

	if (!t)
		return;
	for (i = 0; i < words; i++) {
		t->src[i] = ((__be32 *)f.dst)[i];
		t->dst[i] = ((__be32 *)f.src)[i];
	}
	t->sport = f.ports[1];
	t->dport = f.ports[0];
}

/* The number of this frame; steps on to the next one. */
static __always_inline __u32 take_number(void)
{
	const __u32 at = frames.at;
	__u32 next = at + frames.stride;

	if (next >= frames.count)
		next -= frames.count;
	frames.at = next;
	return frames.first + at;
}

/* The frame's length, before and behind, is right. */
static __always_inline int restore(void *data, bool is_v6)
{
	const __u32 number = take_number();
	struct fields f;

	if (frames.captures) {
		if (frames.last)
			capture(data, frames.last - 1, is_v6);
		frames.last = number + 1;
	}
	__builtin_memcpy(data, frames.bytes, is_v6 ? FRAME6_SIZE : FRAME4_SIZE);
	f = fields_of(data, is_v6);
	if (frames.variation == VARY_TUPLE) {
		const struct tuple *t = bpf_map_lookup_elem(&tuples, &number);

		if (!t)
			return -1;
		write_tuple(&f, t, is_v6);
	} else {
		write_source(&f, number, is_v6);
	}
	return 0;
}

static __always_inline int restore_within(void *data, void *end)
{
	if (!frames.is_v6)
		return data + FRAME4_SIZE <= end ? restore(data, false) : -1;
	return data + FRAME6_SIZE <= end ? restore(data, true) : -1;
}

/* Takes away what the program has put in front (a tunnel's header), gives back what it cut off. */
static __noinline int fit_frame(struct xdp_md *ctx)
{
	const int size = frames.is_v6 ? FRAME6_SIZE : FRAME4_SIZE;
	const int excess = (int)((long)ctx->data_end - (long)ctx->data) - size;

	if (excess > 0)
		return (int)bpf_xdp_adjust_head(ctx, excess);
	return excess ? (int)bpf_xdp_adjust_tail(ctx, -excess) : 0;
}

SEC("xdp")
int wrap_xdp(struct xdp_md *ctx)
{
	if (fit_frame(ctx) || restore_within((void *)(long)ctx->data, (void *)(long)ctx->data_end))
		return XDP_ABORTED;
	bpf_tail_call(ctx, &program, 0);
	return XDP_ABORTED;
}

SEC("tc")
int wrap_tc(struct __sk_buff *ctx)
{
	if (restore_within((void *)(long)ctx->data, (void *)(long)ctx->data_end))
		return TC_ACT_SHOT;
	bpf_tail_call(ctx, &program, 0);
	return TC_ACT_SHOT;
}

/* The floor: what the wrapper and the kernel's loop cost. */
SEC("xdp")
int null_xdp(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("tc")
int null_tc(struct __sk_buff *ctx)
{
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "GPL";
