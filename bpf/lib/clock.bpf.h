/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock of flows: whole seconds of CLOCK_MONOTONIC. */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "bpf/lib/feature.bpf.h"

/* What a CPU has read in a tick of the kernel's. */
struct gw_clock {
	__u64 tick;
	__u32 seconds;
	__u32 pad; /* zero */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gw_clock);
} gw_clock SEC(".maps");

/*
 * The coarse clock (Linux 5.11) costs about 5 ns, the precise one 35-40 on a guest; seconds
 * need no precision. Decided when the program is loaded: on an older kernel the relocation
 * yields 0 and the verifier removes the first branch.
 */
static __always_inline __u32 gw_clock_read(void)
{
	__u64 ns;

	if (gw_feature_is_allowed(GW_FEATURE_COARSE_CLOCK) &&
	    bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ktime_get_coarse_ns))
		ns = bpf_ktime_get_coarse_ns();
	else
		ns = bpf_ktime_get_ns();
	return (__u32)(ns / 1000000000ULL);
}

/*
 * The clock is read once a tick: a helper and a division take several times as long as a look at
 * the tick's number. That one is written last, so that whoever comes in between reads for himself.
 */
static __always_inline __u32 gw_now(void)
{
	const __u64 tick = bpf_jiffies64();
	const __u32 index = 0;
	struct gw_clock *clock = bpf_map_lookup_elem(&gw_clock, &index);
	__u32 seconds;

	if (!clock)
		return gw_clock_read();
	if (clock->tick == tick)
		return clock->seconds;
	seconds = gw_clock_read();
	clock->seconds = seconds;
	barrier();
	clock->tick = tick;
	return seconds;
}
