/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* gw_listeners: which (address, port, protocol) we serve, and with which service. */
#pragma once

#include "types.h"

struct gw_listener_key {
	struct gw_addr addr; /* the VIP */
	__be16 port;
	__u8 protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	__u8 pad;      /* zero */
};
GW_STATIC_ASSERT(sizeof(struct gw_listener_key) == 20, "gw_listener_key has no hidden padding");

enum gw_listener_flags {
	GW_LISTENER_SOURCES = 1 << 0,	   /* gw_sources has ranges of this listener */
	GW_LISTENER_ALLOW_LISTED = 1 << 1, /* a source that is in no range is denied */
	GW_LISTENER_LIMITED = 1 << 2,	   /* gw_admission has an entry of this listener */
};

struct gw_listener {
	__u32 listener_id; /* names the listener in flows and in gw_names; never 0 */
	__u32 service_id;  /* key of gw_services; 0: no service, connections get a RST */
	__u32 flags;	   /* enum gw_listener_flags */
	/* Limits; 0: none. */
	__u32 rate;	   /* new connections in a second */
	__u32 source_rate; /* the same, of one IPv4 address or IPv6 /64 */
	__u32 max_connections;
};
GW_STATIC_ASSERT(sizeof(struct gw_listener) == 24, "gw_listener has no hidden padding");
