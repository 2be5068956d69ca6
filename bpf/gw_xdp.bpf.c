// SPDX-License-Identifier: GPL-2.0-only
/* The XDP programs: the data path in front of the stack. What they pass, gw_tc sees next. */
#include "bpf/lib/ctx_xdp.bpf.h"

#include "bpf/lib/entry.bpf.h"

SEC(GW_SECTION)
int gw_xdp(gw_ctx *ctx)
{
	return gw_entry(ctx);
}

char _license[] SEC("license") = "GPL";
