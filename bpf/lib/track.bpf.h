/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a packet does to its connection's state. RFC 9293 section 3.3.2, seen from the middle: a
 * segment moves the state only if its sequence numbers fit to what the other side has acknowledged
 * (RFC 5961 for RST), so that nobody who merely guesses ports can close a connection. Segments that
 * do not fit are forwarded all the same: the endpoint is the judge of them.
 *
 * Two CPUs may handle the two directions at once. Each entry is written by packets of its own
 * direction, except for `state`, which a transition writes into both. Transitions are monotonous
 * towards CLOSED, so the worst a race can do is to leave one entry one step behind until the next
 * packet; the agent's timeouts go by both entries.
 */
#pragma once

#include "bpf/lib/admission.bpf.h"
#include "bpf/lib/flow.bpf.h"
#include "bpf/lib/health.bpf.h"
#include "bpf/lib/limbo.bpf.h"

/* How far ahead of what is acknowledged a segment may be: more than any window in use. */
#define GW_SEQ_AHEAD (1U << 24)

/* The sequence number behind the segment. */
static __always_inline __u32 gw_seq_end(const struct gw_packet *packet)
{
	__u32 end = bpf_ntohl(packet->seq) + packet->l4_length - packet->l4_header;

	end += !!(packet->tcp_flags & GW_TCP_SYN);
	return end + !!(packet->tcp_flags & GW_TCP_FIN);
}

/* A client that got no answer may try again under the same port, as another connection with numbers
 * of its own. */
static __always_inline bool gw_is_first_segment(const struct gw_flow *flow,
						const struct gw_packet *packet)
{
	return !(flow->flags & GW_FLOW_SEQ_SEEN) ||
	       (gw_is_syn(packet->tcp_flags) && flow->state == GW_FLOW_SYN_SENT);
}

/* Notes how far this direction has come. */
static __always_inline void gw_flow_note_seq(struct gw_flow *flow, const struct gw_packet *packet)
{
	const __u32 end = gw_seq_end(packet);

	if (packet->tcp_flags & GW_TCP_RST)
		return;
	if (gw_is_first_segment(flow, packet)) {
		flow->flags |= GW_FLOW_SEQ_SEEN;
		flow->seq_end = end;
	} else if (end - flow->seq_end - 1 < GW_SEQ_AHEAD) {
		flow->seq_end = end;
	}
	/* Until the client answers the SYN+ACK, `ack` is what it has to answer. */
	if (packet->tcp_flags & GW_TCP_ACK && flow->state != GW_FLOW_SYN_RECEIVED)
		flow->ack = bpf_ntohl(packet->ack);
}

/* True if the client's segment acknowledges the backend's SYN, or at most the few bytes behind it.
 */
static __always_inline bool gw_completes_handshake(const struct gw_flow *flow,
						   const struct gw_packet *packet)
{
	return packet->tcp_flags & GW_TCP_ACK && bpf_ntohl(packet->ack) - flow->ack <= 0xffff;
}

/* True if the FIN or RST stands where the other side waits for it. */
static __always_inline bool gw_closes_in_sequence(const struct gw_flow *flow,
						  const struct gw_flow *peer,
						  const struct gw_packet *packet)
{
	/* What a RST carries is a message for people, not a part of the stream. */
	const __u32 at =
		packet->tcp_flags & GW_TCP_RST ? bpf_ntohl(packet->seq) : gw_seq_end(packet);
	const __u32 ahead = at - (peer ? peer->ack : 0);

	if (!peer)
		return true; /* DSR */
	/* A refusal proves itself by acknowledging the SYN (RFC 9293, 3.10.7.3); the client knows
	 * where it stands. */
	if (flow->state == GW_FLOW_SYN_SENT && flow->flags & GW_FLOW_REPLY)
		return packet->tcp_flags & GW_TCP_ACK && bpf_ntohl(packet->ack) == peer->seq_end;
	if (flow->state == GW_FLOW_SYN_SENT)
		return at == flow->seq_end;
	if (!(flow->flags & GW_FLOW_SEQ_SEEN))
		return ahead <= GW_SEQ_AHEAD;
	return ahead <= flow->seq_end - peer->ack && ahead <= GW_SEQ_AHEAD;
}

static __always_inline __u8 gw_state_after_fin(__u8 state, bool is_reply)
{
	const __u8 own = is_reply ? GW_FLOW_FIN_BACKEND : GW_FLOW_FIN_CLIENT;
	const __u8 other = is_reply ? GW_FLOW_FIN_CLIENT : GW_FLOW_FIN_BACKEND;

	return state == other || state == GW_FLOW_CLOSED ? GW_FLOW_CLOSED : own;
}

/* What a segment from the backend (GW_FLOW_REPLY) or from the client makes of a connection that is
 * being opened. */
static __always_inline __u8 gw_state_after_opening(const struct gw_flow *flow,
						   const struct gw_packet *packet)
{
	const bool is_reply = flow->flags & GW_FLOW_REPLY;
	const __u8 state = flow->state;

	if (state == GW_FLOW_SYN_SENT && is_reply && packet->tcp_flags & GW_TCP_SYN)
		return GW_FLOW_SYN_RECEIVED;
	if (state == GW_FLOW_SYN_RECEIVED && !is_reply && !(packet->tcp_flags & GW_TCP_SYN))
		return gw_completes_handshake(flow, packet) ? GW_FLOW_ESTABLISHED : state;
	if (state == GW_FLOW_JOINED && is_reply)
		return GW_FLOW_ESTABLISHED;
	/* With DSR we hear one side only: its second segment has to do. */
	if (state == GW_FLOW_SYN_SENT && flow->flags & GW_FLOW_DSR &&
	    !(packet->tcp_flags & GW_TCP_SYN))
		return GW_FLOW_ESTABLISHED;
	return state;
}

/*
 * The state after a segment. A FIN counts only once the connection is open: a flow that is closing
 * is not forgotten to make room, and whoever sends SYNs blindly can send FINs as well.
 */
static __always_inline __u8 gw_flow_next_state(const struct gw_flow *flow,
					       const struct gw_flow *peer,
					       const struct gw_packet *packet)
{
	__u8 state;

	if (packet->tcp_flags & GW_TCP_RST)
		return gw_closes_in_sequence(flow, peer, packet) ? GW_FLOW_CLOSED : flow->state;
	state = gw_state_after_opening(flow, packet);
	if (!(packet->tcp_flags & GW_TCP_FIN) || state < GW_FLOW_ESTABLISHED ||
	    !gw_closes_in_sequence(flow, peer, packet))
		return state;
	return gw_state_after_fin(state, flow->flags & GW_FLOW_REPLY);
}

/* What a transition to `state` means for the rings, and for the listener's number of connections.
 */
static __always_inline void gw_flow_leave_state(const struct gw_flow *flow,
						const struct gw_flow *peer, __u8 state,
						const struct gw_packet *packet, bool is_v6)
{
	const struct gw_flow *forward = flow->flags & GW_FLOW_REPLY ? peer : flow;
	const struct gw_tuple tuple =
		flow->flags & GW_FLOW_REPLY ? gw_tuple_of_peer(flow, packet->tuple.protocol, is_v6)
					    : packet->tuple;

	if (forward && flow->state <= GW_FLOW_JOINED && state > GW_FLOW_JOINED)
		gw_limbo_leave(&tuple, forward->limbo, is_v6);
	if (state != GW_FLOW_CLOSED)
		return;
	gw_admission_release(flow);
	gw_limbo_enter(&tuple, flow->created, GW_LIMBO_CLOSED, is_v6);
}

/* Writes a transition into both entries; `peer` is NULL if there is only one. */
static __always_inline void gw_flow_set_state(struct gw_flow *flow, struct gw_flow *peer,
					      __u8 state, const struct gw_packet *packet,
					      bool is_v6)
{
	gw_flow_leave_state(flow, peer, state, packet, is_v6);
	flow->state = state;
	if (peer)
		peer->state = state;
}

static __always_inline void gw_flow_transition(struct gw_flow *flow, const struct gw_packet *packet,
					       bool is_v6)
{
	const bool is_udp = packet->tuple.protocol == IPPROTO_UDP;
	struct gw_flow *peer = gw_flow_peer(flow, packet->tuple.protocol, is_v6);
	const __u8 state = is_udp ? GW_FLOW_UDP_STREAM : gw_flow_next_state(flow, peer, packet);

	if (state == flow->state)
		return;
	gw_health_note_state(flow, state, packet->tuple.protocol);
	gw_flow_set_state(flow, peer, state, packet, is_v6);
	if (peer && state == GW_FLOW_SYN_RECEIVED)
		peer->ack = gw_seq_end(packet);
}

/* A packet that cannot change the state: nearly all of them, and a client's SYN. */
static __always_inline bool gw_is_settled(const struct gw_flow *flow,
					  const struct gw_packet *packet)
{
	if (packet->tuple.protocol == IPPROTO_UDP)
		return flow->state != GW_FLOW_UDP_REQUEST || !(flow->flags & GW_FLOW_REPLY);
	if (packet->tcp_flags & (GW_TCP_FIN | GW_TCP_RST))
		return false;
	return flow->state >= GW_FLOW_ESTABLISHED || gw_flow_may_begin(flow, packet);
}

/* Notes the packet in its flow: the time of its direction, the state of both. */
static __always_inline void gw_flow_track(struct gw_flow *flow, const struct gw_packet *packet,
					  bool is_v6)
{
	const __u32 now = gw_now();

	/* A write a second, not one a packet: the cache line stays shared between CPUs. */
	if (flow->last_seen != now)
		flow->last_seen = now;
	if (packet->fragment == GW_FRAGMENT_LATER)
		return;
	if (packet->tuple.protocol == IPPROTO_TCP)
		gw_flow_note_seq(flow, packet);
	if (!gw_is_settled(flow, packet))
		gw_flow_transition(flow, packet, is_v6);
}
