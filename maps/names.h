/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Names: of maps, programs and pins, and gw_names, which gives the numeric ids in other
 * maps their Gateway API names. Only userspace reads or writes gw_names: the agent
 * restores its ids from it, gwctl prints it when the agent is dead.
 */
#pragma once

#include "abi.h"

#define GW_PIN_DIR_DEFAULT "/sys/fs/bpf/portcullis"

#define GW_MAP_LISTENERS    "gw_listeners"
#define GW_MAP_SERVICES	    "gw_services"
#define GW_MAP_MAGLEV	    "gw_maglev"
#define GW_MAP_BACKENDS	    "gw_backends"
#define GW_MAP_HEALTH	    "gw_backend_health"
#define GW_MAP_FLOWS4	    "gw_flows4"
#define GW_MAP_FLOWS6	    "gw_flows6"
#define GW_MAP_LIMBO	    "gw_limbo"
#define GW_MAP_FRAGMENTS    "gw_fragments"
#define GW_MAP_SOURCES	    "gw_sources"
#define GW_MAP_SOURCE_RATES "gw_source_rates"
#define GW_MAP_ADMISSION    "gw_admission"
#define GW_MAP_SOCKETS	    "gw_sockets"
#define GW_MAP_CONTROL	    "gw_control"
#define GW_MAP_LINKS	    "gw_links"
#define GW_MAP_VLANS	    "gw_vlans"
#define GW_MAP_COUNTERS	    "gw_counters"
#define GW_MAP_NAMES	    "gw_names"

enum gw_name_kind {
	GW_NAME_LISTENER = 1, /* "<namespace>/<gateway>/<listener>" */
	GW_NAME_SERVICE = 2,  /* "<kind>/<namespace>/<name>/<rule>" */
};

struct gw_name_key {
	__u32 kind; /* enum gw_name_kind */
	__u32 id;
};
GW_STATIC_ASSERT(sizeof(struct gw_name_key) == 8, "gw_name_key has no hidden padding");

/* Two DNS names of 253 characters, a label of 253 and separators fit. */
#define GW_NAME_MAX 776

struct gw_name {
	char text[GW_NAME_MAX]; /* NUL-terminated */
};
GW_STATIC_ASSERT(sizeof(struct gw_name) == GW_NAME_MAX, "gw_name has no hidden padding");

/* Default capacities; the agent may override them before the maps are created. */
#define GW_LISTENERS_MAX    65536
#define GW_SERVICES_MAX	    65536
#define GW_MAGLEV_MAX	    131072 /* twice the services: a new table stands beside the old one */
#define GW_BACKENDS_MAX	    262144
#define GW_FLOWS_MAX	    262144 /* per address family; entries, two for each connection */
#define GW_FRAGMENTS_MAX    16384  /* packets in pieces at one time, both families */
#define GW_SOURCES_MAX	    262144
#define GW_SOURCE_RATES_MAX 65536
/* Of the host's own processes: TCP one, UDP up to two for each connection. */
#define GW_SOCKETS_MAX 65536
#define GW_LINKS_MAX   4096
