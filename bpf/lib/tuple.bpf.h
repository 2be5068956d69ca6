/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses and tuples, for every program whether it sees packets or sockets. */
#pragma once

#include <stdbool.h>
#include <linux/in6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "maps/flow.h"

#define GW_V4_MAPPED bpf_htonl(0xffff)

/* A tuple of either family: IPv4 addresses are v4-mapped, as everywhere but in gw_flow4_key. */
#define gw_tuple gw_flow6_key

static __always_inline void gw_addr_from_v4(struct gw_addr *addr, __be32 v4)
{
	addr->word[0] = 0;
	addr->word[1] = 0;
	addr->word[2] = GW_V4_MAPPED;
	addr->word[3] = v4;
}

static __always_inline void gw_addr_from_v6(struct gw_addr *addr, const struct in6_addr *v6)
{
	addr->word[0] = v6->in6_u.u6_addr32[0];
	addr->word[1] = v6->in6_u.u6_addr32[1];
	addr->word[2] = v6->in6_u.u6_addr32[2];
	addr->word[3] = v6->in6_u.u6_addr32[3];
}

static __always_inline bool gw_addr_is_v4(const struct gw_addr *addr)
{
	return !addr->word[0] && !addr->word[1] && addr->word[2] == GW_V4_MAPPED;
}

static __always_inline bool gw_v6_is_mapped(const struct in6_addr *v6)
{
	return !v6->in6_u.u6_addr32[0] && !v6->in6_u.u6_addr32[1] &&
	       v6->in6_u.u6_addr32[2] == GW_V4_MAPPED;
}

/* The first or the last 64 bits. */
static __always_inline __u64 gw_addr_half(const struct gw_addr *addr, int half)
{
	return (__u64)bpf_ntohl(addr->word[2 * half]) << 32 | bpf_ntohl(addr->word[2 * half + 1]);
}

/* True if the first `bits` are the same, 1 to 128 of them. */
static __always_inline bool gw_addr_shares(const struct gw_addr *a, const struct gw_addr *b,
					   __u32 bits)
{
	const __u64 first = gw_addr_half(a, 0) ^ gw_addr_half(b, 0);
	const __u64 last = gw_addr_half(a, 1) ^ gw_addr_half(b, 1);

	if (bits <= 64)
		return !(first >> (64 - bits));
	return !first && !(last >> (128 - bits));
}

static __always_inline bool gw_addr_equal(const struct gw_addr *a, const struct gw_addr *b)
{
	return a->word[0] == b->word[0] && a->word[1] == b->word[1] && a->word[2] == b->word[2] &&
	       a->word[3] == b->word[3];
}

/* True for the address of a host. No packet comes from any other, and none is answered that says so
 * (RFC 1122, section 3.2.1.3; RFC 4291, sections 2.5 and 2.7). */
static __always_inline bool gw_is_host(const struct gw_addr *addr, bool is_v6)
{
	const __u32 last = bpf_ntohl(addr->word[3]);

	if (is_v6)
		return bpf_ntohl(addr->word[0]) >> 24 != 0xff &&
		       (addr->word[0] | addr->word[1] | addr->word[2] || last > 1);
	return last && last != 0xffffffff && last >> 24 != 127 && last >> 28 != 0xe;
}
