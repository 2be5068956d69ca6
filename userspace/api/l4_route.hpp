// SPDX-License-Identifier: Apache-2.0
// TCPRoute and UDPRoute, which have one shape: that of gateway.networking.k8s.io/v1.
#pragma once

#include "userspace/api/gateway.hpp"
#include "userspace/api/meta.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gw::api {

struct ParentReference {
  std::string group = kGatewayGroup;
  std::string kind = "Gateway";
  std::optional<std::string> ns;  ///< unset: the route's own
  std::string name;
  std::optional<std::string> section_name;
  std::optional<std::uint16_t> port;
  auto operator<=>(const ParentReference&) const = default;
};

struct BackendRef {
  std::string group;  ///< "" is the core group
  std::string kind = "Service";
  std::optional<std::string> ns;  ///< unset: the route's own
  std::string name;
  std::optional<std::uint16_t> port;  ///< the Service's port; v1alpha1 may leave it out: the listener's port
  std::uint32_t weight = 1;           ///< 0..1000000
  SourceLocation location;
  bool operator==(const BackendRef&) const = default;
};

struct L4RouteRule {
  std::optional<std::string> name;
  std::vector<BackendRef> backend_refs;
  bool operator==(const L4RouteRule&) const = default;
};

/// v1alpha1 `spec.gateways`: which Gateways the route lets bind it.
struct LegacyGatewaysAllow {
  enum class Allow : std::uint8_t { All, FromList, SameNamespace };
  Allow allow = Allow::SameNamespace;
  std::vector<NamespacedName> gateway_refs;  ///< with FromList
  bool operator==(const LegacyGatewaysAllow&) const = default;
};

struct L4Route {
  ObjectMeta meta;
  std::string group = kGatewayGroup;
  std::string version = "v1";
  std::string kind = "TCPRoute";                       ///< or "UDPRoute"
  std::vector<ParentReference> parent_refs;            ///< empty for v1alpha1
  std::optional<LegacyGatewaysAllow> legacy_gateways;  ///< set for v1alpha1, and only then
  std::vector<L4RouteRule> rules;                      ///< v1: exactly one; v1alpha1: the first one counts

  [[nodiscard]] bool is_legacy() const { return group == kLegacyGroup; }
  [[nodiscard]] ObjectRef ref() const { return {group, version, kind, meta.ns, meta.name}; }
  /// The protocol of the listeners that it binds to, in the API's word.
  [[nodiscard]] const char* protocol() const { return kind == "UDPRoute" ? "UDP" : "TCP"; }
  bool operator==(const L4Route&) const = default;
};

}  // namespace gw::api
