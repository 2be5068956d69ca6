// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gw::plan {

bool operator==(const PlacedListener& a, const PlacedListener& b) {
  return a.gateway_group == b.gateway_group && a.listener == b.listener &&
         std::ranges::equal(a.keys, b.keys, maps::bytes_equal<gw_listener_key>);
}

std::string Rejection::to_string() const { return fmt::format("listener {}: {}: {}", listener, reason, message); }

std::span<const gw_share> shares_of(const gw_service& service) {
  return {service.share, std::min<std::size_t>(service.count, GW_SERVICE_SHARES_MAX)};
}

double part_of(const gw_service& service, std::size_t index) {
  const double end = static_cast<double>(service.share[index].limit) + 1;
  const double begin = index == 0 ? 0 : static_cast<double>(service.share[index - 1].limit) + 1;
  return (end - begin) / 0x1p32;
}

}  // namespace gw::plan
