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

struct gw_listener {
	__u32 listener_id; /* names the listener in flows and in gw_names; never 0 */
	__u32 service_id;  /* key of gw_services; 0: no service, connections get a RST */
};
GW_STATIC_ASSERT(sizeof(struct gw_listener) == 8, "gw_listener has no hidden padding");
