/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * gw_flows4 and gw_flows6: tracked connections; gw_limbo: those that may soon be forgotten;
 * gw_fragments: the ports of packets that come in pieces.
 *
 * A connection has two entries: one under the tuple that arrives from the client
 * (forward), one under the tuple that arrives from the backend (GW_FLOW_REPLY). Each
 * holds all that a packet in its direction needs, so a packet costs one lookup. The key
 * of the other entry is {dst, src, dport, sport} of this entry's rewritten tuple. With DSR
 * there is no other entry: replies do not pass here.
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

/*
 * The state of the connection; a transition writes it into both entries. The order matters: up to
 * GW_FLOW_JOINED a connection is half-open, and may be forgotten to make room. Timeouts belong to
 * the agent.
 */
enum gw_flow_state {
	GW_FLOW_SYN_SENT = 1, /* the client's SYN was forwarded */
	GW_FLOW_SYN_RECEIVED, /* the backend's SYN+ACK was forwarded */
	GW_FLOW_UDP_REQUEST,  /* UDP: nothing has come back yet */
	GW_FLOW_JOINED,	      /* we joined in mid-stream; the backend has not answered yet */
	GW_FLOW_ESTABLISHED,  /* the client acknowledged the SYN+ACK, or both sides were heard */
	GW_FLOW_UDP_STREAM,   /* UDP: the backend has answered */
	GW_FLOW_FIN_CLIENT,   /* the client has sent its FIN */
	GW_FLOW_FIN_BACKEND,  /* the backend has sent its FIN */
	GW_FLOW_CLOSED,	      /* both FINs seen, or a RST: a new SYN starts a new connection */
};

enum gw_flow_flags {
	GW_FLOW_REPLY = 1 << 0,	   /* packets from the backend to the client */
	GW_FLOW_FULL_NAT = 1 << 1, /* source and destination are written; DSR: see GW_FLOW_TUNNEL */
	GW_FLOW_XDP = 1 << 2,	   /* XDP may transmit on `ifindex`; otherwise the packet is tc's */
	GW_FLOW_SEQ_SEEN = 1 << 3, /* `ack` and `seq_end` are known */
	GW_FLOW_DSR = 1 << 4,	   /* only the next hop changes: it is that of the backend */
	GW_FLOW_WATCHED = 1 << 5,  /* gw_backend_health counts what becomes of it */
	GW_FLOW_COUNTED = 1 << 6,  /* gw_admission counts it: its listener has limits */
	GW_FLOW_LOCAL = 1 << 7,	   /* the backend is this host: there is no next hop */
};

/* Both bits: DSR in a tunnel, whose outer header is from src to dst. */
#define GW_FLOW_TUNNEL (GW_FLOW_DSR | GW_FLOW_FULL_NAT)

/* Both bits: XDP may transmit, and `ifindex` is a VLAN's device, so the frame gets its tags. */
#define GW_FLOW_VLAN (GW_FLOW_XDP | GW_FLOW_LOCAL)

/*
 * In `ifindex` of a next hop: tc hands packets to the other end of the link (GW_LINK_PEER), XDP
 * sends them by the link as ever. The kernel's ifindexes are positive ints.
 */
#define GW_IFINDEX_PEER (1U << 31)

struct gw_flow {
	__be16 sport; /* the ports to write into the packet */
	__be16 dport;
	__u8 flags; /* enum gw_flow_flags */
	__u8 state; /* enum gw_flow_state */

	/*
	 * The longest IP packet that passes to the next hop (RFC 1191); of a tunnel, inside of it.
	 * 65535 if unknown.
	 */
	__u16 mtu;

	/*
	 * What the new addresses add to a checksum, in one's complement arithmetic (RFC 1624): to
	 * the IPv4 header's and to the pseudo-header's alike.
	 */
	__u16 csum_addresses;
	/* In a forward entry: its place in the ring of half-open connections that it was put in. */
	__u16 limbo;

	__u32 last_seen; /* seconds of CLOCK_MONOTONIC at the last packet in this direction */

	/* The next hop, valid while `generation` equals gw_control.generation. */
	__u32 generation;
	__u32 ifindex; /* perhaps with GW_IFINDEX_PEER */
	__u8 source_mac[6];
	__u8 target_mac[6];

	/*
	 * TCP, host byte order. What this direction's sender has acknowledged (in a new flow: what
	 * it will), and the end of what it has sent.
	 */
	__u32 ack;
	__u32 seq_end;

	__u32 listener_id;
	__u32 backend_id;
	__u32 created; /* seconds of CLOCK_MONOTONIC */
};
GW_STATIC_ASSERT(sizeof(struct gw_flow) == 56, "gw_flow has no hidden padding");

/* The values: the tuple's addresses differ in size. */
struct gw_flow4 {
	struct gw_flow flow;
	__be32 src; /* the addresses to write into the packet */
	__be32 dst;
};
GW_STATIC_ASSERT(sizeof(struct gw_flow4) == 64, "an IPv4 flow is one cache line");

struct gw_flow6 {
	struct gw_flow flow;
	struct gw_addr src;
	struct gw_addr dst;
};
GW_STATIC_ASSERT(sizeof(struct gw_flow6) == 88, "gw_flow6 has no hidden padding");

/*
 * gw_limbo: rings of connections that are half-open or closed. Each CPU has one for each kind and
 * family. When a ring is full, its next entry takes the place of the oldest, whose flow is removed
 * if it still is of that kind. So neither a flood of SYNs nor many short connections fill the flow
 * tables, and nothing that is established is ever evicted.
 */
enum gw_limbo_kind {
	GW_LIMBO_HALF_OPEN,
	GW_LIMBO_CLOSED,
	GW_LIMBO_KINDS,
};

/*
 * The ring of (cpu, kind, family) begins at ((cpu * GW_LIMBO_KINDS + kind) * 2 + is_v6) * size,
 * where size is a power of two that the loader chooses, so that each kind's entries fill at most a
 * quarter of a flow table.
 */
#define GW_LIMBO_RING_MAX 16384

/*
 * Closed connections use no more places than that: their entries, 1 MB with IPv4, are taken anew
 * while a cache of the CPU's still has them. At 20,000 connections a second and CPU, one stays for
 * 200 ms, in which a lost segment is sent again (TCP_RTO_MIN of Linux).
 */
#define GW_LIMBO_CLOSED_MAX 4096

struct gw_limbo_entry {
	struct gw_flow6_key tuple; /* of the forward entry; IPv4 mapped */
	__u32 created;		   /* of the flow, tells it from a later one; 0: no entry */
};
GW_STATIC_ASSERT(sizeof(struct gw_limbo_entry) == 44, "gw_limbo_entry has no hidden padding");

/* gw_limbo_next: per CPU, index 0: how many entries each ring has taken. */
struct gw_limbo_next {
	__u32 count[GW_LIMBO_KINDS * 2];
};
GW_STATIC_ASSERT(sizeof(struct gw_limbo_next) == 16, "gw_limbo_next has no hidden padding");

/* gw_fragments: key is what all fragments of a packet share (RFC 791, RFC 8200 section 4.5). */
struct gw_fragment_key {
	struct gw_addr src;
	struct gw_addr dst;
	__u32 id; /* as in the packet, in its byte order */
	__u8 protocol;
	__u8 pad[3]; /* zero */
};
GW_STATIC_ASSERT(sizeof(struct gw_fragment_key) == 40, "gw_fragment_key has no hidden padding");

struct gw_fragment {
	__be16 sport; /* from the first fragment */
	__be16 dport;
};
GW_STATIC_ASSERT(sizeof(struct gw_fragment) == 4, "gw_fragment has no hidden padding");
