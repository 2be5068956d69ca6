// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TCP client and a TCP server that exist only in XDP, so that the gateway between them is what is
 * measured. One connection: SYN, SYN+ACK, ACK with a request of four bytes, the same bytes as
 * response, RST. Every frame of theirs is 58 bytes: a SYN's four bytes of options and a request's
 * payload take the same place.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "tests/bench/bpf/handshakes.h"

#define SEGMENT	   24 /* TCP header with four bytes of options or payload */
#define FRAME	   (sizeof(struct ethhdr) + sizeof(struct iphdr) + SEGMENT)
#define MSS_1460   bpf_htonl(0x020405b4)
#define SERVER_SEQ 1000
#define WINDOW	   64000

__u16 port = 0; /* of the server, or the one that the client connects to; network byte order */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tally);
} tallies SEC(".maps");

struct segment {
	struct ethhdr *eth;
	struct iphdr *ip;
	struct tcphdr *tcp;
	__u32 payload; /* length */
};

static __always_inline bool parse(struct xdp_md *ctx, struct segment *segment)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	segment->eth = data;
	segment->ip = data + sizeof(struct ethhdr);
	segment->tcp = (void *)(segment->ip + 1);
	if ((void *)(segment->tcp + 1) > end || segment->eth->h_proto != bpf_htons(ETH_P_IP) ||
	    segment->ip->ihl != 5 || segment->ip->protocol != IPPROTO_TCP)
		return false;
	segment->payload =
		bpf_ntohs(segment->ip->tot_len) - sizeof(struct iphdr) - segment->tcp->doff * 4;
	return true;
}

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)sum;
}

/* Answers with a segment of these flags, sequence numbers and last four bytes. */
static __always_inline int answer(struct xdp_md *ctx, __u8 flags, __u32 seq, __u32 ack, __be32 tail)
{
	const int excess = (int)((long)ctx->data_end - (long)ctx->data) - (int)FRAME;
	const bool is_syn = flags & 2;
	__u8 mac[ETH_ALEN];
	struct segment s;
	__be32 address;
	__be16 other;
	__u64 sum;

	if (excess && bpf_xdp_adjust_tail(ctx, -excess))
		return XDP_DROP;
	if (!parse(ctx, &s) || (void *)s.tcp + SEGMENT > (void *)(long)ctx->data_end)
		return XDP_DROP;
	__builtin_memcpy(mac, s.eth->h_source, ETH_ALEN);
	__builtin_memcpy(s.eth->h_source, s.eth->h_dest, ETH_ALEN);
	__builtin_memcpy(s.eth->h_dest, mac, ETH_ALEN);
	address = s.ip->saddr;
	s.ip->saddr = s.ip->daddr;
	s.ip->daddr = address;
	s.ip->ttl = 64;
	s.ip->tot_len = bpf_htons(sizeof(struct iphdr) + SEGMENT);
	s.ip->check = 0;
	s.ip->check = (__sum16)~fold(
		(__u32)bpf_csum_diff(NULL, 0, (__be32 *)s.ip, sizeof(struct iphdr), 0));
	other = s.tcp->source;
	s.tcp->source = s.tcp->dest;
	s.tcp->dest = other;
	s.tcp->seq = bpf_htonl(seq);
	s.tcp->ack_seq = bpf_htonl(ack);
	((__u8 *)s.tcp)[12] = is_syn ? 0x60 : 0x50;
	((__u8 *)s.tcp)[13] = flags;
	s.tcp->window = bpf_htons(WINDOW);
	s.tcp->urg_ptr = 0;
	s.tcp->check = 0;
	*(__be32 *)(s.tcp + 1) = tail;
	sum = (__u32)bpf_csum_diff(NULL, 0, (__be32 *)s.tcp, SEGMENT, 0);
	sum += (__u64)s.ip->saddr + s.ip->daddr + bpf_htons(IPPROTO_TCP) + bpf_htons(SEGMENT);
	s.tcp->check = (__sum16)~fold(sum);
	return bpf_redirect(ctx->ingress_ifindex, 0);
}

SEC("xdp")
int server(struct xdp_md *ctx)
{
	struct segment s;
	__u32 seq, ack;

	if (!parse(ctx, &s) || s.tcp->dest != port)
		return XDP_PASS;
	seq = bpf_ntohl(s.tcp->seq);
	ack = bpf_ntohl(s.tcp->ack_seq);
	if (s.tcp->rst)
		return XDP_DROP;
	if (s.tcp->syn)
		return answer(ctx, 0x12, SERVER_SEQ, seq + 1, MSS_1460);
	if (s.tcp->fin)
		return answer(ctx, 0x14, ack, seq + 1 + s.payload, 0);
	if (s.payload)
		return answer(ctx, 0x18, ack, seq + s.payload, bpf_htonl(0x706f6e67));
	return XDP_DROP;
}

SEC("xdp")
int client(struct xdp_md *ctx)
{
	const __u32 index = 0;
	struct tally *tally = bpf_map_lookup_elem(&tallies, &index);
	struct segment s;
	__u32 seq, ack;

	if (!parse(ctx, &s) || s.tcp->source != port || !tally)
		return XDP_PASS;
	seq = bpf_ntohl(s.tcp->seq);
	ack = bpf_ntohl(s.tcp->ack_seq);
	if (s.tcp->rst) {
		tally->refused++;
		return XDP_DROP;
	}
	if (s.tcp->syn)
		return answer(ctx, 0x18, ack, seq + 1, bpf_htonl(0x70696e67));
	if (!s.payload)
		return XDP_DROP;
	tally->completed++;
	return answer(ctx, 0x14, ack, seq + s.payload, 0);
}

char _license[] SEC("license") = "GPL";
