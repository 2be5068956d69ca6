/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * gw_hops: next hops by destination, for new flows. Each CPU has its own; the last destination
 * whose hash falls on an element has it. Used only with GW_CONTROL_HOPS_BY_DESTINATION, since a
 * route may ask for more (docs/design/0013).
 */
#pragma once

#include "types.h"

/* The index is that many high bits of the hash. */
#define GW_HOPS_BITS 10

struct gw_hop {
	struct gw_addr dst;
	__u32 generation; /* valid while it equals gw_control.generation */
	__u32 ifindex;	  /* perhaps with GW_IFINDEX_PEER */
	__u8 source_mac[6];
	__u8 target_mac[6];
	__u16 mtu;	 /* longest IP packet, bytes; 65535 if unknown */
	__u8 flow_flags; /* how XDP may transmit there: GW_FLOW_XDP, GW_FLOW_VLAN or 0 */
	__u8 pad;	 /* zero */
};
GW_STATIC_ASSERT(sizeof(struct gw_hop) == 40, "gw_hop has no hidden padding");
