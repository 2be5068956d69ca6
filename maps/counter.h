/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * gw_counters: one 64-bit counter per CPU and event. The numbers are part of the
 * contract: append only, retired ones stay.
 *
 * X(name, value, metric word, description)
 */
#pragma once

#include "abi.h"

/* Packets that we consumed without forwarding them. */
#define GW_DROP_REASONS(X)                                                                         \
	X(GW_DROP_MALFORMED, 1, "malformed", "a header is cut short or contradicts itself")        \
	X(GW_DROP_TTL_EXPIRED, 2, "ttl_expired", "TTL or hop limit reached zero")                  \
	X(GW_DROP_NO_BACKEND, 3, "no_backend", "reset: nothing valid behind this share of weight") \
	X(GW_DROP_NO_FLOW, 4, "no_flow", "reset: mid-stream packet of an unknown full-NAT flow")   \
	X(GW_DROP_STRAY_RST, 5, "stray_rst", "RST of an unknown flow")                             \
	X(GW_DROP_NAT_PORTS_EXHAUSTED, 6, "nat_ports_exhausted",                                   \
	  "reset: no free full-NAT source port towards this backend")                              \
	X(GW_DROP_FLOW_TABLE_FULL, 7, "flow_table_full", "the flow could not be stored")           \
	X(GW_DROP_NO_ROUTE, 8, "no_route", "no route, or a blackhole, towards the next hop")       \
	X(GW_DROP_FORWARDING_DISABLED, 10, "forwarding_disabled",                                  \
	  "IP forwarding is off on the link that the packet came in by")                           \
	X(GW_DROP_INTERNAL, 11, "internal", "a helper failed where it cannot; please report")      \
	X(GW_DROP_TOO_BIG, 12, "too_big", "longer than the path's MTU; the sender was told")       \
	X(GW_DROP_BACKEND_GONE, 13, "backend_gone", "reset: the flow's backend is no more")        \
	X(GW_DROP_SOURCE_DENIED, 14, "source_denied", "new: a ClientPolicy denies the source")     \
	X(GW_DROP_SOURCE_RATE, 15, "source_rate", "new: too many of this source in this second")   \
	X(GW_DROP_RATE, 16, "rate", "new: too many of this listener in this second")               \
	X(GW_DROP_CONNECTION_LIMIT, 17, "connection_limit",                                        \
	  "new: the listener has as many connections as it may have")

/* Packets that went somewhere. */
#define GW_EVENTS(X)                                                                               \
	X(GW_EVENT_FORWARDED, 32, "forwarded", "rewritten and sent on by this program")            \
	X(GW_EVENT_PASSED, 33, "passed", "not ours: left to the rest of the stack")                \
	X(GW_EVENT_FLOW_CREATED, 34, "flow_created", "new connections")                            \
	X(GW_EVENT_NEXT_HOP_REFRESHED, 35, "next_hop_refreshed", "next hop looked up again")       \
	X(GW_EVENT_XDP_TO_TC, 36, "xdp_to_tc", "left by XDP to the tc program of the same link")   \
	X(GW_EVENT_NEIGHBOUR_UNRESOLVED, 37, "neighbour_unresolved",                               \
	  "sent through the kernel's neighbour resolution")                                        \
	X(GW_EVENT_ICMP_TRANSLATED, 38, "icmp_translated", "ICMP errors of flows, sent on")        \
	X(GW_EVENT_ICMP_SENT, 39, "icmp_sent", "ICMP errors that we sent ourselves")               \
	X(GW_EVENT_HALF_OPEN_REMOVED, 40, "half_open_removed",                                     \
	  "half-open flows that had to make room for new ones")                                    \
	X(GW_EVENT_SOCKET_CONNECTED, 41, "socket_connected",                                       \
	  "connections of this host's own processes, sent to a backend")

#define GW_COUNTER_ENUM(name, value, word, description) name = value,
enum gw_counter { GW_DROP_REASONS(GW_COUNTER_ENUM) GW_EVENTS(GW_COUNTER_ENUM) };
#undef GW_COUNTER_ENUM

/* Size of gw_counters. */
#define GW_COUNTER_MAX 64
