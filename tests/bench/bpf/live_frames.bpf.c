// SPDX-License-Identifier: GPL-2.0-only
/* generate, flood: fill a frame and send it out by a link. count: counts frames and drops them.
 * pass: does nothing. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "tests/bench/bpf/live_frames.h"

#define IP_CHECKSUM	24
#define SOURCE_LOW_HALF 28
#define SOURCE_PORT	34
#define TCP_CHECKSUM	50

struct frame_template frame = {};
__u32 next_port = 0;
__u64 sent = 0; /* one CPU runs the generator */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} frames SEC(".maps");

/* The checksum at `check` after `word` took the place of zero. */
static __always_inline void set_word(void *at, void *check, __be16 word)
{
	__u32 sum = (__u16) ~*(__u16 *)check + (__u32)word;

	*(__be16 *)at = word;
	sum = (sum & 0xffff) + (sum >> 16);
	*(__u16 *)check = (__u16)~sum;
}

/*
 * The kernel recycles the pages of live frames with what the receiver's path wrote into them, so
 * the whole header is written each time. The template's TCP checksum is that of source port 0.
 */
SEC("xdp")
int generate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	__u16 port = frame.first_port;

	if (data + FRAME_SIZE > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	__builtin_memcpy(data, frame.bytes, FRAME_SIZE);
	if (frame.ports > 1) {
		next_port = next_port + 1 < frame.ports ? next_port + 1 : 0;
		port += next_port;
	}
	set_word(data + SOURCE_PORT, data + TCP_CHECKSUM, bpf_htons(port));
	sent++;
	return bpf_redirect(frame.ifindex, 0);
}

/* Each frame from a source of its own: the lower half of the address counts up, then the port. */
SEC("xdp")
int flood(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	__u16 word;

	if (data + FRAME_SIZE > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	__builtin_memcpy(data, frame.bytes, FRAME_SIZE);
	word = bpf_htons((__u16)sent);
	set_word(data + SOURCE_LOW_HALF, data + IP_CHECKSUM, word);
	set_word(data + SOURCE_LOW_HALF, data + TCP_CHECKSUM, word);
	set_word(data + SOURCE_PORT, data + TCP_CHECKSUM,
		 bpf_htons((__u16)(frame.first_port + (sent >> 16))));
	sent++;
	return bpf_redirect(frame.ifindex, 0);
}

static __always_inline void count_frame(void)
{
	const __u32 index = 0;
	__u64 *number = bpf_map_lookup_elem(&frames, &index);

	if (number)
		*number += 1;
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	count_frame();
	return XDP_DROP;
}

SEC("tc")
int count_tc(struct __sk_buff *ctx)
{
	count_frame();
	return TC_ACT_SHOT;
}

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
