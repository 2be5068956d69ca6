/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What the handshake generator and its BPF programs share. */
#pragma once

#include <linux/types.h>

struct tally {
	__u64 completed; /* response received */
	__u64 refused;	 /* RST received */
};
