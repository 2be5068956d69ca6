/* SPDX-License-Identifier: GPL-2.0-only */
/* New connections: backend, source port, and the flow entries. */
#pragma once

#include "bpf/lib/admission.bpf.h"
#include "bpf/lib/control.bpf.h"
#include "bpf/lib/flow.bpf.h"
#include "bpf/lib/forward.bpf.h"
#include "bpf/lib/health.bpf.h"
#include "bpf/lib/limbo.bpf.h"
#include "bpf/lib/select.bpf.h"
#include "bpf/lib/stage.bpf.h"
#include "bpf/lib/track.bpf.h"

/* How many source ports are tried before we call them exhausted. */
#define GW_NAT_ATTEMPTS 32

#define GW_EEXIST 17 /* of the C library's errno.h, which is not for us */

/* Beside 0 and the reasons why not: another CPU has made the flow. */
#define GW_CONNECT_KNOWN (-1)

/* What a new connection's entries are made from. */
struct gw_connection {
	struct gw_tuple client;	 /* as it arrives: client -> VIP */
	struct gw_tuple backend; /* as it leaves: client or gateway -> backend */
	__u32 listener_id;
	__u32 backend_id;
	__u32 hash;
	__u32 now;
	__u16 csum_addresses; /* what the way to the backend adds; the way back takes it away */
	__u8 flags;	      /* enum gw_flow_flags */
	__u8 state;
};

/* The other words of mapped addresses are all the same, so for IPv4 one delta serves the header and
 * the pseudo-header. */
static __always_inline __u16 gw_addresses_delta(const struct gw_tuple *from,
						const struct gw_tuple *to, bool is_v6)
{
	__u32 delta = 0;
	int i;

#pragma unroll
	for (i = is_v6 ? 0 : 3; i < 4; i++) {
		delta = gw_csum_sum(delta, to->src.word[i]);
		delta = gw_csum_sum(delta, to->dst.word[i]);
		delta = gw_csum_sum(delta, ~from->src.word[i]);
		delta = gw_csum_sum(delta, ~from->dst.word[i]);
	}
	return gw_csum_fold(delta);
}

/* Fills an entry that writes `to`. */
static __always_inline void gw_flow_fill(union gw_flow_value *value, const struct gw_tuple *to,
					 const struct gw_connection *connection, bool is_v6)
{
	struct gw_flow *flow = &value->flow;

	__builtin_memset(value, 0, sizeof(*value));
	if (is_v6) {
		value->v6.src = to->src;
		value->v6.dst = to->dst;
	} else {
		value->v4.src = to->src.word[3];
		value->v4.dst = to->dst.word[3];
	}
	flow->sport = to->sport;
	flow->dport = to->dport;
	flow->csum_addresses = connection->csum_addresses;
	flow->flags = connection->flags;
	flow->state = connection->state;
	flow->last_seen = connection->now;
	flow->created = connection->now;
	flow->listener_id = connection->listener_id;
	flow->backend_id = connection->backend_id;
}

/* The source port of the n-th try. DNAT keeps the client's own port if it can. */
static __always_inline __be16 gw_source_port(const struct gw_connection *connection, __u32 attempt)
{
	const struct gw_control *control = gw_control_get();
	__u32 span, stride;

	if (!(connection->flags & GW_FLOW_FULL_NAT) && attempt == 0)
		return connection->client.sport;
	if (!control)
		return 0;
	span = control->nat_port_last - control->nat_port_first + 1;
	/* Another stride for each client, and short enough that no port is tried twice. */
	stride = span / GW_NAT_ATTEMPTS;
	stride = stride ? (connection->hash >> 16) % stride + 1 : 1;
	return bpf_htons((__u16)(control->nat_port_first +
				 (connection->hash % span + attempt * stride) % span));
}

/*
 * True if a reply tuple is free. A left-over that stands there is removed: a connection that is
 * closed, or the rest of one of this client's. To look before inserting is also the cheaper way: a
 * lookup need not wait for the memory before the CPU goes on, an insertion with its lock has to.
 */
static __always_inline bool gw_connect_may_take(const struct gw_tuple *from,
						const struct gw_connection *connection, bool is_v6)
{
	const struct gw_flow *flow = gw_flow_find(from, is_v6);
	struct gw_tuple forward;

	if (!flow)
		return true;
	forward = gw_tuple_of_peer(flow, from->protocol, is_v6);
	if (flow->state != GW_FLOW_CLOSED && !gw_tuple_equal(&forward, &connection->client))
		return false;
	gw_flow_remove(from, is_v6);
	gw_flow_remove(&forward, is_v6);
	return true;
}

/*
 * Stores the reply entry under a source port that nobody uses towards this backend; 0, or the
 * reason why not. The insertion is the allocation: of two CPUs that try one port, the map lets one
 * win.
 */
static __always_inline int gw_connect_reply(struct gw_connection *connection,
					    union gw_flow_value *value, __u32 ack, bool is_v6)
{
	const struct gw_tuple to = gw_tuple_reverse(&connection->client);
	struct gw_tuple from = gw_tuple_reverse(&connection->backend);
	__u32 attempt;
	long error;

	gw_flow_fill(value, &to, connection, is_v6);
	value->flow.csum_addresses = (__u16)~connection->csum_addresses;
	value->flow.flags |= GW_FLOW_REPLY;
	value->flow.ack = ack;
	gw_next_hop_recall(&value->flow, is_v6);
	for (attempt = 0; attempt < GW_NAT_ATTEMPTS; attempt++) {
		from.dport = gw_source_port(connection, attempt);
		if (!gw_connect_may_take(&from, connection, is_v6))
			continue;
		error = gw_flow_insert(&from, value, is_v6);
		if (!error) {
			connection->backend.sport = from.dport;
			return 0;
		}
		if (error != -GW_EEXIST)
			return GW_DROP_FLOW_TABLE_FULL;
	}
	return GW_DROP_NAT_PORTS_EXHAUSTED;
}

/*
 * Fills the forward entry from a packet that begins a connection, complete with its next hop. A
 * segment from mid-stream may move the new flow's state, so it goes through the table: the entry's
 * hop is looked up there.
 */
static __always_inline enum gw_next_hop gw_connect_fill(gw_ctx *ctx, union gw_flow_value *value,
							const struct gw_packet *packet,
							const struct gw_connection *connection,
							struct bpf_redir_neigh *neighbour,
							bool is_v6)
{
	gw_flow_fill(value, &connection->backend, connection, is_v6);
	if (!gw_is_request(packet))
		return GW_NEXT_HOP_NONE;
	if (gw_is_syn(packet->tcp_flags))
		gw_flow_note_seq(&value->flow, packet);
	return gw_next_hop_refresh(ctx, &value->flow, packet, neighbour, is_v6);
}

/*
 * Stores the forward entry. A duplicate SYN on another CPU may have been first: then its entry
 * stands, and with it the reply entry, if both chose the same port. 0, GW_CONNECT_KNOWN, or the
 * reason why not.
 */
static __always_inline int gw_connect_forward(const struct gw_connection *connection,
					      union gw_flow_value *value, bool is_v6)
{
	const struct gw_flow *winner;
	struct gw_tuple reply;

	value->flow.limbo = gw_limbo_next_place(GW_LIMBO_HALF_OPEN, is_v6);
	if (!gw_flow_insert(&connection->client, value, is_v6)) {
		gw_limbo_enter(&connection->client, connection->now, GW_LIMBO_HALF_OPEN, is_v6);
		gw_count(GW_EVENT_FLOW_CREATED);
		gw_admission_take(&value->flow);
		gw_health_note_attempt(&value->flow, connection->client.protocol);
		return 0;
	}
	winner = gw_flow_find(&connection->client, is_v6);
	if (winner && winner->sport == connection->backend.sport)
		return GW_CONNECT_KNOWN;
	reply = gw_tuple_reverse(&connection->backend);
	gw_flow_remove(&reply, is_v6);
	return winner ? GW_CONNECT_KNOWN : GW_DROP_FLOW_TABLE_FULL;
}

static __always_inline __u8 gw_first_state(const struct gw_packet *packet)
{
	if (packet->tuple.protocol == IPPROTO_UDP)
		return GW_FLOW_UDP_REQUEST;
	return gw_is_syn(packet->tcp_flags) ? GW_FLOW_SYN_SENT : GW_FLOW_JOINED;
}

/* True if the backend sees our address in place of the client's. */
static __always_inline bool gw_is_full_nat(const struct gw_backend *backend,
					   const struct gw_addr *client)
{
	if (backend->flags & (GW_BACKEND_FULL_NAT | GW_BACKEND_DSR))
		return backend->flags & GW_BACKEND_FULL_NAT;
	return backend->shared_bits && gw_addr_shares(client, &backend->addr, backend->shared_bits);
}

/* What the backend's mode makes of the tuple. */
static __always_inline void gw_connection_use(struct gw_connection *connection,
					      const struct gw_backend *backend, bool is_full_nat)
{
	connection->backend.dst = backend->addr;
	if (backend->flags & GW_BACKEND_DSR) {
		connection->flags |= GW_FLOW_DSR;
		if (backend->flags & GW_BACKEND_TUNNEL) {
			connection->flags |= GW_FLOW_TUNNEL;
			connection->backend.src = backend->source;
		}
		return;
	}
	connection->backend.dport = backend->port;
	if (backend->flags & GW_BACKEND_LOCAL)
		connection->flags |= GW_FLOW_LOCAL;
	if (is_full_nat) {
		connection->flags |= GW_FLOW_FULL_NAT;
		connection->backend.src = backend->source;
	}
	if (backend->flags & GW_BACKEND_WATCHED)
		connection->flags |= GW_FLOW_WATCHED;
}

/*
 * Chooses the backend for a packet to `listener` that has no flow; 0, or the reason why not. In
 * mid-stream that works with DNAT and DSR, where the tables of all nodes agree on the backend; the
 * port that full NAT had chosen is lost with the flow.
 */
static __always_inline int gw_connect_begin(struct gw_connection *connection,
					    const struct gw_packet *packet,
					    const struct gw_listener *listener, bool is_v6)
{
	const struct gw_backend *backend;
	bool is_full_nat;
	int refused;

	if (packet->tcp_flags & GW_TCP_RST)
		return GW_DROP_STRAY_RST;
	refused = gw_admit(&packet->tuple.src, listener);
	if (refused)
		return refused;
	connection->hash = gw_hash_tuple(&packet->tuple);
	connection->backend_id =
		gw_backend_choose(listener->service_id, &packet->tuple.src, connection->hash);
	if (connection->backend_id == GW_BACKEND_REJECT)
		return GW_DROP_NO_BACKEND;
	backend = bpf_map_lookup_elem(&gw_backends, &connection->backend_id);
	if (!backend)
		return GW_DROP_NO_BACKEND;
	is_full_nat = gw_is_full_nat(backend, &packet->tuple.src);
	if (!gw_is_request(packet) && (is_full_nat || packet->tcp_flags & GW_TCP_SYN))
		return GW_DROP_NO_FLOW;
	connection->client = packet->tuple;
	connection->backend = connection->client;
	connection->listener_id = listener->listener_id;
	connection->state = gw_first_state(packet);
	connection->flags = listener->flags & GW_LISTENER_LIMITED ? GW_FLOW_COUNTED : 0;
	connection->now = gw_now();
	gw_connection_use(connection, backend, is_full_nat);
	connection->csum_addresses =
		gw_addresses_delta(&connection->client, &connection->backend, is_v6);
	return 0;
}

static __always_inline void gw_flow_forget(const struct gw_tuple *tuple, bool is_v6)
{
	const struct gw_flow *flow = gw_flow_find(tuple, is_v6);

	if (!flow)
		return;
	if (flow->state != GW_FLOW_CLOSED)
		gw_admission_release(flow);
	gw_flow_remove_both(flow, tuple, is_v6);
}

static __always_inline bool gw_is_refused_in_silence(int reason)
{
	return reason >= GW_DROP_SOURCE_DENIED && reason <= GW_DROP_CONNECTION_LIMIT;
}

static __always_inline int gw_refuse(gw_ctx *ctx, struct gw_scratch *scratch, int reason)
{
	if (gw_is_refused_in_silence(reason))
		return gw_drop((enum gw_counter)reason);
	scratch->reason = reason;
	return gw_enter(ctx, GW_STAGE_REJECT);
}

/* The packet is for gw_scratch.listener and has no flow, or one that is over. */
static __always_inline int gw_stage_connect(gw_ctx *ctx, bool is_v6)
{
	struct gw_scratch *scratch = gw_scratch_get();
	struct gw_connection connection = {};
	struct bpf_redir_neigh neighbour;
	const struct gw_packet *packet;
	union gw_flow_value value;
	enum gw_next_hop hop;
	int reason;

	if (!scratch || GW_HOOK_EGRESS)
		return gw_drop(GW_DROP_INTERNAL);
	packet = &scratch->packet;
	if (scratch->reopens)
		gw_flow_forget(&packet->tuple, is_v6);
	reason = gw_connect_begin(&connection, packet, &scratch->listener, is_v6);
	/* With DSR the replies do not pass here. A later fragment has no numbers. */
	if (!reason && !(connection.flags & GW_FLOW_DSR))
		reason = gw_connect_reply(&connection, &value,
					  packet->l4_header ? gw_seq_end(packet) : 0, is_v6);
	if (reason)
		return gw_refuse(ctx, scratch, reason);
	hop = gw_connect_fill(ctx, &value, packet, &connection, &neighbour, is_v6);
	reason = gw_connect_forward(&connection, &value, is_v6);
	if (reason > 0)
		return gw_refuse(ctx, scratch, reason);
	/* The flow in the table is another CPU's, or to be moved by this segment. */
	if (reason == GW_CONNECT_KNOWN || !gw_is_request(packet))
		return gw_enter(ctx, is_v6 ? GW_STAGE_FORWARD6 : GW_STAGE_FORWARD4);
	return gw_send_if_found(ctx, &value.flow, packet, hop, &neighbour, GW_IN_CONNECT, is_v6);
}

static __always_inline int gw_stage_connect4(gw_ctx *ctx)
{
	return gw_stage_connect(ctx, false);
}

static __always_inline int gw_stage_connect6(gw_ctx *ctx)
{
	return gw_stage_connect(ctx, true);
}
