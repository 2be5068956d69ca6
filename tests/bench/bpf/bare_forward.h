/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What the least possible forwarder and its driver share. */
#pragma once

#include <linux/types.h>

/* One way through: what is rewritten, constant for all packets. */
struct direction {
	__be32 match;	  /* destination of requests, source of replies */
	__be32 address;	  /* takes its place */
	__u16 first_port; /* and FORWARDED_PORTS - 1 more, host byte order */
	__u16 new_first_port;
	__u32 ifindex; /* where to */
	__u8 macs[12]; /* destination and source of the frame */
};

#define FORWARDED_PORTS	       3
#define REMEMBERED_CONNECTIONS 4096
