/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * gw_sources, gw_source_rates and gw_admission: which new connections a listener lets in. They are
 * looked up only for listeners whose gw_listener says so, and only for packets without a flow.
 */
#pragma once

#include "types.h"

enum gw_source_verdict {
	GW_SOURCE_ALLOW = 1,
	GW_SOURCE_DENY = 2,
};

/* gw_sources: longest prefix match; the value is an enum gw_source_verdict. */
struct gw_source_key {
	__u32 prefix_length; /* bits of what follows; the 32 of listener_id always count */
	__u32 listener_id;
	struct gw_addr addr;
};
GW_STATIC_ASSERT(sizeof(struct gw_source_key) == 24, "gw_source_key has no hidden padding");

/* What has begun in one second of CLOCK_MONOTONIC. */
struct gw_rate {
	__u32 second;
	__u32 begun; /* connections */
};
GW_STATIC_ASSERT(sizeof(struct gw_rate) == 8, "gw_rate has no hidden padding");

/* gw_source_rates: least recently used ones go first. The value is a gw_rate. */
struct gw_source_rate_key {
	__u32 listener_id;
	struct gw_addr addr; /* IPv6: the first 64 bits, which are one network */
};
GW_STATIC_ASSERT(sizeof(struct gw_source_rate_key) == 20,
		 "gw_source_rate_key has no hidden padding");

/* gw_admission: key is the listener id (__u32); listeners with GW_LISTENER_LIMITED have one. */
struct gw_admission {
	struct gw_rate rate;
	/*
	 * Flows that are not closed. The programs count them up and down; the agent, which is who
	 * removes idle ones, puts the number right at every round through the flow tables.
	 */
	__s32 connections;
	__u32 pad; /* zero */
};
GW_STATIC_ASSERT(sizeof(struct gw_admission) == 16, "gw_admission has no hidden padding");
