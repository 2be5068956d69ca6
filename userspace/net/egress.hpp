// SPDX-License-Identifier: Apache-2.0
// Who looks at what leaves by a link.
#pragma once

#include "userspace/base/error.hpp"

#include <cstdint>
#include <set>

namespace gw::net {

/// Those of the links that have tc filters for what leaves by them (clsact), our own among them.
Result<std::set<std::uint32_t>> links_with_egress_filters(const std::set<std::uint32_t>& links);

}  // namespace gw::net
