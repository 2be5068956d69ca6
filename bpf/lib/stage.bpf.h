/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stages: the parts of the data path that most packets do not need, each a program of its own that
 * is reached by a tail call and does not return. What a stage has to know stands in gw_scratch.
 * The attached program, the entry, does everything that a packet of an established flow needs.
 */
#pragma once

#include "bpf/lib/packet.bpf.h"
#include "bpf/maps.bpf.h"

/* X(number, name): the program is gw_<hook>_<name>, its code gw_stage_<name>(). Append only: during
 * an upgrade the entry of one version may call a stage of the next. */
#define GW_STAGES(X)                                                                               \
	X(GW_STAGE_CONNECT4, connect4)                                                             \
	X(GW_STAGE_CONNECT6, connect6)                                                             \
	X(GW_STAGE_FORWARD4, forward4)                                                             \
	X(GW_STAGE_FORWARD6, forward6)                                                             \
	X(GW_STAGE_REJECT, reject)                                                                 \
	X(GW_STAGE_ERROR4, error4)                                                                 \
	X(GW_STAGE_ERROR6, error6)                                                                 \
	X(GW_STAGE_ICMP4, icmp4)                                                                   \
	X(GW_STAGE_ICMP6, icmp6)                                                                   \
	X(GW_STAGE_FRAGMENT4, fragment4)                                                           \
	X(GW_STAGE_EXTENSION6, extension6)                                                         \
	X(GW_STAGE_UNTAG, untag)                                                                   \
	X(GW_STAGE_VLAN4, vlan4)                                                                   \
	X(GW_STAGE_VLAN6, vlan6)                                                                   \
	X(GW_STAGE_TAG, tag)                                                                       \
	X(GW_STAGE_RESTORE, restore)

#define GW_STAGE_NUMBER(number, name) number,
enum gw_stage { GW_STAGES(GW_STAGE_NUMBER) GW_STAGE_COUNT };
#undef GW_STAGE_NUMBER

/* What one stage leaves to the next. Valid from the tail call on, on this CPU. */
struct gw_scratch {
	struct gw_packet packet;
	struct gw_listener listener; /* CONNECT: whose connection it becomes */
	__u32 reason;		     /* REJECT and ERROR: what to count */
	__u32 mtu;		     /* ERROR: what to tell; 0: not an MTU error */
	__u32 reopens;		     /* CONNECT: the tuple has a closed flow, to be forgotten */
	__u32 error_second;	     /* ERROR: its limit; not handed on */
	__u32 errors;
	__u32 vlan; /* TAG: the VLAN's device that the frame leaves by */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gw_scratch);
} gw_scratch SEC(".maps");

#define GW_STAGE_DECLARE(number, name) int GW_PROGRAM(name)(gw_ctx * ctx);
GW_STAGES(GW_STAGE_DECLARE)
#undef GW_STAGE_DECLARE

#define GW_STAGE_SLOT(number, name) [number] = (void *)&GW_PROGRAM(name),
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, GW_STAGE_COUNT);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} GW_STAGE_TABLE SEC(".maps") = {.values = {GW_STAGES(GW_STAGE_SLOT)}};
#undef GW_STAGE_SLOT

static __always_inline struct gw_scratch *gw_scratch_get(void)
{
	const __u32 index = 0;

	return bpf_map_lookup_elem(&gw_scratch, &index);
}

/* Goes on in `stage`, which finds what is in gw_scratch. Returns only if the stage is missing. */
static __always_inline int gw_enter(gw_ctx *ctx, enum gw_stage stage)
{
	bpf_tail_call(ctx, &GW_STAGE_TABLE, stage);
	return gw_drop(GW_DROP_INTERNAL);
}

/* How a stage ends. A frame that is left alone goes on as it came, with its tags. */
static __always_inline int gw_end_stage(gw_ctx *ctx, int verdict)
{
	if (verdict == GW_VERDICT_PASS && ctx_has_tags(ctx))
		return gw_enter(ctx, GW_STAGE_RESTORE);
	return verdict;
}

/* Goes on with `packet` in `stage`. */
static __always_inline int gw_enter_with(gw_ctx *ctx, const struct gw_packet *packet,
					 enum gw_stage stage)
{
	struct gw_scratch *scratch = gw_scratch_get();

	if (!scratch)
		return gw_drop(GW_DROP_INTERNAL);
	scratch->packet = *packet;
	return gw_enter(ctx, stage);
}

/* Refuses the packet: TCP with a RST, UDP in silence. */
static __always_inline int gw_enter_reject(gw_ctx *ctx, const struct gw_packet *packet,
					   enum gw_counter reason)
{
	struct gw_scratch *scratch = gw_scratch_get();

	if (!scratch)
		return gw_drop(GW_DROP_INTERNAL);
	scratch->reason = reason;
	return gw_enter_with(ctx, packet, GW_STAGE_REJECT);
}

/* Drops the packet and tells its sender: too long for `mtu`, or out of time if that is 0. */
static __always_inline int gw_enter_error(gw_ctx *ctx, const struct gw_packet *packet, __u32 mtu,
					  bool is_v6)
{
	struct gw_scratch *scratch = gw_scratch_get();

	if (!scratch)
		return gw_drop(GW_DROP_INTERNAL);
	scratch->reason = mtu ? GW_DROP_TOO_BIG : GW_DROP_TTL_EXPIRED;
	scratch->mtu = mtu;
	return gw_enter_with(ctx, packet, is_v6 ? GW_STAGE_ERROR6 : GW_STAGE_ERROR4);
}
