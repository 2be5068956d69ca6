// SPDX-License-Identifier: Apache-2.0
// Where frames are handed to, below IP.
#pragma once

#include <array>
#include <compare>
#include <cstdint>

namespace gw {

struct NextHop {
  std::uint32_t ifindex = 0;
  std::array<std::uint8_t, 6> mac{};

  auto operator<=>(const NextHop&) const = default;
};

}  // namespace gw
