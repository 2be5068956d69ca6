/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * gw_sockets: where the sockets of this host's own processes were sent. Such a connection is not
 * forwarded but begun with a backend right away, and has no flow; what is kept is what it takes to
 * show the process the VIP that it asked for, and to keep a UDP socket on its backend.
 */
#pragma once

#include "types.h"

enum gw_socket_kind {
	GW_SOCKET_FROM_BACKEND = 1, /* the key has the backend, the value the VIP */
	GW_SOCKET_TO_VIP = 2,	    /* the other way; of UDP sockets that are not connected */
};

struct gw_socket_key {
	__u64 cookie; /* of the socket (SO_COOKIE); the kernel gives none twice */
	struct gw_addr addr;
	__be16 port;
	__u8 kind;   /* enum gw_socket_kind */
	__u8 pad[5]; /* zero */
};
GW_STATIC_ASSERT(sizeof(struct gw_socket_key) == 32, "gw_socket_key has no hidden padding");

struct gw_socket {
	struct gw_addr addr;
	__be16 port;
	__u8 protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	__u8 pad;      /* zero */
	__u32 listener_id;
	__u32 backend_id;
};
GW_STATIC_ASSERT(sizeof(struct gw_socket) == 28, "gw_socket has no hidden padding");
