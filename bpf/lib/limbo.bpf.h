/* SPDX-License-Identifier: GPL-2.0-only */
/* The rings of half-open and closed connections, which keep the flow tables from filling up. */
#pragma once

#include "bpf/lib/admission.bpf.h"
#include "bpf/lib/flow.bpf.h"

static __always_inline bool gw_flow_is_of_kind(const struct gw_flow *flow, enum gw_limbo_kind kind)
{
	return kind == GW_LIMBO_CLOSED ? flow->state == GW_FLOW_CLOSED
				       : flow->state <= GW_FLOW_JOINED;
}

/* Removes the connection of an old entry, unless it has become something better meanwhile. */
static __always_inline void gw_limbo_remove(const struct gw_limbo_entry *old,
					    enum gw_limbo_kind kind, bool is_v6)
{
	const struct gw_tuple tuple = old->tuple;
	struct gw_flow *flow = gw_flow_find(&tuple, is_v6);

	if (!flow || flow->created != old->created || !gw_flow_is_of_kind(flow, kind))
		return;
	if (kind == GW_LIMBO_HALF_OPEN)
		gw_admission_count(flow->listener_id, -1);
	gw_flow_remove_both(flow, &tuple, is_v6);
	if (kind == GW_LIMBO_HALF_OPEN)
		gw_count(GW_EVENT_HALF_OPEN_REMOVED);
}

/* Enters the connection whose forward entry is under `tuple`; the oldest one of this ring goes. */
static __always_inline void gw_limbo_enter(const struct gw_tuple *tuple, __u32 created,
					   enum gw_limbo_kind kind, bool is_v6)
{
	const __u32 ring = kind * 2 + is_v6;
	const __u32 index = 0;
	struct gw_limbo_next *next = bpf_map_lookup_elem(&gw_limbo_next, &index);
	struct gw_limbo_entry *entry;
	__u32 slot;

	if (!next)
		return;
	slot = (bpf_get_smp_processor_id() * GW_LIMBO_KINDS * 2 + ring) * gw_limbo_ring +
	       (next->count[ring]++ & (gw_limbo_ring - 1));
	entry = bpf_map_lookup_elem(&gw_limbo, &slot);
	if (!entry)
		return;
	/* Not the connection that enters, if it has been here before in this second. */
	if (entry->created && !(entry->created == created && gw_tuple_equal(&entry->tuple, tuple)))
		gw_limbo_remove(entry, kind, is_v6);
	entry->tuple = *tuple;
	entry->created = created;
}
