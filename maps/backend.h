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
};

struct gw_backend {
	struct gw_addr addr;
	struct gw_addr
		source; /* with GW_BACKEND_FULL_NAT: our address towards this backend; else zero */
	__be16 port;
	__u16 flags; /* enum gw_backend_flags */
};
GW_STATIC_ASSERT(sizeof(struct gw_backend) == 36, "gw_backend has no hidden padding");
