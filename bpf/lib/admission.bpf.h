/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which new connections a listener lets in. What is not let in is dropped in silence: an answer to
 * each would make the gateway an amplifier of a flood, and a client that was merely too early
 * tries again.
 */
#pragma once

#include "bpf/lib/clock.bpf.h"
#include "bpf/lib/tuple.bpf.h"
#include "bpf/maps.bpf.h"

/* Bits of a gw_source_key behind its prefix_length. */
#define GW_SOURCE_KEY_BITS (8 * (sizeof(struct gw_source_key) - sizeof(__u32)))

static __always_inline bool gw_source_is_denied(const struct gw_listener *listener,
						const struct gw_addr *source)
{
	const struct gw_source_key key = {
		.prefix_length = GW_SOURCE_KEY_BITS,
		.listener_id = listener->listener_id,
		.addr = *source,
	};
	const __u32 *verdict = bpf_map_lookup_elem(&gw_sources, &key);

	if (verdict)
		return *verdict == GW_SOURCE_DENY;
	return listener->flags & GW_LISTENER_ALLOW_LISTED;
}

/*
 * Takes one of the `limit` connections of this second. CPUs that come at once at the turn of the
 * second may let a few more pass.
 */
static __always_inline bool gw_rate_take(struct gw_rate *rate, __u32 limit)
{
	const __u32 now = gw_now();

	if (rate->second != now) {
		rate->second = now;
		rate->begun = 0;
	}
	if (rate->begun >= limit)
		return false;
	__sync_fetch_and_add(&rate->begun, 1);
	return true;
}

static __always_inline bool gw_source_rate_take(const struct gw_listener *listener,
						const struct gw_addr *source)
{
	struct gw_source_rate_key key = {.listener_id = listener->listener_id, .addr = *source};
	struct gw_rate *rate;
	struct gw_rate first = {};

	if (!gw_addr_is_v4(source)) {
		key.addr.word[2] = 0;
		key.addr.word[3] = 0;
	}
	rate = bpf_map_lookup_elem(&gw_source_rates, &key);
	if (rate)
		return gw_rate_take(rate, listener->source_rate);
	first.second = gw_now();
	first.begun = 1;
	bpf_map_update_elem(&gw_source_rates, &key, &first, BPF_ANY);
	return true;
}

/* 0 if a connection of `source` may begin, or the reason why not. */
static __always_inline int gw_admit(const struct gw_addr *source,
				    const struct gw_listener *listener)
{
	const __u32 id = listener->listener_id;
	struct gw_admission *admission;

	if (listener->flags & GW_LISTENER_SOURCES && gw_source_is_denied(listener, source))
		return GW_DROP_SOURCE_DENIED;
	if (listener->source_rate && !gw_source_rate_take(listener, source))
		return GW_DROP_SOURCE_RATE;
	if (!(listener->flags & GW_LISTENER_LIMITED))
		return 0;
	admission = bpf_map_lookup_elem(&gw_admission, &id);
	if (!admission)
		return 0;
	if (listener->max_connections && admission->connections >= (__s32)listener->max_connections)
		return GW_DROP_CONNECTION_LIMIT;
	if (listener->rate && !gw_rate_take(&admission->rate, listener->rate))
		return GW_DROP_RATE;
	return 0;
}

static __always_inline void gw_admission_count(const struct gw_flow *flow, __s32 change)
{
	const __u32 id = flow->listener_id;
	struct gw_admission *admission;

	if (!(flow->flags & GW_FLOW_COUNTED))
		return;
	admission = bpf_map_lookup_elem(&gw_admission, &id);
	if (admission)
		__sync_fetch_and_add(&admission->connections, change);
}

/* The connection has begun. */
static __always_inline void gw_admission_take(const struct gw_flow *flow)
{
	gw_admission_count(flow, 1);
}

/* The connection is closed, or forgotten before it was. */
static __always_inline void gw_admission_release(const struct gw_flow *flow)
{
	gw_admission_count(flow, -1);
}
