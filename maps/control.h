/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* gw_control, gw_links and gw_vlans: what the agent tells the running programs. */
#pragma once

#include "abi.h"

enum gw_control_flags {
	/* Packets to one destination have one next hop, wherever they come from and whatever is in
	   them: there are no multipath routes, and no rules that ask for the source. */
	GW_CONTROL_HOPS_BY_DESTINATION = 1 << 0,
};

/* gw_control: one element, index 0. */
struct gw_control {
	/*
	 * Raised by the agent on every change of routes, neighbours or links. A flow whose
	 * cached next hop is of another generation looks it up again. Never 0.
	 */
	__u32 generation;
	/* Full-NAT source ports, host byte order, inclusive; outside of the host's own range. */
	__u16 nat_port_first;
	__u16 nat_port_last;
	/* Of our network namespace (SO_NETNS_COOKIE); 0 while sockets are left alone. */
	__u64 netns_cookie;
	__u32 flags; /* enum gw_control_flags; changed only together with `generation` */
	__u32 pad;   /* zero */
};
GW_STATIC_ASSERT(sizeof(struct gw_control) == 24, "gw_control has no hidden padding");

enum gw_link_flags {
	GW_LINK_XDP = 1 << 0,  /* XDP may redirect to this link */
	GW_LINK_VLAN = 1 << 1, /* a VLAN's device: XDP may redirect to `parent`, with `tags` */
	/* A veth whose other end is in another network namespace, and nobody looks at what leaves
	   by it: tc hands packets to the other end at once (bpf_redirect_peer). */
	GW_LINK_PEER = 1 << 2,
};

/* A VLAN tag as in a frame (IEEE 802.1Q), network byte order. */
struct gw_vlan_tag {
	__be16 protocol; /* ETH_P_8021Q or ETH_P_8021AD; 0: no tag */
	__be16 tci;	 /* the VLAN's number; in frames also priority bits */
};
GW_STATIC_ASSERT(sizeof(struct gw_vlan_tag) == 4, "gw_vlan_tag is what is in the frame");

#define GW_VLAN_ID   0x0fff /* host byte order: the number's bits of a TCI */
#define GW_VLAN_TAGS 2	    /* QinQ; outermost first */

/* gw_links: key is the ifindex (__u32). */
struct gw_link {
	__u32 flags;  /* enum gw_link_flags */
	__u32 mtu;    /* longest IP packet, bytes */
	__u32 parent; /* of a VLAN's device: the link below all tags */
	struct gw_vlan_tag tags[GW_VLAN_TAGS];
};
GW_STATIC_ASSERT(sizeof(struct gw_link) == 20, "gw_link has no hidden padding");

/* gw_vlans: which device a tagged frame belongs to. The value is its ifindex (__u32). */
struct gw_vlan_key {
	__u32 ifindex; /* where the frame comes in */
	struct gw_vlan_tag tags[GW_VLAN_TAGS];
};
GW_STATIC_ASSERT(sizeof(struct gw_vlan_key) == 12, "gw_vlan_key has no hidden padding");
