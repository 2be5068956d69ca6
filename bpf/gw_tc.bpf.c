// SPDX-License-Identifier: GPL-2.0-only
/* The tc programs: the attached one at the ingress of every link we serve, and its stages. */
#include "bpf/lib/ctx_tc.bpf.h"

#include "bpf/lib/entry.bpf.h"

SEC(GW_SECTION)
int gw_tc(gw_ctx *ctx)
{
	return gw_entry(ctx);
}

char _license[] SEC("license") = "GPL";
