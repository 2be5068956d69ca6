/* SPDX-License-Identifier: GPL-2.0-only */
/* Which of the kernel's features the programs do without although it has them. */
#pragma once

#include <stdbool.h>

#include "maps/feature.h"

/* enum gw_feature, set by the loader. The verifier knows the value and removes what it excludes. */
const volatile __u32 gw_features_off = 0;

static __always_inline bool gw_feature_is_allowed(enum gw_feature feature)
{
	return !(gw_features_off & feature);
}
