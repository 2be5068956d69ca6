// SPDX-License-Identifier: GPL-2.0-only
/* The XDP program: the forwarding core in front of the stack. What it passes, gw_tc sees next. */
#include "bpf/lib/ctx_xdp.bpf.h"

#include "bpf/lib/forward.bpf.h"

SEC("xdp")
int gw_xdp(struct xdp_md *ctx)
{
	return gw_forward(ctx);
}

char _license[] SEC("license") = "GPL";
