// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TCP client and a TCP server that exist only as programs, so that the gateway between them is
 * what is measured: at XDP, where they see frames, or at tc ingress, where they see socket buffers
 * as a pod's stack does. One connection, six segments:
 *
 *	SYN; SYN+ACK; ACK with a request of four bytes; the same number of bytes as response, and
 *	FIN; FIN+ACK; ACK
 *
 * Each segment is made of the one before, in the same memory; the last one becomes the SYN of the
 * next connection. So a number of connections is kept going without a sender. Every frame of theirs
 * is 58 bytes: a SYN's four bytes of options and a request's payload take the same place.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "tests/bench/bpf/handshakes.h"

#define SEGMENT	   24 /* TCP header with four bytes of options or payload */
#define FRAME	   (sizeof(struct ethhdr) + sizeof(struct iphdr) + SEGMENT)
#define MSS_1460   0x020405b4
#define REQUEST	   0x70696e67
#define RESPONSE   0x706f6e67
#define SERVER_SEQ 1000
#define WINDOW	   64000
#define TAIL	   4 /* bytes of a request and of a response */

__u16 port = 0; /* of the server, or the one that the client connects to; network byte order */
__u32 first_source = 0; /* the client's lowest address, host byte order */
bool stopped = false;	/* the client opens no more connections */
__u64 next_source = 0;	/* number of the next connection */

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

static __always_inline bool parse(void *data, void *end, struct segment *segment)
{
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

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

/* A segment to send. */
struct outgoing {
	__be32 src;
	__be32 dst;
	__be16 sport;
	__be16 dport;
	__u8 flags;
	__u32 seq; /* host byte order */
	__u32 ack;
	__be32 tail; /* the last four bytes: a SYN's option or payload */
	bool has_tail;
};

static __always_inline void write_ip(struct iphdr *ip, const struct outgoing *out, __u32 length)
{
	ip->saddr = out->src;
	ip->daddr = out->dst;
	ip->ttl = 64;
	ip->tot_len = bpf_htons(sizeof(*ip) + length);
	ip->check = 0;
	ip->check = (__sum16)~fold((__u32)bpf_csum_diff(NULL, 0, (__be32 *)ip, sizeof(*ip), 0));
}

static __always_inline void write_tcp(struct tcphdr *tcp, const struct outgoing *out, __u32 length)
{
	__u64 sum;

	tcp->source = out->sport;
	tcp->dest = out->dport;
	tcp->seq = bpf_htonl(out->seq);
	tcp->ack_seq = bpf_htonl(out->ack);
	((__u8 *)tcp)[12] = out->flags & SYN ? 0x60 : 0x50;
	((__u8 *)tcp)[13] = out->flags;
	tcp->window = bpf_htons(WINDOW);
	tcp->urg_ptr = 0;
	tcp->check = 0;
	*(__be32 *)(tcp + 1) = out->tail;
	/* What is not sent is zero, and so does not count. */
	sum = (__u32)bpf_csum_diff(NULL, 0, (__be32 *)tcp, SEGMENT, 0);
	sum += (__u64)out->src + out->dst + bpf_htons(IPPROTO_TCP) + bpf_htons((__u16)length);
	tcp->check = (__sum16)~fold(sum);
}

/* Turns a frame of the right length round. It may be longer than the packet in it. */
static __always_inline bool write_frame(void *data, void *end, const struct outgoing *out)
{
	const __u32 length = out->has_tail ? SEGMENT : sizeof(struct tcphdr);
	__u8 mac[ETH_ALEN];
	struct segment s;

	if (!parse(data, end, &s) || (void *)s.tcp + SEGMENT > end)
		return false;
	__builtin_memcpy(mac, s.eth->h_source, ETH_ALEN);
	__builtin_memcpy(s.eth->h_source, s.eth->h_dest, ETH_ALEN);
	__builtin_memcpy(s.eth->h_dest, mac, ETH_ALEN);
	write_ip(s.ip, out, length);
	write_tcp(s.tcp, out, length);
	return true;
}

/* An answer to `s`: addresses and ports exchanged, everything that it carries acknowledged. */
static __always_inline struct outgoing answer_to(const struct segment *s, __u8 flags)
{
	const bool takes_one = s->tcp->syn || s->tcp->fin;

	return (struct outgoing){
		.src = s->ip->daddr,
		.dst = s->ip->saddr,
		.sport = s->tcp->dest,
		.dport = s->tcp->source,
		.flags = flags,
		.seq = bpf_ntohl(s->tcp->ack_seq),
		.ack = bpf_ntohl(s->tcp->seq) + s->payload + takes_one,
	};
}

static __always_inline struct outgoing with_tail(struct outgoing out, __u32 tail)
{
	out.tail = bpf_htonl(tail);
	out.has_tail = true;
	return out;
}

/* What becomes of a segment. */
enum fate { NOT_OURS, TAKEN, ANSWERED };

static __always_inline enum fate serve(const struct segment *s, struct outgoing *out)
{
	if (s->tcp->dest != port)
		return NOT_OURS;
	if (s->tcp->rst)
		return TAKEN;
	if (s->tcp->syn) {
		*out = with_tail(answer_to(s, SYN | ACK), MSS_1460);
		out->seq = SERVER_SEQ;
	} else if (s->payload) {
		*out = with_tail(answer_to(s, PSH | FIN | ACK), RESPONSE);
	} else if (s->tcp->fin) {
		*out = answer_to(s, ACK);
	} else {
		return TAKEN;
	}
	return ANSWERED;
}

/* The next connection's SYN, from a source of its own: the address counts up, then the port. */
static __always_inline struct outgoing next_syn(const struct segment *s)
{
	const __u64 number = __sync_fetch_and_add(&next_source, 1);
	struct outgoing out = with_tail(answer_to(s, SYN), MSS_1460);

	out.src = bpf_htonl(first_source + (__u32)(number % SOURCE_ADDRESSES));
	out.sport = bpf_htons((__u16)(FIRST_SOURCE_PORT + number / SOURCE_ADDRESSES));
	out.seq = CLIENT_SEQ;
	out.ack = 0;
	return out;
}

static __always_inline enum fate connect(const struct segment *s, struct outgoing *out)
{
	const __u32 index = 0;
	struct tally *tally = bpf_map_lookup_elem(&tallies, &index);

	if (s->tcp->source != port || !tally)
		return NOT_OURS;
	if (s->tcp->rst) {
		tally->refused++;
		return TAKEN;
	}
	if (s->tcp->syn) {
		*out = with_tail(answer_to(s, PSH | ACK), REQUEST);
	} else if (s->tcp->fin) {
		*out = answer_to(s, FIN | ACK);
	} else if (s->payload) { /* of a proxy, which sends its FIN apart */
		*out = answer_to(s, ACK);
	} else if (s->tcp->ack_seq == bpf_htonl(CLIENT_SEQ + 1 + TAIL + 1)) { /* of our FIN */
		tally->completed++;
		if (stopped)
			return TAKEN;
		*out = next_syn(s);
	} else {
		return TAKEN;
	}
	return ANSWERED;
}

/* Of its own, or else the verifier meets packet pointers that were cut to 32 bits. */
static __noinline int fit_frame(struct xdp_md *ctx)
{
	const int excess = (int)((long)ctx->data_end - (long)ctx->data) - (int)FRAME;

	return excess ? (int)bpf_xdp_adjust_tail(ctx, -excess) : 0;
}

/* Back the way it came. */
static __always_inline int send_xdp(struct xdp_md *ctx, const struct outgoing *out)
{
	if (fit_frame(ctx) ||
	    !write_frame((void *)(long)ctx->data, (void *)(long)ctx->data_end, out))
		return XDP_DROP;
	return (int)bpf_redirect(ctx->ingress_ifindex, 0);
}

static __always_inline int send_tc(struct __sk_buff *ctx, const struct outgoing *out)
{
	if ((ctx->len != FRAME && bpf_skb_change_tail(ctx, FRAME, 0)) ||
	    !write_frame((void *)(long)ctx->data, (void *)(long)ctx->data_end, out))
		return TC_ACT_SHOT;
	return (int)bpf_redirect(ctx->ifindex, 0);
}

static __always_inline int handle_xdp(struct xdp_md *ctx, bool is_server)
{
	struct outgoing out = {};
	struct segment s;
	enum fate fate;

	if (!parse((void *)(long)ctx->data, (void *)(long)ctx->data_end, &s))
		return XDP_PASS;
	fate = is_server ? serve(&s, &out) : connect(&s, &out);
	if (fate == ANSWERED)
		return send_xdp(ctx, &out);
	return fate == TAKEN ? XDP_DROP : XDP_PASS;
}

static __always_inline int handle_tc(struct __sk_buff *ctx, bool is_server)
{
	struct outgoing out = {};
	struct segment s;
	enum fate fate;

	/* A socket's segment may lie in pages but for its headers. */
	if ((long)ctx->data_end - (long)ctx->data < (long)ctx->len &&
	    bpf_skb_pull_data(ctx, ctx->len))
		return TC_ACT_UNSPEC;
	if (!parse((void *)(long)ctx->data, (void *)(long)ctx->data_end, &s))
		return TC_ACT_UNSPEC;
	fate = is_server ? serve(&s, &out) : connect(&s, &out);
	if (fate == ANSWERED)
		return send_tc(ctx, &out);
	return fate == TAKEN ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("xdp")
int server_xdp(struct xdp_md *ctx)
{
	return handle_xdp(ctx, true);
}

SEC("xdp")
int client_xdp(struct xdp_md *ctx)
{
	return handle_xdp(ctx, false);
}

SEC("tc")
int server_tc(struct __sk_buff *ctx)
{
	return handle_tc(ctx, true);
}

SEC("tc")
int client_tc(struct __sk_buff *ctx)
{
	return handle_tc(ctx, false);
}

char _license[] SEC("license") = "GPL";
