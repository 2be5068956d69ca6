// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/names.hpp"

#include <fmt/format.h>

namespace gw::plan {

std::string listener_name(std::string_view gateway_group, std::string_view qualified_name) {
  if (gateway_group == "gateway.networking.k8s.io") return std::string(qualified_name);
  return fmt::format("{}:{}", gateway_group, qualified_name);
}

}  // namespace gw::plan
