/* SPDX-License-Identifier: GPL-2.0-only */
/* The rings of half-open and closed connections, which keep the flow tables from filling up. */
#pragma once

#include "bpf/lib/admission.bpf.h"
#include "bpf/lib/flow.bpf.h"
#include "bpf/lib/health.bpf.h"

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
	if (kind == GW_LIMBO_HALF_OPEN) {
		gw_admission_release(flow);
		gw_health_note_forgotten(flow, tuple.protocol);
	}
	gw_flow_remove_both(flow, &tuple, is_v6);
	if (kind == GW_LIMBO_HALF_OPEN)
		gw_count(GW_EVENT_HALF_OPEN_REMOVED);
}

/* How many places a ring has: a power of two. */
static __always_inline __u32 gw_limbo_places(enum gw_limbo_kind kind)
{
	const __u32 ring = gw_limbo_ring;

	return kind == GW_LIMBO_CLOSED && ring > GW_LIMBO_CLOSED_MAX ? GW_LIMBO_CLOSED_MAX : ring;
}

/* The entry at a place in this CPU's ring. */
static __always_inline struct gw_limbo_entry *gw_limbo_at(__u32 place, enum gw_limbo_kind kind,
							  bool is_v6)
{
	const __u32 ring = bpf_get_smp_processor_id() * GW_LIMBO_KINDS * 2 + kind * 2 + is_v6;
	const __u32 slot = ring * gw_limbo_ring + (place & (gw_limbo_places(kind) - 1));

	return bpf_map_lookup_elem(&gw_limbo, &slot);
}

static __always_inline __u32 *gw_limbo_count(enum gw_limbo_kind kind, bool is_v6)
{
	const __u32 index = 0;
	struct gw_limbo_next *next = bpf_map_lookup_elem(&gw_limbo_next, &index);

	return next ? &next->count[kind * 2 + is_v6] : NULL;
}

/* The place that the next connection to enter this CPU's ring gets. */
static __always_inline __u16 gw_limbo_next_place(enum gw_limbo_kind kind, bool is_v6)
{
	const __u32 *count = gw_limbo_count(kind, is_v6);

	return count ? (__u16)*count : 0;
}

/* Enters the connection whose forward entry is under `tuple`; the oldest one of this ring goes. */
static __always_inline void gw_limbo_enter(const struct gw_tuple *tuple, __u32 created,
					   enum gw_limbo_kind kind, bool is_v6)
{
	__u32 *count = gw_limbo_count(kind, is_v6);
	struct gw_limbo_entry *entry;

	if (!count)
		return;
	entry = gw_limbo_at((*count)++, kind, is_v6);
	if (!entry)
		return;
	/* Not the connection that enters, if it has been here before in this second. */
	if (entry->created && !(entry->created == created && gw_tuple_equal(&entry->tuple, tuple)))
		gw_limbo_remove(entry, kind, is_v6);
	entry->tuple = *tuple;
	entry->created = created;
}

/*
 * Takes a connection out of the ring of the half-open, so that it need not be looked up when the
 * ring comes round: its entry will not be in any cache by then. If another CPU has put it in, it
 * stays there.
 */
static __always_inline void gw_limbo_leave(const struct gw_tuple *tuple, __u16 place, bool is_v6)
{
	struct gw_limbo_entry *entry = gw_limbo_at(place, GW_LIMBO_HALF_OPEN, is_v6);

	if (entry && gw_tuple_equal(&entry->tuple, tuple))
		entry->created = 0;
}
