/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock of flows: whole seconds of CLOCK_MONOTONIC. */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "bpf/lib/feature.bpf.h"

/*
 * The coarse clock (Linux 5.11) costs about 5 ns, the precise one 35-40 on a guest; seconds
 * need no precision. Decided when the program is loaded: on an older kernel the relocation
 * yields 0 and the verifier removes the first branch.
 */
static __always_inline __u32 gw_now(void)
{
	__u64 ns;

	if (gw_feature_is_allowed(GW_FEATURE_COARSE_CLOCK) &&
	    bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ktime_get_coarse_ns))
		ns = bpf_ktime_get_coarse_ns();
	else
		ns = bpf_ktime_get_ns();
	return (__u32)(ns / 1000000000ULL);
}
