/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * gw_flows4 and gw_flows6: tracked connections.
 *
 * A connection has two entries: one under the tuple that arrives from the client
 * (forward), one under the tuple that arrives from the backend (GW_FLOW_REPLY). Each
 * holds all that a packet in its direction needs, so a packet costs one lookup. The key
 * of the other entry is {dst, src, dport, sport} of this entry's rewritten tuple.
 */
#pragma once

#include "types.h"

struct gw_flow4_key {
	__be32 src;
	__be32 dst;
	__be16 sport;
	__be16 dport;
	__u8 protocol;
	__u8 pad[3]; /* zero */
};
GW_STATIC_ASSERT(sizeof(struct gw_flow4_key) == 16, "the hot path wants 16-byte IPv4 keys");

struct gw_flow6_key {
	struct gw_addr src;
	struct gw_addr dst;
	__be16 sport;
	__be16 dport;
	__u8 protocol;
	__u8 pad[3]; /* zero */
};
GW_STATIC_ASSERT(sizeof(struct gw_flow6_key) == 40, "gw_flow6_key has no hidden padding");

/* The state of the connection; both entries hold the same value. Timeouts belong to the agent. */
enum gw_flow_state {
	GW_FLOW_SYN_SENT = 1, /* the client's SYN was forwarded */
	GW_FLOW_SYN_RECEIVED, /* the backend's SYN+ACK was forwarded */
	GW_FLOW_ESTABLISHED,  /* the handshake is complete, or we joined in mid-stream */
	GW_FLOW_FIN_CLIENT,   /* the client has sent its FIN */
	GW_FLOW_FIN_BACKEND,  /* the backend has sent its FIN */
	GW_FLOW_CLOSED,	      /* both FINs seen, or a RST: a new SYN starts a new connection */
	GW_FLOW_UDP_REQUEST,  /* UDP: nothing has come back yet */
	GW_FLOW_UDP_STREAM,   /* UDP: the backend has answered */
};

enum gw_flow_flags {
	GW_FLOW_REPLY = 1 << 0,	   /* packets from the backend to the client */
	GW_FLOW_FULL_NAT = 1 << 1, /* source and destination are rewritten */
	GW_FLOW_XDP = 1 << 2,	   /* XDP may transmit on `ifindex`; otherwise the packet is tc's */
};

struct gw_flow {
	struct gw_addr src; /* the tuple to write into the packet */
	struct gw_addr dst;
	__be16 sport;
	__be16 dport;
	__u16 flags; /* enum gw_flow_flags */
	__u8 state;  /* enum gw_flow_state */
	__u8 pad;    /* zero */

	__u32 last_seen; /* seconds of CLOCK_MONOTONIC at the last packet in this direction */

	/*
	 * What the rewrite adds to a checksum, in one's complement arithmetic (RFC 1624):
	 * the addresses (IPv4 header and pseudo-header alike) and the ports.
	 */
	__u32 csum_addresses;
	__u32 csum_ports;

	/* The next hop, valid while `generation` equals gw_control.generation. */
	__u32 generation;
	__u32 ifindex;
	__u8 source_mac[6];
	__u8 target_mac[6];

	__u32 listener_id;
	__u32 backend_id;
	__u32 created; /* seconds of CLOCK_MONOTONIC */
};
GW_STATIC_ASSERT(sizeof(struct gw_flow) == 84, "gw_flow has no hidden padding");
