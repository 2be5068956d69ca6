// SPDX-License-Identifier: GPL-2.0-only
/* The tc program, at the ingress of every link we serve. */
#include "bpf/lib/ctx_tc.bpf.h"

#include "bpf/lib/forward.bpf.h"

SEC("tc")
int gw_tc(struct __sk_buff *ctx)
{
	return gw_forward(ctx);
}

char _license[] SEC("license") = "GPL";
