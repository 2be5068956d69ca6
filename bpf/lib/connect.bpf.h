/* SPDX-License-Identifier: GPL-2.0-only */
/* New connections: backend, source port, and the two flow entries. */
#pragma once

#include "bpf/lib/flow.bpf.h"
#include "bpf/lib/select.bpf.h"

/* How many source ports are tried before we call them exhausted. */
#define GW_NAT_ATTEMPTS 32

/* What gw_connect() made of a packet without a flow. */
enum gw_connect_result {
	GW_CONNECT_OK,
	GW_CONNECT_NO_BACKEND,
	GW_CONNECT_NO_FLOW,
	GW_CONNECT_NO_PORT,
	GW_CONNECT_TABLE_FULL,
};

/* What both entries of a new connection are made from. */
struct gw_connection {
	struct gw_tuple client;	 /* as it arrives: client -> VIP */
	struct gw_tuple backend; /* as it leaves: client or gateway -> backend */
	__u32 listener_id;
	__u32 backend_id;
	__u32 hash;
	__u16 flags; /* GW_FLOW_FULL_NAT or 0 */
	__u8 state;
};

static __always_inline __u32 gw_ports_delta(__be16 from_src, __be16 from_dst, __be16 to_src,
					    __be16 to_dst)
{
	const __be16 from[2] = {from_src, from_dst};
	const __be16 to[2] = {to_src, to_dst};

	return gw_csum_diff(from, to, sizeof(from), 0);
}

static __always_inline __u32 gw_address_delta(const struct gw_addr *from, const struct gw_addr *to,
					      __u32 seed)
{
	return gw_csum_diff(from, to, sizeof(*from), seed);
}

/*
 * Fills an entry that turns `from` into `to`. For IPv4 the v4-mapped words cancel out in the
 * checksum, so one delta serves IPv4's header and both families' pseudo-header.
 */
static __always_inline void gw_flow_fill(struct gw_flow *flow, const struct gw_tuple *from,
					 const struct gw_tuple *to,
					 const struct gw_connection *connection)
{
	const __u32 now = gw_now();

	__builtin_memset(flow, 0, sizeof(*flow));
	flow->src = to->src;
	flow->dst = to->dst;
	flow->sport = to->sport;
	flow->dport = to->dport;
	flow->csum_addresses =
		gw_address_delta(&from->dst, &to->dst, gw_address_delta(&from->src, &to->src, 0));
	flow->csum_ports = gw_ports_delta(from->sport, from->dport, to->sport, to->dport);
	flow->flags = connection->flags;
	flow->state = connection->state;
	flow->last_seen = now;
	flow->created = now;
	flow->listener_id = connection->listener_id;
	flow->backend_id = connection->backend_id;
}

/* The source port of the n-th try. DNAT keeps the client's own port if it can. */
static __always_inline __be16 gw_source_port(const struct gw_connection *connection, __u32 attempt)
{
	const __u32 index = 0;
	const struct gw_control *control = bpf_map_lookup_elem(&gw_control, &index);
	__u32 span;

	if (!(connection->flags & GW_FLOW_FULL_NAT) && attempt == 0)
		return connection->client.sport;
	if (!control)
		return 0;
	span = control->nat_port_last - control->nat_port_first + 1;
	/* An odd stride visits other ports on each try, and others for each client. */
	return bpf_htons(
		(__u16)(control->nat_port_first +
			(connection->hash + attempt * (connection->hash >> 16 | 1)) % span));
}

/* True if `flow`, found under our backend tuple, is a left-over or already our own connection's. */
static __always_inline bool gw_reply_is_reusable(const struct gw_flow *flow,
						 const struct gw_connection *connection)
{
	if (flow->state == GW_FLOW_CLOSED)
		return true;
	return flow->dport == connection->client.sport && flow->sport == connection->client.dport &&
	       gw_addr_equal(&flow->dst, &connection->client.src) &&
	       gw_addr_equal(&flow->src, &connection->client.dst);
}

/*
 * Stores the reply entry under a source port that nobody uses towards this backend. The
 * insertion is the allocation: of two CPUs that try one port, the map lets one win. Only the
 * first port is looked at closely; another one that is taken is passed over.
 */
static __always_inline int gw_connect_reply(struct gw_connection *connection, struct gw_flow *flow,
					    bool is_v6)
{
	const struct gw_tuple to = gw_tuple_reverse(&connection->client);
	struct gw_tuple from = gw_tuple_reverse(&connection->backend);
	struct gw_flow *taken;
	__u32 attempt;

	from.dport = gw_source_port(connection, 0);
	gw_flow_fill(flow, &from, &to, connection);
	flow->flags |= GW_FLOW_REPLY;
	taken = gw_flow_find(&from, is_v6);
	if (taken && gw_reply_is_reusable(taken, connection))
		gw_flow_remove(&from, is_v6);
	for (attempt = 1; gw_flow_insert(&from, flow, is_v6); attempt++) {
		if (attempt == GW_NAT_ATTEMPTS)
			return GW_CONNECT_NO_PORT;
		from.dport = gw_source_port(connection, attempt);
		flow->csum_ports = gw_ports_delta(from.sport, from.dport, to.sport, to.dport);
	}
	connection->backend.sport = from.dport;
	return GW_CONNECT_OK;
}

/*
 * Stores both entries. A duplicate SYN on another CPU may have been first: then its forward
 * entry stands, and with it the reply entry, if both chose the same port.
 */
static __always_inline int gw_connect_store(struct gw_connection *connection, bool is_v6)
{
	const struct gw_flow *winner;
	struct gw_tuple reply;
	struct gw_flow flow;
	int result;

	result = gw_connect_reply(connection, &flow, is_v6);
	if (result != GW_CONNECT_OK)
		return result;
	gw_flow_fill(&flow, &connection->client, &connection->backend, connection);
	if (!gw_flow_insert(&connection->client, &flow, is_v6)) {
		gw_count(GW_EVENT_FLOW_CREATED);
		return GW_CONNECT_OK;
	}
	winner = gw_flow_find(&connection->client, is_v6);
	if (winner && winner->sport == connection->backend.sport)
		return GW_CONNECT_OK;
	reply = gw_tuple_reverse(&connection->backend);
	gw_flow_remove(&reply, is_v6);
	return winner ? GW_CONNECT_OK : GW_CONNECT_TABLE_FULL;
}

static __noinline int gw_connect_store4(struct gw_connection *connection)
{
	return gw_connect_store(connection, false);
}

static __noinline int gw_connect_store6(struct gw_connection *connection)
{
	return gw_connect_store(connection, true);
}

static __always_inline __u8 gw_first_state(const struct gw_packet *packet)
{
	if (packet->tuple.protocol == IPPROTO_UDP)
		return GW_FLOW_UDP_REQUEST;
	return gw_is_syn(packet->tcp_flags) ? GW_FLOW_SYN_SENT : GW_FLOW_ESTABLISHED;
}

/*
 * Makes the flow for a packet to `listener` that has none. In mid-stream that works with DNAT,
 * where the tables of all nodes agree on the backend; the port that full NAT had chosen is lost
 * with the flow.
 */
static __noinline int gw_connect(const struct gw_packet *packet, const struct gw_listener *listener)
{
	const bool is_request = gw_is_request(packet);
	struct gw_connection connection = {};
	const struct gw_backend *backend;

	connection.hash = gw_hash_packet(packet);
	connection.backend_id = gw_backend_choose(packet, listener->service_id, connection.hash);
	if (connection.backend_id == GW_BACKEND_REJECT)
		return GW_CONNECT_NO_BACKEND;
	backend = bpf_map_lookup_elem(&gw_backends, &connection.backend_id);
	if (!backend)
		return GW_CONNECT_NO_BACKEND;
	if (!is_request && (backend->flags & GW_BACKEND_FULL_NAT || packet->tcp_flags & GW_TCP_SYN))
		return GW_CONNECT_NO_FLOW;
	connection.client = packet->tuple;
	connection.backend = connection.client;
	connection.backend.dst = backend->addr;
	connection.backend.dport = backend->port;
	if (backend->flags & GW_BACKEND_FULL_NAT) {
		connection.backend.src = backend->source;
		connection.flags = GW_FLOW_FULL_NAT;
	}
	connection.listener_id = listener->listener_id;
	connection.state = gw_first_state(packet);
	return packet->is_v6 ? gw_connect_store6(&connection) : gw_connect_store4(&connection);
}
