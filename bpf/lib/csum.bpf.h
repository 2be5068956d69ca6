/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Internet checksums (RFC 1071) and their incremental update (RFC 1624, equation 3).
 * A "delta" is a 32-bit one's complement sum of what is added minus what is taken away.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __always_inline __u32 gw_csum_sum(__u32 a, __u32 b)
{
	const __u32 sum = a + b;

	return sum + (sum < b);
}

static __always_inline __u16 gw_csum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)sum;
}

/* What a change of ports adds to the checksum over them. */
static __always_inline __u16 gw_ports_delta(__be16 from_src, __be16 from_dst, __be16 to_src,
					    __be16 to_dst)
{
	const __u32 added = (__u32)to_src + to_dst;
	const __u32 taken = (__u32)(__u16)~from_src + (__u16)~from_dst;

	return gw_csum_fold(added + taken);
}

/* What a hop limit, the low byte of its 16-bit word, adds by getting one less. */
#define GW_CSUM_HOP ((__u16)~bpf_htons(1))

/* The checksum field after `delta` was added to what it covers. */
static __always_inline __sum16 gw_csum_apply(__sum16 check, __u32 delta)
{
	return (__sum16)~gw_csum_fold(gw_csum_sum((__u16)~check, delta));
}

/* The delta of replacing `size` bytes (a multiple of 4) at `from` by those at `to`, on top of
 * `seed`. */
static __always_inline __u32 gw_csum_diff(const void *from, const void *to, __u32 size, __u32 seed)
{
	return (__u32)bpf_csum_diff((__be32 *)from, size, (__be32 *)to, size, seed);
}
