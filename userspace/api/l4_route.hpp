// SPDX-License-Identifier: Apache-2.0
// TCPRoute and UDPRoute, which have one shape: that of gateway.networking.k8s.io/v1.
#pragma once

#include "userspace/api/route.hpp"

#include <optional>
#include <string>
#include <vector>

namespace gw::api {

struct L4RouteRule {
  std::optional<std::string> name;
  std::vector<BackendRef> backend_refs;
  std::vector<LegacyMatch> legacy_matches;  ///< v1alpha1 only; without any, the rule takes everything
  bool operator==(const L4RouteRule&) const = default;
};

struct L4Route : Route {
  L4Route() { kind = "TCPRoute"; }  ///< or "UDPRoute"

  std::vector<L4RouteRule> rules;  ///< v1: exactly one; v1alpha1 and v1alpha2: the first one counts

  /// The protocol of the listeners that it binds to, in the API's word.
  [[nodiscard]] const char* protocol() const { return kind == "UDPRoute" ? "UDP" : "TCP"; }
  bool operator==(const L4Route&) const = default;
};

}  // namespace gw::api
