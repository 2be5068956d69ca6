/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data path, the same for XDP and tc: the attached program and its stages. The including file
 * has chosen the hook by including ctx_xdp.bpf.h or ctx_tc.bpf.h first.
 */
#pragma once

#include "bpf/lib/connect.bpf.h"
#include "bpf/lib/error.bpf.h"
#include "bpf/lib/extension.bpf.h"
#include "bpf/lib/forward.bpf.h"
#include "bpf/lib/fragment.bpf.h"
#include "bpf/lib/icmp.bpf.h"
#include "bpf/lib/packet.bpf.h"
#include "bpf/lib/reject.bpf.h"
#include "bpf/lib/stage.bpf.h"
#include "bpf/lib/vlan.bpf.h"

static __always_inline int gw_enter_ipv4(gw_ctx *ctx, enum gw_place place)
{
	struct gw_packet packet;

	switch (gw_parse_ipv4(ctx, &packet)) {
	case GW_PARSED_L4:
		return gw_forward(ctx, &packet, place, false);
	case GW_PARSED_ICMP:
		return gw_enter(ctx, GW_STAGE_ICMP4);
	case GW_PARSED_FRAGMENT:
		return gw_enter(ctx, GW_STAGE_FRAGMENT4);
	default:
		return gw_pass();
	}
}

static __always_inline int gw_enter_ipv6(gw_ctx *ctx, enum gw_place place)
{
	struct gw_packet packet;

	switch (gw_parse_ipv6(ctx, &packet)) {
	case GW_PARSED_L4:
		return gw_forward(ctx, &packet, place, true);
	case GW_PARSED_ICMP:
		return gw_enter(ctx, GW_STAGE_ICMP6);
	case GW_PARSED_EXTENSION:
		return gw_enter(ctx, GW_STAGE_EXTENSION6);
	default:
		return gw_pass();
	}
}

/* The family is a constant in each branch, so each gets code without the other's cases. */
static __always_inline int gw_entry(gw_ctx *ctx)
{
	const __be16 type = gw_parse_ethernet(ctx);

	if (type == bpf_htons(ETH_P_IP))
		return gw_enter_ipv4(ctx, GW_IN_ENTRY);
	if (type == bpf_htons(ETH_P_IPV6))
		return gw_enter_ipv6(ctx, GW_IN_ENTRY);
	if (GW_HOOK_XDP && gw_is_vlan(type))
		return gw_enter(ctx, GW_STAGE_UNTAG);
	return gw_pass();
}

/* A packet that came with VLAN tags, or whose next hop wants them. */
static __always_inline int gw_stage_vlan4(gw_ctx *ctx)
{
	return GW_HOOK_XDP ? gw_enter_ipv4(ctx, GW_IN_VLAN) : gw_drop(GW_DROP_INTERNAL);
}

static __always_inline int gw_stage_vlan6(gw_ctx *ctx)
{
	return GW_HOOK_XDP ? gw_enter_ipv6(ctx, GW_IN_VLAN) : gw_drop(GW_DROP_INTERNAL);
}

#define GW_STAGE_PROGRAM(number, name)                                                             \
	SEC(GW_SECTION)                                                                            \
	int GW_PROGRAM(name)(gw_ctx * ctx)                                                         \
	{                                                                                          \
		return gw_end_stage(ctx, gw_stage_##name(ctx));                                    \
	}
GW_STAGES(GW_STAGE_PROGRAM)
#undef GW_STAGE_PROGRAM
