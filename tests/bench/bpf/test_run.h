/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What the driver of BPF_PROG_TEST_RUN and the wrapper around the program under test share. */
#pragma once

#include <linux/types.h>

/* Ethernet, IPv4 or IPv6, TCP or UDP, and some payload: 64 bytes with the frame check sequence,
 * and 84. */
#define FRAME4_SIZE 60
#define FRAME6_SIZE 80

/* Addresses and ports as they stand in a packet; IPv4 in the first word. */
struct tuple {
	__be32 src[4];
	__be32 dst[4];
	__be16 sport;
	__be16 dport;
	__u32 pad; /* elements of an array are multiples of 8 bytes */
};

enum variation {
	VARY_SOURCE, /* by number: see source_of() */
	VARY_TUPLE,  /* as `tuples` has them, one after another */
};

/*
 * The frames of a run. The template is complete but for what varies, which is zero in it and in its
 * checksums.
 */
struct frames {
	__u8 bytes[FRAME6_SIZE];
	__u32 is_v6;
	__u32 variation; /* enum variation */
	__u32 first;	 /* numbers first .. first + count - 1 ... */
	__u32 count;
	__u32 stride; /* ... of which every stride-th is taken, round and round; below count */
	__u32 at;     /* the next one, less first */
	/*
	 * The tuple with which a reply to the frame that the program sent would come is written to
	 * `tuples` at the frame's number.
	 */
	__u32 captures;
	__u32 last; /* 1 and the number of the frame before; 0: there was none */
};
