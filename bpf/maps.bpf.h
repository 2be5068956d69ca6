/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps. Both objects (XDP and tc) define the same ones; the loader pins the first and
 * hands them to the second. Sizes are defaults, which the loader may change before it
 * creates the maps. Purpose, writers and lifetime of each: maps/README.md.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "maps/admission.h"
#include "maps/backend.h"
#include "maps/control.h"
#include "maps/counter.h"
#include "maps/flow.h"
#include "maps/health.h"
#include "maps/hop.h"
#include "maps/listener.h"
#include "maps/names.h"
#include "maps/service.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GW_LISTENERS_MAX);
	__type(key, struct gw_listener_key);
	__type(value, struct gw_listener);
} gw_listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GW_SERVICES_MAX);
	__type(key, __u32);
	__type(value, struct gw_service);
} gw_services SEC(".maps");

/*
 * Tables differ in size: BPF_F_INNER_MAP (Linux 5.10) allows that for arrays. Sizes rather than
 * types, because clang leaves only a forward declaration of types named in an inner map.
 */
struct gw_maglev_table {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct gw_maglev_chunk));
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GW_MAGLEV_MAX);
	__type(key, __u32);
	__array(values, struct gw_maglev_table);
} gw_maglev SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GW_BACKENDS_MAX);
	__type(key, __u32);
	__type(value, struct gw_backend);
} gw_backends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GW_BACKENDS_MAX);
	__type(key, struct gw_backend_health_key);
	__type(value, struct gw_backend_health);
} gw_backend_health SEC(".maps");

/*
 * Not LRU: what is established is never evicted. gw_limbo makes room at the expense of what is not.
 * Preallocated: an insertion then costs a third, and elements just freed, still in the cache, are
 * taken first.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GW_FLOWS_MAX);
	__type(key, struct gw_flow4_key);
	__type(value, struct gw_flow4);
} gw_flows4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GW_FLOWS_MAX);
	__type(key, struct gw_flow6_key);
	__type(value, struct gw_flow6);
} gw_flows6 SEC(".maps");

/* The loader makes room for the rings of each possible CPU, and tells the size of one. */
const volatile __u32 gw_limbo_ring = 1;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gw_limbo_entry);
} gw_limbo SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gw_limbo_next);
} gw_limbo_next SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, GW_FRAGMENTS_MAX);
	__type(key, struct gw_fragment_key);
	__type(value, struct gw_fragment);
} gw_fragments SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GW_SOURCES_MAX);
	__type(key, struct gw_source_key);
	__type(value, __u32);
} gw_sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, GW_SOURCE_RATES_MAX);
	__type(key, struct gw_source_rate_key);
	__type(value, struct gw_rate);
} gw_source_rates SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GW_LISTENERS_MAX);
	__type(key, __u32);
	__type(value, struct gw_admission);
} gw_admission SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gw_control);
} gw_control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GW_LINKS_MAX);
	__type(key, __u32);
	__type(value, struct gw_link);
} gw_links SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GW_LINKS_MAX);
	__type(key, struct gw_vlan_key);
	__type(value, __u32);
} gw_vlans SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1 << GW_HOPS_BITS);
	__type(key, __u32);
	__type(value, struct gw_hop);
} gw_hops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GW_COUNTER_MAX);
	__type(key, __u32);
	__type(value, __u64);
} gw_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GW_LISTENERS_MAX + GW_SERVICES_MAX);
	__type(key, struct gw_name_key);
	__type(value, struct gw_name);
} gw_names SEC(".maps");
