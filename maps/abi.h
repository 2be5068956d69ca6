/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Ground rules of the contract between the BPF programs and userspace.
 *
 * Every header in maps/ is compiled three times: by clang for the BPF target, by
 * the C++ compiler for the agent, and by the C++ compiler for gwctl and the tests.
 * They hold only fixed-width types from <linux/types.h>. Padding is always an
 * explicit, zeroed field: the kernel hashes map keys byte by byte.
 */
#pragma once

#include <linux/types.h>

#ifdef __cplusplus
#define GW_STATIC_ASSERT(condition, message) static_assert(condition, message)
#else
#define GW_STATIC_ASSERT(condition, message) _Static_assert(condition, message)
#endif

/*
 * Layout version of everything that is pinned. It names the bpffs directory
 * (<pin-dir>/v<version>), so that two layouts never share a map. Bump it when a
 * key or value type changes, and add a paragraph to maps/README.md.
 */
#define GW_SCHEMA_VERSION 1
