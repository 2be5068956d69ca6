/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * gw_services and gw_maglev: a weighted set of backends and its consistent hash table.
 *
 * A table is immutable once a service points at it. A change builds a new table under a
 * free id, then one update of the service entry swaps {table_id, slots} together, then
 * the old table is removed. A packet thus sees the old table or the new one, never a mix.
 */
#pragma once

#include "abi.h"

/* Slots in one element of a table: 64 bytes, one cache line. */
#define GW_MAGLEV_CHUNK_SLOTS 16

struct gw_maglev_chunk {
	__u32 backend[GW_MAGLEV_CHUNK_SLOTS]; /* backend ids; GW_BACKEND_REJECT answers with a RST
					       */
};
GW_STATIC_ASSERT(sizeof(struct gw_maglev_chunk) == 64, "gw_maglev_chunk is one cache line");

struct gw_service {
	__u32 table_id;	  /* key of gw_maglev */
	__u32 slots;	  /* slots of that table; 0: no backends at all */
	__u64 table_hash; /* FNV-1a over the slots' ids: lets the agent compare without reading the
			     table */
};
GW_STATIC_ASSERT(sizeof(struct gw_service) == 16, "gw_service has no hidden padding");
