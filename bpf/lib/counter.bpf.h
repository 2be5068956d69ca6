/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters: one for each drop reason and event, per CPU. */
#pragma once

#include "bpf/maps.bpf.h"

static __always_inline void gw_count(enum gw_counter counter)
{
	const __u32 index = counter;
	__u64 *value = bpf_map_lookup_elem(&gw_counters, &index);

	if (value)
		*value += 1;
}

static __always_inline int gw_pass(void)
{
	if (!GW_HOOK_EGRESS) /* most of what the host sends is not ours */
		gw_count(GW_EVENT_PASSED);
	return GW_VERDICT_PASS;
}

static __always_inline int gw_drop(enum gw_counter reason)
{
	gw_count(reason);
	return GW_VERDICT_DROP;
}
