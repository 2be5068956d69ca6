// SPDX-License-Identifier: Apache-2.0
// Names of Gateway API objects, as values that any stage may carry.
#pragma once

#include <compare>
#include <string>

namespace gw {

struct NamespacedName {
  std::string ns;
  std::string name;

  /// "namespace/name"
  [[nodiscard]] std::string to_string() const { return ns + "/" + name; }
  auto operator<=>(const NamespacedName&) const = default;
};

}  // namespace gw
