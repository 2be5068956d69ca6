// SPDX-License-Identifier: GPL-2.0-only
/* The cgroup programs: connections of this host's own processes. */
#include "bpf/lib/socket.bpf.h"

SEC("cgroup/connect4")
int gw_sock_connect4(struct bpf_sock_addr *ctx)
{
	return gw_socket_connect(ctx, false);
}

SEC("cgroup/connect6")
int gw_sock_connect6(struct bpf_sock_addr *ctx)
{
	return gw_socket_connect(ctx, true);
}

SEC("cgroup/sendmsg4")
int gw_sock_sendmsg4(struct bpf_sock_addr *ctx)
{
	return gw_socket_sendmsg(ctx, false);
}

SEC("cgroup/sendmsg6")
int gw_sock_sendmsg6(struct bpf_sock_addr *ctx)
{
	return gw_socket_sendmsg(ctx, true);
}

SEC("cgroup/recvmsg4")
int gw_sock_recvmsg4(struct bpf_sock_addr *ctx)
{
	return gw_socket_show_vip(ctx, false);
}

SEC("cgroup/recvmsg6")
int gw_sock_recvmsg6(struct bpf_sock_addr *ctx)
{
	return gw_socket_show_vip(ctx, true);
}

SEC("cgroup/getpeername4")
int gw_sock_getpeername4(struct bpf_sock_addr *ctx)
{
	return gw_socket_show_vip(ctx, false);
}

SEC("cgroup/getpeername6")
int gw_sock_getpeername6(struct bpf_sock_addr *ctx)
{
	return gw_socket_show_vip(ctx, true);
}

/* Before Linux 5.14 userspace cannot ask for the cookie of its network namespace: the agent
 * attaches this one for a moment and connects a socket whose own cookie it knows. */
__u64 gw_probe_socket;
__u64 gw_probe_netns;

SEC("cgroup/connect4")
int gw_sock_probe(struct bpf_sock_addr *ctx)
{
	if (bpf_get_socket_cookie(ctx) == gw_probe_socket)
		gw_probe_netns = bpf_get_netns_cookie(ctx);
	return GW_SOCKET_GO_ON;
}

char _license[] SEC("license") = "GPL";
