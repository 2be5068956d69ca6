/* SPDX-License-Identifier: GPL-2.0-only */
/* Which listener a tuple is for, and which backend a new connection gets. */
#pragma once

#include "bpf/lib/tuple.bpf.h"
#include "bpf/maps.bpf.h"

static __always_inline struct gw_listener *gw_listener_find(const struct gw_tuple *tuple)
{
	const struct gw_listener_key key = {
		.addr = tuple->dst,
		.port = tuple->dport,
		.protocol = tuple->protocol,
	};

	return bpf_map_lookup_elem(&gw_listeners, &key);
}

static __always_inline __u32 gw_rotate_left(__u32 value, __u32 bits)
{
	return value << bits | value >> (32 - bits);
}

/* One round of MurmurHash3 (32 bit). */
static __always_inline __u32 gw_hash_word(__u32 hash, __u32 word)
{
	hash ^= gw_rotate_left(word * 0xcc9e2d51, 15) * 0x1b873593;
	return gw_rotate_left(hash, 13) * 5 + 0xe6546b64;
}

/* The finaliser of MurmurHash3 (32 bit): every bit of the input moves every bit of the result. */
static __always_inline __u32 gw_hash_finish(__u32 hash)
{
	hash ^= hash >> 16;
	hash *= 0x85ebca6b;
	hash ^= hash >> 13;
	hash *= 0xc2b2ae35;
	return hash ^ hash >> 16;
}

static __always_inline __u32 gw_hash_addr(__u32 hash, const struct gw_addr *addr)
{
	int i;

#pragma unroll
	for (i = 0; i < 4; i++)
		hash = gw_hash_word(hash, addr->word[i]);
	return hash;
}

/*
 * MurmurHash3 of the connection's tuple. No secret and no seed of this boot: two nodes that
 * share a VIP must choose the same backend (docs/design/0002).
 */
static __always_inline __u32 gw_hash_tuple(const struct gw_tuple *tuple)
{
	__u32 hash = gw_hash_addr(tuple->protocol, &tuple->src);

	hash = gw_hash_addr(hash, &tuple->dst);
	hash = gw_hash_word(hash, (__u32)tuple->sport << 16 | tuple->dport);
	return gw_hash_finish(hash);
}

/*
 * The share that a connection falls to: the number of limits that are below its hash. Without
 * branches, so that the verifier need not follow each of them.
 */
static __always_inline const struct gw_share *gw_share_choose(const struct gw_service *service,
							      __u32 hash)
{
	__u64 index = 0;
	int i;

#pragma unroll
	for (i = 0; i < GW_SERVICE_SHARES_MAX; i++) {
		__u64 difference = (__u64)service->share[i].limit - hash;

		barrier_var(difference); /* else the compiler makes a branch of it again */
		index += difference >> 63;
	}
	if (index >= service->count || index >= GW_SERVICE_SHARES_MAX)
		return NULL;
	return &service->share[index];
}

/*
 * The backend id for a new connection of `source`, whose tuple's hash is `hash`; GW_BACKEND_REJECT
 * if there is nothing to forward to.
 */
static __always_inline __u32 gw_backend_choose(__u32 service_id, const struct gw_addr *source,
					       __u32 hash)
{
	const struct gw_service *service = bpf_map_lookup_elem(&gw_services, &service_id);
	struct gw_maglev_chunk *chunk;
	const struct gw_share *share;
	__u32 slot, index;
	void *table;

	if (!service)
		return GW_BACKEND_REJECT;
	if (service->flags & GW_SERVICE_SOURCE_AFFINITY)
		hash = gw_hash_finish(gw_hash_addr(0, source));
	share = gw_share_choose(service, hash);
	if (!share)
		return GW_BACKEND_REJECT;
	table = bpf_map_lookup_elem(&gw_maglev, &share->table_id);
	if (!table)
		return GW_BACKEND_REJECT;
	/* Mixed again: within a share the first hash's high bits are all alike. Then scaled to
	 * [0, slots) without a division. */
	slot = (__u32)((__u64)gw_hash_finish(hash * 0x9e3779b1) * share->slots >> 32);
	index = slot / GW_MAGLEV_CHUNK_SLOTS;
	chunk = bpf_map_lookup_elem(table, &index);
	if (!chunk)
		return GW_BACKEND_REJECT;
	return chunk->backend[slot % GW_MAGLEV_CHUNK_SLOTS];
}
