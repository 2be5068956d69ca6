// SPDX-License-Identifier: Apache-2.0
// Who looks at what leaves by a link.
#pragma once

#include "userspace/base/error.hpp"

#include <cstdint>

namespace gw::net {

/// Whether there are tc filters for what leaves by the link (clsact), our own among them.
Result<bool> has_egress_filters(std::uint32_t ifindex);

}  // namespace gw::net
