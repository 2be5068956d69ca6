/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts what becomes of new connections to backends that are watched. A connection that the
 * backend has answered is a good one whatever the client does next: a flood of SYNs that nobody
 * completes says nothing against the backend.
 */
#pragma once

#include "bpf/lib/flow.bpf.h"

/* The counts that the flow belongs to; NULL if its backend is watched no more. */
static __always_inline struct gw_backend_health *gw_health_of(const struct gw_flow *flow,
							      __u8 protocol)
{
	const struct gw_backend_health_key key = {
		.backend_id = flow->backend_id,
		.protocol = protocol,
	};

	return bpf_map_lookup_elem(&gw_backend_health, &key);
}

/* Nothing has come from the backend yet. */
static __always_inline bool gw_flow_is_unanswered(const struct gw_flow *flow)
{
	return flow->state == GW_FLOW_SYN_SENT || flow->state == GW_FLOW_UDP_REQUEST;
}

/* The counts that a flow of either direction belongs to while nothing has come from the backend. */
static __always_inline struct gw_backend_health *gw_health_of_unanswered(const struct gw_flow *flow,
									 __u8 protocol)
{
	if (!(flow->flags & GW_FLOW_WATCHED) || !gw_flow_is_unanswered(flow))
		return NULL;
	return gw_health_of(flow, protocol);
}

/* What is joined in mid-stream is no attempt. */
static __always_inline void gw_health_note_attempt(const struct gw_flow *flow, __u8 protocol)
{
	struct gw_backend_health *health = gw_health_of_unanswered(flow, protocol);

	if (health)
		__sync_fetch_and_add(&health->attempts, 1);
}

/* `flow`, of either direction, is about to enter `state`. */
static __always_inline void gw_health_note_state(const struct gw_flow *flow, __u8 state,
						 __u8 protocol)
{
	struct gw_backend_health *health;

	if (!(flow->flags & GW_FLOW_REPLY))
		return;
	health = gw_health_of_unanswered(flow, protocol);
	if (health)
		__sync_fetch_and_add(state == GW_FLOW_CLOSED ? &health->refusals : &health->answers,
				     1);
}

/* The flow has to make room. */
static __always_inline void gw_health_note_forgotten(const struct gw_flow *flow, __u8 protocol)
{
	struct gw_backend_health *health = gw_health_of_unanswered(flow, protocol);

	if (health)
		__sync_fetch_and_add(&health->forgotten, 1);
}
