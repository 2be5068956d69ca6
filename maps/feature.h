/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What newer kernels have and the oldest supported one (5.10) has not. Without a feature all works,
 * some of it slower or less exact. The programs find out for themselves when they are loaded; the
 * loader can switch a feature off that the kernel has.
 *
 * X(name, bit, word, first Linux version, what is done without)
 */
#pragma once

#include "abi.h"

#define GW_FEATURES(X)                                                                             \
	X(GW_FEATURE_COARSE_CLOCK, 0, "coarse-clock", "5.11",                                      \
	  "the precise clock is read, which takes each packet longer")                             \
	X(GW_FEATURE_ROUTE_MTU, 1, "route-mtu", "5.12",                                            \
	  "the MTU of the link holds for a flow; one that a route sets is not seen")               \
	X(GW_FEATURE_XDP_FRAGS, 2, "xdp-frags", "5.18",                                            \
	  "XDP takes frames of one buffer only: most drivers refuse it for jumbo frames")          \
	X(GW_FEATURE_CONNECT_ERROR, 3, "connect-error", "6.1",                                     \
	  "a host process that is refused over UDP sees EPERM, not ECONNREFUSED")                  \
	X(GW_FEATURE_TCX, 4, "tcx", "6.6", "the tc program stands in a clsact filter")             \
	X(GW_FEATURE_PEER_REDIRECT, 5, "peer-redirect", "5.10",                                    \
	  "packets for a pod go out by its veth, through that link's queue")

#define GW_FEATURE_ENUM(name, bit, word, since, without) name = 1 << (bit),
enum gw_feature { GW_FEATURES(GW_FEATURE_ENUM) };
#undef GW_FEATURE_ENUM
