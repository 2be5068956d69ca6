/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * gw_services and gw_maglev: weighted sets of backends and their consistent hash tables.
 *
 * A service has a share for each backendRef with a weight. The connection's hash picks the
 * share, exactly by weight, whatever stands behind it; a second hash picks the backend in the
 * share's Maglev table, in which all have the same part.
 *
 * A table is immutable once a service points at it, and services with equal tables use one. A
 * change builds a new table under a free id, then one update of the service entry swaps it in,
 * then the old table is removed. A packet thus sees the old service or the new one, never a mix.
 */
#pragma once

#include "abi.h"

/* Slots in one element of a table: 64 bytes, one cache line. */
#define GW_MAGLEV_CHUNK_SLOTS 16

struct gw_maglev_chunk {
	__u32 backend[GW_MAGLEV_CHUNK_SLOTS]; /* backend ids */
};
GW_STATIC_ASSERT(sizeof(struct gw_maglev_chunk) == 64, "gw_maglev_chunk is one cache line");

/* backendRefs of one rule (Gateway API: at most 16). */
#define GW_SERVICE_SHARES_MAX 16

struct gw_share {
	/*
	 * The share takes the connections whose hash is above the previous share's limit and not
	 * above its own. UINT32_MAX in the last share and behind it.
	 */
	__u32 limit;
	__u32 table_id;	  /* key of gw_maglev */
	__u32 slots;	  /* slots of that table; 0: nothing is there, the share is rejected */
	__u32 pad;	  /* zero */
	__u64 table_hash; /* Of what is in the table: lets the agent compare without reading it */
};
GW_STATIC_ASSERT(sizeof(struct gw_share) == 24, "gw_share has no hidden padding");

enum gw_service_flags {
	GW_SERVICE_SOURCE_AFFINITY = 1 << 0, /* the client's address alone is hashed */
};

struct gw_service {
	__u32 count; /* of shares; 0: no weight at all, every connection is rejected */
	__u32 flags; /* enum gw_service_flags */
	struct gw_share share[GW_SERVICE_SHARES_MAX];
};
GW_STATIC_ASSERT(sizeof(struct gw_service) == 392, "gw_service has no hidden padding");
