/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* gw_backends: one endpoint and how packets reach it. */
#pragma once

#include "types.h"

/* The backend id that stands for "reject": a share of weight with nothing valid behind it. */
#define GW_BACKEND_REJECT 0

enum gw_backend_flags {
	/* Rewrite the source too (full NAT): `source` and an allocated port replace the client's.
	 */
	GW_BACKEND_FULL_NAT = 1 << 0,
	/* The backend has the VIP itself and answers the client. The packet goes to it unchanged,
	   to its MAC address. */
	GW_BACKEND_DSR = 1 << 1,
	/* With GW_BACKEND_DSR: in a tunnel from `source` to the backend (IP in IP, RFC 2003 and
	   2473). */
	GW_BACKEND_TUNNEL = 1 << 2,
	/* On an address of this host: packets go up its own stack, answers are met at tc egress. */
	GW_BACKEND_LOCAL = 1 << 3,
	/* gw_backend_health counts what becomes of its new connections. */
	GW_BACKEND_WATCHED = 1 << 4,
	/*
	 * What health checks have found: active ones that it does not answer, passive ones that
	 * connections to it fail. The programs go by the tables, which do not hold it then; the
	 * agent goes on from here when it starts, and gwctl tells.
	 */
	GW_BACKEND_UNHEALTHY = 1 << 5,
	GW_BACKEND_EJECTED = 1 << 6,
};

/* Not of how packets are rewritten: a backend stays the same one when these change. */
#define GW_BACKEND_HEALTH_FLAGS (GW_BACKEND_WATCHED | GW_BACKEND_UNHEALTHY | GW_BACKEND_EJECTED)

#define GW_SHARED_BITS_SELF 128

struct gw_backend {
	struct gw_addr addr;
	/* Our address towards this backend, for full NAT and tunnels. */
	struct gw_addr source;
	__be16 port;
	__u8 flags; /* enum gw_backend_flags */
	/*
	 * Clients that have so many first bits of their address in common with `addr` are on the
	 * backend's own link. It would answer them directly, past us, so they get full NAT instead
	 * of DNAT. GW_SHARED_BITS_SELF: the backend alone, when it calls its own VIP. 0: nobody.
	 */
	__u8 shared_bits;
	/*
	 * 0: in use. Else it is out of use, its flows stay until this second of CLOCK_MONOTONIC,
	 * and then the entry goes; a flow without an entry of its backend gets a RST.
	 */
	__u32 drains_until;
	__u32 drain_seconds; /* how long it will drain when it goes out of use */
};
GW_STATIC_ASSERT(sizeof(struct gw_backend) == 44, "gw_backend has no hidden padding");
