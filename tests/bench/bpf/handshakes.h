/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What the handshake generator and its BPF programs share. */
#pragma once

#include <linux/types.h>

/* The client's sources: each connection comes from another address. */
#define SOURCE_ADDRESSES  65000
#define FIRST_SOURCE_PORT 2048

#define CLIENT_SEQ 5000 /* of every SYN */

struct tally {
	__u64 completed; /* closed by both sides, after the response */
	__u64 refused;	 /* RST received */
};
