/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * gw_backend_health: what becomes of new connections to a backend, for passive health checks. Only
 * backends that an UpstreamPolicy has watched have an entry, and only flows with GW_FLOW_WATCHED
 * are counted, when they begin and when they are answered first. What the counts mean is the
 * agent's to say (docs/design/0018).
 */
#pragma once

#include "abi.h"

struct gw_backend_health_key {
	__u32 backend_id;
	__u32 protocol; /* IPPROTO_TCP or IPPROTO_UDP */
};
GW_STATIC_ASSERT(sizeof(struct gw_backend_health_key) == 8,
		 "gw_backend_health_key has no hidden padding");

/* Each of them grows, and wraps. */
struct gw_backend_health {
	__u32 attempts; /* connections that began here; a SYN that is sent again is none */
	__u32 answers;	/* of them: SYN+ACK came, or UDP's first datagram */
	/* RST instead, or an ICMP error that says "unreachable", before any answer. */
	__u32 refusals;
	__u32 forgotten; /* half-open ones that had to make room before any answer */
};
GW_STATIC_ASSERT(sizeof(struct gw_backend_health) == 16, "gw_backend_health has no hidden padding");
