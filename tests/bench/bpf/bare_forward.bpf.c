// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor: as little as a forwarder with NAT can do. One address and one range of ports,
 * constants, are exchanged for another, the MAC addresses are written, the frame is redirected. No
 * tables, no connections, no checks. IPv4, TCP.
 *
 * With `remembers_flows` (tc only), what remembering connections costs at least: a table with two
 * entries for each, of which every packet looks up its own. Nothing is done with what is found.
 */
#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "tests/bench/bpf/bare_forward.h"

const volatile struct direction request = {};
const volatile struct direction reply = {};
const volatile bool remembers_flows = false;
const volatile bool to_peers = false; /* tc: hands packets to the other end of the link */

struct flow_key {
	__be32 src;
	__be32 dst;
	__be16 sport;
	__be16 dport;
};

struct flow {
	__u64 words[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 18);
	__type(key, struct flow_key);
	__type(value, struct flow);
} flows SEC(".maps");

/* The last connections: when one's place is taken anew, its entries go. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, REMEMBERED_CONNECTIONS);
	__type(key, __u32);
	__type(value, struct flow_key[2]);
} connections SEC(".maps");
__u32 begun = 0; /* connections; a lost count does no harm */

/* Where a packet's address and port to be rewritten are. */
struct place {
	__be32 *address;
	__be16 *port;
	__be16 new_port;
};

static __always_inline bool find(void *data, void *end, const volatile struct direction *way,
				 bool is_reply, struct place *place)
{
	struct iphdr *ip = data + ETH_HLEN;
	struct tcphdr *tcp = (void *)(ip + 1);
	__u16 offset;

	if ((void *)(tcp + 1) > end || ((struct ethhdr *)data)->h_proto != bpf_htons(ETH_P_IP) ||
	    ip->protocol != IPPROTO_TCP)
		return false;
	place->address = is_reply ? &ip->saddr : &ip->daddr;
	place->port = is_reply ? &tcp->source : &tcp->dest;
	offset = bpf_ntohs(*place->port) - way->first_port;
	place->new_port = bpf_htons(way->new_first_port + offset);
	return *place->address == way->match && offset < FORWARDED_PORTS;
}

static __always_inline void write_macs(void *data, const volatile struct direction *way)
{
	__u8 macs[12];
	int i;

	for (i = 0; i < 12; i++)
		macs[i] = way->macs[i];
	__builtin_memcpy(data, macs, sizeof(macs));
}

static __always_inline void add_to_checksum(__sum16 *check, __u64 words)
{
	__u64 sum = (__u16) ~*check + words;

	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	*check = (__sum16)~sum;
}

static __always_inline int forward_xdp(struct xdp_md *ctx, const volatile struct direction *way,
				       bool is_reply)
{
	void *data = (void *)(long)ctx->data;
	struct iphdr *ip = data + ETH_HLEN;
	struct place place;
	__u64 words;

	if (!find(data, (void *)(long)ctx->data_end, way, is_reply, &place))
		return XDP_PASS;
	words = (__u64)way->address + (__u32) ~*place.address;
	add_to_checksum(&ip->check, words);
	words += (__u64)place.new_port + (__u16) ~*place.port;
	add_to_checksum(&((struct tcphdr *)(ip + 1))->check, words);
	*place.address = way->address;
	*place.port = place.new_port;
	write_macs(data, way);
	return bpf_redirect(way->ifindex, 0);
}

static __always_inline void remember(const struct flow_key *request_key,
				     const struct flow_key *reply_key)
{
	const __u32 place = begun++ % REMEMBERED_CONNECTIONS;
	struct flow_key *keys = bpf_map_lookup_elem(&connections, &place);
	const struct flow flow = {};

	if (!keys)
		return;
	bpf_map_delete_elem(&flows, &keys[0]);
	bpf_map_delete_elem(&flows, &keys[1]);
	keys[0] = *request_key;
	keys[1] = *reply_key;
	bpf_map_update_elem(&flows, request_key, &flow, BPF_NOEXIST);
	bpf_map_update_elem(&flows, reply_key, &flow, BPF_NOEXIST);
}

static __always_inline void look_up_flow(const struct iphdr *ip, const struct tcphdr *tcp,
					 const volatile struct direction *way, __be16 new_port)
{
	const struct flow_key key = {ip->saddr, ip->daddr, tcp->source, tcp->dest};
	const struct flow_key reply_key = {way->address, ip->saddr, new_port, tcp->source};

	if (!bpf_map_lookup_elem(&flows, &key) && tcp->syn && !tcp->ack)
		remember(&key, &reply_key);
}

/* The helpers know of checksums that the device is to finish. */
static __always_inline int forward_tc(struct __sk_buff *ctx, const volatile struct direction *way,
				      bool is_reply)
{
	const __u32 ip = ETH_HLEN, tcp = ip + sizeof(struct iphdr);
	void *data = (void *)(long)ctx->data;
	const __be32 new_address = way->address;
	struct place place;
	__be32 address;
	__be16 port;

	if (!find(data, (void *)(long)ctx->data_end, way, is_reply, &place))
		return TC_ACT_UNSPEC;
	if (remembers_flows)
		look_up_flow(data + ip, data + tcp, way, place.new_port);
	address = *place.address;
	port = *place.port;
	*place.address = new_address;
	*place.port = place.new_port;
	write_macs(data, way);
	bpf_l3_csum_replace(ctx, ip + offsetof(struct iphdr, check), address, new_address, 4);
	bpf_l4_csum_replace(ctx, tcp + offsetof(struct tcphdr, check), address, new_address,
			    BPF_F_PSEUDO_HDR | 4);
	bpf_l4_csum_replace(ctx, tcp + offsetof(struct tcphdr, check), port, place.new_port, 2);
	if (to_peers)
		return (int)bpf_redirect_peer(way->ifindex, 0);
	return (int)bpf_redirect(way->ifindex, 0);
}

SEC("xdp")
int request_xdp(struct xdp_md *ctx)
{
	return forward_xdp(ctx, &request, false);
}

SEC("xdp")
int reply_xdp(struct xdp_md *ctx)
{
	return forward_xdp(ctx, &reply, true);
}

SEC("tc")
int request_tc(struct __sk_buff *ctx)
{
	return forward_tc(ctx, &request, false);
}

SEC("tc")
int reply_tc(struct __sk_buff *ctx)
{
	return forward_tc(ctx, &reply, true);
}

char _license[] SEC("license") = "GPL";
