/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Types that more than one map uses. */
#pragma once

#include "abi.h"

/*
 * An IPv4 or IPv6 address in network byte order. IPv4 is stored v4-mapped
 * (::ffff:a.b.c.d, RFC 4291 section 2.5.5.2): word[3] is then the IPv4 address.
 */
struct gw_addr {
	__be32 word[4];
};
GW_STATIC_ASSERT(sizeof(struct gw_addr) == 16, "gw_addr is 16 bytes");
