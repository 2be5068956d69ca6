/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections of this host's own processes (docs/design/0012): what connect() and sendmsg() are
 * given is a backend's address in place of the VIP; what recvmsg() and getpeername() tell is the
 * VIP in place of the backend's. On an AF_INET6 socket IPv4 addresses are v4-mapped, as in our
 * maps.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/in.h>

#include "bpf/lib/admission.bpf.h"
#include "bpf/lib/control.bpf.h"
#include "bpf/lib/select.bpf.h"
#include "maps/socket.h"

#define GW_ECONNREFUSED 111 /* of the C library's errno.h, which is not for us */

/* What the program returns. */
enum { GW_SOCKET_REFUSE = 0, GW_SOCKET_GO_ON = 1 };

/* The loader sets it where the kernel lets these programs choose the error of a refusal
 * (Linux 6.1).
 */
const volatile __u8 gw_socket_chooses_error;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, GW_SOCKETS_MAX);
	__type(key, struct gw_socket_key);
	__type(value, struct gw_socket);
} gw_sockets SEC(".maps");

/* As gw_count(), in process context: a packet may come in between on this CPU. */
static __always_inline void gw_socket_count(enum gw_counter counter)
{
	const __u32 index = counter;
	__u64 *value = bpf_map_lookup_elem(&gw_counters, &index);

	if (value)
		__sync_fetch_and_add(value, 1);
}

/* A cgroup has processes of any network namespace; the listeners are those of one. */
static __always_inline bool gw_socket_is_ours(struct bpf_sock_addr *ctx)
{
	const struct gw_control *control = gw_control_get();

	return control && control->netns_cookie == bpf_get_netns_cookie(ctx);
}

/*
 * The address that the program was called with, as the destination of a tuple. The source is the
 * same: that is what the kernel would choose for a connection to an address of this host.
 */
static __always_inline void gw_socket_tuple(const struct bpf_sock_addr *ctx, struct gw_tuple *tuple,
					    bool is_v6)
{
	__builtin_memset(tuple, 0, sizeof(*tuple));
	if (is_v6) {
		tuple->dst.word[0] = ctx->user_ip6[0];
		tuple->dst.word[1] = ctx->user_ip6[1];
		tuple->dst.word[2] = ctx->user_ip6[2];
		tuple->dst.word[3] = ctx->user_ip6[3];
	} else {
		gw_addr_from_v4(&tuple->dst, ctx->user_ip4);
	}
	tuple->src = tuple->dst;
	tuple->dport = (__be16)ctx->user_port;
	tuple->protocol = (__u8)ctx->protocol;
}

static __always_inline void gw_socket_redirect(struct bpf_sock_addr *ctx,
					       const struct gw_addr *addr, __be16 port, bool is_v6)
{
	if (is_v6) {
		ctx->user_ip6[0] = addr->word[0];
		ctx->user_ip6[1] = addr->word[1];
		ctx->user_ip6[2] = addr->word[2];
		ctx->user_ip6[3] = addr->word[3];
	} else {
		ctx->user_ip4 = addr->word[3];
	}
	ctx->user_port = port;
}

static __always_inline struct gw_socket_key gw_socket_key_of(struct bpf_sock_addr *ctx,
							     const struct gw_addr *addr,
							     __be16 port, enum gw_socket_kind kind)
{
	return (struct gw_socket_key){
		.cookie = bpf_get_socket_cookie(ctx),
		.addr = *addr,
		.port = port,
		.kind = kind,
	};
}

/*
 * EPERM if the source is denied, else ECONNREFUSED. Before Linux 6.1 the error is always EPERM, but
 * a TCP connection can be sent where nobody can listen, to port 0 of the loopback, which answers
 * with a RST.
 */
static __always_inline int gw_socket_refuse(struct bpf_sock_addr *ctx, const struct gw_tuple *tuple,
					    enum gw_counter reason, bool is_v6)
{
	struct gw_addr loopback = {.word = {0, 0, 0, bpf_htonl(1)}};

	gw_socket_count(reason);
	if (reason == GW_DROP_SOURCE_DENIED)
		return GW_SOCKET_REFUSE;
	if (gw_socket_chooses_error) {
		bpf_set_retval(-GW_ECONNREFUSED);
		return GW_SOCKET_REFUSE;
	}
	if (tuple->protocol != IPPROTO_TCP)
		return GW_SOCKET_REFUSE;
	if (gw_addr_is_v4(&tuple->dst))
		gw_addr_from_v4(&loopback, bpf_htonl(INADDR_LOOPBACK));
	gw_socket_redirect(ctx, &loopback, 0, is_v6);
	return GW_SOCKET_GO_ON;
}

/*
 * Chooses a backend; 0, or the reason why there is none. There is no source port yet to hash, and
 * none is needed: no other node will ever see this connection.
 */
static __always_inline int gw_socket_choose(const struct gw_listener *listener,
					    const struct gw_tuple *tuple, struct gw_socket *chosen)
{
	const struct gw_backend *backend;
	const int refused = gw_admit(&tuple->src, listener);
	__u32 id;

	if (refused)
		return refused;
	id = gw_backend_choose(listener->service_id, &tuple->src, bpf_get_prandom_u32());
	if (id == GW_BACKEND_REJECT)
		return GW_DROP_NO_BACKEND;
	backend = bpf_map_lookup_elem(&gw_backends, &id);
	if (!backend)
		return GW_DROP_NO_BACKEND;
	*chosen = (struct gw_socket){
		.addr = backend->addr,
		.port = backend->port,
		.protocol = tuple->protocol,
		.listener_id = listener->listener_id,
		.backend_id = id,
	};
	/* With DSR a backend listens on the VIP's port. */
	if (backend->flags & GW_BACKEND_DSR)
		chosen->port = tuple->dport;
	return 0;
}

/* Lets recvmsg() and getpeername() find the VIP under the backend. */
static __always_inline void gw_socket_note_vip(struct bpf_sock_addr *ctx,
					       const struct gw_tuple *tuple,
					       const struct gw_socket *chosen)
{
	const struct gw_socket_key key =
		gw_socket_key_of(ctx, &chosen->addr, chosen->port, GW_SOCKET_FROM_BACKEND);
	struct gw_socket vip = *chosen;

	vip.addr = tuple->dst;
	vip.port = tuple->dport;
	bpf_map_update_elem(&gw_sockets, &key, &vip, BPF_ANY);
}

/* connect(): TCP and UDP. */
static __always_inline int gw_socket_connect(struct bpf_sock_addr *ctx, bool is_v6)
{
	const struct gw_listener *listener;
	struct gw_socket chosen;
	struct gw_tuple tuple;
	int reason;

	if (!gw_socket_is_ours(ctx))
		return GW_SOCKET_GO_ON;
	gw_socket_tuple(ctx, &tuple, is_v6);
	listener = gw_listener_find(&tuple);
	if (!listener)
		return GW_SOCKET_GO_ON;
	reason = gw_socket_choose(listener, &tuple, &chosen);
	if (reason)
		return gw_socket_refuse(ctx, &tuple, (enum gw_counter)reason, is_v6);
	gw_socket_note_vip(ctx, &tuple, &chosen);
	gw_socket_redirect(ctx, &chosen.addr, chosen.port, is_v6);
	gw_socket_count(GW_EVENT_SOCKET_CONNECTED);
	return GW_SOCKET_GO_ON;
}

/* True if the backend that a UDP socket was sent to is still in use, or drains. */
static __always_inline bool gw_socket_may_stay(const struct gw_socket *known)
{
	const __u32 id = known->backend_id;
	const struct gw_backend *backend = bpf_map_lookup_elem(&gw_backends, &id);

	/* The id may be another backend's by now. */
	return backend && gw_addr_equal(&backend->addr, &known->addr);
}

/* sendmsg() with an address, of a UDP socket: as with packets, one flow stays on one backend. */
static __always_inline int gw_socket_sendmsg(struct bpf_sock_addr *ctx, bool is_v6)
{
	const struct gw_listener *listener;
	const struct gw_socket *known;
	struct gw_socket_key key;
	struct gw_socket chosen;
	struct gw_tuple tuple;
	int reason;

	if (!gw_socket_is_ours(ctx))
		return GW_SOCKET_GO_ON;
	gw_socket_tuple(ctx, &tuple, is_v6);
	listener = gw_listener_find(&tuple);
	if (!listener)
		return GW_SOCKET_GO_ON;
	key = gw_socket_key_of(ctx, &tuple.dst, tuple.dport, GW_SOCKET_TO_VIP);
	known = bpf_map_lookup_elem(&gw_sockets, &key);
	if (known && gw_socket_may_stay(known)) {
		gw_socket_redirect(ctx, &known->addr, known->port, is_v6);
		return GW_SOCKET_GO_ON;
	}
	reason = gw_socket_choose(listener, &tuple, &chosen);
	if (reason)
		return gw_socket_refuse(ctx, &tuple, (enum gw_counter)reason, is_v6);
	bpf_map_update_elem(&gw_sockets, &key, &chosen, BPF_ANY);
	gw_socket_note_vip(ctx, &tuple, &chosen);
	gw_socket_redirect(ctx, &chosen.addr, chosen.port, is_v6);
	gw_socket_count(GW_EVENT_SOCKET_CONNECTED);
	return GW_SOCKET_GO_ON;
}

/* recvmsg() of a UDP socket, and getpeername(): the VIP in place of the backend. */
static __always_inline int gw_socket_show_vip(struct bpf_sock_addr *ctx, bool is_v6)
{
	const struct gw_socket *vip;
	struct gw_socket_key key;
	struct gw_tuple tuple;

	if (!gw_socket_is_ours(ctx))
		return GW_SOCKET_GO_ON;
	gw_socket_tuple(ctx, &tuple, is_v6);
	key = gw_socket_key_of(ctx, &tuple.dst, tuple.dport, GW_SOCKET_FROM_BACKEND);
	vip = bpf_map_lookup_elem(&gw_sockets, &key);
	if (vip)
		gw_socket_redirect(ctx, &vip->addr, vip->port, is_v6);
	return GW_SOCKET_GO_ON;
}
