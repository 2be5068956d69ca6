/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What the packet generator and its BPF program share. */
#pragma once

#include <linux/types.h>

/* A 60-byte frame: Ethernet, IPv4, TCP, six bytes of payload; 64 with the frame check sequence. */
#define FRAME_SIZE 60

struct frame_template {
	__u8 bytes[FRAME_SIZE];
	__u16 first_port; /* source ports first_port .. first_port + ports - 1, host byte order */
	__u16 ports;
	__u32 ifindex; /* link that the frames leave by */
};
