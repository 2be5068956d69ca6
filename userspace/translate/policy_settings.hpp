// SPDX-License-Identifier: Apache-2.0
// Private to translate/: the settings of each kind of policy, by the names of their fields. Each is merged by itself
// (GEP-713: the patch strategies).
#pragma once

#include "userspace/api/policy.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gw::translate {

/// Who carries a setting out. What needs the proxy has no effect on what the kernel forwards.
enum class CarriedOutBy : std::uint8_t { Kernel, Proxy };

template <typename Policy>
struct PolicySetting {
  std::string_view field;  ///< below spec: "limits.maxConnections"
  CarriedOutBy by;
  std::optional<std::string> (*value)(const Policy&);  ///< for people; nothing if the policy does not say
};

std::span<const PolicySetting<api::UpstreamPolicy>> settings_of(const api::UpstreamPolicy*);
std::span<const PolicySetting<api::ClientPolicy>> settings_of(const api::ClientPolicy*);

}  // namespace gw::translate
