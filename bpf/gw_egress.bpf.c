// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs at tc egress, attached while there are backends on addresses of this host: their
 * answers come in by no link, so they are met where they leave. The same data path, but that it
 * looks at nothing else.
 */
#define GW_HOOK_EGRESS	 1
#define GW_PROGRAM(name) gw_egress_##name
#define GW_STAGE_TABLE	 gw_egress_stages

#include "bpf/lib/ctx_tc.bpf.h"

#include "bpf/lib/entry.bpf.h"

SEC(GW_SECTION)
int gw_egress(gw_ctx *ctx)
{
	/* It came in by a link, so it is forwarded, by us or by the kernel. */
	if (ctx->ingress_ifindex)
		return GW_VERDICT_PASS;
	return gw_entry(ctx);
}

char _license[] SEC("license") = "GPL";
