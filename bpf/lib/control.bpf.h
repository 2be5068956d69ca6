/* SPDX-License-Identifier: GPL-2.0-only */
/* What the agent tells the running programs. */
#pragma once

#include "bpf/maps.bpf.h"

static __always_inline const struct gw_control *gw_control_get(void)
{
	const __u32 index = 0;

	return bpf_map_lookup_elem(&gw_control, &index);
}
